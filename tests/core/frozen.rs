//! A ledger that was frozen, saved and thawed decides as the one that went on (`G7`).

use onefill::core::batch::Batch;
use onefill::core::control::{CommandType, Scope};
use onefill::core::execution::ExecType;
use onefill::core::halt::HaltCode;
use onefill::core::ids::{Digest, OrderId};
use onefill::core::ledger::frozen::{Frozen, Section, Thawed, Thawing};
use onefill::core::ledger::hash::ledger_hash;
use onefill::core::ledger::{Head, Ledger};
use onefill::core::prices::PriceBook;
use onefill::core::replay::{Reading, replay};
use onefill::core::saved::Damaged;
use onefill::core::settings::{RULES_VERSION, Settings};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::invariants::taken;
use crate::records::{PLACEMENT, buy, command, execution, id, on, opening, trade};
use crate::reference::{Act, happen, histories};
use crate::world::{World, leaf};

type Sections = Vec<(Section, Vec<u8>)>;

fn saved(frozen: &Frozen) -> Sections {
    let mut sections = Vec::new();
    let kept = frozen.save(&mut |section, bytes: &[u8]| {
        sections.push((section, bytes.to_vec()));
        Ok::<(), ()>(())
    });
    assert_eq!(kept, Ok(()));
    sections
}

fn thawed(sections: &Sections) -> Result<Thawed, Damaged> {
    let [(Section::State, state), others @ ..] = sections.as_slice() else { return Err(Damaged) };
    let mut thawing = Thawing::begin(state)?;
    others.iter().try_for_each(|(section, bytes)| thawing.take(*section, bytes))?;
    thawing.finish()
}

fn gone_on_with(sections: &Sections) -> Ledger {
    let mut thawed = thawed(sections).expect("what was saved is whole");
    thawed.indexing().into_iter().for_each(|index| index());
    thawed.ledger()
}

/// Plays a history on two ledgers, one of which is frozen and thawed after each act.
fn play(acts: &[Act]) -> Sections {
    let (mut plain, mut kept) = (Ledger::new(PLACEMENT), Ledger::new(PLACEMENT));
    let mut prices: &'static PriceBook = Box::leak(Box::default());
    let mut last = Vec::new();
    for act in acts {
        let mut book = prices.clone();
        for (price, partition, offset) in &act.prices {
            book.take(price, *partition, *offset, act.clock);
        }
        prices = Box::leak(Box::new(book));
        let frozen = kept.freeze();
        let before = saved(&frozen);
        let entries = [&mut plain, &mut kept].map(|ledger| {
            let mut entries = Vec::new();
            let mut batch = Batch::open(ledger, prices, act.clock);
            if let Some(settings) = act.opens {
                entries.push(batch.open_lane(opening(settings)));
                batch.link(leaf(&entries[0]));
            }
            for turn in &act.turns {
                if let Some(entry) = taken(&mut batch, turn) {
                    batch.link(leaf(&entry));
                    entries.push(entry);
                }
            }
            batch.settle();
            entries
        });
        assert_eq!(entries[0], entries[1]);
        assert_eq!(saved(&frozen), before, "what was frozen has not moved on");
        let hash = ledger_hash(&plain);
        // What was remembered before the batch is not believed behind it.
        assert_eq!((kept.hash(), kept.freeze().hash()), (hash, hash));
        last = saved(&kept.freeze());
        kept = gone_on_with(&last);
        assert_eq!(kept.remember_hash(), hash);
        kept.validate().expect("a thawed ledger holds together");
        assert_eq!((ledger_hash(&kept), kept.head(), kept.opened()), (hash, plain.head(), plain.opened()));
        assert_eq!((kept.keys_len(), kept.executions_len()), (plain.keys_len(), plain.executions_len()));
    }
    last
}

#[test]
fn a_thawed_ledger_decides_as_the_one_that_went_on() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..150 {
        let history = histories().new_tree(&mut runner).expect("a history").current();
        play(&happen(&history).0);
    }
}

#[test]
fn sections_that_are_missing_cut_short_or_twice_there_are_refused() {
    let history = histories().new_tree(&mut TestRunner::deterministic()).expect("a history").current();
    let sections = play(&happen(&history).0);
    assert!(thawed(&sections).is_ok());
    for (place, (section, bytes)) in sections.iter().enumerate() {
        let mut fewer = sections.clone();
        fewer.remove(place);
        assert!(thawed(&fewer).is_err(), "without {section}");
        let mut shorter = sections.clone();
        shorter[place].1.truncate(bytes.len() - 1);
        assert!(thawed(&shorter).is_err(), "{section} cut short");
        let mut twice = sections.clone();
        twice.push((*section, bytes.clone()));
        assert!(thawed(&twice).is_err(), "{section} twice");
    }
}

#[test]
fn however_much_is_saved_no_block_is_large() {
    const REPORTS: usize = 3_000;
    let mut world = World::of_one_account();
    // Trades of an order that nobody knows have no short form.
    let report = |number: usize| on("none", trade(format!("e-{number}").leak(), "1"));
    let arrivals: Vec<_> = (0..REPORTS).map(|number| world.arrival_of_report(report(number))).collect();
    world.settle(&arrivals);
    let sections = saved(&world.ledger.freeze());
    let blocks = sections.iter().filter(|(section, _)| *section == Section::Whole).count();
    assert_eq!(blocks, REPORTS.div_ceil(1024));
    let largest = sections.iter().map(|(section, bytes)| (bytes.len(), *section)).max();
    assert!(largest.is_some_and(|(len, _)| len <= 1 << 18), "{largest:?}");
    let again = gone_on_with(&sections);
    again.validate().expect("a thawed ledger holds together");
    assert_eq!(again.executions_len(), REPORTS);
    assert_eq!(ledger_hash(&again), ledger_hash(&world.ledger));
}

#[test]
fn orders_are_saved_one_behind_the_other_whatever_room_there_was_between_them() {
    let mut world = World::of_one_account();
    let keys: Vec<&'static str> = (0..1_000).map(|number| &*format!("key-{number:060}").leak()).collect();
    let orders: Vec<_> = keys.iter().map(|key| world.arrival_of(buy(key, "10", "100"))).collect();
    world.settle(&orders);
    let orders_in = |sections: &Sections| {
        let orders = sections.iter().filter(|(section, _)| *section == Section::Orders);
        orders.map(|(_, bytes)| bytes.len()).collect::<Vec<_>>()
    };
    let open = orders_in(&saved(&world.ledger.freeze()));
    assert!(open.len() > 1, "more than one chunk");
    // Those that are dead are shorter, and leave room behind.
    let canceled = |key| on(key, execution(ExecType::Canceled, format!("e-{key}").leak()));
    let dead = keys.iter().enumerate().filter(|(place, _)| place % 4 != 0);
    let reports: Vec<_> = dead.map(|(_, key)| world.arrival_of_report(canceled(key))).collect();
    world.settle(&reports);
    let sections = saved(&world.ledger.freeze());
    let dead = orders_in(&sections);
    assert!(dead.iter().sum::<usize>() < open.iter().sum::<usize>() * 2 / 3, "{dead:?} of {open:?}");
    let again = gone_on_with(&sections);
    again.validate().expect("a thawed ledger holds together");
    assert_eq!(ledger_hash(&again), ledger_hash(&world.ledger));
    // The one that was published last stands unpacked, with ids that a dead order has no more.
    for key in &keys[..keys.len() - 1] {
        let order_id = OrderId::of(id("A1"), id(key));
        assert_eq!(again.order(order_id), world.ledger.order(order_id));
        assert!(again.order(order_id).is_some());
    }
}

/// Orders, fills, and cancels that are owed; opened twice.
fn world() -> World {
    let mut world = World::of_one_account();
    world.price(crate::world::FUTURE, "100");
    ["k-1", "k-2", "k-3"].into_iter().for_each(|key| world.accept(buy(key, "10", "100")));
    world.report(on("k-1", trade("e-1", "4")));
    world.report(on("none", trade("e-2", "4")));
    world.command(command("c", CommandType::CancelAll, Scope::Global, ""));
    world.pay(1);
    world.restart(Settings::default());
    world.accept(buy("k-4", "10", "100"));
    world
}

#[test]
fn a_ledger_has_another_hash_only_under_another_version_of_the_rules() {
    let hash = ledger_hash(&world().ledger).to_string();
    let pinned = "9cb2927f2682f0f788277fac0720b90ef4eeb5cde4a93133aaefee5e7359324f";
    assert_eq!((RULES_VERSION, hash.as_str()), (4, pinned), "raise RULES_VERSION");
}

/// What a reading of the trail up to this entry leaves behind.
fn read_up_to(world: &World, end: usize) -> Ledger {
    let mut ledger = Ledger::new(PLACEMENT);
    let trail = world.trail[..end].iter();
    trail.for_each(|(entry, leaf)| replay(&mut ledger, entry, *leaf).expect("a trail replays"));
    gone_on_with(&saved(&ledger.freeze()))
}

#[test]
fn a_trail_may_be_read_in_two_parts_wherever_the_first_one_ends() {
    let world = world();
    for end in 1..=world.trail.len() {
        let mut ledger = read_up_to(&world, end);
        let mut reading = Reading::of_kept(&ledger);
        for (entry, leaf) in &world.trail[end - 1..] {
            reading.take(&mut ledger, entry, *leaf).expect("the trail goes on");
        }
        assert_eq!(reading.end(), Ok(()), "after {end}");
        ledger.validate().expect("it holds together");
        let same = (ledger_hash(&ledger), ledger.head()) == (ledger_hash(&world.ledger), world.ledger.head());
        assert!(same, "after {end}");
    }
}

#[test]
fn what_was_read_of_a_trail_takes_nothing_in_before_its_last_entry_has_come_again() {
    let world = world();
    for end in 1..world.trail.len() {
        let mut ledger = read_up_to(&world, end);
        let (last, next) = (&world.trail[end - 1], &world.trail[end]);
        let mut refused = |(entry, leaf): (&_, Digest)| {
            let mut reading = Reading::of_kept(&ledger);
            reading.take(&mut ledger, entry, leaf).map_err(|halt| halt.code)
        };
        assert_eq!(refused((&next.0, next.1)), Err(HaltCode::ChainBroken), "without it, after {end}");
        assert_eq!(refused((&last.0, next.1)), Err(HaltCode::ChainBroken), "another one, after {end}");
        assert_eq!(ledger.settled_head().next_seq, end as u64);
    }
}

/// How many of these entries a reading takes in, by which halt it ends, and what the ledger is then.
fn read(
    world: &World,
    pieces: usize,
    change: impl Fn(usize, Digest) -> Digest,
) -> (usize, Option<HaltCode>, Head, Digest) {
    let leaves = world.trail.iter().enumerate().map(|(place, (_, leaf))| change(place, *leaf));
    let trail: Vec<_> =
        world.trail.iter().zip(leaves).map(|((entry, _), leaf)| (entry.clone(), leaf)).collect();
    let mut ledger = Ledger::new(PLACEMENT);
    let (mut reading, mut taken) = (Reading::begin(&ledger), 0);
    let ended = trail.chunks(pieces).find_map(|piece| {
        let (number, ended) = reading.take_all(&mut ledger, piece);
        taken += number;
        ended.err()
    });
    ledger.validate().expect("it holds together");
    (taken, ended.map(|halt| halt.code), ledger.settled_head().clone(), ledger_hash(&ledger))
}

#[test]
fn entries_that_are_taken_in_together_come_to_what_they_come_to_alone() {
    let world = world();
    let end = world.trail.len();
    for pieces in [1, 2, 3, 7, end] {
        let whole = read(&world, pieces, |_, leaf| leaf);
        let due = (end, None, world.ledger.settled_head().clone(), ledger_hash(&world.ledger));
        assert_eq!(whole, due, "{pieces} at a time");
    }
    for broken in 0..end - 1 {
        let changed = |place, leaf| if place == broken { Digest::ZERO } else { leaf };
        let alone = read(&world, 1, changed);
        assert_eq!((alone.0, alone.1), (broken + 1, Some(HaltCode::ChainBroken)));
        for pieces in [2, 7, end] {
            assert_eq!(read(&world, pieces, changed), alone, "{pieces} at a time, {broken} broken");
        }
    }
}

#[test]
fn a_trail_that_is_read_again_in_pieces_may_not_fork() {
    let world = world();
    let end = world.trail.len();
    for (first, pieces) in [(0, 3), (end - 2, 1), (end - 5, 2), (end - 5, end)] {
        let mut ledger = read_up_to(&world, end - 1);
        let mut reading = Reading::of_kept(&ledger);
        let mut again = world.trail[first..].to_vec();
        for piece in again.chunks(pieces) {
            assert_eq!(reading.take_all(&mut ledger, piece), (piece.len(), Ok(())), "from {first}");
        }
        assert_eq!(reading.end(), Ok(()));
        assert_eq!(ledger_hash(&ledger), ledger_hash(&world.ledger));

        // The last of those that it had kept stands once more, behind a new one.
        let mut ledger = read_up_to(&world, end - 1);
        let mut reading = Reading::of_kept(&ledger);
        again.push(world.trail[end - 2].clone());
        let (taken, ended) = reading.take_all(&mut ledger, &again);
        assert_eq!((taken, ended.map_err(|halt| halt.code)), (again.len() - 1, Err(HaltCode::ChainBroken)));
    }
}
