//! The ledger hash: one digest of what the lane would decide by.
//!
//! It covers positions and reservations, open orders, instruments, limits and trading states. Keys
//! and executions are left out: the chain covers them, and a restart must stay fast.
//!
//! The canonical form is a list of lines, sorted by their bytes, each ended by a newline: a word
//! for the table, then the row's key and fields in the order written here, separated by tabs.
//! Absent values are empty. The digest is SHA-256 over that text.

use std::fmt::Display;

use super::Ledger;
use super::instrument::Instrument;
use super::order::OrderRow;
use super::states::ScopeKey;
use crate::core::ids::{Digest, OrderId};
use crate::core::order::Terms;

/// The hash of the settled ledger.
pub fn ledger_hash(ledger: &Ledger) -> Digest {
    let mut lines = Vec::new();
    for ((account, instrument), holding) in ledger.holdings.settled() {
        let key = [ledger.text(*account), ledger.text(*instrument)];
        let lots = [holding.position, holding.reserved_buys, holding.reserved_sells].map(|lots| lots.0);
        lines.push(line("holding", &key, &lots));
    }
    for (account, row) in ledger.accounts.settled() {
        lines.push(line("account", &[ledger.text(*account)], &[row.open_orders]));
    }
    let open = ledger.orders.settled().filter(|(_, row)| row.is_open());
    lines.extend(open.map(|(id, row)| order_line(ledger, *id, row)));
    for (name, row) in ledger.instruments.settled() {
        lines.push(instrument_line(ledger.text(*name), row));
    }
    for (name, row) in ledger.limits.settled() {
        lines.push(line("limit", &[ledger.text(*name)], &[row.version]));
    }
    for (scope, row) in ledger.states.settled() {
        lines.push(line("state", &scope_names(ledger, *scope), &[row.state.name(), &*row.holder]));
    }
    lines.sort_unstable();
    Digest::of(lines.concat().as_bytes())
}

fn line<T: Display>(table: &str, key: &[&str], fields: &[T]) -> String {
    let mut line = table.to_owned();
    for name in key {
        line.push('\t');
        line.push_str(name);
    }
    for field in fields {
        line.push('\t');
        line.push_str(&field.to_string());
    }
    line.push('\n');
    line
}

fn order_line(ledger: &Ledger, id: OrderId, row: &OrderRow) -> String {
    let OrderRow {
        accepted_seq,
        account,
        strategy,
        instrument,
        client_order_id,
        last_intent_id,
        previous_intent_id,
        version,
        terms,
        pending_terms,
        cancel_pending,
        quantity,
    } = row;
    let mut fields = vec![id.to_string(), accepted_seq.to_string()];
    fields.extend([*account, *strategy, *instrument].map(|name| ledger.text(name).to_owned()));
    fields.extend([client_order_id.to_string(), last_intent_id.to_string()]);
    fields.push(previous_intent_id.as_deref().unwrap_or_default().to_owned());
    fields.extend([version.to_string(), cancel_pending.to_string()]);
    fields.extend([quantity.total, quantity.filled, quantity.leaves].map(|lots| lots.0.to_string()));
    fields.push(text(quantity.pending_total.map(|lots| lots.0)));
    fields.extend(term_fields(terms));
    fields.extend(pending_terms.iter().flat_map(term_fields));
    line("order", &[], &fields)
}

fn term_fields(terms: &Terms) -> Vec<String> {
    let Terms {
        side,
        order_type,
        order_qty,
        price,
        trigger_price,
        time_in_force,
        expire_time,
        post_only,
        reduce_only,
    } = terms;
    vec![
        side.to_string(),
        order_type.to_string(),
        order_qty.to_string(),
        text(*price),
        text(*trigger_price),
        time_in_force.to_string(),
        text(expire_time.map(|time| time.0)),
        post_only.to_string(),
        reduce_only.to_string(),
    ]
}

fn instrument_line(name: &str, row: &Instrument) -> String {
    let fields = [
        row.venue.to_string(),
        row.currency.to_string(),
        row.tick_size.to_string(),
        row.lot_size.to_string(),
        row.contract_multiplier.to_string(),
        text(row.min_qty),
        text(row.max_qty),
        text(row.min_notional),
        row.allow_negative_price.to_string(),
        row.status.to_string(),
        row.version.to_string(),
    ];
    line("instrument", &[name], &fields)
}

fn scope_names(ledger: &Ledger, scope: ScopeKey) -> Vec<&str> {
    match scope {
        ScopeKey::Lane => vec!["LANE"],
        ScopeKey::Global => vec!["GLOBAL"],
        ScopeKey::Account(account) => vec!["ACCOUNT", ledger.text(account)],
        ScopeKey::Strategy(account, strategy) => {
            vec!["STRATEGY", ledger.text(account), ledger.text(strategy)]
        }
        ScopeKey::Instrument(instrument) => vec!["INSTRUMENT", ledger.text(instrument)],
    }
}

fn text<T: Display>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
