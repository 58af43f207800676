//! The same for a script.

use serde_json::{Value, json};

use crate::cli::audit::limits::{limit_to_json, state_to_json, text};
use crate::core::order::Terms;
use crate::shell::audit::account::{Account, HoldingLine, OrderLine, OwedLine};

/// Everything that is known of an account.
pub(super) fn account(partition: i32, account: &Account) -> Value {
    let owed = |owed: &OwedLine| {
        json!({
            "order_id": owed.order_id.to_string(),
            "client_order_id": owed.client_order_id,
            "command_id": owed.command_id,
            "control_offset": owed.control_offset,
        })
    };
    json!({
        "account_id": account.account_id,
        "is_known": account.is_known,
        "partition": partition,
        "seq": account.seq,
        "decided_at": account.decided_at.0,
        "limits_version": account.limits_version,
        "holdings": account.holdings.iter().map(holding_to_json).collect::<Vec<_>>(),
        "open_orders": account.orders.iter().map(order_to_json).collect::<Vec<_>>(),
        "owed_cancels": account.owed.iter().map(owed).collect::<Vec<_>>(),
        "states": account.states.iter().map(state_to_json).collect::<Vec<_>>(),
        "limits": account.limits.iter().map(limit_to_json).collect::<Vec<_>>(),
    })
}

fn holding_to_json(line: &HoldingLine) -> Value {
    json!({
        "strategy_id": line.strategy,
        "instrument_id": line.instrument_id,
        "position": text(line.position),
        "reserved_buy_qty": text(line.reserved_buys),
        "reserved_sell_qty": text(line.reserved_sells),
        "reserved_buy_value": text(line.buys_value),
        "reserved_sell_value": text(line.sells_value),
        "currency": line.currency,
        "open_orders": line.open_orders,
    })
}

fn order_to_json(order: &OrderLine) -> Value {
    json!({
        "order_id": order.order_id.to_string(),
        "order_version": order.version,
        "accepted_seq": order.accepted_seq,
        "client_order_id": order.client_order_id,
        "strategy_id": order.strategy_id,
        "instrument_id": order.instrument_id,
        "terms": terms_to_json(&order.terms),
        "total": text(order.total),
        "filled": text(order.filled),
        "leaves": text(order.leaves),
        "reserved": text(order.reserved),
        "reserved_value": text(order.value),
        "cancel_pending": order.cancel_pending,
        "replace_pending": order.replace_pending.as_ref().map(terms_to_json),
    })
}

fn terms_to_json(terms: &Terms) -> Value {
    json!({
        "side": terms.side.name(),
        "order_type": terms.order_type.name(),
        "order_qty": terms.order_qty.to_string(),
        "price": text(terms.price),
        "trigger_price": text(terms.trigger_price),
        "time_in_force": terms.time_in_force.name(),
        "expire_time": terms.expire_time.map(|time| time.0),
        "post_only": terms.post_only,
        "reduce_only": terms.reduce_only,
    })
}
