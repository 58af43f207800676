//! What each kind of entry does to the ledger. Nothing is decided here: the entry says what
//! happened, and an entry that cannot have happened is a contradiction.

use super::holdings::Reserve;
use super::names::Name;
use super::order::{OrderRow, Quantity, Stake};
use super::states::{ScopeKey, TradingState};
use super::windows::Likeness;
use super::{KeyRow, Ledger, Opened, Published};
use super::{commands, executions};
use crate::core::amount::{Decimal, Lots, Numeral, Overflow};
use crate::core::control::{ControlRecord, ControlResult};
use crate::core::entry::{
    Body, ControlTaken, Decision, Entry, IntentIds, Opening, OwedCancel, Reference, Ruling,
};
use crate::core::halt::HaltCode;
use crate::core::ids::{KeyId, OrderId};
use crate::core::intent::{Intent, IntentType};
use crate::core::money::Valuation;
use crate::core::order::{Origin, Terms};
use crate::core::time::Time;

/// What an accepted intent does to its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    New,
    Cancel,
    Replace,
}

impl Ledger {
    pub(super) fn apply(&mut self, entry: &Entry<'_>) -> Result<(), String> {
        match &entry.body {
            Body::Genesis(opening) | Body::LaneOpened(opening) => self.apply_opening(entry, opening),
            Body::Decision(decision) => self.apply_decision(entry, decision),
            Body::Execution(taken) => {
                self.head.edit().cursors.executions = next_offset(taken.input.offset)?;
                executions::apply(self, entry.seq, taken)
            }
            Body::Control(taken) => self.apply_control(taken),
            Body::OwedCancel(owed) => self.apply_owed_cancel(entry, owed),
            Body::Recovery(recovery) => {
                let head = self.head.edit();
                head.cursors = entry.as_of;
                head.outputs_accepted |= recovery.accepted == HaltCode::OutputMismatch;
                Ok(())
            }
        }
    }

    fn apply_opening(&mut self, entry: &Entry<'_>, opening: &Opening<'_>) -> Result<(), String> {
        let text = |map: &std::collections::BTreeMap<_, _>| {
            map.iter()
                .map(|(name, id): (&std::borrow::Cow<'_, str>, &std::borrow::Cow<'_, str>)| {
                    (name.to_string(), id.to_string())
                })
                .collect()
        };
        *self.opening.edit() = Some(Opened {
            rules_version: opening.rules_version,
            group: opening.group.to_string(),
            partition_count: opening.partition_count,
            topic_ids: text(&opening.topic_ids),
            settings: crate::core::settings::Settings::from_map(&opening.settings)?,
        });
        self.head.edit().cursors = entry.as_of;
        Ok(())
    }

    fn apply_decision(&mut self, entry: &Entry<'_>, decision: &Decision<'_>) -> Result<(), String> {
        self.head.edit().cursors.intents = next_offset(decision.input.offset)?;
        self.end_owed_turns()?;
        match &decision.ruling {
            Ruling::Malformed { .. } | Ruling::Misplaced { .. } => Ok(()),
            Ruling::Duplicate { .. } | Ruling::Conflict { .. } => Ok(()),
            Ruling::Rejected { key, fingerprint, of, .. } => {
                let reason = decision.ruling.reason().ok_or("a rejection without a reason")?;
                let order_id = of.and_then(|prior| prior.order_id);
                if let Some(id) = order_id.filter(|id| !self.decided.has_order(id)) {
                    return Err(format!("it names order {id}, which is not there"));
                }
                let row =
                    KeyRow { fingerprint: *fingerprint, seq: entry.seq, reason: Some(reason), order_id };
                self.bind(*key, row)
            }
            Ruling::Accepted {
                intent, key, order_id, fingerprint, converted_to_cancel, references, ..
            } => {
                let row = KeyRow {
                    fingerprint: *fingerprint,
                    seq: entry.seq,
                    reason: None,
                    order_id: Some(*order_id),
                };
                self.bind(*key, row)?;
                let change = match (intent.intent_type, converted_to_cancel) {
                    (IntentType::New, _) => Change::New,
                    (IntentType::Cancel, _) | (IntentType::Replace, true) => Change::Cancel,
                    (IntentType::Replace, false) => Change::Replace,
                };
                self.accept(entry, intent, *order_id, references, change)
            }
        }
    }

    /// A key is decided at most once (`G2`).
    fn bind(&mut self, key: KeyId, row: KeyRow) -> Result<(), String> {
        if let Some(bound) = self.decided.key(&key) {
            return Err(format!("its key was decided by entry {}", bound.seq));
        }
        self.decided.put_key(key, row);
        Ok(())
    }

    fn accept(
        &mut self,
        entry: &Entry<'_>,
        intent: &Intent<'_>,
        order_id: OrderId,
        references: &[Reference<'_>],
        change: Change,
    ) -> Result<(), String> {
        match change {
            Change::New => self.accept_new(entry, intent, references, order_id)?,
            Change::Cancel => self.change_order(order_id, |row| {
                row.cancel_pending = true;
                Ok(())
            })?,
            Change::Replace => self.accept_replace(entry, intent, references, order_id)?,
        }
        let asked = (intent.ids(), intent.expires_at, Origin::Intent);
        self.publish(entry, order_id, asked, change)
    }

    /// One order per identity (`G1`).
    fn accept_new(
        &mut self,
        entry: &Entry<'_>,
        intent: &Intent<'_>,
        references: &[Reference<'_>],
        order_id: OrderId,
    ) -> Result<(), String> {
        if let Some(order) = self.order(order_id) {
            return Err(format!("its order was accepted by entry {}", order.accepted_seq));
        }
        let terms = new_terms(intent).ok_or("an accepted NEW without complete terms")?;
        let account = self.names.intern(intent.account_id.as_str());
        let strategy = self.names.intern(intent.strategy_id.as_str());
        let instrument = self.names.intern(intent.instrument_id.as_str());
        let total = self.lots(instrument, terms.order_qty)?;
        let likeness = self.likeness(account, instrument, total, &terms)?;
        let valuation = self.valuation(account, strategy, instrument, &terms, references)?;
        let row = OrderRow {
            accepted_seq: entry.seq,
            account,
            strategy,
            instrument,
            client_order_id: intent.client_order_id.to_text(),
            last_intent_id: intent.intent_id.to_text(),
            previous_intent_id: None,
            version: 0,
            terms,
            pending_terms: None,
            valuation,
            pending_valuation: None,
            cancel_pending: false,
            quantity: Quantity::of(total),
        };
        let (stake, after) = (row.stake(), reserve_of(&row)?);
        self.decided.put_order(order_id, row);
        self.windows.accept(account, strategy, instrument, entry.decided_at);
        self.windows.remember(likeness, entry.decided_at);
        self.reserve(order_id, entry.seq, stake, Reserve::default(), after)
    }

    fn accept_replace(
        &mut self,
        entry: &Entry<'_>,
        intent: &Intent<'_>,
        references: &[Reference<'_>],
        order_id: OrderId,
    ) -> Result<(), String> {
        let order = self.order(order_id).ok_or("a replace of an unknown order")?;
        let stake = order.stake();
        let terms =
            replaced_terms(&order.terms, intent).map_err(|Overflow| "a replace with too many digits")?;
        let total = self.lots(self.name(intent.instrument_id.as_str()), terms.order_qty)?;
        let valuation =
            self.valuation(stake.account, stake.strategy, stake.instrument, &terms, references)?;
        self.windows.accept(stake.account, stake.strategy, stake.instrument, entry.decided_at);
        self.change_order(order_id, |row| {
            row.pending_terms = Some(terms);
            row.pending_valuation = Some(valuation);
            row.quantity.pending_total = Some(total);
            Ok(())
        })
    }

    fn lots(&self, instrument: Name, quantity: Decimal) -> Result<Lots, String> {
        let instrument = self.instruments.find(&instrument).ok_or("an order of an unknown instrument")?;
        instrument.lots(quantity).map_err(|_| "a quantity that is no number of lots".to_owned())
    }

    /// What a unit is valued at, frozen from here on: by the price that the entry says it looked at.
    fn valuation(
        &self,
        account: Name,
        strategy: Name,
        instrument: Name,
        terms: &Terms,
        references: &[Reference<'_>],
    ) -> Result<Valuation, String> {
        let own = self.text(instrument);
        let reference = references.iter().find(|it| it.instrument_id.as_str() == own).map(|it| it.price);
        let limits = || self.limits(account, strategy, instrument);
        let valuation = terms.pricing().valuation(reference, || limits().strictest(|it| it.price_collar_bps));
        valuation.ok_or_else(|| "an accepted order without the price that it needs".to_owned())
    }

    fn likeness(
        &self,
        account: Name,
        instrument: Name,
        total: Lots,
        terms: &Terms,
    ) -> Result<Likeness, String> {
        let steps = self.instruments.find(&instrument).ok_or("an order of an unknown instrument")?;
        let likeness = Likeness::of(steps, account, instrument, total, terms);
        likeness.ok_or_else(|| "an order whose prices are no whole steps".to_owned())
    }

    /// Counts the order's next version, and remembers it as the last one on `orders`. A command is
    /// no intent: it has no place in the chain of those.
    fn publish(
        &mut self,
        entry: &Entry<'_>,
        order_id: OrderId,
        (ids, expires_at, origin): (IntentIds<'_>, Option<Time>, Origin),
        change: Change,
    ) -> Result<(), String> {
        let row = self.decided.edit_order(order_id).expect("it was changed just now");
        row.version = row.version.checked_add(1).ok_or("an order with 2^31 versions")?;
        let intent_id = ids.intent_id.to_text();
        row.previous_intent_id = match (change, origin) {
            (Change::New, _) => None,
            (_, Origin::Intent) => Some(std::mem::replace(&mut row.last_intent_id, intent_id)),
            (_, Origin::Control) => Some(row.last_intent_id),
        };
        let command = match change {
            Change::New => IntentType::New,
            Change::Cancel => IntentType::Cancel,
            Change::Replace => IntentType::Replace,
        };
        let published = Published {
            audit_seq: entry.seq,
            command,
            order_id,
            order_version: row.version,
            decided_at: entry.decided_at,
            account: row.account,
            instrument: row.instrument,
            strategy_id: ids.strategy_id.to_text(),
            intent_id,
            client_order_id: ids.client_order_id.to_text(),
            orig_intent_id: row.previous_intent_id,
            terms: *row.published_terms(),
            expires_at,
            origin,
        };
        let head = self.head.edit();
        head.published = Some(published);
        head.outputs_accepted = false;
        Ok(())
    }

    /// Changes an order, and carries the difference of what it reserves to its account.
    pub(super) fn change_order(
        &mut self,
        order_id: OrderId,
        change: impl FnOnce(&mut OrderRow) -> Result<(), String>,
    ) -> Result<(), String> {
        let Some(row) = self.decided.edit_order(order_id) else {
            return Err(format!("order {order_id} is not known"));
        };
        let before = reserve_of(row)?;
        change(row)?;
        let after = reserve_of(row)?;
        let (stake, accepted_seq) = (row.stake(), row.accepted_seq);
        self.reserve(order_id, accepted_seq, stake, before, after)
    }

    /// Carries what an order reserves instead of `before` to its account: the only place where
    /// reservations and open orders move.
    fn reserve(
        &mut self,
        order_id: OrderId,
        accepted_seq: u64,
        stake: Stake,
        before: Reserve,
        after: Reserve,
    ) -> Result<(), String> {
        self.open_orders.put(accepted_seq, order_id, after.lots.0 > 0);
        self.carry(stake, before, after).map_err(too_much)
    }

    fn apply_control(&mut self, taken: &ControlTaken<'_>) -> Result<(), String> {
        let offset = taken.input.offset;
        self.head.edit().cursors.control = next_offset(offset)?;
        match (&taken.record, taken.result) {
            (Ok(ControlRecord::Instrument(record)), ControlResult::Applied) => {
                let instrument = super::instrument::Instrument::new(record)?;
                let name = self.names.intern(record.instrument_id.as_str());
                self.instruments.put(name, instrument);
            }
            (Ok(ControlRecord::RiskLimit(limit)), ControlResult::Applied) => {
                self.put_limit(limit)?;
                self.head.edit().limits_version = offset;
            }
            (_, ControlResult::Invalid) => {
                self.enter_state(ScopeKey::Global, TradingState::Halted, &format!("control-{offset}"));
            }
            (Ok(ControlRecord::Command(command)), result) => {
                commands::apply(self, &taken.input, command, result)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn apply_owed_cancel(&mut self, entry: &Entry<'_>, owed: &OwedCancel<'_>) -> Result<(), String> {
        let order_id = owed.ids.order_id();
        self.pass_owed(order_id, owed.ids.intent_id)?;
        self.change_order(order_id, |row| {
            row.cancel_pending = true;
            Ok(())
        })?;
        self.publish(entry, order_id, (owed.ids, None, Origin::Control), Change::Cancel)
    }
}

fn reserve_of(row: &OrderRow) -> Result<Reserve, String> {
    Reserve::of(row).map_err(too_much)
}

fn too_much(_: Overflow) -> String {
    "a sum of reservations that does not fit".to_owned()
}

fn next_offset(offset: i64) -> Result<i64, String> {
    offset.checked_add(1).filter(|next| *next > 0).ok_or_else(|| format!("offset {offset} is impossible"))
}

/// The complete terms of a NEW; `None` when some are missing or too long.
pub(crate) fn new_terms(intent: &Intent<'_>) -> Option<Terms> {
    let terms = &intent.terms;
    let optional = |number: Option<Numeral<'_>>| match number {
        None => Some(None),
        Some(number) => number.exact().ok().map(Some),
    };
    Some(Terms {
        side: terms.side?,
        order_type: terms.order_type?,
        order_qty: terms.order_qty?.exact().ok()?,
        price: optional(terms.price)?,
        trigger_price: optional(terms.trigger_price)?,
        time_in_force: terms.time_in_force?,
        expire_time: terms.expire_time,
        post_only: terms.post_only,
        reduce_only: terms.reduce_only,
    })
}

/// The order's terms with what a REPLACE gives in their place.
pub(crate) fn replaced_terms(terms: &Terms, intent: &Intent<'_>) -> Result<Terms, Overflow> {
    let asked = &intent.terms;
    let number = |number: Option<Numeral<'_>>| number.map(Numeral::exact).transpose();
    Ok(Terms {
        order_qty: number(asked.order_qty)?.unwrap_or(terms.order_qty),
        price: number(asked.price)?.or(terms.price),
        trigger_price: number(asked.trigger_price)?.or(terms.trigger_price),
        ..*terms
    })
}
