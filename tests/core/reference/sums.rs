//! Sums over everything that has happened: positions, reservations, money, open orders, rates.

use onefill::core::intent::Side;
use onefill::core::time::Time;

use super::model::Model;
use super::number::{Rat, int, is_countable, millis, zero};
use super::orders::Order;

/// Whose sum: an account's, or that of one of its strategies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    pub account: String,
    pub strategy: Option<String>,
}

impl Whose {
    pub fn account(account: &str) -> Self {
        Self { account: account.to_owned(), strategy: None }
    }

    pub fn strategy(account: &str, strategy: &str) -> Self {
        Self { account: account.to_owned(), strategy: Some(strategy.to_owned()) }
    }

    fn has(&self, account: &str, strategy: Option<&str>) -> bool {
        self.account == account && (self.strategy.is_none() || self.strategy.as_deref() == strategy)
    }
}

impl Model {
    pub(super) fn orders_of<'m>(
        &'m self,
        whose: &'m Whose,
        instrument: Option<&'m str>,
    ) -> impl Iterator<Item = &'m Order> {
        let counts = move |order: &&Order| {
            whose.has(&order.account, Some(&order.strategy))
                && instrument.is_none_or(|instrument| order.instrument == instrument)
        };
        self.orders.iter().filter(counts)
    }

    pub(super) fn position(&self, whose: &Whose, instrument: &str) -> Rat {
        let trades = self.trades().filter(|trade| {
            whose.has(&trade.account, trade.strategy.as_deref()) && trade.instrument == instrument
        });
        let traded: Rat = trades.map(|trade| signed(trade.side, &trade.worth)).sum();
        let adjustments = self.adjustments.iter().filter(|adjustment| {
            whose.has(&adjustment.account, adjustment.strategy.as_deref())
                && adjustment.instrument == instrument
        });
        traded + adjustments.map(|adjustment| adjustment.qty.clone()).sum::<Rat>()
    }

    pub(super) fn reserved_on(&self, whose: &Whose, instrument: &str, side: Side) -> Rat {
        let orders = self.orders_of(whose, Some(instrument)).filter(|order| order.terms.side == side);
        orders.map(|order| self.reserved(order)).sum()
    }

    pub(super) fn reserved_buys(&self, whose: &Whose, instrument: &str) -> Rat {
        self.reserved_on(whose, instrument, Side::Buy)
    }

    pub(super) fn reserved_sells(&self, whose: &Whose, instrument: &str) -> Rat {
        self.reserved_on(whose, instrument, Side::Sell)
    }

    /// The money of open orders of one side.
    pub(super) fn money_on(&self, whose: &Whose, instrument: &str, side: Side) -> Rat {
        let multiplier = &self.instruments[instrument].multiplier;
        let orders = self.orders_of(whose, Some(instrument)).filter(|order| order.terms.side == side);
        orders.map(|order| self.reserved(order) * order.dearest() * multiplier).sum()
    }

    /// Over all instruments, or in the one named.
    pub(super) fn open_orders(&self, whose: &Whose, instrument: Option<&str>) -> usize {
        self.orders_of(whose, instrument).filter(|order| self.is_open(order)).count()
    }

    /// Accepted NEW and REPLACE less than a window old.
    pub(super) fn accepted_within(&self, whose: &Whose, instrument: Option<&str>, window_ms: &Rat) -> usize {
        let counts = |at: Time| self.age_ms(at) < *window_ms;
        let accepted = self.acceptances.iter().filter(|it| {
            whose.has(&it.account, Some(&it.strategy)) && instrument.is_none_or(|name| it.instrument == name)
        });
        accepted.filter(|it| counts(it.at)).count()
    }

    /// How long ago that was, in milliseconds.
    pub(super) fn age_ms(&self, at: Time) -> Rat {
        millis(i128::from(self.clock.0) - i128::from(at.0))
    }

    /// Whether everything that the router counts in lots fits an `i64`.
    pub(super) fn is_countable(&self) -> bool {
        let fits = |instrument: &str, value: &Rat| is_countable(value, &self.instruments[instrument].lot);
        let orders = self.orders.iter().all(|order| {
            let pending = order.pending.as_ref().map_or_else(zero, |it| it.terms.qty.value.clone());
            let numbers = [order.total().clone(), self.filled(order), order.leaves.clone(), pending];
            numbers.iter().all(|number| fits(&order.instrument, number))
        });
        orders
            && self.holdings().iter().all(|(whose, instrument)| {
                let sums = [
                    self.position(whose, instrument),
                    self.reserved_buys(whose, instrument),
                    self.reserved_sells(whose, instrument),
                ];
                sums.iter().all(|sum| fits(instrument, sum))
            })
    }

    /// Everybody who ever had an order or a position, in what.
    pub(super) fn holdings(&self) -> Vec<(Whose, String)> {
        let mut found = Vec::new();
        let mut add = |account: &str, strategy: Option<&str>, instrument: &str| {
            let strategy = strategy.map(|strategy| Whose::strategy(account, strategy));
            for whose in [Some(Whose::account(account)), strategy].into_iter().flatten() {
                let holding = (whose, instrument.to_owned());
                if !found.contains(&holding) {
                    found.push(holding);
                }
            }
        };
        self.orders.iter().for_each(|it| add(&it.account, Some(&it.strategy), &it.instrument));
        self.trades().for_each(|it| add(&it.account, it.strategy.as_deref(), &it.instrument));
        self.adjustments.iter().for_each(|it| add(&it.account, it.strategy.as_deref(), &it.instrument));
        found
    }
}

pub fn signed(side: Side, quantity: &Rat) -> Rat {
    match side {
        Side::Buy => quantity.clone(),
        Side::Sell => quantity * int(-1),
    }
}
