//! Proving: whether the trail agrees with the world, before the first decision.
//!
//! The shell gathers [`Evidence`], the core judges it. Every question has an answer that halts; no
//! question may be left out.

use std::collections::BTreeMap;

use super::halt::{Halt, HaltCode};
use super::ids::OrderId;
use super::intent::IntentType;
use super::ledger::{Ledger, Opened, Published};
use super::time::{MILLISECOND, Time};

/// What the shell found in the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Of the topics as they are now.
    pub topology: Topology,
    /// What the first entries of the other partitions' trails recorded. A first start needs them: an
    /// added partition has no trail of its own to say that it was added.
    pub siblings: Vec<Opened>,
    /// What the group has committed; `None` only when that was read again and again.
    pub committed: Offsets<Option<i64>>,
    /// What the partitions of the inputs hold.
    pub inputs: Offsets<Extent>,
    /// What `control` holds.
    pub control: Extent,
    /// What `audit[p]` holds.
    pub audit: Extent,
    /// What `orders[p]` holds.
    pub orders: Extent,
    /// The last committed record of `orders[p]`.
    pub last_order: Option<LastOrder>,
    /// How long `orders` keeps records, in milliseconds; `None` for ever.
    pub orders_retention_ms: Option<i64>,
    /// The router's clock.
    pub now: Time,
}

/// Partition counts, topic ids and group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// The consumer group.
    pub group: String,
    /// Topic name to partition count, of the four topics that share it.
    pub partition_counts: BTreeMap<String, i32>,
    /// Topic name to topic id.
    pub topic_ids: BTreeMap<String, String>,
    /// Which of them is the control log: made anew, it has a halt of its own.
    pub control: String,
}

/// One value for each input that a group offset stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offsets<T> {
    /// Of `intents[p]`.
    pub intents: T,
    /// Of `executions[p]`.
    pub executions: T,
}

/// First and next offset of a partition, uncommitted records and markers included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Log start.
    pub start: i64,
    /// High watermark.
    pub end: i64,
}

/// What identifies the last record of `orders[p]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastOrder {
    /// The entry that it names.
    pub audit_seq: u64,
    /// What the venue is to do.
    pub command: IntentType,
    /// Whose order.
    pub order_id: OrderId,
    /// Its version.
    pub order_version: i32,
    /// What it says that its entry does not, if anything.
    pub differs: Option<String>,
}

impl LastOrder {
    /// A record that is no order: it equals none that was ever published, for no trail is that long.
    pub const UNREADABLE: Self = Self {
        audit_seq: u64::MAX,
        command: IntentType::New,
        order_id: OrderId([0; 16]),
        order_version: 0,
        differs: None,
    };

    /// What the last record of `orders[p]` must be, once this was published.
    pub const fn of(published: &Published) -> Self {
        let Published { audit_seq, command, order_id, order_version, .. } = *published;
        Self { audit_seq, command, order_id, order_version, differs: None }
    }
}

/// Whether a trail that was read up to offset `next` can be gone on with from there.
///
/// # Errors
/// `CHAIN_BROKEN` when what was read, or what follows it, is erased, or the topic is another one.
pub fn still_there(topic: &str, next: i64, audit: Extent) -> Result<(), Halt> {
    let Extent { start, end } = audit;
    if (start..=end).contains(&next) {
        return Ok(());
    }
    let detail = format!("{topic} was read up to offset {next}, but now it holds {start} to {end}");
    halt(HaltCode::ChainBroken, detail)
}

/// Whether the trail still ends where it was read to. Behind a fence nobody but its owner can append.
///
/// # Errors
/// `CHAIN_BROKEN`, for whoever cannot explain it.
pub fn still_ends(audit: Extent, read_to: i64) -> Result<(), Halt> {
    let end = audit.end;
    if end == read_to {
        return Ok(());
    }
    halt(
        HaltCode::ChainBroken,
        format!("audit was read to offset {read_to}, and now ends at {end} beside the lane"),
    )
}

/// Judges the evidence, in the contract's order: topology (d), chain (a), offsets (b), outputs (c),
/// control (e). `restored` is what reading the trail came to.
///
/// # Errors
/// The halt of the first question whose answer is not the one recorded.
pub fn prove(ledger: &Ledger, restored: Result<(), Halt>, evidence: &Evidence) -> Result<(), Halt> {
    if let Some(opened) = ledger.opened() {
        prove_topology(opened, &evidence.topology)?;
    }
    restored?;
    one_count(&evidence.topology, ledger.placement().count)?;
    match ledger.opened() {
        Some(_) => prove_going_on(ledger, evidence),
        None => {
            evidence.siblings.iter().try_for_each(|sibling| prove_topology(sibling, &evidence.topology))?;
            prove_fresh(evidence)
        }
    }
}

fn halt<T>(code: HaltCode, detail: String) -> Result<T, Halt> {
    Err(Halt::new(code, detail))
}

/// Whether group, partition counts and topic ids are those that a trail has recorded.
///
/// # Errors
/// `TOPOLOGY_CHANGED`, or `CONTROL_INVALID` for a control log that was made anew.
pub fn prove_topology(opened: &Opened, now: &Topology) -> Result<(), Halt> {
    if opened.group != now.group {
        return halt(
            HaltCode::TopologyChanged,
            format!("the trail belongs to group {}, this router runs as {}", opened.group, now.group),
        );
    }
    one_count(now, opened.partition_count)?;
    for (topic, recorded) in &opened.topic_ids {
        let found = now.topic_ids.get(topic);
        if found != Some(recorded) {
            let found = found.map_or("not there", String::as_str);
            let is_control = *topic == now.control;
            return halt(
                if is_control { HaltCode::ControlInvalid } else { HaltCode::TopologyChanged },
                format!("topic {topic} had id {recorded} when the lane was opened, now it is {found}"),
            );
        }
    }
    Ok(())
}

fn one_count(topology: &Topology, due: i32) -> Result<(), Halt> {
    match topology.partition_counts.iter().find(|(_, count)| **count != due) {
        None => Ok(()),
        Some((topic, 0)) => halt(HaltCode::TopologyChanged, format!("topic {topic} is not there")),
        Some((topic, count)) => halt(
            HaltCode::TopologyChanged,
            format!("topic {topic} has {count} partitions where {due} were due: keys have moved"),
        ),
    }
}

fn prove_going_on(ledger: &Ledger, evidence: &Evidence) -> Result<(), Halt> {
    let (head, committed) = (ledger.head(), evidence.committed);
    for (input, cursor, committed) in [
        ("intents", head.cursors.intents, committed.intents),
        ("executions", head.cursors.executions, committed.executions),
    ] {
        if committed != Some(cursor) {
            let found = committed.map_or("none".to_owned(), |offset| offset.to_string());
            return halt(
                HaltCode::CursorMismatch,
                format!("{input}: the trail stands at offset {cursor}, the group at {found}"),
            );
        }
    }
    prove_inputs(head.cursors.intents, head.cursors.executions, evidence)?;
    if !head.outputs_accepted {
        prove_outputs(head.published.as_ref(), evidence)?;
    }
    prove_control(head.cursors.control, evidence)
}

fn prove_inputs(intents: i64, executions: i64, evidence: &Evidence) -> Result<(), Halt> {
    for (input, cursor, extent) in [
        ("intents", intents, evidence.inputs.intents),
        ("executions", executions, evidence.inputs.executions),
    ] {
        prove_input(input, cursor, extent)?;
    }
    Ok(())
}

/// Whether an input still has what comes next: a record at `cursor`, or its end there.
///
/// # Errors
/// `INPUT_LOST`.
pub fn prove_input(input: &str, cursor: i64, extent: Extent) -> Result<(), Halt> {
    let Extent { start, end } = extent;
    if (start..=end).contains(&cursor) {
        return Ok(());
    }
    halt(
        HaltCode::InputLost,
        format!("{input}: the next record is at offset {cursor}, but the partition holds {start} to {end}"),
    )
}

fn prove_outputs(published: Option<&Published>, evidence: &Evidence) -> Result<(), Halt> {
    let due = published.map(LastOrder::of);
    match (due, evidence.last_order.clone()) {
        (due, found) if due == found => Ok(()),
        (Some(_), None) if outlived(published, evidence) => Ok(()),
        (due, found) => halt(
            HaltCode::OutputMismatch,
            format!("the last order of the trail is {}, the last on the topic is {}", said(due), said(found)),
        ),
    }
}

/// Whether retention may have removed the last order from its topic.
fn outlived(published: Option<&Published>, evidence: &Evidence) -> bool {
    match (published, evidence.orders_retention_ms) {
        (Some(published), Some(retention)) => {
            let age = evidence.now.since(published.decided_at);
            age > i128::from(retention) * i128::from(MILLISECOND)
        }
        _ => false,
    }
}

fn said(order: Option<LastOrder>) -> String {
    match order {
        None => "none".to_owned(),
        Some(LastOrder::UNREADABLE) => "a record that is no order".to_owned(),
        Some(LastOrder { audit_seq, command, order_id, order_version, differs }) => {
            let differs = differs.map(|differs| format!(": {differs}")).unwrap_or_default();
            format!("{command} {order_id} version {order_version} of entry {audit_seq}{differs}")
        }
    }
}

fn prove_control(cursor: i64, evidence: &Evidence) -> Result<(), Halt> {
    let Extent { start, end } = evidence.control;
    if start > cursor || end < cursor {
        return halt(
            HaltCode::ControlInvalid,
            format!("the next control record is at offset {cursor}, but the topic holds {start} to {end}"),
        );
    }
    Ok(())
}

/// A first start, which begins at offset 0 of everything, or not at all.
fn prove_fresh(evidence: &Evidence) -> Result<(), Halt> {
    if evidence.audit.start > 0 {
        let start = evidence.audit.start;
        return halt(
            HaltCode::ChainBroken,
            format!("audit begins at offset {start}: its entries are erased"),
        );
    }
    let Offsets { intents, executions } = evidence.committed;
    if let Some(offset) = intents.or(executions) {
        return halt(
            HaltCode::CursorMismatch,
            format!("the trail is empty, but the group has committed offset {offset}"),
        );
    }
    if evidence.orders.start > 0 || evidence.last_order.is_some() {
        return halt(HaltCode::OutputMismatch, "the trail is empty, but orders has been used".to_owned());
    }
    prove_inputs(0, 0, evidence)?;
    prove_control(0, evidence)
}
