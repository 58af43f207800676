//! What an entry says, in a form that both the model and the router's entries come to.

use onefill::core::control::{ControlResult, Scope};
use onefill::core::entry::{
    Anomaly, Body, Cursors, Decision, Entry, EntryKind, IntentIds, Prior, Reference, Ruling,
};
use onefill::core::ids::OrderId;
use onefill::core::intent::{IntentType, OrderType, Side, TimeInForce};
use onefill::core::order::{Order, Origin};
use onefill::core::price::{PriceQuality, PriceSource};
use onefill::core::time::Time;
use onefill::core::verdict::{FailedCheck, Reason, Verdict};

use super::number::{Rat, text};

/// What an entry must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub seq: u64,
    pub kind: EntryKind,
    pub decided_at: Time,
    pub as_of: Cursors,
    /// The offset of the last limits that were applied; -1 for none.
    pub limits_version: i64,
    pub verdict: Option<Verdict>,
    pub failed_checks: Vec<Failed>,
    pub of: Option<Prior>,
    pub converted_to_cancel: bool,
    /// In order of instrument.
    pub references: Vec<Seen>,
    pub after: Option<After>,
    pub anomaly: Option<Anomaly>,
    pub control_result: Option<ControlResult>,
    /// Account, strategy, instrument, intent and order of an owed cancel.
    pub owed: Option<[String; 5]>,
}

/// A failed check, its numbers as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub reason: Reason,
    pub scope: Option<Scope>,
    pub limit: Option<String>,
    pub observed: Option<String>,
}

impl Failed {
    pub const fn plain(reason: Reason) -> Self {
        Self { reason, scope: None, limit: None, observed: None }
    }

    pub fn compared(reason: Reason, limit: &Rat, observed: &Rat) -> Self {
        Self { reason, scope: None, limit: text(limit), observed: text(observed) }
    }

    pub fn by(self, scope: Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }

    fn of(check: &FailedCheck) -> Self {
        let [limit, observed] = [check.limit, check.observed].map(|number| number.map(|it| it.to_string()));
        Self { reason: check.reason, scope: check.scope, limit, observed }
    }
}

/// A price that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub instrument: String,
    pub price: String,
    pub as_of: Time,
    pub source: PriceSource,
    pub quality: PriceQuality,
    pub place: (i32, i64),
}

impl Seen {
    fn of(reference: &Reference<'_>) -> Self {
        Self {
            instrument: reference.instrument_id.to_string(),
            price: reference.price.to_string(),
            as_of: reference.as_of,
            source: reference.source,
            quality: reference.quality,
            place: (reference.partition, reference.offset),
        }
    }
}

/// The account's state in the instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    pub position: String,
    pub reserved_buys: String,
    pub reserved_sells: String,
    /// Of an accepted intent whose references value everything that the account has in the currency.
    pub gross_notional: Option<String>,
    pub open_orders: i32,
}

/// What is published on `orders`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub command: IntentType,
    pub order_id: OrderId,
    pub order_version: i32,
    pub orig_intent_id: Option<String>,
    /// Account, strategy, instrument, intent and order.
    pub ids: [String; 5],
    pub terms: SentTerms,
    pub expires_at: Option<Time>,
    pub audit_seq: u64,
    pub decided_at: Time,
    pub origin: Origin,
}

/// An order's complete terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentTerms {
    pub side: Side,
    pub order_type: OrderType,
    pub order_qty: String,
    pub price: Option<String>,
    pub trigger_price: Option<String>,
    pub time_in_force: TimeInForce,
    pub expire_time: Option<Time>,
    pub post_only: bool,
    pub reduce_only: bool,
}

impl Expected {
    /// An entry that says nothing but its kind.
    pub const fn bare(
        seq: u64,
        kind: EntryKind,
        decided_at: Time,
        as_of: Cursors,
        limits_version: i64,
    ) -> Self {
        Self {
            seq,
            kind,
            decided_at,
            as_of,
            limits_version,
            verdict: None,
            failed_checks: Vec::new(),
            of: None,
            converted_to_cancel: false,
            references: Vec::new(),
            after: None,
            anomaly: None,
            control_result: None,
            owed: None,
        }
    }

    /// The first failed check's reason.
    pub fn reason(&self) -> Option<Reason> {
        self.failed_checks.first().map(|failed| failed.reason)
    }

    /// What the router's entry says.
    pub fn of_entry(entry: &Entry<'_>) -> Self {
        let Entry { seq, decided_at, as_of, limits_version, .. } = *entry;
        let bare = Self::bare(seq, entry.body.kind(), decided_at, as_of, limits_version);
        match &entry.body {
            Body::Decision(Decision { ruling, .. }) => bare.ruled(ruling),
            Body::Execution(taken) => {
                Self { anomaly: taken.anomaly, after: taken.after.map(After::of), ..bare }
            }
            Body::Control(taken) => Self { control_result: Some(taken.result), ..bare },
            Body::OwedCancel(owed) => {
                Self { owed: Some(names(&owed.ids)), after: owed.after.map(After::of), ..bare }
            }
            Body::Genesis(_) | Body::LaneOpened(_) | Body::Recovery(_) => bare,
        }
    }

    fn ruled(self, ruling: &Ruling<'_>) -> Self {
        let verdict = Some(ruling.verdict());
        let plain: Vec<Failed> = ruling.reason().into_iter().map(Failed::plain).collect();
        match ruling {
            Ruling::Malformed { .. } | Ruling::Misplaced { .. } => {
                Self { verdict, failed_checks: plain, ..self }
            }
            Ruling::Duplicate { of, .. } => Self { verdict, of: Some(*of), ..self },
            Ruling::Conflict { of, .. } => Self { verdict, failed_checks: plain, of: Some(*of), ..self },
            Ruling::Rejected { failed_checks, of, references, after, .. } => Self {
                verdict,
                failed_checks: failed_checks.iter().map(Failed::of).collect(),
                of: *of,
                references: seen(references),
                after: after.map(After::of),
                ..self
            },
            Ruling::Accepted { converted_to_cancel, references, after, .. } => Self {
                verdict,
                converted_to_cancel: *converted_to_cancel,
                references: seen(references),
                after: after.map(After::of),
                ..self
            },
        }
    }
}

impl After {
    fn of(after: onefill::core::entry::After) -> Self {
        Self {
            position: after.position.to_string(),
            reserved_buys: after.reserved_buy_qty.to_string(),
            reserved_sells: after.reserved_sell_qty.to_string(),
            gross_notional: after.gross_notional.map(|gross| gross.to_string()),
            open_orders: after.open_orders,
        }
    }
}

impl Sent {
    /// What the router publishes.
    pub fn of_order(order: &Order<'_>) -> Self {
        let ids = IntentIds {
            account_id: order.account_id,
            strategy_id: order.strategy_id,
            instrument_id: order.instrument_id,
            intent_id: order.intent_id,
            client_order_id: order.client_order_id,
        };
        let terms = order.terms;
        Self {
            command: order.command,
            order_id: order.order_id,
            order_version: order.order_version,
            orig_intent_id: order.orig_intent_id.map(|id| id.to_string()),
            ids: names(&ids),
            terms: SentTerms {
                side: terms.side,
                order_type: terms.order_type,
                order_qty: terms.order_qty.to_string(),
                price: terms.price.map(|price| price.to_string()),
                trigger_price: terms.trigger_price.map(|price| price.to_string()),
                time_in_force: terms.time_in_force,
                expire_time: terms.expire_time,
                post_only: terms.post_only,
                reduce_only: terms.reduce_only,
            },
            expires_at: order.expires_at,
            audit_seq: order.audit_seq,
            decided_at: order.decided_at,
            origin: order.origin,
        }
    }
}

fn seen(references: &[Reference<'_>]) -> Vec<Seen> {
    let mut seen: Vec<Seen> = references.iter().map(Seen::of).collect();
    seen.sort_by(|one, other| one.instrument.cmp(&other.instrument));
    seen
}

fn names(ids: &IntentIds<'_>) -> [String; 5] {
    [ids.account_id, ids.strategy_id, ids.instrument_id, ids.intent_id, ids.client_order_id]
        .map(|id| id.to_string())
}
