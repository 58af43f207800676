//! What accounts and strategies hold: positions, and what their open orders reserve.

use hashbrown::HashMap;

use super::Ledger;
use super::instrument::Instrument;
use super::names::{Name, Names};
use super::order::{OrderRow, Stake};
use super::owner::Owner;
use crate::core::amount::{Lots, Overflow};
use crate::core::intent::Side;
use crate::core::money::Worth;

/// An account or strategy in one instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Signed.
    pub position: Lots,
    /// Sum over the open buy orders.
    pub reserved_buys: Lots,
    /// Sum over the open sell orders.
    pub reserved_sells: Lots,
    /// The same in money.
    pub buys_worth: Worth,
    /// The same in money.
    pub sells_worth: Worth,
    /// How many orders may still be filled.
    pub open_orders: i32,
}

/// What one order reserves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reserve {
    /// What may still be filled.
    pub lots: Lots,
    /// The same in money.
    pub worth: Worth,
}

impl Reserve {
    /// Of an order, as it stands.
    ///
    /// # Errors
    /// [`Overflow`] when its worth does not fit.
    pub fn of(order: &OrderRow) -> Result<Self, Overflow> {
        let lots = order.quantity.reserved();
        Ok(Self { lots, worth: Worth::of(lots, order.dearest())? })
    }
}

impl Holding {
    /// What one side reserves.
    pub const fn reserved(&self, side: Side) -> Reserve {
        match side {
            Side::Buy => Reserve { lots: self.reserved_buys, worth: self.buys_worth },
            Side::Sell => Reserve { lots: self.reserved_sells, worth: self.sells_worth },
        }
    }

    /// Once an order on this side reserves `after` instead of `before`.
    ///
    /// # Errors
    /// [`Overflow`] when a sum does not fit.
    pub fn reserving(&self, side: Side, before: Reserve, after: Reserve) -> Result<Self, Overflow> {
        let held = self.reserved(side);
        let rest = held.lots.0.checked_sub(before.lots.0).ok_or(Overflow)?;
        let lots = rest.checked_add(after.lots.0).map(Lots).ok_or(Overflow)?;
        let worth = held.worth.minus(before.worth)?.plus(after.worth)?;
        let opened = i32::from(after.lots.0 > 0) - i32::from(before.lots.0 > 0);
        let open_orders = self.open_orders + opened;
        Ok(match side {
            Side::Buy => Self { reserved_buys: lots, buys_worth: worth, open_orders, ..*self },
            Side::Sell => Self { reserved_sells: lots, sells_worth: worth, open_orders, ..*self },
        })
    }

    /// Once this many lots more are bought or sold.
    ///
    /// # Errors
    /// [`Overflow`] when the position does not fit.
    pub fn moving(&self, side: Side, lots: i64) -> Result<Self, Overflow> {
        let position = self.position.0;
        let moved = match side {
            Side::Buy => position.checked_add(lots),
            Side::Sell => position.checked_sub(lots),
        };
        moved.map(|lots| Self { position: Lots(lots), ..*self }).ok_or(Overflow)
    }

    /// The position towards this side, if everything that is reserved on it is filled.
    pub fn worst(&self, side: Side) -> i128 {
        let position = i128::from(self.position.0);
        let towards = match side {
            Side::Buy => position,
            Side::Sell => -position,
        };
        towards + i128::from(self.reserved(side).lots.0)
    }

    /// How much may be traded on this side without adding to the position, reservations aside.
    pub fn closable(&self, side: Side) -> i128 {
        let position = i128::from(self.position.0);
        match side {
            Side::Buy => -position,
            Side::Sell => position,
        }
        .max(0)
    }

    /// Whether anything is held or reserved.
    pub const fn is_empty(&self) -> bool {
        self.position.0 == 0 && self.reserved_buys.0 == 0 && self.reserved_sells.0 == 0
    }
}

impl Ledger {
    /// An account or strategy in an instrument; empty when it never traded there.
    pub fn held(&self, owner: Owner, instrument: Name) -> Holding {
        self.holdings.find(&(owner, instrument)).copied().unwrap_or_default()
    }

    /// How many orders of the owner may still be filled, over all instruments.
    pub fn open_orders_of(&self, owner: Owner) -> i32 {
        self.open_counts.find(&owner).copied().unwrap_or_default()
    }

    /// The same, over one instrument where one is named.
    pub fn open_orders_over(&self, owner: Owner, instrument: Option<Name>) -> i32 {
        match instrument {
            Some(instrument) => self.held(owner, instrument).open_orders,
            None => self.open_orders_of(owner),
        }
    }

    /// The strategies of an account that have traded, in the order of their names.
    pub fn strategies_of(&self, account: Name) -> Vec<Name> {
        let owners = self.spans.keys().filter(|owner| owner.account == account);
        let mut strategies: Vec<Name> = owners.filter_map(|owner| owner.strategy).collect();
        strategies.sort_unstable_by_key(|strategy| self.names.text(*strategy));
        strategies
    }

    /// The instruments where the owner holds or reserves something, in the order of their names.
    pub fn exposures(&self, owner: Owner) -> impl Iterator<Item = (Name, &Instrument, Holding)> {
        self.traded(owner).iter().filter_map(move |name| {
            let (instrument, held) = self.exposure(owner, *name)?;
            Some((*name, instrument, *held))
        })
    }

    /// The instruments that the owner has traded, in the order of their names.
    pub fn traded(&self, owner: Owner) -> &[Name] {
        self.spans.get(&owner).map(Vec::as_slice).unwrap_or_default()
    }

    /// What the owner holds or reserves in an instrument, if anything.
    pub fn exposure(&self, owner: Owner, instrument: Name) -> Option<(&Instrument, &Holding)> {
        let held = self.holdings.find(&(owner, instrument)).filter(|held| !held.is_empty())?;
        Some((self.instruments.find(&instrument)?, held))
    }

    /// Carries a change of what an order reserves to its account and its strategy: the only place
    /// where reservations and open orders move.
    pub(super) fn carry(&mut self, stake: Stake, before: Reserve, after: Reserve) -> Result<(), Overflow> {
        let opened = i32::from(after.lots.0 > 0) - i32::from(before.lots.0 > 0);
        for owner in Owner::both(stake.account, stake.strategy) {
            let held = self.edit_holding(owner, stake.instrument);
            *held = held.reserving(stake.side, before, after)?;
            *self.open_counts.edit(owner, Default::default) += opened;
        }
        Ok(())
    }

    /// Moves a position by this many lots: the account's, and the strategy's where one is known.
    pub(super) fn move_position(
        &mut self,
        account: Name,
        strategy: Option<Name>,
        instrument: Name,
        side: Side,
        lots: i64,
    ) -> Result<(), Overflow> {
        if lots == 0 {
            return Ok(());
        }
        let own = strategy.map(|strategy| Owner::strategy(account, strategy));
        for owner in std::iter::once(Owner::account(account)).chain(own) {
            let held = self.edit_holding(owner, instrument);
            *held = held.moving(side, lots)?;
        }
        Ok(())
    }

    /// The staged copy of a holding; empty where the owner never traded there.
    fn edit_holding(&mut self, owner: Owner, instrument: Name) -> &mut Holding {
        let Self { holdings, spans, names, .. } = self;
        holdings.edit((owner, instrument), || {
            // A batch that is discarded may leave an instrument behind that holds nothing: harmless.
            span(spans, names, owner, instrument);
            Holding::default()
        })
    }

    /// Remembers that the owner has a holding in the instrument.
    pub(super) fn span(&mut self, owner: Owner, instrument: Name) {
        span(&mut self.spans, &self.names, owner, instrument);
    }
}

fn span(spans: &mut HashMap<Owner, Vec<Name>>, names: &Names, owner: Owner, instrument: Name) {
    let span = spans.entry(owner).or_default();
    if let Err(place) = span.binary_search_by(|name| names.text(*name).cmp(names.text(instrument))) {
        span.insert(place, instrument);
    }
}

crate::core::saved::saved!(Holding {
    position,
    reserved_buys,
    reserved_sells,
    buys_worth,
    sells_worth,
    open_orders
});
