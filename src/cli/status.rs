//! `onefill status`: how the lanes stand.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use super::print::{self, Tone};
use super::{Common, Failure, Output, Status, risk};
use crate::core::proof::Offsets;
use crate::core::time::MILLISECOND;
use crate::shell::config::Config;
use crate::shell::standing::{self, Group, Last, Standing};
use crate::shell::topics::Role;
use crate::shell::trail::Probe;
use crate::shell::{clock, schemas};

/// Show how the lanes stand: trail, cursors, lag, and what their routers say
///
/// Where the trail, the group and the inputs stand is read from the topics. The stage of a lane, why
/// it halted, how much of its limits is used and who may not trade, only its router says: name it
/// with --http. Exits with 4 if one says that a lane is halted, with 1 if one that was named does not
/// answer.
#[derive(Args, Debug)]
pub(super) struct ShowStatus {
    /// Where a router serves its status; may be given more than once
    #[arg(long, value_name = "ADDR")]
    http: Vec<String>,
    /// Who reads the output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

/// What the routers say of their lanes, by partition.
#[derive(Default)]
struct Routers {
    lanes: BTreeMap<i64, Value>,
    /// Those that do not answer, or run something else.
    silent: Vec<String>,
}

impl ShowStatus {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        let config = super::load(common, Vec::new())?;
        super::log(&config, super::QUIET);
        let states = super::connect(&config)?.descriptions_of(&config, &[Role::Audit])?;
        let trails = super::trails(&config, &states)?;
        let (schemas, probe) = (schemas::load(&config)?, Probe::open(&config)?);
        let look = |partition| Standing::of(&config, &schemas, &probe, partition);
        let lanes = (0..trails).map(look).collect::<Result<Vec<_>, _>>()?;
        let (group, routers) = (standing::group(&config)?, self.ask(&config));
        match self.output {
            Output::Json => print::say_json(&to_json(&config, group.as_ref(), &lanes, &routers)),
            Output::Text => self.show(&config, group.as_ref(), &lanes, &routers),
        }
        let is_halted = routers.lanes.values().any(|lane| lane["halt"].is_string());
        Ok(match (is_halted, routers.silent.is_empty()) {
            (true, _) => Status::Halted,
            (false, false) => Status::Failed,
            (false, true) => Status::Done,
        })
    }

    fn ask(&self, config: &Config) -> Routers {
        let mut routers = Routers::default();
        for address in &self.http {
            match standing::ask(address) {
                Ok(page) if page["group"].as_str() == Some(&config.group) => {
                    for lane in page["lanes"].as_array().into_iter().flatten() {
                        if let Some(partition) = lane["partition"].as_i64() {
                            routers.lanes.insert(partition, lane.clone());
                        }
                    }
                }
                Ok(page) => routers.silent.push(format!(
                    "{address} runs as group {}, not {}",
                    page["group"].as_str().unwrap_or("?"),
                    config.group
                )),
                Err(error) => routers.silent.push(format!("{address} does not answer: {error}")),
            }
        }
        routers
    }

    fn show(&self, config: &Config, group: Option<&Group>, lanes: &[Standing], routers: &Routers) {
        print::say(&match group {
            None => format!("group {}: nobody has joined it yet", config.group),
            Some(Group { state, members }) => {
                format!("group {}: {state}, {}", config.group, print::count(*members, "member"))
            }
        });
        print::say("");
        let mut table = print::table(&[
            "PART", "STAGE", "HALT", "SEQ", "INTENTS", "LAG", "EXECS", "LAG", "CONTROL", "AGE", "HEAD",
        ]);
        for lane in lanes {
            table.add_row(row(lane, routers.lanes.get(&lane.partition.into())));
        }
        print::show(&table);
        risk::show(&routers.lanes);
        let notes: Vec<_> = lanes.iter().flat_map(|lane| notes(lane, routers)).collect();
        if !notes.is_empty() || !routers.silent.is_empty() || self.http.is_empty() {
            print::say("");
        }
        for note in routers.silent.iter().chain(&notes) {
            print::say(&print::toned(note, Tone::Doubtful));
        }
        if self.http.is_empty() {
            let text = "read from the topics alone; stage and halts are a router's to say: --http ADDR";
            print::say(&print::toned(text, Tone::Faint));
        }
    }
}

fn row(lane: &Standing, router: Option<&Value>) -> Vec<comfy_table::Cell> {
    let said = |name: &str| router.and_then(|router| router[name].as_str()).unwrap_or("-").to_owned();
    let (stage, halt) = (said("stage"), said("halt"));
    let tone = match stage.as_str() {
        "RUNNING" => Tone::Good,
        "HALTED" => Tone::Bad,
        _ => Tone::Doubtful,
    };
    let stage = if router.is_some() { print::cell(stage, tone) } else { stage.into() };
    let halt = if halt == "-" { halt.into() } else { print::cell(halt, Tone::Bad) };
    let lag = |of: fn(Offsets<i64>) -> i64| lane.lag().map_or("-".to_owned(), |lag| of(lag).to_string());
    let last = |of: &dyn Fn(Last) -> String| lane.last.map_or("-".to_owned(), of);
    vec![
        lane.partition.into(),
        stage,
        halt,
        last(&|last| last.head.seq.to_string()).into(),
        last(&|last| last.cursors.intents.to_string()).into(),
        lag(|lag| lag.intents).into(),
        last(&|last| last.cursors.executions.to_string()).into(),
        lag(|lag| lag.executions).into(),
        last(&|last| last.cursors.control.to_string()).into(),
        last(&age).into(),
        last(&|last| last.head.link.to_string()[..8].to_owned()).into(),
    ]
}

/// How old the last entry is: `3 s`.
fn age(last: Last) -> String {
    let seconds = clock::now().since(last.decided_at) / (1000 * i128::from(MILLISECOND));
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// What is worth a look in a lane.
fn notes(lane: &Standing, routers: &Routers) -> Vec<String> {
    let partition = lane.partition;
    let mut notes = Vec::new();
    let router = routers.lanes.get(&partition.into());
    for name in ["detail", "waiting", "intents_held"] {
        let said = router.and_then(|router| router[name].as_str());
        notes.extend(said.map(|said| format!("partition {partition}: {said}")));
    }
    notes.extend(
        lane.unreadable.iter().map(|why| format!("partition {partition}: the last record of audit, {why}")),
    );
    if lane.audit_end > lane.audit.end {
        notes.push(format!(
            "partition {partition}: a transaction is open on audit, from offset {} to {}",
            lane.audit.end, lane.audit_end
        ));
    } else if let (Some(last), Some(committed)) = (lane.last, lane.committed) {
        for (input, cursor, committed) in [
            ("intents", last.cursors.intents, committed.intents),
            ("executions", last.cursors.executions, committed.executions),
        ] {
            let found = committed.map_or("nothing".to_owned(), |offset| offset.to_string());
            if committed != Some(cursor) {
                notes.push(format!(
                    "partition {partition}: {input} stand at {cursor} in the trail, the group has committed \
                     {found}; a router that works moves both"
                ));
            }
        }
    } else if lane.committed.is_none() {
        notes.push(format!(
            "partition {partition}: what the group has committed is not known: a transaction is open on it, or \
             its coordinator does not answer"
        ));
    }
    notes
}

fn to_json(config: &Config, group: Option<&Group>, lanes: &[Standing], routers: &Routers) -> Value {
    let lane = |lane: &Standing| {
        let router = routers.lanes.get(&lane.partition.into());
        json!({
            "partition": lane.partition,
            "stage": router.map(|router| router["stage"].clone()),
            "halt": router.map(|router| router["halt"].clone()),
            "detail": router.map(|router| router["detail"].clone()),
            "seq": lane.last.map(|last| last.head.seq),
            "link": lane.last.map(|last| last.head.link.to_string()),
            "decided_at": lane.last.map(|last| last.decided_at.0),
            "cursors": lane.last.map(|Last { cursors, .. }| json!({
                "intents": cursors.intents, "executions": cursors.executions, "control": cursors.control,
            })),
            "committed": lane.committed.map(|committed| {
                json!({ "intents": committed.intents, "executions": committed.executions })
            }),
            "lag": lane.lag().map(|lag| json!({ "intents": lag.intents, "executions": lag.executions })),
            "audit": { "start": lane.audit.start, "stable_end": lane.audit.end, "end": lane.audit_end },
            "unreadable": lane.unreadable,
            "risk": router.map(|router| router["risk"].clone()),
        })
    };
    json!({
        "group": config.group,
        "group_state": group.map(|group| group.state.as_str()),
        "members": group.map(|group| group.members),
        "lanes": lanes.iter().map(lane).collect::<Vec<_>>(),
        "silent": routers.silent,
    })
}
