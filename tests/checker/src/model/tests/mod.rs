//! What is recomputed is found to differ where it does: each test breaks a small world in one place.

mod control;
mod decisions;
mod reports;

use crate::world::World;

/// Whether a violation begins so.
fn has(violations: &[String], wanted: &str) -> bool {
    violations.iter().any(|it| it.starts_with(wanted))
}

#[track_caller]
fn found(world: &World, wanted: &[&str]) {
    let violations = world.violations();
    for wanted in wanted {
        assert!(has(&violations, wanted), "{wanted}\nin {violations:#?}");
    }
}

/// Holds as it is.
#[track_caller]
fn holds(world: &World) {
    assert_eq!(world.violations(), [""; 0]);
}
