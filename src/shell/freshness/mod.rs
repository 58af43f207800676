//! Whether control is known to its end: a lane that does not know takes no intents, for a command
//! that it has not read may forbid them (`G4`).
//!
//! The [`watch`] reads where control ends, every lane says how far it has read, and
//! [`ControlEnds::doubt`] compares. What is known about time here is elapsed time only: nothing of
//! it gets into a verdict.

pub mod watch;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often the end of control is read.
pub const READ_EVERY: Duration = Duration::from_millis(250);
/// How long a lane may stay behind an end that was read, and how long reading it may fail.
pub const BEHIND_MAX: Duration = Duration::from_secs(1);

/// Where control ended, as read in the last seconds.
#[derive(Debug, Default)]
pub struct ControlEnds(Mutex<Readings>);

/// Oldest first. Only the first may be older than [`BEHIND_MAX`].
#[derive(Debug, Default)]
struct Readings(VecDeque<Reading>);

/// The high watermark of control, uncommitted records counted.
#[derive(Clone, Copy, Debug)]
struct Reading {
    asked: Instant,
    answered: Instant,
    end: i64,
}

/// How far a lane has read control.
#[derive(Clone, Copy, Debug)]
pub struct ReadUpTo {
    /// Everything before this offset is applied, or was a marker or aborted; `None` until its reader
    /// has seen the end once.
    pub offset: Option<i64>,
    /// Since when it reads from where it does.
    pub since: Instant,
}

/// Why a lane takes no intents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Nobody knows where control ends now.
    EndUnread,
    /// The lane has not read up to an end that it should have reached by now.
    Behind {
        /// How far it has read; `None` when it does not know.
        offset: Option<i64>,
        /// Where control ended.
        end: Option<i64>,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndUnread => out.write_str("Kafka does not say where control ends"),
            Self::Behind { offset: Some(offset), end: Some(end) } => {
                write!(out, "control goes to offset {end}, and can be read to {offset}")
            }
            Self::Behind { .. } => out.write_str("control cannot be read"),
        }
    }
}

impl ControlEnds {
    /// Control ended here, at some moment between these two.
    pub fn say(&self, asked: Instant, answered: Instant, end: i64) {
        self.lock().add(Reading { asked, answered, end });
    }

    /// Why no intent may be decided now by a lane that has read so far; `None` when it may.
    pub fn doubt(&self, read: ReadUpTo, now: Instant) -> Option<Doubt> {
        self.lock().doubt(read, now, BEHIND_MAX)
    }

    /// The same, for a lane that takes no intents already. It has no second of patience: brokers that
    /// come back may say where control ends before they show what came meanwhile.
    pub fn doubt_still(&self, read: ReadUpTo, now: Instant) -> Option<Doubt> {
        self.lock().doubt(read, now, Duration::ZERO)
    }

    /// Readings are whole between statements, whatever panicked.
    fn lock(&self) -> MutexGuard<'_, Readings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readings {
    fn add(&mut self, reading: Reading) {
        self.0.push_back(reading);
        while self.0.get(1).is_some_and(|second| reading.answered - second.answered >= BEHIND_MAX) {
            self.0.pop_front();
        }
    }

    fn doubt(&self, read: ReadUpTo, now: Instant, patience: Duration) -> Option<Doubt> {
        let known = |reading: &Reading| now - reading.asked <= READ_EVERY + BEHIND_MAX;
        if !self.0.back().is_some_and(known) {
            return Some(Doubt::EndUnread);
        }
        // A lane that opens, or reads again, has read control to its end just before, or takes no intents until it has
        // seen that end.
        if now - read.since < patience {
            return None;
        }
        let due = self.0.iter().filter(|reading| now - reading.answered >= patience);
        let end = due.map(|reading| reading.end).max();
        let is_there = read.offset.is_some_and(|offset| end.is_none_or(|end| offset >= end));
        (!is_there).then_some(Doubt::Behind { offset: read.offset, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END_UNREAD: Option<Doubt> = Some(Doubt::EndUnread);

    fn behind(offset: i64, end: i64) -> Option<Doubt> {
        Some(Doubt::Behind { offset: Some(offset), end: Some(end) })
    }

    /// Ends by the milliseconds at which they were asked for; each answer takes 10.
    fn ends(began: Instant, readings: &[(u64, i64)]) -> ControlEnds {
        let ends = ControlEnds::default();
        for (millis, end) in readings {
            let asked = began + Duration::from_millis(*millis);
            ends.say(asked, asked + Duration::from_millis(10), *end);
        }
        ends
    }

    #[test]
    fn reading_the_end_may_fail_for_a_second_beyond_its_pace() {
        let began = Instant::now();
        let ends = ends(began, &[(0, 7), (250, 7)]);
        let read = ReadUpTo { offset: Some(7), since: began };
        let doubt = |millis| ends.doubt(read, began + Duration::from_millis(millis));
        assert_eq!([doubt(300), doubt(1500), doubt(1501)], [None, None, END_UNREAD]);
        let again = began + Duration::from_millis(2000);
        ends.say(again, again, 7);
        assert_eq!(doubt(2000), None);
    }

    #[test]
    fn before_the_end_was_ever_read_nothing_is_known() {
        let now = Instant::now();
        let read = ReadUpTo { offset: Some(7), since: now };
        assert_eq!(ControlEnds::default().doubt(read, now), END_UNREAD);
    }

    #[test]
    fn a_lane_may_stay_behind_an_end_for_a_second() {
        let began = Instant::now();
        let every = [(0, 7), (250, 9), (500, 9), (750, 9), (1000, 9), (1250, 9), (1500, 9)];
        let since = began - BEHIND_MAX;
        let doubt = |known: usize, offset, millis| {
            let read = ReadUpTo { offset: Some(offset), since };
            ends(began, &every[..known]).doubt(read, began + Duration::from_millis(millis))
        };
        assert_eq!(doubt(5, 7, 1259), None);
        assert_eq!(doubt(6, 7, 1260), behind(7, 9));
        assert_eq!(doubt(7, 9, 1600), None);
    }

    #[test]
    fn an_end_that_moves_on_does_not_excuse_who_has_not_reached_an_older_one() {
        let began = Instant::now();
        let readings: Vec<(u64, i64)> = (0..12).map(|step| (step * 250, 10 * step as i64)).collect();
        let ends = ends(began, &readings);
        let doubt = |offset| {
            let read = ReadUpTo { offset: Some(offset), since: began };
            ends.doubt(read, began + Duration::from_millis(2800))
        };
        // What was read at 1750 is due; what was read later is not yet.
        assert_eq!([doubt(70), doubt(69)], [None, behind(69, 70)]);
    }

    #[test]
    fn whoever_reads_anew_has_a_second_to_see_the_end() {
        let began = Instant::now();
        let readings: Vec<(u64, i64)> = (0..9).map(|step| (step * 250, 9)).collect();
        let ends = ends(began, &readings);
        let at = |millis| began + Duration::from_millis(millis);
        let doubt = |offset, millis| ends.doubt(ReadUpTo { offset, since: at(1000) }, at(millis));
        assert_eq!([doubt(None, 1999), doubt(Some(7), 1999)], [None, None]);
        assert_eq!(doubt(None, 2010), Some(Doubt::Behind { offset: None, end: Some(9) }));
        assert_eq!([doubt(Some(7), 2010), doubt(Some(9), 2010)], [behind(7, 9), None]);
    }

    #[test]
    fn once_in_doubt_a_lane_must_reach_the_newest_end() {
        let began = Instant::now();
        let ends = ends(began, &[(0, 7), (2000, 9)]);
        let doubt = |offset| {
            let read = ReadUpTo { offset: Some(offset), since: began };
            ends.doubt_still(read, began + Duration::from_millis(2010))
        };
        assert_eq!([doubt(8), doubt(9)], [behind(8, 9), None]);
    }
}
