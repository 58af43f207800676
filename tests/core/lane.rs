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

/// What happens from the fence to the first batch.
const REOPENING: [Event; 5] = [Event::Owned, Event::Fenced, NEWS, Event::Proved, COMMITTED];

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
        Stage::Restoring => vec![Event::Owned, Event::Fenced],
        Stage::Proving => vec![Event::Owned, Event::Fenced, NEWS],
        Stage::Running => REOPENING.to_vec(),
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
    let mut events = vec![Event::Owned, Event::Fenced, NEWS, NO_NEWS, Event::Proved, COMMITTED, IN_DOUBT];
    events.extend([Outcome::Aborted, Outcome::Fenced, Outcome::Unknown].map(Event::Ended));
    events.extend([Event::Idle, Event::Disturbed, Event::Reopen, Event::Doubted(halt())]);
    events.extend([Event::Stop, Event::Lost, Event::Halt(halt())]);
    events
}

/// What this event leads to in this stage; `None` when it cannot happen there.
fn due(stage: Stage, event: &Event) -> Option<(Stage, Effect)> {
    use Stage::{Fencing, Halted, Proving, Restoring, Running, Stopped};
    Some(match (stage, event) {
        (_, Event::Halt(halt)) => (Halted, Effect::Halt(halt.clone())),
        (Halted, _) => (Halted, Effect::Stop),
        (_, Event::Stop | Event::Lost) | (Stopped, _) => (Stopped, Effect::Stop),
        (Fencing, Event::Owned) => (Fencing, Effect::Fence),
        (Fencing, Event::Fenced) => (Restoring, Effect::Restore),
        (Restoring, Event::Restored { .. }) => (Proving, Effect::Prove),
        (Proving, Event::Proved) => (Proving, Effect::Open),
        (Proving, Event::Ended(Outcome::Committed)) => (Running, Effect::Route(Slot::One)),
        (Running, Event::Ended(Outcome::Committed)) => (Running, Effect::Route(Slot::Zero)),
        (Proving | Running, Event::Ended(_)) => (Fencing, Effect::AwaitOwnership),
        (Running, Event::Disturbed | Event::Reopen) => (Fencing, Effect::AwaitOwnership),
        (Proving | Running, Event::Doubted(_)) => (Fencing, Effect::AwaitOwnership),
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
    assert_eq!(effects(&REOPENING), REOPENS);
    let empty_trail = [Event::Owned, Event::Fenced, NO_NEWS, Event::Proved, COMMITTED];
    assert_eq!(effects(&empty_trail), REOPENS, "a first start proves an empty trail too");
}

/// The effects that follow once a lane runs.
fn running(events: &[Event]) -> Vec<Effect> {
    let story = [road_to(Stage::Running), events.to_vec()].concat();
    effects(&story).split_off(6)
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
    let routes = [Slot::Zero, Slot::One].map(Effect::Route);
    let due = [&[Effect::AwaitOwnership, Effect::Fence, Effect::Restore], &routes[..]].concat();
    for doubt in [IN_DOUBT, Event::Disturbed] {
        let story = [doubt, Event::Owned, Event::Fenced, NO_NEWS, COMMITTED];
        assert_eq!(running(&story), due);
        assert_eq!(running(&[&[COMMITTED], &story[..]].concat())[1..], due);
    }
}

#[test]
fn a_doubt_at_the_opening_goes_on_too() {
    let opening = [Event::Owned, Event::Fenced, NEWS, Event::Proved];
    let story = [&opening[..], &[IN_DOUBT, Event::Owned, Event::Fenced, NO_NEWS]].concat();
    let due = [Effect::AwaitOwnership, Effect::Fence, Effect::Restore, Effect::Route(Slot::Zero)];
    assert_eq!(effects(&story)[5..], due);
}

const REOPENS: [Effect; 6] = [
    Effect::AwaitOwnership,
    Effect::Fence,
    Effect::Restore,
    Effect::Prove,
    Effect::Open,
    Effect::Route(Slot::One),
];

#[test]
fn a_doubt_with_news_in_the_trail_is_proved() {
    assert_eq!(running(&[&[IN_DOUBT], &REOPENING[..]].concat()), REOPENS);
}

#[test]
fn whatever_is_not_a_commit_is_proved_news_or_not() {
    let mut reasons = [Outcome::Aborted, Outcome::Fenced, Outcome::Unknown].map(Event::Ended).to_vec();
    reasons.extend([Event::Reopen, Event::Doubted(halt())]);
    for reason in reasons {
        for restored in [NEWS, NO_NEWS] {
            let story = [reason.clone(), Event::Owned, Event::Fenced, restored, Event::Proved, COMMITTED];
            assert_eq!(running(&story), REOPENS, "{reason:?}");
        }
    }
}

#[test]
fn a_doubt_before_proving_ends_does_not_outlive_a_failed_opening() {
    let again = [Event::Ended(Outcome::Unknown), Event::Owned, Event::Fenced, NO_NEWS];
    let story = [&[IN_DOUBT, Event::Owned, Event::Fenced, NEWS], &again[..]].concat();
    assert_eq!(running(&story).last(), Some(&Effect::Prove));
}

/// What the last of some events leads to once the lane is owned, when they come at these times.
fn last_of(event: &Event, times: &[i128]) -> Effect {
    let mut lane = lane_in(Stage::Running);
    let mut last = Effect::Stop;
    for (place, time) in times.iter().enumerate() {
        if place > 0 {
            for event in [Event::Fenced, NEWS, Event::Proved, COMMITTED] {
                lane.on(event, NOW);
            }
        }
        let time = i64::try_from(i128::from(NOW.0) + time).expect("a test's time fits");
        last = lane.on(event.clone(), Time(time));
        if last == Effect::AwaitOwnership {
            last = lane.on(Event::Owned, Time(time));
        }
    }
    last
}

fn fenced_at(times: &[i128]) -> Effect {
    last_of(&Event::Ended(Outcome::Fenced), times)
}

#[test]
fn a_fence_counts_only_once_the_lane_is_known_to_be_owned() {
    let mut lane = lane_in(Stage::Running);
    for _ in 0..3 {
        for event in [&[Event::Ended(Outcome::Fenced)], &REOPENING[..]].concat() {
            lane.on(event, NOW);
        }
    }
    // A successor's fence is followed by the word that the partition is lost.
    assert_eq!(lane.on(Event::Ended(Outcome::Fenced), NOW), Effect::AwaitOwnership);
    assert_eq!(lane.on(Event::Lost, NOW), Effect::Stop);
    assert_eq!(lane.stage(), Stage::Stopped);
}

#[test]
fn a_doubt_that_no_opening_explains_halts_at_the_fourth_time_in_15_minutes() {
    let doubted_at = |times: &[i128]| last_of(&Event::Doubted(halt()), times);
    assert_eq!(doubted_at(&[0, 1, 2]), Effect::Fence);
    assert_eq!(doubted_at(&[0, 1, 2, 3]), Effect::Halt(halt()));
    assert_eq!(doubted_at(&[0, 1, 2, FENCE_WINDOW_NS]), Effect::Fence);
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
        assert_eq!(lane.on(Event::Ended(Outcome::Unknown), NOW), Effect::AwaitOwnership);
        assert_eq!(lane.on(Event::Owned, NOW), Effect::Fence);
        for event in [Event::Fenced, NEWS, Event::Proved, COMMITTED] {
            lane.on(event, NOW);
        }
    }
}
