//! The ledger hash: one digest of what the lane would decide by.
//!
//! It covers positions and reservations, open orders, rate and duplicate windows, instruments, limits,
//! trading states and owed cancels. Keys, executions and the ids of commands are left out: the chain
//! covers them, and a restart must stay fast.
//!
//! The canonical form is a list of lines, sorted by their bytes, each ended by a newline: a word
//! for the table, then the row's key and fields in the order written here, separated by tabs.
//! Absent values are empty. The digest is SHA-256 over that text.

use hashbrown::HashMap;
use sha2::{Digest as _, Sha256};

use super::Ledger;
use super::holdings::Holding;
use super::instrument::Instrument;
use super::limits::LimitRow;
use super::lines::{Line, Lines};
use super::names::Name;
use super::order::OrderRow;
use super::owner::Owner;
use super::states::ScopeKey;
use super::windows::{Likeness, WindowKey};
use crate::core::bounds::Bounds;
use crate::core::canonical::CanonicalText;
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
    let mut lines = Lines::default();
    for ((owner, instrument), holding) in ledger.holdings.settled() {
        write_holding(ledger, *owner, *instrument, holding, lines.begin("holding"));
    }
    for (owner, open_orders) in ledger.open_counts.settled() {
        write_owner(ledger, *owner, &mut lines.begin("open")).number(i64::from(*open_orders));
    }
    for (order_id, row) in ledger.open_order_rows() {
        write_order(ledger, order_id, &row, lines.begin("order"));
    }
    for (name, row) in ledger.instruments.settled() {
        write_instrument(ledger.text(*name), row, lines.begin("instrument"));
    }
    for (name, row) in ledger.limits.settled() {
        write_limit(ledger, ledger.text(*name), row, lines.begin("limit"));
    }
    for (scope, row) in ledger.states.settled() {
        let mut line = lines.begin("state");
        for name in scope_names(ledger, *scope) {
            line.text(name);
        }
        line.text(row.state.name()).text(&row.holder);
    }
    // Of those that are owed to no open order any more, nothing will come.
    let owed = ledger.owed.iter().filter(|it| ledger.order(it.order_id).is_some_and(|order| order.is_open()));
    for (place, row) in owed.enumerate() {
        let command = ledger.text(row.cause.command_id);
        lines.begin("owed").number(place as i64).value(Some(row.order_id)).text(command);
    }
    let mut sorted = lines.sorted().peekable();
    assert!(
        sorted.peek().is_none_or(|line| *line > "alike\t~"),
        "acceptances and what they look like are first of all"
    );
    sorted.for_each(|line| hash.update(line));
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
            let count = i64::try_from(count).expect("fewer than 2^63 intents are accepted within an hour");
            let [at, count] = [at.0, count].map(CanonicalText::of_integer);
            line.clear();
            line.extend([begin.as_str(), at.as_str(), "\t", count.as_str(), "\n"]);
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
    let mut lines = Lines::default();
    for (begin, all) in named {
        lines.clear();
        for (quantity, price, trigger, at) in all {
            let [price, trigger] = [price, trigger].map(|price| price.map(|price| price.0));
            lines.begin_with(quantity.0).numbers([price, trigger]).number(at.0);
        }
        for line in lines.sorted() {
            hash.update(&begin);
            hash.update(line);
        }
    }
}

fn write_holding(ledger: &Ledger, owner: Owner, instrument: Name, holding: &Holding, mut line: Line<'_>) {
    let Holding { position, reserved_buys, reserved_sells, buys_worth, sells_worth, open_orders } = holding;
    write_owner(ledger, owner, &mut line).text(ledger.text(instrument));
    line.numbers([position, reserved_buys, reserved_sells].map(|lots| Some(lots.0)));
    line.value(Some(buys_worth)).value(Some(sells_worth)).number(i64::from(*open_orders));
}

fn write_owner<'w, 't>(ledger: &Ledger, owner: Owner, line: &'w mut Line<'t>) -> &'w mut Line<'t> {
    let strategy = owner.strategy.map_or("*", |strategy| ledger.text(strategy));
    line.text(ledger.text(owner.account)).text(strategy)
}

fn write_limit(ledger: &Ledger, name: &str, row: &LimitRow, mut line: Line<'_>) {
    let LimitRow { version, target, bounds } = row;
    line.text(name);
    match target.owner {
        Some(owner) => write_owner(ledger, owner, &mut line),
        None => line.text("*").text("*"),
    };
    line.text(target.instrument.map_or("*", |instrument| ledger.text(instrument)));
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
    let (currency, gross) = max_gross_notional.first().cloned().unzip();
    let rate = rates.first();
    line.number(*version).decimals([*max_order_qty, *max_order_notional, *max_long_qty, *max_short_qty]);
    line.decimals([gross]).text(currency.as_deref().unwrap_or_default());
    line.numbers([*max_open_orders, *price_collar_bps]).decimals([*price_collar_abs]);
    line.numbers([*ref_max_age_ms, rate.map(|rate| rate.max_orders), rate.map(|rate| rate.window_ms)]);
    line.numbers([*dup_window_ms, *max_intent_age_ms]).flag(*refuses_market_orders).value(*on_anomaly);
}

fn write_order(ledger: &Ledger, id: OrderId, row: &OrderRow, mut line: Line<'_>) {
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
    line.value(Some(id)).value(Some(accepted_seq));
    line.text(ledger.text(*account)).text(ledger.text(*strategy)).text(ledger.text(*instrument));
    line.text(client_order_id).text(last_intent_id).text(previous_intent_id.as_deref().unwrap_or_default());
    line.number(i64::from(*version)).flag(*cancel_pending);
    line.numbers([quantity.total, quantity.filled, quantity.leaves].map(|lots| Some(lots.0)));
    line.numbers([quantity.pending_total.map(|lots| lots.0)]);
    line.value(Some(valuation)).value(*pending_valuation);
    write_terms(terms, &mut line);
    pending_terms.iter().for_each(|terms| write_terms(terms, &mut line));
}

fn write_terms(terms: &Terms, line: &mut Line<'_>) {
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
    line.text(side.name()).text(order_type.name());
    line.decimals([Some(*order_qty), *price, *trigger_price]).text(time_in_force.name());
    line.numbers([expire_time.map(|time| time.0)]).flag(*post_only).flag(*reduce_only);
}

fn write_instrument(name: &str, row: &Instrument, mut line: Line<'_>) {
    line.text(name).text(&row.venue).text(&row.currency);
    line.decimals([row.tick_size, row.lot_size, row.contract_multiplier].map(Some));
    line.decimals([row.min_qty, row.max_qty, row.min_notional]).flag(row.allow_negative_price);
    line.value(Some(row.status)).value(Some(row.version));
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
            lines.push(format!("accepted\t{}\t{}\t{count}\n", key.join("\t"), at.0));
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
            let text = |price: Option<Ticks>| price.map(|price| price.0.to_string()).unwrap_or_default();
            let [price, trigger] = [price, trigger].map(text);
            let [account, instrument] = [account, instrument].map(|name| ledger.text(name));
            let key = format!("{account}\t{instrument}\t{side}\t{order_type}");
            newest.insert(likeness, format!("alike\t{key}\t{}\t{price}\t{trigger}\t{}\n", quantity.0, at.0));
        }
        assert!(newest.len() < 500, "some come again");
        let mut lines: Vec<String> = newest.into_values().collect();
        lines.sort_unstable();
        let mut hash = Sha256::new();
        hash_alike(&ledger, &mut hash);
        assert_eq!(Digest(hash.finalize().into()), Digest::of(lines.concat().as_bytes()));
    }
}
