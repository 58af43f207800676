//! Sums that move with every order and trade: positions, reservations, money, open orders.

use std::collections::HashMap;

use super::orders::{Order, Side};
use crate::number::{Number, zero};

/// An account, or one of its strategies as `account/strategy`.
pub type Whose = String;

#[derive(Clone, Debug, PartialEq)]
pub struct Holding {
    pub position: Number,
    pub buys: Number,
    pub sells: Number,
    /// Reservations at the valuations of their orders, before the multiplier.
    pub buys_money: Number,
    pub sells_money: Number,
    pub open: i64,
}

impl Default for Holding {
    fn default() -> Self {
        let [position, buys, sells, buys_money, sells_money] = [(); 5].map(|()| zero());
        Self { position, buys, sells, buys_money, sells_money, open: 0 }
    }
}

impl Holding {
    pub fn reserved(&self, side: Side) -> &Number {
        if side == Side::Buy { &self.buys } else { &self.sells }
    }

    /// Whether there is any position or reservation.
    pub fn is_anything(&self) -> bool {
        [&self.position, &self.buys, &self.sells].into_iter().any(|it| *it != zero())
    }

    fn reserve(&mut self, order: &Order<'_>, sign: i64) {
        let qty = order.reserved() * crate::number::int(sign);
        let money = &qty * order.valuation();
        let (sum, sum_money) = match order.now.terms.side {
            Side::Buy => (&mut self.buys, &mut self.buys_money),
            Side::Sell => (&mut self.sells, &mut self.sells_money),
        };
        *sum += qty;
        *sum_money += money;
        self.open += if order.is_open() { sign } else { 0 };
    }
}

/// By whose it is, and in what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Holdings<'a> {
    by: HashMap<Whose, HashMap<&'a str, Holding>>,
    open: HashMap<Whose, i64>,
}

impl<'a> Holdings<'a> {
    pub fn of(&self, whose: &str, instrument: &str) -> Holding {
        self.by.get(whose).and_then(|held| held.get(instrument)).cloned().unwrap_or_default()
    }

    /// In all instruments, in order of name.
    pub fn all_of(&self, whose: &str) -> Vec<(&'a str, &Holding)> {
        let held = self.by.get(whose).into_iter().flatten();
        let mut found: Vec<_> = held.map(|(name, holding)| (*name, holding)).collect();
        found.sort_by_key(|(name, _)| *name);
        found
    }

    pub fn open_of(&self, whose: &str) -> i64 {
        self.open.get(whose).copied().unwrap_or_default()
    }

    /// Adds what an order reserves, or with -1 takes it away.
    pub fn reserve(&mut self, order: &Order<'a>, sign: i64) {
        let opened = if order.is_open() { sign } else { 0 };
        for whose in both(order.account, Some(order.strategy)) {
            *self.open.entry(whose.clone()).or_default() += opened;
            self.at(whose, order.instrument).reserve(order, sign);
        }
    }

    pub fn trade(&mut self, account: &str, strategy: Option<&str>, instrument: &'a str, change: &Number) {
        for whose in both(account, strategy) {
            self.at(whose, instrument).position += change;
        }
    }

    fn at(&mut self, whose: Whose, instrument: &'a str) -> &mut Holding {
        self.by.entry(whose).or_default().entry(instrument).or_default()
    }
}

pub fn both(account: &str, strategy: Option<&str>) -> impl Iterator<Item = Whose> {
    let own = strategy.map(|strategy| format!("{account}/{strategy}"));
    std::iter::once(account.to_owned()).chain(own)
}
