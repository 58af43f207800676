//! Checkpoints are a cache: whatever is in them, a lane decides as it would without them, or halts as it would.

use std::fs;
use std::path::{Path, PathBuf};

use onefill::shell::checkpoint::file;

use crate::checker::check;
use crate::loud::{Expected, expect};
use crate::reader::eventually;
use crate::records::{account_in, new_intent};
use crate::router::Router;
use crate::strangers::{delete_group, lose_records, recreate};
use crate::world::World;

/// A folder for checkpoints, and routers that use it.
struct Kept {
    world: World,
    dir: PathBuf,
}

impl Kept {
    /// Each lane has decided two intents, was opened twice, and has a checkpoint.
    fn new(world: World) -> Self {
        (0..world.partitions).for_each(|lane| world.allow(&account_in(lane, world.partitions)));
        let dir = world.dir().join("checkpoints");
        let kept = Self { world, dir };
        for round in ["first", "second"] {
            kept.send(round);
            let router = kept.router();
            kept.world.wait_answered(&router);
            router.end_cleanly();
        }
        kept
    }

    fn path(&self, lane: i32) -> PathBuf {
        self.dir.join(format!("{lane}.checkpoint"))
    }

    fn router(&self) -> Router {
        self.world.router(&["--checkpoint-dir", self.dir.to_str().expect("a path")])
    }

    fn send(&self, id: &str) {
        let lanes = self.world.partitions;
        let intents: Vec<_> = (0..lanes).map(|lane| new_intent(&account_in(lane, lanes), id, id)).collect();
        self.world.send_all(&intents);
    }

    /// What was decided long ago comes again beside what is new: the one must be known, the other not.
    fn goes_on(&self, id: &str, says: &'static str) {
        self.send("first");
        self.send(id);
        let router = self.router().saying(&[expect(says, "it is what is asked for")]);
        self.world.wait_answered(&router);
        assert!(router.log().contains(says), "{id}: it says {says:?}:\n{}", router.log());
        router.end_cleanly();
    }
}

const THROWN_AWAY: &str = "checkpoint thrown away";

#[test]
fn a_lane_goes_on_from_its_checkpoint_and_without_it_just_so() {
    let kept = Kept::new(World::new("checkpoints", 2));
    kept.goes_on("third", "checkpoint read");
    let older = fs::read(kept.path(0)).expect("a checkpoint");
    kept.goes_on("fourth", "checkpoint read");
    let spoil = |id: &str, change: &dyn Fn(&Path, Vec<u8>), says: &'static str| {
        let path = kept.path(0);
        change(&path, fs::read(&path).expect("a checkpoint"));
        kept.goes_on(id, says);
    };
    let put = |path: &Path, bytes: &[u8]| fs::write(path, bytes).expect("it can be written");
    let flipped = |place: fn(usize) -> usize| {
        move |path: &Path, mut bytes: Vec<u8>| {
            let place = place(bytes.len());
            bytes[place] ^= 0x10;
            put(path, &bytes);
        }
    };
    spoil("an-older-one", &|path, _| put(path, &older), "checkpoint read");
    spoil("its-name", &flipped(|_| 3), THROWN_AWAY);
    spoil("a-newer-format", &flipped(|_| 18), THROWN_AWAY);
    spoil("its-stamp", &flipped(|_| 40), THROWN_AWAY);
    spoil("its-middle", &flipped(|len| len / 2), THROWN_AWAY);
    spoil("its-end", &flipped(|len| len - 1), THROWN_AWAY);
    spoil("cut-short", &|path, bytes| put(path, &bytes[..bytes.len() / 3]), THROWN_AWAY);
    spoil("nothing-in-it", &|path, _| put(path, &[]), THROWN_AWAY);
    let other = kept.path(1);
    spoil("another-lanes", &|path, _| put(path, &fs::read(&other).expect("a checkpoint")), THROWN_AWAY);
    spoil("other-rules", &|path, _| rewrite(path, |stamp| stamp.rules_version += 1), THROWN_AWAY);
    fs::remove_file(kept.path(0)).expect("it can be removed");
    kept.goes_on("none", "lane opened");
    // Of each lane the keys of all rounds, each once.
    assert_eq!(check(&kept.world).count("ACCEPTED"), 2 * 15);
}

/// Writes a checkpoint again, whole, with another stamp.
fn rewrite(path: &Path, change: impl FnOnce(&mut file::Stamp)) {
    let mut stamp = file::stamp(path).expect("a checkpoint");
    let (_, ledger) = file::read(path, &stamp.place).expect("a checkpoint");
    change(&mut stamp);
    file::write(path, &stamp, &ledger.freeze()).expect("it can be written");
}

/// What was done to the topics, as preflight and the checkpoint see it.
const ANEW: &[Expected] = &[
    expect("preflight: record-room", "a topic that was made anew has a smaller bound"),
    expect("checkpoint thrown away", "a checkpoint of another topic is worth nothing"),
];

/// What the only lane halts with, with its checkpoint and without.
fn halts(kept: &Kept) -> [(i32, String); 2] {
    [true, false].map(|uses| {
        let router = if uses { kept.router() } else { kept.world.router(&[]) }.saying(ANEW);
        let halt = eventually("the lane has halted", || router.halts().pop());
        assert_eq!(router.terminate().code(), Some(4));
        halt
    })
}

#[test]
fn a_trail_that_does_not_hold_what_a_checkpoint_has_seen_is_broken() {
    let kept = Kept::new(World::new("ahead", 1));
    rewrite(&kept.path(0), |stamp| stamp.offset += 1_000);
    let router = kept.router();
    let halt = eventually("the lane has halted", || router.halts().pop());
    assert_eq!(halt, (0, "CHAIN_BROKEN".to_owned()));
    let path = kept.path(0);
    assert!(router.log().contains(path.to_str().expect("a path")), "it is named:\n{}", router.log());
    assert_eq!(router.terminate().code(), Some(4));
    // Without it, the trail alone says what is so.
    fs::remove_file(path).expect("it can be removed");
    kept.goes_on("third", "lane opened");
}

#[test]
fn what_halts_without_a_checkpoint_halts_with_it() {
    let anew = Kept::new(World::new("anew-kept", 1));
    recreate(&anew.world, "audit");
    assert_eq!(halts(&anew), ["CURSOR_MISMATCH"; 2].map(|code| (0, code.to_owned())));

    let group = Kept::new(World::new("group-kept", 1));
    delete_group(&group.world);
    assert_eq!(halts(&group), ["CURSOR_MISMATCH"; 2].map(|code| (0, code.to_owned())));

    let erased = Kept::new(World::made_with("erased-kept", 1, &["--audit-cleanup", "delete"]));
    lose_records(&erased.world, "audit", 0, 2);
    assert_eq!(halts(&erased), ["CHAIN_BROKEN"; 2].map(|code| (0, code.to_owned())));
}

#[test]
fn a_lane_that_comes_back_goes_on_from_what_was_kept_in_memory() {
    let kept = Kept::new(World::new("comes-back", 2));
    let opened = kept.world.openings();
    let stays = kept.world.router(&[]);
    kept.world.wait_openings(opened + 2);
    // Both lanes are revoked, and at least one comes back at once; the other when this one has ended.
    let comes = kept.world.router(&[]);
    kept.world.wait_openings(opened + 4);
    comes.end_cleanly();
    kept.world.wait_openings(opened + 6);
    stays.wait_logged("kept in memory");
    kept.send("first");
    kept.send("third");
    kept.world.wait_answered(&stays);
    stays.end_cleanly();
    assert_eq!(check(&kept.world).count("ACCEPTED"), 2 * 3);
}
