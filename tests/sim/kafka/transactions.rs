//! The transaction coordinator, as brokers keep it for clients that speak transactions V1.
//!
//! Nothing in a request says which transaction it belongs to: only producer id and epoch. So a request
//! that was delayed on the way is taken for the producer's next transaction.

use std::collections::{BTreeMap, BTreeSet};

use super::request::{Code, Place, Stamp, TxnId};
use crate::engine::Moment;

/// What the coordinator wants written before a transaction is over.
#[derive(Clone, Debug)]
pub struct Ending {
    pub txn: TxnId,
    pub stamp: Stamp,
    pub commits: bool,
    pub places: Vec<Place>,
    pub has_offsets: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Empty,
    Ongoing { since: Moment },
    Preparing { commits: bool },
    Complete { commits: bool },
}

#[derive(Clone, Debug)]
struct Transactional {
    stamp: Stamp,
    state: State,
    places: BTreeSet<Place>,
    has_offsets: bool,
}

#[derive(Debug, Default)]
pub struct Coordinator {
    known: BTreeMap<TxnId, Transactional>,
    timeout: Moment,
}

/// A refusal, and an ending that has to be written all the same.
pub type Ended<T> = (Result<T, Code>, Option<Ending>);

impl Coordinator {
    pub fn new(timeout: Moment) -> Self {
        Self { known: BTreeMap::new(), timeout }
    }

    /// A new epoch. What the former one left open is aborted first; the client asks again meanwhile.
    pub fn initialise(&mut self, txn: TxnId) -> Ended<Stamp> {
        let id = 1_000 + self.known.len() as u64;
        let Some(known) = self.known.get_mut(&txn) else {
            let stamp = Stamp { id, epoch: 0 };
            let fresh =
                Transactional { stamp, state: State::Empty, places: BTreeSet::new(), has_offsets: false };
            self.known.insert(txn, fresh);
            return (Ok(stamp), None);
        };
        match known.state {
            State::Empty | State::Complete { .. } => {
                known.stamp.epoch += 1;
                known.state = State::Empty;
                (Ok(known.stamp), None)
            }
            State::Ongoing { .. } => {
                known.stamp.epoch += 1;
                (Err(Code::ConcurrentTransactions), Some(end(txn, known, false)))
            }
            State::Preparing { .. } => (Err(Code::ConcurrentTransactions), None),
        }
    }

    pub fn add(&mut self, txn: TxnId, stamp: Stamp, places: &[Place], now: Moment) -> Result<(), Code> {
        let known = self.own(txn, stamp)?;
        match known.state {
            State::Preparing { .. } => return Err(Code::ConcurrentTransactions),
            State::Ongoing { .. } => {}
            State::Empty | State::Complete { .. } => known.state = State::Ongoing { since: now },
        }
        known.places.extend(places);
        Ok(())
    }

    pub fn add_offsets(&mut self, txn: TxnId, stamp: Stamp, now: Moment) -> Result<(), Code> {
        self.add(txn, stamp, &[], now)?;
        self.own(txn, stamp)?.has_offsets = true;
        Ok(())
    }

    /// Commits. Answered as soon as it is decided: the markers are written later.
    pub fn commit(&mut self, txn: TxnId, stamp: Stamp) -> Ended<()> {
        let known = match self.own(txn, stamp) {
            Ok(known) => known,
            Err(code) => return (Err(code), None),
        };
        match known.state {
            State::Ongoing { .. } => (Ok(()), Some(end(txn, known, true))),
            State::Complete { commits: true } => (Ok(()), None),
            State::Preparing { commits: true } => (Err(Code::ConcurrentTransactions), None),
            State::Empty | State::Preparing { .. } | State::Complete { .. } => {
                (Err(Code::InvalidTxnState), None)
            }
        }
    }

    /// Whether a partition belongs to the producer's open transaction: brokers ask before they write.
    pub fn verify(&mut self, txn: TxnId, stamp: Stamp, place: Place) -> Result<(), Code> {
        let known = self.own(txn, stamp)?;
        match known.state {
            State::Ongoing { .. } if known.places.contains(&place) => Ok(()),
            State::Preparing { .. } => Err(Code::ConcurrentTransactions),
            _ => Err(Code::InvalidTxnState),
        }
    }

    /// Whether the group's offsets belong to the producer's open transaction.
    pub fn verify_offsets(&mut self, txn: TxnId, stamp: Stamp) -> Result<(), Code> {
        let known = self.own(txn, stamp)?;
        match known.state {
            State::Ongoing { .. } if known.has_offsets => Ok(()),
            State::Preparing { .. } => Err(Code::ConcurrentTransactions),
            _ => Err(Code::InvalidTxnState),
        }
    }

    /// All markers are written.
    pub fn complete(&mut self, txn: TxnId) {
        let known = self.known.get_mut(&txn).expect("what ends has begun");
        let State::Preparing { commits } = known.state else { panic!("{txn:?} completes twice") };
        known.state = State::Complete { commits };
        known.places.clear();
        known.has_offsets = false;
    }

    /// Transactions that have been open for too long are aborted, and their producers fenced.
    pub fn expire(&mut self, now: Moment) -> Vec<Ending> {
        let timeout = self.timeout;
        let overdue = self.known.iter_mut().filter(|(_, known)| match known.state {
            State::Ongoing { since } => now - since > timeout,
            _ => false,
        });
        overdue
            .map(|(txn, known)| {
                known.stamp.epoch += 1;
                end(*txn, known, false)
            })
            .collect()
    }

    fn own(&mut self, txn: TxnId, stamp: Stamp) -> Result<&mut Transactional, Code> {
        let known = self.known.get_mut(&txn).ok_or(Code::InvalidTxnState)?;
        if known.stamp == stamp { Ok(known) } else { Err(Code::Fenced) }
    }
}

fn end(txn: TxnId, known: &mut Transactional, commits: bool) -> Ending {
    known.state = State::Preparing { commits };
    let places = known.places.iter().copied().collect();
    Ending { txn, stamp: known.stamp, commits, places, has_offsets: known.has_offsets }
}
