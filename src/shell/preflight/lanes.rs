//! What each lane will find when it opens: whether its trail belongs to these topics, and whether its
//! inputs still have what waits for it.
//!
//! `check` asks it ahead of time. `run` does not: each lane proves it by itself, and one that halts
//! stops no other.

use super::{Code, Finding};
use crate::core::halt::{Halt, HaltCode};
use crate::core::ledger::Opened;
use crate::core::proof::{Extent, Topology, prove_input, prove_topology};
use crate::shell::config::Config;
use crate::shell::cursor::Cursor;

/// The codes of what a lane halts for by itself.
pub const LANE_CODES: [Code; 4] =
    [Code::TopologyChanged, Code::ControlInvalid, Code::TrailUnreadable, Code::InputLost];

/// A lane, as the topics show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneView {
    /// Its partition number.
    pub partition: i32,
    /// What its trail recorded first.
    pub opened: Opening,
    /// Its two inputs, as far as they could be looked at.
    pub inputs: Vec<InputView>,
}

/// What the first entry of a trail says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Opening {
    /// The trail is empty, or was not shown.
    #[default]
    None,
    /// It is no GENESIS that can be read.
    Unreadable,
    /// What it recorded.
    Recorded(Opened),
}

/// An input of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputView {
    /// The topic.
    pub topic: String,
    /// Where the group stands.
    pub cursor: Cursor,
    /// What the partition holds.
    pub extent: Extent,
    /// The age of the oldest record that waits, in milliseconds; `None` where none does.
    pub oldest_age_ms: Option<i64>,
    /// How long the topic keeps records, in milliseconds; `None` for ever.
    pub retention_ms: Option<i64>,
}

impl InputView {
    /// Where the lane would go on: a first start begins at 0. `None` where that is not known.
    pub const fn next(&self, opened: &Opening) -> Option<i64> {
        match (self.cursor, opened) {
            (Cursor::At(offset), _) => Some(offset),
            (Cursor::None, Opening::None) => Some(0),
            (Cursor::None | Cursor::Unstable, _) => None,
        }
    }
}

/// What stands against the lanes, in their order.
pub fn lane_findings(config: &Config, topology: &Topology, lanes: &[LaneView]) -> Vec<Finding> {
    let of_lane = |lane: &LaneView| {
        let mut found: Vec<Finding> = topology_finding(lane, topology).into_iter().collect();
        found.extend(lane.inputs.iter().filter_map(|input| input_finding(config, lane, input)));
        found
    };
    lanes.iter().flat_map(of_lane).collect()
}

fn topology_finding(lane: &LaneView, topology: &Topology) -> Option<Finding> {
    let subject = format!("lane {}", lane.partition);
    let opened = match &lane.opened {
        Opening::None => return None,
        Opening::Unreadable => {
            let is = "no GENESIS that can be read";
            let found =
                Finding::of(Code::TrailUnreadable, subject, "first entry of its trail", is, "GENESIS");
            return Some(
                found
                    .because("the lane halts, with CHAIN_BROKEN or AUDIT_UNREADABLE", "onefill audit verify"),
            );
        }
        Opening::Recorded(opened) => opened,
    };
    let halt = prove_topology(opened, topology).err()?;
    let code = match halt.code {
        HaltCode::ControlInvalid => Code::ControlInvalid,
        _ => Code::TopologyChanged,
    };
    let found = Finding::of(code, subject, "topics and group", &halt.detail, "as its trail recorded them");
    Some(
        found.because(format!("the lane halts with {}", halt.code), format!("onefill explain {}", halt.code)),
    )
}

fn input_finding(config: &Config, lane: &LaneView, input: &InputView) -> Option<Finding> {
    let subject = format!("{}/{}", input.topic, lane.partition);
    if input.cursor == Cursor::Unstable {
        let found =
            Finding::of(Code::OffsetsUnstable, subject, "offset of the group", "not settled", "settled");
        return Some(found.because(
            "what waits is not known",
            "ask again; a transaction that stays open belongs to a router that hangs, or to a stranger",
        ));
    }
    let next = input.next(&lane.opened)?;
    if let Err(halt) = prove_input(&input.topic, next, input.extent) {
        return Some(lost(config, lane, &subject, &halt));
    }
    let (age, retention) = (input.oldest_age_ms?, input.retention_ms?);
    (age > retention / 2).then(|| {
        let should = format!("at most {}, half of retention.ms", hours(retention / 2));
        let found = Finding::of(Code::InputExpiring, subject, "age of what waits", hours(age), should);
        let keep = retention.saturating_mul(2);
        let remedy = format!(
            "run the router; if that takes long, first keep more: kafka-configs.sh --bootstrap-server {} --alter \
             --entity-type topics --entity-name {} --add-config retention.ms={keep}",
            config.bootstrap, input.topic
        );
        found.because(format!("records are deleted when they are {} old", hours(retention)), remedy)
    })
}

fn lost(config: &Config, lane: &LaneView, subject: &str, halt: &Halt) -> Finding {
    let Halt { code, detail } = halt;
    let partition = lane.partition;
    let remedy = match lane.opened {
        Opening::None => "onefill init --genesis --reason TEXT, once it is clear why".to_owned(),
        _ => format!(
            "onefill recover --partition {partition} --accept {code} --reason TEXT, once it is clear why, with the \
             routers of group {} stopped",
            config.group
        ),
    };
    let found = Finding::of(Code::InputLost, subject, "next record", detail, "still there");
    found.because(format!("the lane halts with {code}"), remedy)
}

/// In hours and minutes, as a person thinks of retention.
fn hours(millis: i64) -> String {
    let minutes = millis / 60_000;
    format!("{} h {} min", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 24 * 60 * 60 * 1000;

    fn now() -> Topology {
        Topology {
            group: "g".to_owned(),
            partition_counts: [("i".to_owned(), 2)].into(),
            topic_ids: [("i".to_owned(), "one".to_owned()), ("c".to_owned(), "two".to_owned())].into(),
            control: "c".to_owned(),
        }
    }

    fn recorded(change: impl FnOnce(&mut Opened)) -> Opening {
        let Topology { group, topic_ids, .. } = now();
        let mut opened = Opened { group, partition_count: 2, topic_ids, ..Opened::unreadable() };
        change(&mut opened);
        Opening::Recorded(opened)
    }

    fn found(opened: Opening, inputs: Vec<InputView>) -> Vec<[String; 3]> {
        let lane = LaneView { partition: 1, opened, inputs };
        let found = lane_findings(&Config::default(), &now(), &[lane]);
        assert!(found.iter().all(|one| !one.otherwise.is_empty() && !one.remedy.is_empty()));
        found.into_iter().map(|one| [one.code.to_owned(), one.subject, one.is]).collect()
    }

    fn input(cursor: Cursor, start: i64) -> InputView {
        let extent = Extent { start, end: 9 };
        let topic = "i".to_owned();
        InputView { topic, cursor, extent, oldest_age_ms: None, retention_ms: Some(7 * DAY_MS) }
    }

    #[test]
    fn a_lane_is_proved_against_what_its_trail_recorded() {
        assert_eq!(found(Opening::None, vec![]), [[""; 3]; 0]);
        assert_eq!(found(recorded(|_| {}), vec![]), [[""; 3]; 0]);
        for (change, code, is) in [
            (
                (|opened| opened.group = "h".to_owned()) as fn(&mut Opened),
                "topology-changed",
                "the trail belongs to group h, this router runs as g",
            ),
            (
                |opened| opened.partition_count = 3,
                "topology-changed",
                "topic i has 2 partitions where 3 were due: keys have moved",
            ),
            (
                |opened| drop(opened.topic_ids.insert("i".to_owned(), "other".to_owned())),
                "topology-changed",
                "topic i had id other when the lane was opened, now it is one",
            ),
            (
                |opened| drop(opened.topic_ids.insert("c".to_owned(), "other".to_owned())),
                "control-invalid",
                "topic c had id other when the lane was opened, now it is two",
            ),
        ] {
            assert_eq!(found(recorded(change), vec![]), [[code, "lane 1", is]]);
        }
        let unreadable = found(Opening::Unreadable, vec![]);
        assert_eq!(unreadable, [["trail-unreadable", "lane 1", "no GENESIS that can be read"]]);
    }

    #[test]
    fn what_waits_must_be_there() {
        let opened = || recorded(|_| {});
        for cursor in [Cursor::At(3), Cursor::At(9), Cursor::None] {
            assert_eq!(found(opened(), vec![input(cursor, 3)]), [[""; 3]; 0], "{cursor:?}");
        }
        let is = |cursor: i64, start: i64| {
            format!("i: the next record is at offset {cursor}, but the partition holds {start} to 9")
        };
        assert_eq!(found(opened(), vec![input(Cursor::At(2), 3)]), [["input-lost", "i/1", &is(2, 3)]]);
        assert_eq!(found(opened(), vec![input(Cursor::At(10), 3)]), [["input-lost", "i/1", &is(10, 3)]]);
        // A first start begins at 0.
        assert_eq!(found(Opening::None, vec![input(Cursor::None, 0)]), [[""; 3]; 0]);
        assert_eq!(found(Opening::None, vec![input(Cursor::None, 1)]), [["input-lost", "i/1", &is(0, 1)]]);
        let unstable = found(opened(), vec![input(Cursor::Unstable, 3)]);
        assert_eq!(unstable, [["offsets-unstable", "i/1", "not settled"]]);
    }

    #[test]
    fn what_waits_for_half_of_its_life_is_in_danger() {
        let waits = |age_ms: i64, retention_ms: Option<i64>| {
            let oldest_age_ms = Some(age_ms);
            let one = InputView { oldest_age_ms, retention_ms, ..input(Cursor::At(3), 0) };
            found(recorded(|_| {}), vec![one])
        };
        assert_eq!(waits(7 * DAY_MS / 2, Some(7 * DAY_MS)), [[""; 3]; 0]);
        let late = waits(7 * DAY_MS / 2 + 1, Some(7 * DAY_MS));
        assert_eq!(late, [["input-expiring", "i/1", "84 h 0 min"]]);
        assert_eq!(waits(99 * DAY_MS, None), [[""; 3]; 0]);
    }
}
