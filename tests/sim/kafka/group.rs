//! The group coordinator: members, generations, sessions, the range assignment, committed offsets.
//!
//! The classic protocol. Joining and syncing are one step here: when the last member has come, the next
//! generation stands.

use std::collections::BTreeMap;

use super::request::{Answer, Reply};
use super::request::{Code, Described, Joined, Membership, Place, Stamp};
use crate::engine::{Moment, SECOND, Slot};

/// How long a rebalance waits for members that it knows.
const REBALANCE_MAX: Moment = 20 * SECOND;

struct Member {
    instance: Option<u64>,
    heard: Moment,
    /// Where a join waits for the next generation.
    waits: Option<Slot<Reply>>,
    partitions: Vec<i32>,
}

#[derive(Default)]
pub struct Group {
    members: BTreeMap<u64, Member>,
    generation: i32,
    /// Since when members are waited for.
    rebalancing: Option<Moment>,
    next_member: u64,
    offsets: Offsets,
}

/// Committed offsets, and those of transactions that are open.
#[derive(Debug, Default)]
pub struct Offsets {
    committed: BTreeMap<Place, (i64, u64)>,
    pending: BTreeMap<(u64, Place), (i64, u64)>,
    appended: u64,
}

impl Offsets {
    fn pend(&mut self, stamp: Stamp, place: Place, offset: i64) {
        self.appended += 1;
        self.pending.insert((stamp.id, place), (offset, self.appended));
    }

    /// The end of a producer's transaction. Of two the one that was appended later holds.
    pub fn mark(&mut self, stamp: Stamp, commits: bool) {
        let own: Vec<(u64, Place)> = self.pending.keys().filter(|(id, _)| *id == stamp.id).copied().collect();
        for key in own {
            let (offset, appended) = self.pending.remove(&key).expect("found just now");
            let newer = self.committed.get(&key.1).is_none_or(|(_, before)| *before < appended);
            if commits && newer {
                self.committed.insert(key.1, (offset, appended));
            }
        }
    }

    /// Stable offsets only.
    pub fn fetch(&self, places: [Place; 2]) -> Result<[Option<i64>; 2], Code> {
        if self.pending.keys().any(|(_, place)| places.contains(place)) {
            return Err(Code::UnstableOffset);
        }
        Ok(places.map(|place| self.committed(place)))
    }

    pub fn committed(&self, place: Place) -> Option<i64> {
        self.committed.get(&place).map(|(offset, _)| *offset)
    }

    /// They expire, or somebody resets them.
    pub fn put(&mut self, place: Place, offset: Option<i64>) {
        self.appended += 1;
        match offset {
            None => drop(self.committed.remove(&place)),
            Some(offset) => drop(self.committed.insert(place, (offset, self.appended))),
        }
    }
}

impl Group {
    /// A member comes, or comes back. The answer comes with the next generation.
    pub fn join(
        &mut self,
        member: Option<u64>,
        instance: Option<u64>,
        now: Moment,
        reply: Slot<Reply>,
    ) -> Option<Reply> {
        let known = member.filter(|member| self.members.contains_key(member));
        if member.is_some() && known.is_none() {
            return Some(Err(Code::UnknownMember));
        }
        let name = known.unwrap_or_else(|| {
            self.next_member += 1;
            self.next_member
        });
        let same = |member: &Member| instance.is_some() && member.instance == instance;
        let former = self.members.iter().find(|(_, member)| same(member)).map(|(name, _)| *name);
        if known.is_none()
            && let Some(former) = former
        {
            // A static member that restarts takes its own place.
            let place = self.members.remove(&former).expect("found just now");
            let partitions = place.partitions.clone();
            let is_stable = self.rebalancing.is_none();
            self.members.insert(name, Member { heard: now, waits: None, ..place });
            if is_stable {
                let membership = Membership { member: name, generation: self.generation };
                return Some(Ok(Answer::Joined(Joined { membership, partitions })));
            }
        }
        let row = self.members.entry(name).or_insert(Member {
            instance,
            heard: now,
            waits: None,
            partitions: Vec::new(),
        });
        (row.heard, row.waits) = (now, Some(reply));
        self.rebalancing.get_or_insert(now);
        None
    }

    pub fn heartbeat(&mut self, member: Membership, now: Moment) -> Result<(), Code> {
        let rebalancing = self.rebalancing.is_some();
        self.check(member)?.heard = now;
        if rebalancing { Err(Code::Rebalancing) } else { Ok(()) }
    }

    pub fn leave(&mut self, member: u64, now: Moment) {
        if self.members.remove(&member).is_some() {
            self.rebalancing.get_or_insert(now);
        }
    }

    pub fn commit(
        &mut self,
        member: Option<Membership>,
        stamp: Stamp,
        offsets: &[(Place, i64)],
    ) -> Result<(), Code> {
        if let Some(member) = member {
            self.check(member)?;
        }
        for (place, offset) in offsets {
            self.offsets.pend(stamp, *place, *offset);
        }
        Ok(())
    }

    pub const fn offsets(&self) -> &Offsets {
        &self.offsets
    }

    pub const fn offsets_mut(&mut self) -> &mut Offsets {
        &mut self.offsets
    }

    pub fn describe(&self) -> Described {
        let owned = |(name, member): (&u64, &Member)| -> Vec<(i32, u64)> {
            member.partitions.iter().map(|partition| (*partition, *name)).collect()
        };
        let is_stable = self.rebalancing.is_none() && !self.members.is_empty();
        Described { is_stable, owners: self.members.iter().flat_map(owned).collect() }
    }

    /// Sessions end; a rebalance that all have come to is done. Returns the answers that are due.
    pub fn tick(&mut self, now: Moment, session: Moment, partitions: i32) -> Vec<(Slot<Reply>, Reply)> {
        let silent: Vec<u64> = self
            .members
            .iter()
            .filter(|(_, member)| member.waits.is_none() && now - member.heard > session)
            .map(|(name, _)| *name)
            .collect();
        for member in silent {
            self.leave(member, now);
        }
        let Some(since) = self.rebalancing else { return Vec::new() };
        if now - since > REBALANCE_MAX {
            self.members.retain(|_, member| member.waits.is_some());
        }
        if self.members.values().any(|member| member.waits.is_none()) {
            return Vec::new();
        }
        self.rebalancing = None;
        self.generation += 1;
        self.assign(now, partitions)
    }

    /// Range: partitions in runs, by order of the members' names.
    fn assign(&mut self, now: Moment, partitions: i32) -> Vec<(Slot<Reply>, Reply)> {
        let count = self.members.len() as i32;
        let (mut next, generation) = (0, self.generation);
        let mut answers = Vec::new();
        for (place, (name, member)) in self.members.iter_mut().enumerate() {
            let share = partitions / count + i32::from((place as i32) < partitions % count);
            member.partitions = (next..next + share).collect();
            member.heard = now;
            next += share;
            let membership = Membership { member: *name, generation };
            let joined = Joined { membership, partitions: member.partitions.clone() };
            let slot = member.waits.take().expect("all have come");
            answers.push((slot, Ok(Answer::Joined(joined))));
        }
        answers
    }

    fn check(&mut self, claimed: Membership) -> Result<&mut Member, Code> {
        let row = self.members.get_mut(&claimed.member).ok_or(Code::UnknownMember)?;
        if claimed.generation == self.generation { Ok(row) } else { Err(Code::IllegalGeneration) }
    }
}
