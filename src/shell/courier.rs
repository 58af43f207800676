//! Sends a transaction's offsets from a thread beside the lane's.
//!
//! librdkafka's call takes a timeout and may still not return: while the group's coordinator is away it
//! can wait for as long as nothing changes (seen for more than a minute in version 2.12.1). A lane must
//! not stand still with it. So the call is made here; a lane that waits in vain goes on without it, with
//! new producers, and whatever the old ones send late has an epoch that is over.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
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

/// Offsets on their way.
pub struct Sending {
    answer: Receiver<KafkaResult<()>>,
    /// The answer, once it was heard.
    heard: Option<KafkaResult<()>>,
    until: Instant,
}

/// Offsets to be sent, and whom to tell.
struct Errand {
    producer: Arc<Producer>,
    offsets: TopicPartitionList,
    group: Arc<ConsumerGroupMetadata>,
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

    /// Begins to send these offsets as part of the producer's open transaction. What is done meanwhile
    /// overlaps with it.
    ///
    /// # Errors
    /// `OperationTimedOut` for a former call that has not returned.
    pub fn send(
        &self,
        producer: &Arc<Producer>,
        offsets: TopicPartitionList,
        group: Arc<ConsumerGroupMetadata>,
        patience: Duration,
    ) -> KafkaResult<Sending> {
        let (told, answer) = sync_channel(1);
        let errand = Errand { producer: Arc::clone(producer), offsets, group, patience, told };
        self.0.try_send(errand).map_err(|_| stuck())?;
        Ok(Sending { answer, heard: None, until: Instant::now() + patience + GRACE })
    }
}

impl Sending {
    /// Whether they could not be sent, as far as is known by now.
    pub fn has_failed(&mut self) -> bool {
        if self.heard.is_none() {
            self.heard = self.answer.try_recv().ok();
        }
        matches!(self.heard, Some(Err(_)))
    }

    /// Waits until they are sent.
    ///
    /// # Errors
    /// librdkafka's; `OperationTimedOut` for a call that does not return.
    pub fn wait(self) -> KafkaResult<()> {
        let left = self.until.saturating_duration_since(Instant::now());
        match self.heard.map_or_else(|| self.answer.recv_timeout(left), Ok) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(stuck()),
        }
    }
}

fn stuck() -> KafkaError {
    KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut)
}

impl Errand {
    fn run(&self) -> KafkaResult<()> {
        let until = Instant::now() + self.patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            self.producer.context().begin_offsets();
            let sent = self.producer.send_offsets_to_transaction(&self.offsets, &self.group, left);
            self.producer.context().end_offsets();
            match sent {
                Err(error) if is_retriable(&error) && !left.is_zero() => {}
                result => return result,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;
    use rdkafka::config::FromClientConfigAndContext as _;
    use rdkafka::consumer::{BaseConsumer, Consumer as _};
    use rdkafka::error::RDKafkaErrorCode as Code;
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::DefaultProducerContext;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    use super::*;
    use crate::shell::watch::Watch;

    const WAIT: Duration = Duration::from_secs(20);

    /// Dropped in this order.
    struct Scene {
        producer: Arc<Producer>,
        consumer: BaseConsumer,
        cluster: MockCluster<'static, DefaultProducerContext>,
    }

    /// A producer with an open transaction, and a group.
    fn scene() -> Scene {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("t", 1, 1).unwrap();
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", cluster.bootstrap_servers()).set("group.id", "g");
        let consumer = config.create().unwrap();
        config.remove("group.id");
        config.set("transactional.id", "x");
        let producer =
            Arc::new(Producer::from_config_and_context(&config, Watch::of("audit", None)).unwrap());
        producer.init_transactions(WAIT).unwrap();
        producer.begin_transaction().unwrap();
        Scene { producer, consumer, cluster }
    }

    impl Scene {
        fn send(&self, courier: &Courier, patience: Duration) -> KafkaResult<Sending> {
            let mut offsets = TopicPartitionList::new();
            offsets.add_partition_offset("t", 0, rdkafka::Offset::Offset(1)).unwrap();
            courier.send(&self.producer, offsets, self.consumer.group_metadata().unwrap().into(), patience)
        }
    }

    /// What was heard, once it was.
    fn failed(sending: &mut Sending) -> bool {
        let until = Instant::now() + WAIT;
        while sending.heard.is_none() && Instant::now() < until {
            assert_eq!(sending.has_failed(), matches!(sending.heard, Some(Err(_))));
            thread::sleep(Duration::from_millis(5));
        }
        sending.has_failed()
    }

    #[test]
    fn offsets_that_are_taken_have_not_failed() {
        let (scene, courier) = (scene(), Courier::start().unwrap());
        let mut sending = scene.send(&courier, WAIT).unwrap();
        assert!(!failed(&mut sending));
        sending.wait().unwrap();
        scene.producer.commit_transaction(WAIT).unwrap();
    }

    #[test]
    fn offsets_that_are_refused_are_known_before_they_are_waited_for_and_say_why() {
        use RDKafkaRespErr::{
            RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        };
        for (request, told, heard) in [
            (RDKafkaApiKey::TxnOffsetCommit, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, Code::IllegalGeneration),
            // librdkafka has one word for all fences.
            (RDKafkaApiKey::AddOffsetsToTxn, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, Code::Fenced),
        ] {
            let (scene, courier) = (scene(), Courier::start().unwrap());
            scene.cluster.request_errors(request, &[told]);
            let mut sending = scene.send(&courier, WAIT).unwrap();
            assert!(failed(&mut sending));
            assert_eq!(sending.wait().unwrap_err().rdkafka_error_code(), Some(heard));
            scene.producer.commit_transaction(WAIT).unwrap_err();
        }
    }

    #[test]
    fn nobody_waits_longer_than_told_for_a_courier_that_does_not_come_back() {
        let scene = scene();
        // Errands are taken, and none is run.
        let (errands, _taken) = sync_channel::<Errand>(1);
        let courier = Courier(errands);
        let began = Instant::now();
        let mut sending = scene.send(&courier, Duration::ZERO).unwrap();
        assert!(!sending.has_failed());
        let stuck = Some(Code::OperationTimedOut);
        assert_eq!(sending.wait().unwrap_err().rdkafka_error_code(), stuck);
        // There is no room for another one.
        assert_eq!(scene.send(&courier, WAIT).err().unwrap().rdkafka_error_code(), stuck);
        assert!((GRACE..WAIT).contains(&began.elapsed()));
    }
}
