//! How much of each limit is used, for people: nothing is decided by it.
//!
//! Limits of one order are used up by nothing, and gross exposure cannot be said without prices: both
//! are left out. Positions are those of the worst case, as check 19 has them.

use std::cmp::Reverse;

use super::Ledger;
use super::limits::{Group, Target};
use super::names::Name;
use super::owner::Owner;
use crate::core::amount::Decimal;
use crate::core::bounds::Bounds;
use crate::core::control::LimitScope;
use crate::core::ids::placement;
use crate::core::intent::Side;
use crate::core::money::{quantity_of, used_ppm};
use crate::core::symbols::symbols;
use crate::core::time::Time;

symbols! {
    /// The limits that are used up by what stands.
    pub enum Measured {
        /// By the position, if all open buys are filled.
        LongQty = "max_long_qty",
        /// By the position, if all open sells are filled.
        ShortQty = "max_short_qty",
        /// By open orders.
        OpenOrders = "max_open_orders",
        /// By what was accepted in the window that ends now.
        Orders = "max_orders",
    }
}

/// How much of one limit one account or strategy uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitUse {
    /// The set of limits that is the strictest of its scope.
    pub limit_id: String,
    /// Whom that is for.
    pub scope: LimitScope,
    /// Who is measured: `account`, or `account/strategy`.
    pub owner: String,
    /// What is measured: an instrument, or `*`.
    pub instrument_id: String,
    /// Which limit.
    pub field: Measured,
    /// Of `max_orders` its window.
    pub window_ms: Option<i64>,
    /// What is allowed.
    pub limit: Decimal,
    /// What is used; `None` when it has more digits than a decimal may have.
    pub used: Option<Decimal>,
    /// Used of allowed, in millionths.
    pub ppm: u64,
}

/// How much of all limits is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Those of which the most is used, the tightest first.
    pub tightest: Vec<LimitUse>,
    /// How many others there are.
    pub left_out: usize,
    /// Of each of [`Measured`] the most that is used of any, in millionths; `None` where none is set.
    pub worst_ppm: [Option<u64>; Measured::ALL.len()],
}

/// Ordered as rows are shown: the tightest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    ppm: Reverse<u64>,
    limit_id: Name,
    target: Target,
    owner: Owner,
    instrument: Option<Name>,
    field: Measured,
    window_ms: Option<i64>,
    limit: Decimal,
    used: i128,
    unit: Decimal,
}

impl Ledger {
    /// How much of each limit is used now, by the accounts of this partition. Of a GLOBAL template
    /// and of position limits for `*` only what somebody has traded is shown.
    pub fn usage(&self, now: Time, most: usize) -> Usage {
        let mut rows = Vec::new();
        for (target, group) in self.groups() {
            for owner in self.measured_by(target) {
                self.measure_positions(target, group, owner, &mut rows);
                self.measure_counts(target, group, owner, now, &mut rows);
            }
        }
        let mut worst_ppm = [None; Measured::ALL.len()];
        for row in &rows {
            let worst = &mut worst_ppm[row.field.index()];
            *worst = (*worst).max(Some(row.ppm.0));
        }
        let left_out = rows.len() - rows.len().min(most);
        if left_out > 0 {
            rows.select_nth_unstable(most);
            rows.truncate(most);
        }
        rows.sort_unstable();
        Usage { tightest: rows.iter().map(|row| self.told(row)).collect(), left_out, worst_ppm }
    }

    /// Who is measured against the limits of a target, of those whom this partition knows.
    fn measured_by(&self, target: Target) -> Vec<Owner> {
        match target.owner {
            Some(owner) => Vec::from_iter(self.is_placed_here(owner).then_some(owner)),
            None => self.spans.keys().filter(|owner| owner.strategy.is_none()).copied().collect(),
        }
    }

    fn is_placed_here(&self, owner: Owner) -> bool {
        let account = self.text(owner.account).as_bytes();
        placement(account, self.placement.count.unsigned_abs()) == self.placement.partition.unsigned_abs()
    }

    fn measure_positions(&self, target: Target, group: &Group, owner: Owner, rows: &mut Vec<Row>) {
        let traded = self.traded(owner);
        let instruments = target.instrument.as_ref().map_or(traded, std::slice::from_ref);
        for (field, side) in [(Measured::LongQty, Side::Buy), (Measured::ShortQty, Side::Sell)] {
            let value = |bounds: &Bounds| match side {
                Side::Buy => bounds.max_long_qty,
                Side::Sell => bounds.max_short_qty,
            };
            let Some(limit) = value(&group.bounds) else { continue };
            let limit_id = self.setter(group, |bounds| value(bounds) == Some(limit));
            for name in instruments {
                let Some(instrument) = self.instruments.find(name) else { continue };
                let (used, unit) = (self.held(owner, *name).worst(side).max(0), instrument.lot_size);
                let (ppm, instrument) = (Reverse(used_ppm(used, unit, limit)), Some(*name));
                let window_ms = None;
                rows.push(Row {
                    ppm,
                    limit_id,
                    target,
                    owner,
                    instrument,
                    field,
                    window_ms,
                    limit,
                    used,
                    unit,
                });
            }
        }
    }

    fn measure_counts(&self, target: Target, group: &Group, owner: Owner, now: Time, rows: &mut Vec<Row>) {
        let (instrument, unit) = (target.instrument, Decimal::ONE);
        let mut push = |field, window_ms, limit, limit_id, used| {
            let limit = Decimal::whole(limit);
            let ppm = Reverse(used_ppm(used, unit, limit));
            rows.push(Row { ppm, limit_id, target, owner, instrument, field, window_ms, limit, used, unit });
        };
        if let Some(limit) = group.bounds.max_open_orders {
            let used = self.open_orders_over(owner, instrument);
            let limit_id = self.setter(group, |bounds| bounds.max_open_orders == Some(limit));
            push(Measured::OpenOrders, None, limit, limit_id, used.into());
        }
        for rate in &group.bounds.rates {
            let used = self.windows.count((owner, instrument), now, rate.window_ms);
            let limit_id = self.setter(group, |bounds| bounds.rates.contains(rate));
            push(Measured::Orders, Some(rate.window_ms), rate.max_orders, limit_id, used.into());
        }
    }

    /// The record of a group that sets this.
    fn setter(&self, group: &Group, sets: impl Fn(&Bounds) -> bool) -> Name {
        let is_it = |name: &&Name| self.limit_row(**name).is_some_and(|row| sets(&row.bounds));
        *group.members().iter().find(is_it).expect("a group's bounds are those of its members")
    }

    fn told(&self, row: &Row) -> LimitUse {
        let Row { ppm, limit_id, target, owner, instrument, field, window_ms, limit, used, unit } = *row;
        LimitUse {
            limit_id: self.text(limit_id).to_owned(),
            scope: self.scope_of_target(target).0,
            owner: self.owner_text(owner),
            instrument_id: self.instrument_text(instrument).to_owned(),
            field,
            window_ms,
            limit,
            used: quantity_of(used, unit),
            ppm: ppm.0,
        }
    }
}
