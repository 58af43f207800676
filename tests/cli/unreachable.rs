//! Brokers that do not answer: status 1, who was asked and why it failed, and an end in bounded time.

use std::time::{Duration, Instant};

use crate::onefill;

/// Nothing listens on this port, and the refusal comes at once.
const NOBODY: &str = "127.0.0.1:1";
/// 5 s for the first answer, and as much again for a busy machine.
const PATIENCE: Duration = Duration::from_secs(15);

#[test]
fn a_cluster_that_does_not_answer_is_a_failure_with_its_address() {
    let intent =
        ["--account", "A", "--strategy", "S", "--instrument", "X.Y", "--type", "CANCEL", "--order", "o"];
    for arguments in [
        vec!["init", "--dev"],
        vec!["check"],
        vec!["state", "--account", "A1"],
        vec!["audit", "verify", "--recompute"],
        [&["submit"], &intent[..]].concat(),
        vec!["control", "halt", "--global", "--reason", "r"],
        vec!["prices", "set", "X.Y", "1"],
    ] {
        let begun = Instant::now();
        let called = onefill(&[&arguments[..], &["--bootstrap", NOBODY]].concat());
        assert_eq!(called.status, 1, "{arguments:?}: {}", called.err);
        assert!(
            called.err.contains(NOBODY) && called.err.contains("refused"),
            "{arguments:?}: {}",
            called.err
        );
        assert!(called.out.is_empty(), "{arguments:?}: {}", called.out);
        assert!(begun.elapsed() < PATIENCE, "{arguments:?} took {:?}", begun.elapsed());
    }
}
