//! The ledger hash: one digest of what the lane would decide by.
//!
//! It covers positions and reservations, open orders, rate and duplicate windows, instruments, limits,
//! trading states and owed cancels. Keys, executions and the ids of commands are left out: the chain
//! covers them, and a restart must stay fast.
//!
//! The canonical form is a list of lines, sorted by their bytes, each ended by a newline: a word
//! for the table, then the row's key and fields in the order written here, separated by tabs.
//! Absent values are empty. The digest is SHA-256 over that text.

use std::fmt::{self, Display, Write as _};

use hashbrown::HashMap;
use sha2::{Digest as _, Sha256};

use super::Ledger;
use super::holdings::Holding;
use super::instrument::Instrument;
use super::limits::LimitRow;
use super::names::Name;
use super::order::OrderRow;
use super::owner::Owner;
use super::states::ScopeKey;
use super::windows::{Likeness, WindowKey};
use crate::core::bounds::Bounds;
use crate::core::ids::{Digest, OrderId};
use crate::core::order::Terms;
use crate::core::time::Time;

/// The hash of the settled ledger.
///
/// Of acceptances, and of what they look like, there may be millions: their lines come in the order in which they
/// are due, and the first of all, so that they need not all be held and sorted.
pub fn ledger_hash(ledger: &Ledger) -> Digest {
    let mut hash = Sha256::new();
    hash_accepted(ledger, &mut hash);
    hash_alike(ledger, &mut hash);
    let mut lines = Vec::new();
    for ((owner, instrument), holding) in ledger.holdings.settled() {
        lines.push(holding_line(ledger, *owner, *instrument, holding));
    }
    for (owner, open_orders) in ledger.open_counts.settled() {
        lines.push(line("open", &owner_names(ledger, *owner), &[open_orders]));
    }
    for (order_id, row) in ledger.open_order_rows() {
        lines.push(order_line(ledger, order_id, &row));
    }
    for (name, row) in ledger.instruments.settled() {
        lines.push(instrument_line(ledger.text(*name), row));
    }
    for (name, row) in ledger.limits.settled() {
        lines.push(limit_line(ledger, ledger.text(*name), row));
    }
    for (scope, row) in ledger.states.settled() {
        lines.push(line("state", &scope_names(ledger, *scope), &[row.state.name(), &*row.holder]));
    }
    // Of those that are owed to no open order any more, nothing will come.
    let owed = ledger.owed.iter().filter(|it| ledger.order(it.order_id).is_some_and(|order| order.is_open()));
    for (place, row) in owed.enumerate() {
        let fields =
            [place.to_string(), row.order_id.to_string(), ledger.text(row.cause.command_id).to_owned()];
        lines.push(line("owed", &[], &fields));
    }
    lines.sort_unstable();
    assert!(
        lines.first().is_none_or(|line| &**line > "alike\t~"),
        "acceptances and what they look like are first of all"
    );
    lines.iter().for_each(|line| hash.update(line));
    Digest(hash.finalize().into())
}

/// The lines of what was accepted of late, in the order of their bytes. The windows of an account, and those over
/// all instruments, are sums of these.
fn hash_accepted(ledger: &Ledger, hash: &mut Sha256) {
    let now = ledger.settled_head().decided_at;
    let mut keys: Vec<(String, WindowKey)> = Vec::new();
    for key in ledger.windows.keys() {
        let (owner, Some(instrument)) = key else { continue };
        let Some(strategy) = owner.strategy else { continue };
        let names = [owner.account, strategy, instrument].map(|name| ledger.text(name));
        keys.push((format!("accepted\t{}\t", names.join("\t")), key));
    }
    keys.sort_unstable();
    let mut line = String::new();
    for (begin, key) in keys {
        let mut runs: Vec<(Time, u64)> = ledger.windows.recent_of(key, now).collect();
        // Times of as many digits, as those of this century and the next two, are ordered as their texts are.
        let digits = |run: Option<&(Time, u64)>| run.map(|(at, _)| at.0.to_string().len());
        if digits(runs.first()) != digits(runs.last()) || runs.first().is_some_and(|(at, _)| at.0 < 0) {
            runs.sort_by_cached_key(|(at, _)| at.0.to_string());
        }
        for (at, count) in runs {
            line.clear();
            writeln!(line, "{begin}{}\t{count}", at.0).expect("a text takes all");
            hash.update(&line);
        }
    }
}

/// The lines of what orders looked like that were accepted of late, in the order of their bytes.
fn hash_alike(ledger: &Ledger, hash: &mut Sha256) {
    let mut groups: HashMap<_, Vec<_>> = HashMap::new();
    for (likeness, at) in ledger.windows.recently_alike(ledger.settled_head().decided_at) {
        let Likeness { account, instrument, side, order_type, quantity, price, trigger } = likeness;
        let group = groups.entry((account, instrument, side, order_type)).or_default();
        group.push((quantity, price, trigger, at));
    }
    let named = groups.into_iter().map(|((account, instrument, side, order_type), all)| {
        let names = [account, instrument].map(|name| ledger.text(name)).join("\t");
        (format!("alike\t{names}\t{side}\t{order_type}\t"), all)
    });
    let mut named: Vec<_> = named.collect();
    named.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let (mut text, mut lines) = (String::new(), Vec::new());
    for (begin, all) in named {
        text.clear();
        lines.clear();
        for (quantity, price, trigger, at) in all {
            let from = text.len();
            let [price, trigger] = [price, trigger].map(|price| Field(price.map(|price| price.0)));
            writeln!(text, "{}\t{price}\t{trigger}\t{}", quantity.0, at.0).expect("a text takes all");
            lines.push(from..text.len());
        }
        lines.sort_unstable_by(|one, other| text[one.clone()].cmp(&text[other.clone()]));
        for line in &lines {
            hash.update(&begin);
            hash.update(&text[line.clone()]);
        }
    }
}

/// A value that may be absent, and is empty then.
struct Field<T>(Option<T>);

impl<T: Display> Display for Field<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |value| value.fmt(out))
    }
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

fn holding_line(ledger: &Ledger, owner: Owner, instrument: Name, holding: &Holding) -> String {
    let Holding { position, reserved_buys, reserved_sells, buys_worth, sells_worth, open_orders } = holding;
    let mut key = owner_names(ledger, owner);
    key.push(ledger.text(instrument));
    let mut fields: Vec<String> = [position, reserved_buys, reserved_sells].map(|it| it.0.to_string()).into();
    fields.extend([buys_worth.to_string(), sells_worth.to_string(), open_orders.to_string()]);
    line("holding", &key, &fields)
}

fn owner_names(ledger: &Ledger, owner: Owner) -> Vec<&str> {
    vec![ledger.text(owner.account), owner.strategy.map_or("*", |strategy| ledger.text(strategy))]
}

fn limit_line(ledger: &Ledger, name: &str, row: &LimitRow) -> String {
    let LimitRow { version, target, bounds } = row;
    let mut key = vec![name];
    key.extend(target.owner.map_or_else(|| vec!["*", "*"], |owner| owner_names(ledger, owner)));
    key.push(target.instrument.map_or("*", |instrument| ledger.text(instrument)));
    let Bounds {
        max_order_qty,
        max_order_notional,
        max_long_qty,
        max_short_qty,
        max_gross_notional,
        max_open_orders,
        price_collar_bps,
        price_collar_abs,
        ref_max_age_ms,
        rates,
        dup_window_ms,
        max_intent_age_ms,
        refuses_market_orders,
        on_anomaly,
    } = bounds;
    let mut fields = vec![version.to_string()];
    fields.extend([max_order_qty, max_order_notional, max_long_qty, max_short_qty].map(|it| text(*it)));
    let (currency, gross) = max_gross_notional.first().cloned().unzip();
    fields.extend([text(gross), text(currency), text(*max_open_orders), text(*price_collar_bps)]);
    let rate = rates.first();
    fields.extend([text(*price_collar_abs), text(*ref_max_age_ms), text(rate.map(|rate| rate.max_orders))]);
    fields.extend([text(rate.map(|rate| rate.window_ms)), text(*dup_window_ms), text(*max_intent_age_ms)]);
    fields.extend([refuses_market_orders.to_string(), text(*on_anomaly)]);
    line("limit", &key, &fields)
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
        valuation,
        pending_valuation,
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
    fields.extend([valuation.to_string(), text(*pending_valuation)]);
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::core::amount::{Lots, Ticks};
    use crate::core::intent::{OrderType, Side};
    use crate::core::ledger::Placement;

    /// The lines of acceptances as they are defined: all of them, sorted by their bytes.
    fn defined(ledger: &Ledger) -> Digest {
        let recent = ledger.windows.recent(ledger.settled_head().decided_at);
        let mut lines = Vec::new();
        for ((owner, instrument), at, count) in recent {
            let (Some(strategy), Some(instrument)) = (owner.strategy, instrument) else { continue };
            let key = [owner.account, strategy, instrument].map(|name| ledger.text(name));
            lines.push(line("accepted", &key, &[at.0.to_string(), count.to_string()]));
        }
        lines.sort_unstable();
        Digest::of(lines.concat().as_bytes())
    }

    #[test]
    fn acceptances_are_hashed_in_the_order_of_their_lines_whatever_their_times() {
        for times in [&[9, 10, 11, 99, 100, 5_000][..], &[-20, -3, 4, 40], &[1_700_000_000_000_000_000; 3]] {
            let mut ledger = Ledger::new(Placement { partition: 0, count: 1 });
            for (at, names) in times.iter().zip(["A B C", "A-1 B C", "A B C-1", "A.1 B C"].iter().cycle()) {
                let mut names = names.split(' ').map(|text| ledger.names.intern(text));
                let [account, strategy, instrument] = [(); 3].map(|()| names.next().expect("three names"));
                for (strategy, instrument) in [(strategy, instrument), (instrument, strategy)] {
                    ledger.windows.accept(account, strategy, instrument, Time(*at));
                }
                ledger.head.edit().decided_at = Time(*at);
                ledger.settle();
            }
            let mut hash = Sha256::new();
            hash_accepted(&ledger, &mut hash);
            assert_eq!(Digest(hash.finalize().into()), defined(&ledger), "{times:?}");
        }
    }

    #[test]
    fn likenesses_are_hashed_in_the_order_of_their_lines_whatever_they_are() {
        let mut ledger = Ledger::new(Placement { partition: 0, count: 1 });
        let names = ["A", "A-1", "A.1", "B"].map(|text| ledger.names.intern(text));
        let kinds = Side::ALL.iter().flat_map(|side| OrderType::ALL.iter().map(|of| (*side, *of)));
        let mut newest = BTreeMap::new();
        for (number, (side, order_type)) in (0..).zip(kinds.cycle().take(500)) {
            let [account, instrument] = [number, number / 3].map(|at| names[at as usize % names.len()]);
            let price = (number % 3 != 0).then_some(Ticks(number * 7 - 900));
            let trigger = (number % 5 == 0).then_some(Ticks(number % 11));
            let quantity = Lots(number % 120);
            let likeness = Likeness { account, instrument, side, order_type, quantity, price, trigger };
            let at = Time(number * 1_000);
            ledger.windows.remember(likeness, at);
            ledger.head.edit().decided_at = at;
            ledger.settle();
            let [price, trigger] = [price, trigger].map(|price| text(price.map(|price| price.0)));
            let fields = [quantity.0.to_string(), price, trigger, at.0.to_string()];
            let key = [ledger.text(account), ledger.text(instrument), side.name(), order_type.name()];
            newest.insert(likeness, line("alike", &key, &fields));
        }
        assert!(newest.len() < 500, "some come again");
        let mut lines: Vec<String> = newest.into_values().collect();
        lines.sort_unstable();
        let mut hash = Sha256::new();
        hash_alike(&ledger, &mut hash);
        assert_eq!(Digest(hash.finalize().into()), Digest::of(lines.concat().as_bytes()));
    }
}
