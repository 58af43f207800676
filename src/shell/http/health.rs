//! Alive and ready: two questions with two answers. Pure: views in, faults out.
//!
//! Alive asks whether a restart would help; Kafka being away, a restore and a halt are no reason
//! for one. Ready asks whether intents of this process's partitions are being decided.

use std::time::Duration;

use crate::core::lane::Stage;
use crate::shell::heartbeat::{Pulse, Weight};
use crate::shell::status::{LaneView, thread_name};

/// The longest silence of a thread within one step besides its transaction: a reader that hears
/// nothing gives up after 30 s, and one request may take 10 s more.
const STEP_MAX: Duration = Duration::from_secs(60);

/// How long a thread may stand still; a transaction may legitimately take its whole timeout.
pub fn still_max(transaction_timeout_ms: u32) -> Duration {
    STEP_MAX + Duration::from_millis(transaction_timeout_ms.into())
}

/// Why the process is not alive, one line for each thread; empty when it is.
pub fn liveness(pulses: &[Pulse], lanes: &[LaneView], still_max: Duration) -> Vec<String> {
    let waits = |thread: &str| {
        lanes.iter().any(|lane| lane.waiting.is_some() && thread_name(lane.partition) == thread)
    };
    let stuck = pulses.iter().filter(|pulse| pulse.weight == Weight::Vital && pulse.age > still_max);
    stuck
        .filter(|pulse| !waits(&pulse.thread))
        .map(|pulse| format!("thread {} has stood still for {} s", pulse.thread, pulse.age.as_secs()))
        .collect()
}

/// Why the process is not ready, one line for each lane; empty when it is.
pub fn readiness(lanes: &[LaneView]) -> Vec<String> {
    if lanes.is_empty() {
        return vec!["no lane is owned".to_owned()];
    }
    let decides = |lane: &LaneView| {
        lane.stage == Stage::Running.name() && lane.intents_held.is_none() && lane.waiting.is_none()
    };
    lanes.iter().filter(|lane| !decides(lane)).map(unready).collect()
}

fn unready(lane: &LaneView) -> String {
    let why = match (lane.halt, &lane.waiting, &lane.intents_held) {
        (Some(code), ..) => format!(" {code}"),
        (None, Some(waiting), _) => format!(", waiting for {}", waiting.replace('\n', " ")),
        (None, None, Some(reason)) => format!(", takes no intents: {reason}"),
        (None, None, None) => String::new(),
    };
    format!("lane {}: {}{why}", lane.partition, lane.stage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::halt::{Halt, HaltCode};
    use crate::shell::status::Status;

    const BOUND: Duration = Duration::from_secs(70);

    fn pulse(thread: &str, weight: Weight, seconds: u64) -> Pulse {
        Pulse { thread: thread.to_owned(), weight, age: Duration::from_secs(seconds) }
    }

    fn lanes(prepare: impl FnOnce(&Status)) -> Vec<LaneView> {
        let status = Status::default();
        status.begin(0);
        status.begin(1);
        prepare(&status);
        status.lanes()
    }

    #[test]
    fn nobody_is_ready_without_lanes() {
        assert_eq!(readiness(&[]), ["no lane is owned"]);
    }

    #[test]
    fn every_lane_that_does_not_run_says_why() {
        let lanes = lanes(|status| {
            status.halt(0, &Halt::new(HaltCode::ChainBroken, "entry 7"));
            status.enter(1, Stage::Fencing);
            status.wait(1, Some("Kafka to initialise the producers: timed out".to_owned()));
        });
        let expected = [
            "lane 0: HALTED CHAIN_BROKEN",
            "lane 1: FENCING, waiting for Kafka to initialise the producers: timed out",
        ];
        assert_eq!(readiness(&lanes), expected);
    }

    #[test]
    fn a_lane_that_takes_no_intents_is_not_ready() {
        let lanes = lanes(|status| {
            status.enter(0, Stage::Running);
            status.enter(1, Stage::Running);
            status.hold_intents(1, Some("control cannot be read".to_owned()));
        });
        assert_eq!(readiness(&lanes), ["lane 1: RUNNING, takes no intents: control cannot be read"]);
    }

    #[test]
    fn all_lanes_running_is_ready() {
        let lanes = lanes(|status| {
            status.enter(0, Stage::Running);
            status.enter(1, Stage::Running);
        });
        assert_eq!(readiness(&lanes), [""; 0]);
    }

    #[test]
    fn a_still_lane_or_member_is_not_alive_but_a_still_observer_is_no_matter() {
        let pulses = [
            pulse("lane-0", Weight::Vital, 71),
            pulse("member", Weight::Vital, 70),
            pulse("observer", Weight::Minor, 900),
        ];
        assert_eq!(liveness(&pulses, &lanes(|_| ()), BOUND), ["thread lane-0 has stood still for 71 s"]);
    }

    #[test]
    fn restoring_a_halt_and_a_declared_wait_are_alive() {
        let lanes = lanes(|status| {
            status.enter(0, Stage::Restoring);
            status.wait(0, Some("Kafka to read the trail: timed out".to_owned()));
            status.halt(1, &Halt::new(HaltCode::InputLost, "gone"));
        });
        let pulses = [pulse("lane-0", Weight::Vital, 300), pulse("lane-1", Weight::Vital, 1)];
        assert_eq!(liveness(&pulses, &lanes, BOUND), [""; 0]);
    }

    #[test]
    fn a_long_transaction_is_given_its_time() {
        assert_eq!(still_max(10_000), BOUND);
        assert_eq!(still_max(900_000), Duration::from_secs(960));
    }
}
