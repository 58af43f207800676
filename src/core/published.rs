//! Whether a record on `orders` says what its entry decided.

use super::amount::{Decimal, Numeral};
use super::entry::{Body, Decision, Entry, Ruling};
use super::intent::{Intent, IntentType};
use super::order::{Order, Origin};

/// The first field in which a record differs from what the entry that it names says of it; `None` where it does
/// not. What a CANCEL or REPLACE leaves as it was, its entry does not say.
pub fn difference(order: &Order<'_>, entry: &Entry<'_>) -> Option<&'static str> {
    let (ids, expires_at, origin, asked) = match &entry.body {
        Body::Decision(Decision { ruling: Ruling::Accepted { intent, converted_to_cancel, .. }, .. }) => {
            (intent.ids(), intent.expires_at, Origin::Intent, Some(intent).filter(|_| !converted_to_cancel))
        }
        Body::OwedCancel(owed) => (owed.ids, None, Origin::Control, None),
        _ => return Some("audit_seq"),
    };
    let whole = [
        ("audit_seq", order.audit_seq == entry.seq),
        ("intent_id", order.intent_id == ids.intent_id),
        ("client_order_id", order.client_order_id == ids.client_order_id),
        ("account_id", order.account_id == ids.account_id),
        ("strategy_id", order.strategy_id == ids.strategy_id),
        ("instrument_id", order.instrument_id == ids.instrument_id),
        ("expires_at", order.expires_at == expires_at),
        ("decided_at", order.decided_at == entry.decided_at),
        ("origin", order.origin == origin),
    ];
    // A CANCEL may give terms; they mean nothing.
    let asked = asked.filter(|intent| intent.intent_type != IntentType::Cancel);
    let terms = asked.into_iter().flat_map(|intent| terms(order, intent));
    whole.into_iter().chain(terms).find(|(_, is_same)| !is_same).map(|(field, _)| field)
}

fn terms(order: &Order<'_>, intent: &Intent<'_>) -> [(&'static str, bool); 10] {
    let (said, asked, is_new) = (&order.terms, &intent.terms, intent.intent_type == IntentType::New);
    let number = |asked: Option<Numeral<'_>>, said: Option<Decimal>| match asked {
        Some(asked) => asked.exact().ok() == said,
        None => !is_new || said.is_none(),
    };
    [
        ("order_qty", number(asked.order_qty, Some(said.order_qty))),
        ("price", number(asked.price, said.price)),
        ("trigger_price", number(asked.trigger_price, said.trigger_price)),
        ("side", !is_new || asked.side == Some(said.side)),
        ("order_type", !is_new || asked.order_type == Some(said.order_type)),
        ("time_in_force", !is_new || asked.time_in_force == Some(said.time_in_force)),
        ("expire_time", !is_new || asked.expire_time == said.expire_time),
        ("post_only", !is_new || asked.post_only == said.post_only),
        ("reduce_only", !is_new || asked.reduce_only == said.reduce_only),
        ("orig_intent_id", !is_new || order.orig_intent_id.is_none()),
    ]
}
