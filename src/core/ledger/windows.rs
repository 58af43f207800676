//! What was accepted of late: for rates, and for orders that look like one sent twice.
//!
//! Acceptances are kept for an hour, so that a limit that is set later counts them too. All that are
//! decided in one batch have one time: of each owner a window is a short list of times with counts. What a restore takes
//! in at once has as many times as there were batches.

use hashbrown::HashMap;

use super::alike::{Alike, Numbers};
use super::chunks::Chunks;
use super::instrument::Instrument;
use super::names::Name;
use super::owner::Owner;
use crate::core::amount::{Decimal, Lots, Ticks};
use crate::core::bounds::WINDOW_MS_MAX;
use crate::core::intent::{OrderType, Side};
use crate::core::order::Terms;
use crate::core::time::{MILLISECOND, Time};

/// Whose acceptances, over one instrument or all.
pub type WindowKey = (Owner, Option<Name>);

/// What makes two orders look alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Likeness {
    /// FIX 1.
    pub account: Name,
    /// What is traded.
    pub instrument: Name,
    /// FIX 54.
    pub side: Side,
    /// FIX 40.
    pub order_type: OrderType,
    /// FIX 38.
    pub quantity: Lots,
    /// FIX 44.
    pub price: Option<Ticks>,
    /// FIX 99.
    pub trigger: Option<Ticks>,
}

impl Likeness {
    /// Of an order of so many lots with these terms; `None` when its prices are no whole steps.
    pub fn of(
        steps: &Instrument,
        account: Name,
        instrument: Name,
        quantity: Lots,
        terms: &Terms,
    ) -> Option<Self> {
        let ticks = |price: Option<Decimal>| price.map(|price| steps.ticks(price)).transpose().ok();
        Some(Self {
            account,
            instrument,
            side: terms.side,
            order_type: terms.order_type,
            quantity,
            price: ticks(terms.price)?,
            trigger: ticks(terms.trigger_price)?,
        })
    }
}

/// The acceptances of the last hour.
#[derive(Debug, Default)]
pub struct Windows {
    pub(super) settled: HashMap<WindowKey, Runs>,
    staged: HashMap<WindowKey, Counts>,
    pub(super) alike: Alike,
}

/// Times of what is staged with how many acceptances there were then: one, but in a restore.
#[derive(Debug)]
struct Counts {
    /// Oldest first.
    earlier: Vec<(Time, u64)>,
    last: (Time, u64),
}

impl Counts {
    const fn first(at: Time) -> Self {
        Self { earlier: Vec::new(), last: (at, 1) }
    }

    fn add(&mut self, at: Time) {
        if self.last.0 == at {
            self.last.1 += 1;
        } else {
            self.earlier.push(std::mem::replace(&mut self.last, (at, 1)));
        }
    }

    /// All of them, oldest first.
    fn iter(&self) -> impl Iterator<Item = (Time, u64)> {
        self.earlier.iter().copied().chain([self.last])
    }
}

/// Times with how many acceptances there were until then, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    pub(super) runs: Chunks<(Time, u64), 64>,
    /// How many are no longer in `runs`.
    pub(super) forgotten: u64,
}

impl Runs {
    fn add(&mut self, at: Time, count: u64) {
        let total = self.total() + count;
        match self.runs.last() {
            Some((last, _)) if *last == at => self.runs.edit(self.runs.numbers().end - 1).1 = total,
            Some(_) | None => {
                self.runs.push((at, total));
            }
        }
    }

    fn total(&self) -> u64 {
        self.runs.last().map_or(self.forgotten, |run| run.1)
    }

    /// How many came after this time.
    fn after(&self, begin: i128) -> u64 {
        let place = self.runs.partition_point(|run| i128::from(run.0.0) <= begin);
        let before = match place > self.runs.numbers().start {
            true => self.runs.row(place - 1).1,
            false => self.forgotten,
        };
        self.total() - before
    }

    fn forget(&mut self, begin: i128) {
        while let Some((at, total)) = self.runs.first()
            && i128::from(at.0) <= begin
        {
            self.forgotten = *total;
            self.runs.forget_first();
        }
    }

    /// Each time with its own count.
    fn counts(&self) -> impl Iterator<Item = (Time, u64)> {
        let before = std::iter::once(self.forgotten).chain(self.runs.iter().map(|run| run.1));
        self.runs.iter().zip(before).map(|(run, before)| (run.0, run.1 - before))
    }
}

/// The time that has just left a window of this length: half-open, so what is exactly one window
/// old does not count.
fn begin(now: Time, window_ms: i64) -> i128 {
    i128::from(now.0) - i128::from(window_ms) * i128::from(MILLISECOND)
}

impl Windows {
    /// The settled acceptances.
    pub fn frozen(&self) -> Self {
        Self { settled: self.settled.clone(), staged: HashMap::new(), alike: self.alike.frozen() }
    }

    /// Takes in what was settled of an owner.
    pub(super) fn put_settled(&mut self, key: WindowKey, runs: Chunks<(Time, u64), 64>, forgotten: u64) {
        self.settled.insert(key, Runs { runs, forgotten });
    }

    /// Memory that they take.
    pub fn bytes(&self) -> usize {
        let runs: usize = self.settled.values().map(|runs| runs.runs.bytes()).sum();
        self.settled.allocation_size() + self.staged.allocation_size() + self.alike.bytes() + runs
    }

    /// Stages an acceptance of a NEW or REPLACE, in every window that it counts in.
    pub fn accept(&mut self, account: Name, strategy: Name, instrument: Name, at: Time) {
        for owner in Owner::both(account, strategy) {
            for span in [None, Some(instrument)] {
                let staged = self.staged.entry((owner, span));
                staged.and_modify(|counts| counts.add(at)).or_insert_with(|| Counts::first(at));
            }
        }
    }

    /// Stages that a NEW like this was accepted.
    pub fn remember(&mut self, likeness: Likeness, at: Time) {
        self.alike.put(likeness, at);
    }

    /// How many acceptances the window that ends now has.
    pub fn count(&self, key: WindowKey, now: Time, window_ms: i64) -> u64 {
        let begin = begin(now, window_ms);
        let settled = self.settled.get(&key).map_or(0, |runs| runs.after(begin));
        let staged = self.staged.get(&key).into_iter().flat_map(Counts::iter);
        settled + staged.filter(|run| i128::from(run.0.0) > begin).map(|run| run.1).sum::<u64>()
    }

    /// When the acceptance came that is the `place`-th of the window that ends now, counted from 1;
    /// `None` where it has fewer.
    pub fn nth(&self, key: WindowKey, now: Time, window_ms: i64, place: u64) -> Option<Time> {
        let begin = begin(now, window_ms);
        let settled = self.settled.get(&key).into_iter().flat_map(Runs::counts);
        let staged = self.staged.get(&key).into_iter().flat_map(Counts::iter);
        let in_window = settled.chain(staged).filter(|(at, _)| i128::from(at.0) > begin);
        let mut before = 0;
        for (at, count) in in_window {
            before += count;
            if before >= place {
                return Some(at);
            }
        }
        None
    }

    /// When a NEW like this was accepted last, within the hour.
    pub fn last_like(&self, likeness: &Likeness) -> Option<Time> {
        self.alike.find(likeness)
    }

    /// Folds the batch in, and forgets what is older than an hour at this time.
    pub fn settle(&mut self, now: Time) {
        let begin = begin(now, WINDOW_MS_MAX);
        for (key, staged) in self.staged.drain() {
            let runs = self.settled.entry(key).or_default();
            staged.iter().for_each(|(at, count)| runs.add(at, count));
            runs.forget(begin);
        }
        self.alike.settle(begin);
    }

    /// Drops the batch.
    pub fn discard(&mut self) {
        self.staged.clear();
        self.alike.discard();
    }

    /// The settled acceptances within the hour that ends now: whose, when, how many. In no order.
    pub fn recent(&self, now: Time) -> impl Iterator<Item = (WindowKey, Time, u64)> {
        let begin = begin(now, WINDOW_MS_MAX);
        let rows = self.settled.iter().flat_map(|(key, runs)| runs.counts().map(|(at, n)| (*key, at, n)));
        rows.filter(move |(_, at, _)| i128::from(at.0) > begin)
    }

    /// Whose acceptances are settled, over what. In no order.
    pub fn keys(&self) -> impl Iterator<Item = WindowKey> {
        self.settled.keys().copied()
    }

    /// The settled acceptances of one of these within the hour that ends now: when, how many, oldest first.
    pub fn recent_of(&self, key: WindowKey, now: Time) -> impl Iterator<Item = (Time, u64)> {
        let begin = begin(now, WINDOW_MS_MAX);
        let counts = self.settled.get(&key).into_iter().flat_map(Runs::counts);
        counts.skip_while(move |(at, _)| i128::from(at.0) <= begin)
    }

    /// The settled likenesses within the hour that ends now, in order: see [`Alike::in_order`].
    pub fn recently_alike(&self, now: Time, number: impl Fn(Name) -> u32, each: impl FnMut(&[Numbers])) {
        self.alike.in_order(begin(now, WINDOW_MS_MAX), number, each);
    }

    /// The names that these have, again and again.
    pub fn recent_names(&self, now: Time) -> impl Iterator<Item = Name> {
        self.alike.names(begin(now, WINDOW_MS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::names::Names;

    const SECOND: i64 = 1000 * MILLISECOND;

    fn key(names: &mut Names) -> (Name, Name, Name, WindowKey) {
        let [a, s, i] = ["a", "s", "i"].map(|text| names.intern(text));
        (a, s, i, (Owner::strategy(a, s), Some(i)))
    }

    #[test]
    fn a_window_is_half_open_and_sees_its_own_batch() {
        let (mut windows, mut names) = (Windows::default(), Names::default());
        let (a, s, i, key) = key(&mut names);
        windows.accept(a, s, i, Time(0));
        windows.accept(a, s, i, Time(0));
        windows.settle(Time(0));
        windows.accept(a, s, i, Time(SECOND - 1));
        assert_eq!(windows.count(key, Time(SECOND - 1), 1000), 3);
        assert_eq!(windows.count(key, Time(SECOND), 1000), 1);
        let nth = |place| windows.nth(key, Time(SECOND - 1), 1000, place);
        assert_eq!(
            (nth(1), nth(2), nth(3), nth(4)),
            (Some(Time(0)), Some(Time(0)), Some(Time(SECOND - 1)), None)
        );
        windows.discard();
        assert_eq!(windows.count(key, Time(SECOND - 1), 1000), 2);
        assert_eq!(windows.count(key, Time(0), 0), 0);
    }

    #[test]
    fn what_is_an_hour_old_is_forgotten_and_later_counts_stay_right() {
        let (mut windows, mut names) = (Windows::default(), Names::default());
        let (a, s, i, key) = key(&mut names);
        for second in 0..4000 {
            windows.accept(a, s, i, Time(second * SECOND));
            windows.settle(Time(second * SECOND));
        }
        let now = Time(3999 * SECOND);
        assert_eq!(windows.count(key, now, WINDOW_MS_MAX), 3600);
        assert_eq!(windows.recent(now).filter(|row| row.0 == key).count(), 3600);
        assert_eq!(windows.settled[&key].runs.len(), 3600);
    }
}
