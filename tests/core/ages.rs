//! Check 4: how old an intent may be, by the settings and by limits.

use onefill::core::control::{ControlRecord, RiskLimit, Scope};
use onefill::core::intent::Intent;
use onefill::core::settings::Settings;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::{GROUPS, buy, cancel, no_limit, placed, replace, scope_of};
use crate::world::{World, at, compared, future};

const MILLIS: i64 = 1_000_000;

/// A lane by these settings, with an order `k-0`, and with limits of the age in these groups.
fn world(max_intent_age_ms: i64, limits: &[(usize, i64)]) -> World {
    let mut world = World::with_settings(Settings { max_intent_age_ms, ..Settings::default() });
    world.control(Ok(ControlRecord::Instrument(future())));
    world.accept(buy("k-0", "10", "100"));
    for (group, max_intent_age_ms) in limits {
        let name = ["L-0", "L-1", "L-2", "L-3", "L-4", "L-5"][*group];
        let limit = RiskLimit { max_intent_age_ms: Some(*max_intent_age_ms), ..no_limit(name) };
        world.limit(placed(GROUPS[*group], limit));
    }
    world
}

fn too_old(limit: &'static str, observed: &'static str) -> FailedCheck {
    compared(Reason::IntentTooOld, limit, observed)
}

/// What intents of this age in nanoseconds are refused for: a NEW and a REPLACE. A CANCEL never is.
fn check(settings: i64, limits: &[(usize, i64)], age: i64, due: Option<FailedCheck>) {
    let created = |intent| Intent { created_at: at(-age), ..intent };
    for intent in [buy("k-1", "10", "100"), replace("k-1", "k-0", "9")] {
        let refused = world(settings, limits).refused(created(intent));
        assert_eq!(refused, Vec::from_iter(due), "{age} ns by {settings} and {limits:?}");
    }
    assert_eq!(world(settings, limits).refused(created(cancel("k-1", "k-0"))), []);
}

#[test]
fn the_settings_bound_the_age_where_no_limit_does() {
    check(5_000, &[], 5_000 * MILLIS, None);
    check(5_000, &[], 5_000 * MILLIS + 1, Some(too_old("5000", "5000.000001")));
    check(1, &[], MILLIS, None);
    check(1, &[], MILLIS + 1, Some(too_old("1", "1.000001")));
    check(0, &[], i64::MAX / 2, None);
}

#[test]
fn a_limit_stands_in_their_place_longer_or_shorter() {
    for (place, group) in GROUPS.into_iter().enumerate() {
        let scope = scope_of(group);
        for settings in [0, 5_000] {
            check(settings, &[(place, 9_000)], 9_000 * MILLIS, None);
            let late = too_old("9000", "9000.000001").by(scope);
            check(settings, &[(place, 9_000)], 9_000 * MILLIS + 1, Some(late));
            check(settings, &[(place, 0)], 0, None);
            check(settings, &[(place, 0)], 1, Some(too_old("0", "0.000001").by(scope)));
            check(settings, &[(place, 0)], -1, None);
        }
    }
}

#[test]
fn the_strictest_limit_counts_and_the_narrowest_that_refuses_is_named() {
    let all = [(0, 7), (1, 6), (2, 5), (3, 8), (4, 9), (5, 4)];
    check(5_000, &all, 4 * MILLIS, None);
    check(5_000, &all, 5 * MILLIS, Some(too_old("4", "5").by(Scope::Global)));
    check(5_000, &all, 6 * MILLIS, Some(too_old("5", "6").by(Scope::Account)));
    check(5_000, &all, 8 * MILLIS, Some(too_old("7", "8").by(Scope::Strategy)));
}
