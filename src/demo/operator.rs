//! The operator: says what may be traded within which limits, halts a strategy on the way, and lets
//! it go on.
//!
//! It speaks as `onefill control` does. Its halt is real: the lanes refuse what the strategy asks
//! for meanwhile, and the others trade on.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::answers::Answers;
use super::limits::fields;
use super::plan::{Desk, PARTITIONS, Plan, Player};
use super::report::grouped;
use super::stage::PATIENCE;
use super::{Fault, Scene, limits, settle};
use crate::shell::clock;
use crate::shell::instruct::{Draft, Kind, Operation, Said};
use crate::shell::trail::Probe;

/// When the strategy is halted, in hundredths of the time of trading.
const HALT_AT_PERCENT: u32 = 25;
/// When it may go on.
const RESUME_AT_PERCENT: u32 = 60;
const HALT_ID: &str = "demo-halt";

/// Puts instruments and limits on `control`.
///
/// # Errors
/// Kafka's.
pub fn set_up(plan: &Plan, instruments: Vec<Map<String, Value>>) -> Result<(), Fault> {
    let operation = Operation::open(&plan.config, PARTITIONS as usize, false)?;
    for instrument in instruments {
        say(&operation, Kind::Instrument, instrument)?;
    }
    for limit in limits::records(plan.rate) {
        say(&operation, Kind::RiskLimit, limit)?;
    }
    Ok(())
}

/// Halts one strategy while others trade, and resumes it once some of its intents were refused for
/// that. Does nothing when nobody trades any more.
///
/// # Errors
/// Kafka's; a router that ended by itself, or did not obey; [`Fault::Interrupted`].
pub fn intervene(scene: &Scene<'_>, answers: &Answers, trading: &AtomicBool) -> Result<(), Fault> {
    let plan = scene.plan;
    let (began, whole) = (Instant::now(), Duration::from_secs(plan.seconds));
    if !trade_on(began + whole * HALT_AT_PERCENT / 100, trading) {
        return Ok(());
    }
    let scope_id = halted(plan).scope_id();
    let operation = Operation::open(&plan.config, PARTITIONS as usize, true)?;
    command(scene, &operation, halt(&scope_id))?;
    scene.narrator.event(&format!("HALT of {scope_id}: every lane has applied it; all others trade on"));
    trade_on(began + whole * RESUME_AT_PERCENT / 100, trading);
    let probe = Probe::open(&plan.config)?;
    settle::wait(scene, "some intents of the halted strategy are refused", || {
        // Whoever has read every intent will refuse no other.
        let is_over = !trading.load(Ordering::Relaxed) && settle::is_all_read(&plan.config, &probe)?;
        Ok(is_over || answers.halted() > 0)
    })?;
    command(scene, &operation, resume(&scope_id))?;
    let refused = grouped(answers.halted());
    scene.narrator.event(&format!("RESUME of {scope_id}: {refused} of its intents were refused meanwhile"));
    Ok(())
}

/// Lets time go by, as long as somebody trades; says whether somebody still does.
fn trade_on(until: Instant, trading: &AtomicBool) -> bool {
    while Instant::now() < until && trading.load(Ordering::Relaxed) {
        thread::sleep(settle::ASK_EVERY);
    }
    trading.load(Ordering::Relaxed)
}

/// Says it, and waits until every lane has answered.
fn command(scene: &Scene<'_>, operation: &Operation<'_>, fields: Map<String, Value>) -> Result<(), Fault> {
    let offset = say(operation, Kind::Command, fields)?;
    let mut answered = BTreeSet::new();
    settle::wait(scene, "every lane has answered the operator", || {
        answered.extend(operation.wait(&[offset], settle::ASK_EVERY).into_keys());
        Ok(answered.len() == PARTITIONS as usize)
    })
}

fn say(operation: &Operation<'_>, kind: Kind, fields: Map<String, Value>) -> Result<i64, Fault> {
    Ok(operation.send(&drafted(kind, fields).ready(PARTITIONS)?, PATIENCE)?)
}

/// A record of the operator's.
pub fn drafted(kind: Kind, fields: Map<String, Value>) -> Draft {
    let said = Said { by: "operator".to_owned(), reason: Some("the demo".to_owned()), at: clock::now() };
    let mut fields = fields;
    if kind != Kind::Command {
        fields.insert("version".to_owned(), 1.into());
    }
    Draft::new(kind, None, fields, &said)
}

/// Whom chance halts.
fn halted(plan: &Plan) -> Desk {
    plan.dice(Player::Operator).one_of(&Plan::desks()).clone()
}

fn halt(scope_id: &str) -> Map<String, Value> {
    fields(json!({
        "command_id": HALT_ID, "command": "HALT", "scope_type": "STRATEGY", "scope_id": scope_id,
    }))
}

/// Whatever loosens names what it ends.
fn resume(scope_id: &str) -> Map<String, Value> {
    fields(json!({
        "command_id": "demo-resume", "command": "RESUME", "scope_type": "STRATEGY", "scope_id": scope_id,
        "resumes": HALT_ID,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::config::Config;

    #[test]
    fn lanes_obey_both_commands() {
        let scope_id = halted(&Plan::new(Config::default(), 1, 1, 1)).scope_id();
        for fields in [halt(&scope_id), resume(&scope_id)] {
            drafted(Kind::Command, fields).ready(PARTITIONS).unwrap();
        }
    }
}
