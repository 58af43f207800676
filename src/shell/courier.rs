//! Sends a transaction's offsets from a thread beside the lane's.
//!
//! librdkafka's call takes a timeout and may still not return: while the group's coordinator is away it
//! can wait for as long as nothing changes (seen for more than a minute in version 2.12.1). A lane must
//! not stand still with it. So the call is made here; a lane that waits in vain goes on without it, with
//! new producers, and whatever the old ones send late has an epoch that is over.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::Producer as _;

use super::outcome::is_retriable;
use super::sink::Producer;

/// How much longer than its timeout the call may take.
const GRACE: Duration = Duration::from_secs(1);

/// A thread that sends offsets; it ends when this is dropped, or as soon as its call returns.
pub struct Courier(SyncSender<Errand>);

/// Offsets to be sent, and whom to tell.
struct Errand {
    producer: Arc<Producer>,
    offsets: TopicPartitionList,
    group: ConsumerGroupMetadata,
    patience: Duration,
    told: SyncSender<KafkaResult<()>>,
}

impl Courier {
    /// Begins to wait for errands.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn start() -> io::Result<Self> {
        let (errands, taken) = sync_channel::<Errand>(1);
        thread::Builder::new().name("offsets".to_owned()).spawn(move || {
            for errand in taken {
                let result = errand.run();
                // A lane that has gone on without it does not listen.
                let _unheard = errand.told.send(result);
            }
        })?;
        Ok(Self(errands))
    }

    /// Sends these offsets as part of the producer's open transaction.
    ///
    /// # Errors
    /// librdkafka's; `OperationTimedOut` for a call that does not return.
    pub fn send(
        &self,
        producer: &Arc<Producer>,
        offsets: TopicPartitionList,
        group: ConsumerGroupMetadata,
        patience: Duration,
    ) -> KafkaResult<()> {
        let (told, answer) = sync_channel(1);
        let errand = Errand { producer: Arc::clone(producer), offsets, group, patience, told };
        let stuck = || KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut);
        self.0.send(errand).map_err(|_| stuck())?;
        match answer.recv_timeout(patience + GRACE) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(stuck()),
        }
    }
}

impl Errand {
    fn run(&self) -> KafkaResult<()> {
        let until = Instant::now() + self.patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.producer.send_offsets_to_transaction(&self.offsets, &self.group, left) {
                Err(error) if is_retriable(&error) && !left.is_zero() => {}
                result => return result,
            }
        }
    }
}
