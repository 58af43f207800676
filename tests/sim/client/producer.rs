//! A transactional producer that behaves as librdkafka's does, transactions V1.
//!
//! It repeats requests that went unanswered, on whatever connection it then has, until the caller's
//! patience ends. It never knows more than what it was answered.

use std::collections::{BTreeMap, BTreeSet};

use super::{Client, expect};
use crate::engine::Moment;
use crate::engine::ProcessId;
use crate::kafka::log::Payload;
use crate::kafka::network::Network;
use crate::kafka::request::{Answer, Code, Membership, Place, Request, Stamp, Topic, TxnId};

/// Why a call failed, in librdkafka's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Its time is over; the same call may be made again.
    TimedOut,
    /// The transaction must be aborted; the commit was not asked for.
    MustAbort(Code),
    /// The producer can go on no more.
    Fatal(Code),
}

pub struct Producer {
    client: Client,
    txn: TxnId,
    stamp: Option<Stamp>,
    sequences: BTreeMap<Place, i64>,
    added: BTreeSet<Place>,
    has_offsets: bool,
    queue: BTreeMap<Place, Vec<Payload>>,
    failed: Option<Failure>,
    /// Where the trail ends, as far as it was acknowledged.
    pub audit_end: i64,
}

impl Producer {
    pub fn new(network: &Network, process: ProcessId, txn: TxnId) -> Self {
        Self {
            client: Client::new(network, process),
            txn,
            stamp: None,
            sequences: BTreeMap::new(),
            added: BTreeSet::new(),
            has_offsets: false,
            queue: BTreeMap::new(),
            failed: None,
            audit_end: 0,
        }
    }

    pub fn is_disturbed(&self) -> bool {
        self.client.is_disturbed()
    }

    pub const fn is_initialised(&self) -> bool {
        self.stamp.is_some()
    }

    pub fn calm(&self) {
        self.client.calm();
    }

    /// Takes the fence.
    pub async fn init(&mut self, deadline: Moment) -> Result<(), Failure> {
        let reply = self.client.call_again(&Request::InitProducerId(self.txn), deadline).await;
        let read = |answer| if let Answer::Initialised(stamp) = answer { Some(stamp) } else { None };
        match expect(reply, read) {
            Ok(stamp) => {
                self.stamp = Some(stamp);
                Ok(())
            }
            Err(_) => Err(Failure::TimedOut),
        }
    }

    /// Begins a transaction: nobody hears of it yet.
    pub fn begin(&mut self) -> Result<(), Failure> {
        self.added.clear();
        self.has_offsets = false;
        self.queue.clear();
        self.failed.map_or(Ok(()), Err)
    }

    pub fn send(&mut self, place: Place, payload: Payload) -> Result<(), Failure> {
        self.queue.entry(place).or_default().push(payload);
        self.failed.map_or(Ok(()), Err)
    }

    /// Sends what is queued, and waits for all of it.
    pub async fn flush(&mut self, deadline: Moment) -> Result<(), Failure> {
        self.failed.map_or(Ok(()), Err)?;
        let stamp = self.stamp();
        let missing: Vec<Place> = self.queue.keys().filter(|at| !self.added.contains(at)).copied().collect();
        if !missing.is_empty() {
            let request = Request::AddPartitions(self.txn, stamp, missing.clone());
            let reply = self.client.call_again(&request, deadline).await;
            self.settle(reply.map(drop))?;
            self.added.extend(missing);
        }
        while let Some((place, records)) = self.queue.pop_first() {
            let sequence = *self.sequences.entry(place).or_default();
            let count = records.len() as i64;
            let request = Request::Produce { place, txn: self.txn, stamp, sequence, records };
            let reply = self.client.call_again(&request, deadline).await;
            let read = |answer| if let Answer::Written(end) = answer { Some(end) } else { None };
            let end = expect(reply, read);
            self.settle(end.map(drop))?;
            *self.sequences.entry(place).or_default() += count;
            if let (Topic::Audit, Ok(end)) = (place.0, end) {
                self.audit_end = self.audit_end.max(end);
            }
        }
        Ok(())
    }

    pub async fn send_offsets(
        &mut self,
        (group, member): (&'static str, Membership),
        offsets: Vec<(Place, i64)>,
        deadline: Moment,
    ) -> Result<(), Failure> {
        self.failed.map_or(Ok(()), Err)?;
        let stamp = self.stamp();
        if !self.has_offsets {
            let reply = self.client.call_again(&Request::AddOffsets(self.txn, stamp), deadline).await;
            self.settle(reply.map(drop))?;
            self.has_offsets = true;
        }
        let request = Request::TxnOffsetCommit { group, member, txn: self.txn, stamp, offsets };
        let reply = self.client.call_again(&request, deadline).await;
        self.settle(reply.map(drop))
    }

    pub async fn commit(&mut self, deadline: Moment) -> Result<(), Failure> {
        self.failed.map_or(Ok(()), Err)?;
        if self.added.is_empty() && !self.has_offsets {
            return Ok(());
        }
        let request = Request::EndTxn(self.txn, self.stamp());
        let reply = self.client.call_again(&request, deadline).await;
        match reply {
            Ok(_) => Ok(()),
            Err(Code::TimedOut | Code::Transport | Code::ConcurrentTransactions) => Err(Failure::TimedOut),
            Err(code) => Err(self.fail(Failure::Fatal(code))),
        }
    }

    /// A failure before the commit: what of it is final.
    fn settle(&mut self, reply: Result<(), Code>) -> Result<(), Failure> {
        match reply {
            Ok(()) => Ok(()),
            Err(Code::TimedOut | Code::Transport | Code::ConcurrentTransactions) => Err(Failure::TimedOut),
            Err(code @ (Code::Fenced | Code::OutOfOrder)) => Err(self.fail(Failure::Fatal(code))),
            Err(code) => Err(self.fail(Failure::MustAbort(code))),
        }
    }

    fn fail(&mut self, failure: Failure) -> Failure {
        self.failed = Some(failure);
        failure
    }

    fn stamp(&self) -> Stamp {
        self.stamp.expect("a producer is initialised before it writes")
    }
}
