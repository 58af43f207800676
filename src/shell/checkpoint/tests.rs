//! A checkpoint is read as it was written, or thrown away: never read as something else.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use super::file::{self, Doubt, Place, Stamp};
use super::{Checkpoints, Due};
use crate::core::ids::Digest;
use crate::core::ledger::Ledger;
use crate::core::ledger::hash::ledger_hash;
use crate::core::settings::RULES_VERSION;
use crate::shell::audit::tests::trail::{Trail, buy, limit};
use crate::shell::config::CheckpointSettings;

fn place() -> Place {
    let (topic, topic_id) = ("onefill.audit".to_owned(), "an-id".to_owned());
    Place { partition: 0, count: 1, topic, topic_id, begins: 0 }
}

fn trail() -> Trail {
    let mut trail = Trail::new();
    trail.limit(limit());
    trail.price("5000", 0);
    for key in ["k-1", "k-2", "k-3", "k-4", "k-5"] {
        trail.intent(buy(key, "1"));
    }
    trail
}

fn stamp(ledger: &Ledger) -> Stamp {
    let (seq, link) = (ledger.head().next_seq, ledger.head().link);
    let ledger_hash = ledger.freeze().hash();
    Stamp { rules_version: RULES_VERSION, place: place(), seq, link, offset: 7, ledger_hash }
}

/// A checkpoint of a small ledger, in a folder of its own.
fn written() -> (TempDir, PathBuf, Stamp) {
    let (dir, trail) = (TempDir::new().unwrap(), trail());
    let (path, stamp) = (dir.path().join("0.checkpoint"), stamp(trail.ledger()));
    file::write(&path, &stamp, &trail.ledger().freeze()).unwrap();
    (dir, path, stamp)
}

#[test]
fn what_was_written_reads_back_and_nothing_else_is_left() {
    let (dir, path, stamp) = written();
    let (read, ledger) = file::read(&path, &place()).unwrap();
    assert_eq!(read, stamp);
    ledger.validate().unwrap();
    assert_eq!((ledger.head(), ledger_hash(&ledger)), (trail().ledger().head(), stamp.ledger_hash));
    assert_eq!(ledger.keys_len(), 5);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn every_byte_that_is_changed_left_out_or_added_is_seen() {
    let (_dir, path, _) = written();
    let good = fs::read(&path).unwrap();
    // The slab's chunk is long and nearly empty: of what is far from both ends some bytes will do.
    let tried = |place: &usize| {
        *place < 400
            || *place + 600 > good.len()
            || *place < 8_000 && place.is_multiple_of(7)
            || place.is_multiple_of(997)
    };
    for place in (0..good.len()).filter(tried) {
        let mut bad = good.clone();
        bad[place] ^= 1 << (place % 8);
        fs::write(&path, &bad).unwrap();
        let doubt = file::read(&path, &self::place()).map(drop).expect_err("a changed byte");
        assert!(matches!(doubt, Doubt::Damaged | Doubt::Format), "byte {place}: {doubt}");
        if place % 31 == 0 {
            fs::write(&path, &good[..place]).unwrap();
            assert!(matches!(file::read(&path, &self::place()), Err(Doubt::Damaged)), "cut at {place}");
        }
    }
    fs::write(&path, [&good[..], &[0]].concat()).unwrap();
    assert!(matches!(file::read(&path, &place()), Err(Doubt::Damaged)));
    fs::write(&path, &good).unwrap();
    assert!(file::read(&path, &place()).is_ok());
}

proptest! {
    #[test]
    fn whatever_is_in_the_file_nothing_is_read_but_what_was_written(
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        garbage in prop::collection::vec(any::<u8>(), 0..64),
        swaps in any::<bool>(),
    ) {
        static WRITTEN: OnceLock<(Vec<u8>, Stamp)> = OnceLock::new();
        let (good, stamp) = WRITTEN.get_or_init(|| {
            let (_dir, path, stamp) = written();
            (fs::read(&path).unwrap(), stamp)
        });
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("0.checkpoint");
        let (from, to) = (from.index(good.len()), to.index(good.len()));
        let (from, to) = (from.min(to), from.max(to));
        let bad = match swaps {
            true => [&good[..from], &good[to..], &good[from..to]].concat(),
            false => [&good[..from], &garbage, &good[to..]].concat(),
        };
        fs::write(&path, &bad).unwrap();
        match file::read(&path, &place()) {
            Ok((read, ledger)) => {
                prop_assert_eq!(&bad, good);
                prop_assert_eq!((read.seq, ledger_hash(&ledger)), (stamp.seq, stamp.ledger_hash));
            }
            Err(_) => prop_assert_ne!(&bad, good),
        }
    }
}

#[test]
fn a_checkpoint_of_something_else_is_thrown_away() {
    let (_dir, path, stamp) = written();
    let elsewhere = [
        Place { partition: 1, ..place() },
        Place { count: 2, ..place() },
        Place { topic: "other.audit".to_owned(), ..place() },
        Place { topic_id: "made-anew".to_owned(), ..place() },
        Place { begins: 3, ..place() },
    ];
    for place in elsewhere {
        assert!(matches!(file::read(&path, &place), Err(Doubt::Elsewhere(_))), "{place:?}");
    }
    let trail = trail();
    let write = |stamp: Stamp| file::write(&path, &stamp, &trail.ledger().freeze()).unwrap();
    write(Stamp { rules_version: RULES_VERSION - 1, ..stamp.clone() });
    assert!(matches!(file::read(&path, &place()), Err(Doubt::Rules(_))));
    write(Stamp { rules_version: RULES_VERSION + 1, ..stamp.clone() });
    assert!(matches!(file::read(&path, &place()), Err(Doubt::Rules(_))));
    for otherwise in [
        Stamp { seq: stamp.seq + 1, ..stamp.clone() },
        Stamp { link: Digest::ZERO, ..stamp.clone() },
        Stamp { ledger_hash: Digest::ZERO, ..stamp },
    ] {
        write(otherwise);
        assert!(matches!(file::read(&path, &place()), Err(Doubt::Otherwise)));
    }
}

#[test]
fn what_is_read_ahead_is_doubted_as_ever_and_read_once() {
    let (dir, path, stamp) = written();
    fs::write(dir.path().join("1.checkpoint"), "nonsense").unwrap();
    fs::write(dir.path().join("2.tmp"), "half written").unwrap();
    let checkpoints = Checkpoints::new(CheckpointSettings {
        dir: Some(dir.path().to_owned()),
        ..CheckpointSettings::default()
    });
    let lane_1 = Place { partition: 1, ..place() };
    checkpoints.read_ahead();
    assert!(matches!(checkpoints.ahead.take(1), Some(Err(Doubt::Format | Doubt::Damaged))));
    assert!(checkpoints.ahead.take(2).is_none());
    assert!(matches!(checkpoints.ahead.take(0), Some(Ok((read, _))) if read == stamp));
    assert!(checkpoints.ahead.take(0).is_none());

    checkpoints.read_ahead();
    assert!(checkpoints.read(&Place { begins: 3, ..place() }).is_none(), "of another trail");
    assert!(checkpoints.read(&lane_1).is_none());
    // It is the file's turn.
    assert_eq!(checkpoints.read(&place()).map(|(read, _)| read), Some(stamp));
    fs::remove_file(path).unwrap();
    assert!(checkpoints.read(&place()).is_none());
}

fn due(trail: &Trail) -> Due {
    Due { frozen: trail.ledger().freeze(), place: place(), offset: 7 }
}

#[test]
fn lanes_are_written_after_so_many_entries_and_failures_are_told() {
    let (dir, trail) = (TempDir::new().unwrap(), trail());
    let settings = |dir: PathBuf| CheckpointSettings { dir: Some(dir), every_entries: 5 };
    let checkpoints = Checkpoints::new(settings(dir.path().join("below")));
    assert!(!checkpoints.wants(0, 4) && checkpoints.wants(0, 5));
    assert!(checkpoints.read(&place()).is_none());
    checkpoints.hand_over(due(&trail));
    assert!(!checkpoints.wants(0, 100), "one waits to be written");
    assert_eq!(outcomes(&checkpoints), [true]);
    let seq = trail.ledger().head().next_seq;
    assert_eq!(checkpoints.read(&place()).map(|(stamp, _)| stamp.seq), Some(seq));
    assert!(!checkpoints.wants(0, seq + 4) && checkpoints.wants(0, seq + 5));
    assert!(!checkpoints.wants_last(0, seq) && checkpoints.wants_last(0, seq + 1));
    fs::write(dir.path().join("below/0.checkpoint"), "nonsense").unwrap();
    assert!(checkpoints.read(&place()).is_none());

    // A file where the folder should be.
    fs::write(dir.path().join("file"), "").unwrap();
    let failing = Checkpoints::new(settings(dir.path().join("file")));
    failing.hand_over(due(&trail));
    assert_eq!(outcomes(&failing), [false]);
    assert!(failing.wants_last(0, 1) && !failing.wants(0, 100), "it is due, but not at once");
}

/// Of all that is written now.
fn outcomes(checkpoints: &Checkpoints) -> Vec<bool> {
    let outcomes = std::cell::RefCell::default();
    checkpoints.write_due(|is_written| Vec::push(&mut outcomes.borrow_mut(), is_written));
    outcomes.into_inner()
}

#[test]
fn without_a_folder_nothing_is_written() {
    let checkpoints = Checkpoints::default();
    assert!(!checkpoints.wants(0, u64::MAX) && !checkpoints.wants_last(0, 7));
    assert_eq!((checkpoints.path(0), checkpoints.read(&place()).is_none()), (None, true));
}

#[test]
fn what_is_kept_in_memory_is_bounded_and_comes_back_once() {
    let kept = super::Kept::default();
    let placement = trail().ledger().placement();
    kept.put(gone_on_with(), 7, 0);
    assert!(kept.take(crate::core::ledger::Placement { count: 2, ..placement }).is_none());
    kept.put(gone_on_with(), 7, 0);
    assert_eq!(kept.take(placement).map(|kept| kept.offset), Some(7));
    assert!(kept.take(placement).is_none());

    let mut lanes = std::collections::BTreeMap::new();
    for partition in [2, 0, 1] {
        lanes.insert(partition, super::kept::KeptLedger::of(gone_on_with(), 7, 0));
        std::thread::sleep(Duration::from_millis(2));
    }
    super::kept::bound(&mut lanes, 10);
    assert_eq!(lanes.keys().copied().collect::<Vec<_>>(), [0, 1]);
}

fn gone_on_with() -> Ledger {
    let (_dir, path, _) = written();
    file::read(&path, &place()).unwrap().1
}
