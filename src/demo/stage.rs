//! Topics and instruments, made before anybody plays.

use std::time::Duration;

use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};

use super::Fault;
use super::plan::{INSTRUMENTS, PARTITIONS, Plan};
use crate::core::amount::{Decimal, Numeral};
use crate::core::control::{ControlRecord, InstrumentRecord, InstrumentStatus};
use crate::core::ids::Id;
use crate::shell::admin::Cluster;
use crate::shell::client;
use crate::shell::config::Config;
use crate::shell::preflight::Layout;
use crate::shell::topics::{AuditCleanup, Role};
use crate::wire;

/// How long the cluster may take for each answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A producer that sends by itself.
pub type Publisher = ThreadedProducer<DefaultProducerContext>;

/// Makes the topics of this run, and puts its instruments on `control`.
///
/// # Errors
/// When the cluster does not answer, or refuses.
pub fn set(plan: &Plan) -> Result<(), Fault> {
    let cluster = Cluster::connect(&plan.config, PATIENCE, PATIENCE)?;
    let layout = Layout {
        lanes: Some(PARTITIONS as usize),
        replication: 1,
        audit_cleanup: Some(AuditCleanup::Compact),
    };
    for role in Role::ALL {
        cluster.create(&plan.config, role, layout)?;
    }
    for role in [Role::Orders, Role::Executions] {
        cluster.create(&plan.naive, role, layout)?;
    }
    list_instruments(plan)
}

/// A producer for a player of the demo.
///
/// # Errors
/// A configuration that librdkafka refuses.
pub fn publisher(config: &Config, linger_ms: u64) -> Result<Publisher, Fault> {
    Ok(client::publisher(config).set("linger.ms", linger_ms.to_string()).create()?)
}

fn list_instruments(plan: &Plan) -> Result<(), Fault> {
    let publisher = publisher(&plan.config, 0)?;
    for (name, _) in INSTRUMENTS {
        let mut value = Vec::new();
        wire::control::encode(&ControlRecord::Instrument(instrument(name)), &mut value);
        let record = BaseRecord::to(&plan.config.topics.control).partition(0).key(name).payload(&value);
        publisher.send(record).map_err(|(error, _)| error)?;
    }
    Ok(publisher.flush(PATIENCE)?)
}

fn instrument(name: &str) -> InstrumentRecord<'_> {
    let id = |text| Id::parse(text).expect("the instruments of the demo are named by ids");
    let cent = Decimal::new(1, 2).expect("a cent has two digits");
    let venue = name.rsplit_once('.').map_or(name, |(_, venue)| venue);
    InstrumentRecord {
        instrument_id: id(name),
        venue: id(venue),
        currency: id("USD"),
        tick_size: Numeral::Exact(cent),
        lot_size: Numeral::Exact(Decimal::ONE),
        min_qty: None,
        max_qty: None,
        min_notional: None,
        contract_multiplier: Numeral::Exact(Decimal::ONE),
        allow_negative_price: false,
        status: InstrumentStatus::Trading,
        version: 1,
    }
}
