//! The life of a lane, walked without a broker.

use std::panic::{AssertUnwindSafe, catch_unwind};

use onefill::core::halt::{Halt, HaltCode};
use onefill::core::lane::{Effect, Event, FENCE_WINDOW_NS, Lane, Outcome, Slot, Stage};
use onefill::core::time::Time;

use crate::world::NOW;

const COMMITTED: Event = Event::Ended(Outcome::Committed);
const IN_DOUBT: Event = Event::Ended(Outcome::CommittedInDoubt);
const NEWS: Event = Event::Restored { news: true };
const NO_NEWS: Event = Event::Restored { news: false };

fn halt() -> Halt {
    Halt::new(HaltCode::UnsafeTopic, "min.insync.replicas is 1")
}

/// What a fresh lane does: its first effect, then one for each event.
fn effects(events: &[Event]) -> Vec<Effect> {
    let mut lane = Lane::default();
    let mut effects = vec![lane.start()];
    effects.extend(events.iter().map(|event| lane.on(event.clone(), NOW)));
    effects
}

/// Events that lead a fresh lane into this stage, after its start.
fn road_to(stage: Stage) -> Vec<Event> {
    match stage {
        Stage::Fencing => vec![],
        Stage::Restoring => vec![Event::Fenced],
        Stage::Proving => vec![Event::Fenced, NEWS],
        Stage::Running => vec![Event::Fenced, NEWS, Event::Proved, COMMITTED],
        Stage::Stopped => vec![Event::Stop],
        Stage::Halted => vec![Event::Halt(halt())],
        Stage::Starting | Stage::Draining => unreachable!("{stage} does not wait for an event"),
    }
}

const WAITING: [Stage; 6] =
    [Stage::Fencing, Stage::Restoring, Stage::Proving, Stage::Running, Stage::Stopped, Stage::Halted];

fn lane_in(stage: Stage) -> Lane {
    let mut lane = Lane::default();
    lane.start();
    for event in road_to(stage) {
        lane.on(event, NOW);
    }
    assert_eq!(lane.stage(), stage);
    lane
}

fn every_event() -> Vec<Event> {
    let mut events = vec![Event::Fenced, NEWS, NO_NEWS, Event::Proved, COMMITTED, IN_DOUBT];
    events.extend([Outcome::Aborted, Outcome::Fenced, Outcome::Unknown].map(Event::Ended));
    events.extend([Event::Idle, Event::Stop, Event::Lost, Event::Halt(halt())]);
    events
}

/// What this event leads to in this stage; `None` when it cannot happen there.
fn due(stage: Stage, event: &Event) -> Option<(Stage, Effect)> {
    use Stage::{Fencing, Halted, Proving, Restoring, Running, Stopped};
    Some(match (stage, event) {
        (_, Event::Halt(halt)) => (Halted, Effect::Halt(halt.clone())),
        (Halted, _) => (Halted, Effect::Stop),
        (_, Event::Stop | Event::Lost) | (Stopped, _) => (Stopped, Effect::Stop),
        (Fencing, Event::Fenced) => (Restoring, Effect::Restore),
        (Restoring, Event::Restored { .. }) => (Proving, Effect::Prove),
        (Proving, Event::Proved) => (Proving, Effect::Open),
        (Proving, Event::Ended(Outcome::Committed)) => (Running, Effect::Route(Slot::One)),
        (Running, Event::Ended(Outcome::Committed)) => (Running, Effect::Route(Slot::Zero)),
        (Proving | Running, Event::Ended(_)) => (Fencing, Effect::Fence),
        (Running, Event::Idle) => (Running, Effect::Route(Slot::One)),
        _ => return None,
    })
}

#[test]
fn every_event_in_every_stage_leads_where_it_must_or_nowhere() {
    for stage in WAITING {
        for event in every_event() {
            let mut lane = lane_in(stage);
            let found = catch_unwind(AssertUnwindSafe(|| lane.on(event.clone(), NOW)));
            let found = found.ok().map(|effect| (lane.stage(), effect));
            assert_eq!(found, due(stage, &event), "{event:?} while {stage}");
            if let Some((next, _)) = found {
                let draining = next == Stage::Stopped && Stage::Draining.predecessors().contains(&stage);
                let stays = next == stage;
                let legal = draining || stays || next.predecessors().contains(&stage);
                assert!(legal, "{next} after {stage}");
            }
        }
    }
}

#[test]
fn a_halt_may_come_from_anywhere_and_nothing_follows_it() {
    assert_eq!(Stage::Halted.predecessors(), Stage::ALL);
    for stage in Stage::ALL.iter().filter(|stage| **stage != Stage::Halted) {
        assert!(!stage.predecessors().contains(&Stage::Halted), "{stage} after a halt");
        assert!(!stage.predecessors().contains(&Stage::Stopped), "{stage} after a stop");
    }
}

#[test]
fn a_first_start_fences_restores_proves_opens_and_routes() {
    let story = [Event::Fenced, NEWS, Event::Proved, COMMITTED];
    let due = [Effect::Fence, Effect::Restore, Effect::Prove, Effect::Open, Effect::Route(Slot::One)];
    assert_eq!(effects(&story), due);
    let empty_trail = [Event::Fenced, NO_NEWS, Event::Proved, COMMITTED];
    assert_eq!(effects(&empty_trail), due, "a first start proves an empty trail too");
}

/// The effects that follow once a lane runs.
fn running(events: &[Event]) -> Vec<Effect> {
    let story = [road_to(Stage::Running), events.to_vec()].concat();
    effects(&story).split_off(5)
}

#[test]
fn a_clean_run_alternates_the_slots() {
    let routes = [Slot::Zero, Slot::One, Slot::Zero].map(Effect::Route);
    assert_eq!(running(&[COMMITTED, COMMITTED, COMMITTED]), routes);
}

#[test]
fn an_idle_lane_keeps_its_slot() {
    let routes = [Slot::One, Slot::One, Slot::Zero, Slot::Zero].map(Effect::Route);
    assert_eq!(running(&[Event::Idle, Event::Idle, COMMITTED, Event::Idle]), routes);
}

#[test]
fn a_doubt_replaces_the_producers_and_goes_on_at_slot_0() {
    let due = [Effect::Fence, Effect::Restore, Effect::Route(Slot::Zero), Effect::Route(Slot::One)];
    assert_eq!(running(&[IN_DOUBT, Event::Fenced, NO_NEWS, COMMITTED]), due);
    assert_eq!(running(&[COMMITTED, IN_DOUBT, Event::Fenced, NO_NEWS, COMMITTED])[1..], due);
}

#[test]
fn a_doubt_at_the_opening_goes_on_too() {
    let story = [Event::Fenced, NEWS, Event::Proved, IN_DOUBT, Event::Fenced, NO_NEWS];
    let due = [Effect::Fence, Effect::Restore, Effect::Route(Slot::Zero)];
    assert_eq!(effects(&story)[4..], due);
}

const REOPENS: [Effect; 5] =
    [Effect::Fence, Effect::Restore, Effect::Prove, Effect::Open, Effect::Route(Slot::One)];

#[test]
fn a_doubt_with_news_in_the_trail_is_proved() {
    assert_eq!(running(&[IN_DOUBT, Event::Fenced, NEWS, Event::Proved, COMMITTED]), REOPENS);
}

#[test]
fn an_outcome_that_is_not_a_commit_is_proved_news_or_not() {
    for outcome in [Outcome::Aborted, Outcome::Fenced, Outcome::Unknown] {
        for restored in [NEWS, NO_NEWS] {
            let story = [Event::Ended(outcome), Event::Fenced, restored, Event::Proved, COMMITTED];
            assert_eq!(running(&story), REOPENS, "{outcome:?}");
        }
    }
}

#[test]
fn a_doubt_before_proving_ends_does_not_outlive_a_failed_opening() {
    let story = [IN_DOUBT, Event::Fenced, NEWS, Event::Ended(Outcome::Unknown), Event::Fenced, NO_NEWS];
    assert_eq!(running(&story).last(), Some(&Effect::Prove));
}

/// The effect of the last of some fences, which come at these times.
fn fenced_at(times: &[i128]) -> Effect {
    let mut lane = lane_in(Stage::Running);
    let mut last = Effect::Stop;
    for (place, time) in times.iter().enumerate() {
        if place > 0 {
            for event in [Event::Fenced, NEWS, Event::Proved, COMMITTED] {
                lane.on(event, NOW);
            }
        }
        let time = i64::try_from(i128::from(NOW.0) + time).expect("a test's time fits");
        last = lane.on(Event::Ended(Outcome::Fenced), Time(time));
    }
    last
}

#[test]
fn the_fourth_fence_in_15_minutes_halts() {
    let halted = |effect: &Effect| matches!(effect, Effect::Halt(halt) if halt.code == HaltCode::Fenced);
    assert_eq!(fenced_at(&[0, 1, 2]), Effect::Fence);
    assert!(halted(&fenced_at(&[0, 1, 2, 3])));
    assert!(halted(&fenced_at(&[0, 1, 2, FENCE_WINDOW_NS - 1])));
    assert_eq!(fenced_at(&[0, 1, 2, FENCE_WINDOW_NS]), Effect::Fence, "one window old has left it");
    let (half, third) = (FENCE_WINDOW_NS / 2, FENCE_WINDOW_NS / 3);
    assert_eq!(fenced_at(&[0, half, 2 * half, 3 * half, 4 * half]), Effect::Fence, "spread");
    assert_eq!(fenced_at(&[0, third, 2 * third, 3 * third, 4 * third]), Effect::Fence, "spread to the edge");
    assert!(
        halted(&fenced_at(&[
            0,
            FENCE_WINDOW_NS,
            FENCE_WINDOW_NS + 1,
            FENCE_WINDOW_NS + 2,
            FENCE_WINDOW_NS + 3
        ])),
        "the first has left"
    );
}

#[test]
fn outcomes_that_are_not_fences_are_not_counted() {
    let mut lane = lane_in(Stage::Running);
    for _ in 0..10 {
        assert_eq!(lane.on(Event::Ended(Outcome::Unknown), NOW), Effect::Fence);
        for event in [Event::Fenced, NEWS, Event::Proved, COMMITTED] {
            lane.on(event, NOW);
        }
    }
}
