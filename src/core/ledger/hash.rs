//! The ledger hash: one digest of what the lane would decide by.
//!
//! It covers positions and reservations, open orders, rate and duplicate windows, instruments, limits,
//! trading states and owed cancels. Keys, executions and the ids of commands are left out: the chain
//! covers them, and a restart must stay fast.
//!
//! The canonical form is a list of lines, sorted by their bytes, each ended by a newline: a word
//! for the table, then the row's key and fields in the order written here, separated by tabs.
//! Absent values are empty. The digest is SHA-256 over that text. One line has a digest of what orders looked
//! like that were accepted of late, of which there may be millions.

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
use super::windows::WindowKey;
use crate::core::bounds::Bounds;
use crate::core::canonical::CanonicalText;
use crate::core::ids::{Digest, OrderId};
use crate::core::order::Terms;
use crate::core::time::Time;

/// The hash of the settled ledger.
///
/// Of acceptances, too, there may be many: their lines come in the order in which they are due, and the first of all, so
/// that they need not all be held and sorted.
pub fn ledger_hash(ledger: &Ledger) -> Digest {
    let mut hash = Sha256::new();
    hash_accepted(ledger, &mut hash);
    let mut lines = Lines::default();
    let (count, alike) = hash_alike(ledger);
    lines.begin("alike").value(Some(count)).value(Some(alike));
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
    assert!(sorted.peek().is_none_or(|line| *line > "accepted\t~"), "acceptances are first of all");
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

/// How many orders looked different that were accepted of late, and a digest of what they looked like.
///
/// First come the names that they have, sorted by their bytes, each ended by a newline, and an empty one; then six numbers of
/// 64 bits for each, big-endian, by time first, as [`Numbers`](super::alike::Numbers) has them. A name there is its place
/// among those that came before.
fn hash_alike(ledger: &Ledger) -> (usize, Digest) {
    let (now, mut hash) = (ledger.settled_head().decided_at, Sha256::new());
    let mut number_of = vec![None; ledger.names.texts.len()];
    ledger.windows.recent_names(now).for_each(|name| number_of[name.place()] = Some(0));
    let used = (0..).zip(&number_of).filter_map(|(name, used)| used.map(|_| Name::numbered(name)));
    let mut names: Vec<_> = used.map(|name| (ledger.text(name), name)).collect();
    names.sort_unstable();
    for (number, (text, name)) in (0..).zip(names) {
        hash.update(text);
        hash.update("\n");
        number_of[name.place()] = Some(number);
    }
    hash.update("\n");
    let (mut count, mut bytes) = (0, Vec::new());
    let number = |name: Name| number_of[name.place()].expect("its name was seen");
    ledger.windows.recently_alike(now, number, |rows| {
        bytes.clear();
        rows.as_flattened().iter().for_each(|number| bytes.extend(number.to_be_bytes()));
        hash.update(&bytes);
        count += rows.len();
    });
    (count, Digest(hash.finalize().into()))
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
    use crate::core::ledger::frozen::Thawing;
    use crate::core::ledger::windows::Likeness;

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
    fn likenesses_have_one_digest_whatever_the_numbers_of_their_names_and_in_whatever_order_they_came() {
        let text = ["A", "A-1", "A.1", "B"];
        let kinds = Side::ALL.iter().flat_map(|side| OrderType::ALL.iter().map(|of| (*side, *of)));
        let orders: Vec<_> = (0..).zip(kinds.cycle().take(500)).collect();
        let digest = |in_turn: &[usize; 4], orders: &[(i64, (Side, OrderType))]| {
            let mut ledger = Ledger::new(Placement { partition: 0, count: 1 });
            for place in in_turn {
                ledger.names.intern(text[*place]);
            }
            let mut newest = BTreeMap::new();
            for (number, (side, order_type)) in orders {
                let places = [*number, number / 3].map(|at| at as usize % text.len());
                let [account, instrument] = places.map(|at| ledger.name(text[at]));
                let price = (number % 3 != 0).then_some(Ticks(number * 7 - 900));
                let trigger = (number % 5 == 0).then_some(Ticks(number % 11));
                let (quantity, at) = (Lots(number % 120), Time(number / 20));
                let (side, order_type) = (*side, *order_type);
                let likeness = Likeness { account, instrument, side, order_type, quantity, price, trigger };
                ledger.windows.remember(likeness, at);
                let prices = i64::from(price.is_some()) + 2 * i64::from(trigger.is_some());
                let kinds = ((side.index() << 16) + (order_type.index() << 8)) as i64 + prices;
                let [price, trigger] = [price, trigger].map(|it| it.unwrap_or_default().0);
                let names = ((places[0] << 32) + places[1]) as i64;
                newest.insert(likeness, [at.0, names, kinds, quantity.0, price, trigger]);
            }
            ledger.head.edit().decided_at = Time(25);
            ledger.settle();
            assert!(newest.len() < 500, "some come again");
            (hash_alike(&ledger), newest.into_values().collect::<Vec<_>>())
        };
        let (hash, mut rows) = digest(&[0, 1, 2, 3], &orders);
        rows.sort_by_key(|row| row.map(i64::cast_unsigned));
        let numbers = rows.as_flattened().iter().flat_map(|number| number.to_be_bytes());
        let bytes: Vec<u8> = text.join("\n").bytes().chain(*b"\n\n").chain(numbers).collect();
        assert_eq!(hash, (rows.len(), Digest::of(&bytes)));
        let mut turned = orders;
        turned.chunks_mut(20).for_each(<[_]>::reverse);
        assert_eq!(digest(&[3, 1, 0, 2], &turned).0, hash);
    }

    #[test]
    fn a_likeness_that_comes_again_after_many_others_is_hashed_once_however_the_ledger_came_about() {
        let [mut live, mut at_once] = [(); 2].map(|()| Ledger::new(Placement { partition: 0, count: 1 }));
        let accept = |ledger: &mut Ledger, lots, at| {
            let [account, instrument] = ["A", "I"].map(|text| ledger.names.intern(text));
            let (side, order_type, quantity) = (Side::Buy, OrderType::Market, Lots(lots));
            let (price, trigger) = (None, None);
            let likeness = Likeness { account, instrument, side, order_type, quantity, price, trigger };
            ledger.windows.remember(likeness, Time(at));
            ledger.head.edit().decided_at = Time(at);
        };
        for (at, lots) in (1..).zip((0..5_000).chain([7, 4_999, 8])) {
            accept(&mut live, lots, at);
            live.settle();
            accept(&mut at_once, lots, at);
        }
        at_once.settle();
        let mut sections = Vec::new();
        let saved = live.freeze().save(&mut |section, bytes: &[u8]| {
            sections.push((section, bytes.to_vec()));
            Ok::<(), ()>(())
        });
        assert_eq!(saved, Ok(()));
        let mut thawing = Thawing::begin(&sections[0].1).expect("the state is first");
        for (section, bytes) in &sections[1..] {
            thawing.take(*section, bytes).expect("a section");
        }
        let thawed = thawing.finish().expect("all sections are there").ledger();
        let hashes = [&live, &at_once, &thawed].map(hash_alike);
        assert_eq!((hashes[0].0, hashes[1], hashes[2]), (5_000, hashes[0], hashes[0]));
    }
}
