//! Verifying a partition: its trail, and whether inputs, orders and offsets agree with it.
//!
//! Everything is read once, in step, in bounded memory besides the ledger. It can run beside a
//! router: the ends of the topics are taken in an order in which each holds all that belongs to the
//! ones before.

use rdkafka::error::KafkaResult;
use rdkafka::message::{Message, OwnedMessage};

use super::fault::{Faults, Place};
use super::follow::{Counts, Follower, Stored};
use super::head::{Head, Noted};
use super::inputs::{Answers, Rewind};
use super::orders::{Kept, Orders};
use super::records::{Range, Records};
use crate::core::entry::{Body, Cursors, Entry};
use crate::core::halt::HaltCode;
use crate::core::ledger::Placement;
use crate::core::proof::Offsets;
use crate::shell::admin::{Cluster, ClusterError};
use crate::shell::config::Config;
use crate::shell::topics::Role;
use crate::shell::trail::Probe;
use crate::shell::{clock, evidence};
use crate::wire;
use crate::wire::schema::{RecordType, Schemas};

/// What a verification needs besides a partition.
pub struct World<'w> {
    /// How everything is configured.
    pub config: &'w Config,
    /// The schemas that are known.
    pub schemas: &'w Schemas,
    /// Asks for ends and offsets.
    pub probe: &'w Probe,
    /// Partitions of the audit topic.
    pub partitions: i32,
    /// How long `orders` keeps records; `None` for ever.
    pub orders_retention_ms: Option<i64>,
    /// Whether the group had no member at first.
    pub is_idle: bool,
}

/// What was found in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The partition number.
    pub partition: i32,
    /// What the entries say.
    pub counts: Counts,
    /// The last entry; `None` where there is none.
    pub head: Option<Head>,
    /// Where the trail says that the inputs stand; `None` after a fault.
    pub cursors: Option<Cursors>,
    /// Where the group says that the inputs stand. A running router moves on meanwhile.
    pub committed: Option<Offsets<Option<i64>>>,
    /// What could be compared with the other topics.
    pub compared: Compared,
    /// What is wrong.
    pub faults: Faults,
}

/// Records that were compared with their entries, and those that retention has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Input records with their entries.
    pub inputs: u64,
    /// Entries whose input record is gone.
    pub inputs_outlived: u64,
    /// Orders with their entries.
    pub orders: u64,
    /// Entries whose order is gone.
    pub orders_outlived: u64,
}

/// The topics of a lane, read in step.
struct Sides<'w> {
    intents: Answers<Records>,
    executions: Answers<Records>,
    control: Answers<Records>,
    orders: Orders<'w, Records>,
    /// What RECOVERY entries say, as it is read.
    rewinds: Rewinds,
}

/// Where an operator let an input go on before its cursor.
#[derive(Clone, Debug, Default)]
struct Rewinds {
    intents: Vec<Rewind>,
    executions: Vec<Rewind>,
}

/// Verifies one partition. `tick` is told the offset of `audit[p]` that was read, now and then.
///
/// # Errors
/// Kafka's word, where something could not be read: then nothing is known.
pub fn verify(
    world: &World<'_>,
    partition: i32,
    noted: &[Head],
    tick: &mut dyn FnMut(i64),
) -> KafkaResult<Report> {
    let (report, rewinds) = read(world, partition, noted, tick, Rewinds::default())?;
    if rewinds.intents.is_empty() && rewinds.executions.is_empty() {
        return Ok(report);
    }
    // Only now it is known which answers are to records that are gone.
    Ok(read(world, partition, noted, tick, rewinds)?.0)
}

/// One reading of everything, by what a former one has found.
fn read(
    world: &World<'_>,
    partition: i32,
    noted: &[Head],
    tick: &mut dyn FnMut(i64),
    rewinds: Rewinds,
) -> KafkaResult<(Report, Rewinds)> {
    let topic = world.config.topics.audit.as_str();
    let mut faults = Faults::default();
    let (audit, mut sides) = sides(world, partition, rewinds, &mut faults)?;
    let placement = Placement { partition, count: world.partitions };
    let mut follower = Follower::new(world.schemas, &world.config.topics, placement);
    let mut noted = Noted::of(partition, noted);
    let records = Records::open(world.config, topic, partition, (audit.start, audit.end))?;
    while let Some(message) = records.pull()? {
        let offset = message.offset();
        let place = Place { topic, partition, offset: Some(offset), seq: None };
        let value = message.payload().unwrap_or_default();
        let stored = Stored { place, key: message.key(), value };
        take(world, &mut follower, &mut sides, &stored, &mut faults)?;
        if let Some((seq, leaf)) = follower.tip {
            noted.check(seq, leaf, Place { seq: Some(seq), ..place }, &mut faults);
        }
        if offset % 256 == 0 {
            tick(offset);
        }
    }
    tick(audit.end);
    let last = follower.tip.map(|(seq, _)| seq);
    noted.end(last, Place { topic, partition, offset: None, seq: None }, &mut faults);
    let cursors = follower.is_whole.then(|| follower.ledger().head().cursors);
    sides.end(cursors, &mut faults)?;
    let committed = world.probe.committed(&world.config.topics, partition)?;
    let stands = cursors.filter(|_| follower.tip.is_some());
    if let (Some(cursors), Some(opened)) = (stands, follower.ledger().opened())
        && opened.group == world.config.group
        && world.has_rested(partition, audit.end)?
    {
        compare_offsets(cursors, committed, Place { topic, partition, offset: None, seq: last }, &mut faults);
    }
    let report = Report {
        partition,
        head: follower.tip.map(|(seq, link)| Head { partition, seq, link }),
        cursors: stands,
        counts: follower.counts,
        committed,
        compared: sides.compared(),
        faults,
    };
    Ok((report, sides.rewinds))
}

/// Where nobody commits, the group stands where the trail does, and a lane would halt otherwise. Offsets that are
/// none are shown alone: those of a group that has ended expire, and its trail is whole.
fn compare_offsets(
    cursors: Cursors,
    committed: Option<Offsets<Option<i64>>>,
    place: Place<'_>,
    faults: &mut Faults,
) {
    let Some(committed) = committed else { return };
    for (field, committed, due) in [
        ("committed intents", committed.intents, cursors.intents),
        ("committed executions", committed.executions, cursors.executions),
    ] {
        if let Some(found) = committed.filter(|committed| *committed != due) {
            faults.add(
                HaltCode::CursorMismatch,
                place,
                Some(field),
                found,
                format!("{due}, as the trail says"),
            );
        }
    }
}

/// One record of the trail: its place in the chain, its input, its ledger, its order.
fn take(
    world: &World<'_>,
    follower: &mut Follower<'_>,
    sides: &mut Sides<'_>,
    stored: &Stored<'_>,
    faults: &mut Faults,
) -> KafkaResult<()> {
    let body = world.schemas.open(RecordType::Entry, stored.value);
    let entry = match body.as_ref().map_err(Clone::clone).and_then(|body| wire::entry::decode(body)) {
        Ok(entry) => entry,
        Err(malformed) => {
            follower.skip(&malformed, stored, faults);
            return Ok(());
        }
    };
    let stored = Stored { place: Place { seq: Some(entry.seq), ..stored.place }, ..*stored };
    follower.check_chain(&entry, &stored, faults);
    let input = sides.answer(&entry, stored.place, faults)?;
    follower.follow(&entry, &stored, input.as_ref(), faults);
    match follower.due(&entry) {
        Some(due) => sides.orders.expect(&due, stored.place, faults),
        None => Ok(()),
    }
}

/// Opens every topic of the lane, each with its end.
///
/// The order of these lines matters: an order has its entry once `audit` is settled behind it, and
/// an entry has its order and its input once those are settled behind it. So `audit` is asked
/// first (from there on, an order may be too new to be read), then `orders`, then `audit` again for
/// what is verified, then the inputs.
fn sides<'w>(
    world: &World<'w>,
    partition: i32,
    rewinds: Rewinds,
    faults: &mut Faults,
) -> KafkaResult<(Range, Sides<'w>)> {
    let World { config, schemas, probe, .. } = *world;
    let topics = &config.topics;
    let before = Range::stable(probe, &topics.audit, partition)?;
    let orders = settled(world, &topics.orders, partition, faults)?;
    let audit = settled(world, &topics.audit, partition, faults)?;
    let kept = Kept {
        lost_beginning: orders.start > 0,
        since: Kept::since(clock::now(), world.orders_retention_ms),
        audit_end: before.end,
        // Each entry takes one offset at least.
        seq_end: audit.end.unsigned_abs(),
    };
    let answers = |topic: &str, partition: i32, rewinds| -> KafkaResult<Answers<Records>> {
        let Range { start, end, .. } = Range::stable(probe, topic, partition)?;
        let records = Records::open(config, topic, partition, (start, end))?;
        Ok(Answers::new(topic, partition, start, records, rewinds))
    };
    let records = Records::open(config, &topics.orders, partition, (orders.start, orders.end))?;
    let sides = Sides {
        intents: answers(&topics.intents, partition, rewinds.intents)?,
        executions: answers(&topics.executions, partition, rewinds.executions)?,
        control: answers(&topics.control, 0, Vec::new())?,
        rewinds: Rewinds::default(),
        orders: Orders::new(schemas, &topics.orders, partition, kept, records),
    };
    Ok((audit, sides))
}

/// The range of an output, settled; a transaction that stays open is a fault, and the end then.
fn settled(world: &World<'_>, topic: &str, partition: i32, faults: &mut Faults) -> KafkaResult<Range> {
    let range = Range::settled(world.config, world.probe, topic, partition)?;
    if !range.is_settled {
        let place = Place { topic, partition, offset: Some(range.end), seq: None };
        let found = "a transaction stays open: nothing from here on is settled";
        faults.add(HaltCode::OutcomeUnresolved, place, None, found, "no open transaction");
    }
    Ok(range)
}

impl Sides<'_> {
    /// The record that an entry answers, where its topic still has it.
    fn answer(
        &mut self,
        entry: &Entry<'_>,
        place: Place<'_>,
        faults: &mut Faults,
    ) -> KafkaResult<Option<OwnedMessage>> {
        self.intents.begin(entry.as_of.intents)?;
        self.executions.begin(entry.as_of.executions)?;
        self.control.begin(entry.as_of.control)?;
        match &entry.body {
            Body::Decision(decision) => self.intents.answer(&decision.input, place, faults),
            Body::Execution(taken) => self.executions.answer(&taken.input, place, faults),
            Body::Control(taken) => self.control.answer(&taken.input, place, faults),
            Body::Recovery(recovery) => self.recover(recovery.accepted, entry, faults),
            // An owed cancel answers nothing: the command that owes it has its own entry.
            Body::Genesis(_) | Body::LaneOpened(_) | Body::OwedCancel(_) => Ok(None),
        }
    }

    /// What an operator has accepted is no fault any more.
    fn recover(
        &mut self,
        accepted: HaltCode,
        entry: &Entry<'_>,
        faults: &mut Faults,
    ) -> KafkaResult<Option<OwnedMessage>> {
        let rewind = |to| Rewind { seq: entry.seq, to };
        self.rewinds.intents.extend(self.intents.move_to(entry.as_of.intents, faults)?.map(rewind));
        self.rewinds.executions.extend(self.executions.move_to(entry.as_of.executions, faults)?.map(rewind));
        if accepted == HaltCode::OutputMismatch {
            self.orders.accept(entry.decided_at, faults)?;
        }
        Ok(None)
    }

    fn end(&mut self, cursors: Option<Cursors>, faults: &mut Faults) -> KafkaResult<()> {
        if let Some(cursors) = cursors {
            self.intents.end(cursors.intents, faults)?;
            self.executions.end(cursors.executions, faults)?;
            self.control.end(cursors.control, faults)?;
        }
        self.orders.end(faults)
    }

    fn compared(&self) -> Compared {
        let inputs = [&self.intents, &self.executions, &self.control];
        Compared {
            inputs: inputs.iter().map(|input| input.compared).sum(),
            inputs_outlived: inputs.iter().map(|input| input.outlived).sum(),
            orders: self.orders.compared,
            orders_outlived: self.orders.outlived,
        }
    }
}

impl<'w> World<'w> {
    /// Whether nobody has worked since the trail's end was read: the group had no member then and has none now, and
    /// nothing was written meanwhile.
    fn has_rested(&self, partition: i32, end: i64) -> KafkaResult<bool> {
        let Self { config, probe, .. } = self;
        Ok(self.is_idle
            && probe.members(&config.group)? == 0
            && Range::stable(probe, &config.topics.audit, partition)?.end == end)
    }

    /// Looks at the topics.
    ///
    /// # Errors
    /// Brokers that do not answer; an audit topic that is not there has no partitions.
    pub fn look(
        config: &'w Config,
        schemas: &'w Schemas,
        probe: &'w Probe,
        cluster: &Cluster,
    ) -> Result<Self, ClusterError> {
        let states = cluster.topics(config)?;
        let partitions = states.get(&Role::Audit).map_or(0, |state| state.partitions.len() as i32);
        let orders_retention_ms = evidence::retention_ms(&states);
        // Not known is not idle.
        let is_idle = probe.members(&config.group).is_ok_and(|members| members == 0);
        Ok(Self { config, schemas, probe, partitions, orders_retention_ms, is_idle })
    }
}
