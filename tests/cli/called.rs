//! Help, usage errors, pages.

use crate::onefill;

const COMMANDS: &[&[&str]] = &[
    &["init"],
    &["check"],
    &["run"],
    &["submit"],
    &["control"],
    &["control", "halt"],
    &["control", "reduce"],
    &["control", "resume"],
    &["control", "cancel-all"],
    &["control", "release"],
    &["control", "adjust"],
    &["control", "limit"],
    &["control", "instrument"],
    &["prices"],
    &["prices", "set"],
    &["status"],
    &["audit"],
    &["audit", "verify"],
    &["audit", "show"],
    &["audit", "explain"],
    &["audit", "export"],
    &["state"],
    &["cursor", "restore"],
    &["recover"],
    &["demo"],
    &["explain"],
];

#[test]
fn every_command_has_help_on_the_standard_output() {
    for command in COMMANDS {
        let called = onefill(&[command, &["--help"][..]].concat());
        assert_eq!(called.status, 0, "{command:?}: {}", called.err);
        assert!(called.out.contains("Usage: onefill") && called.err.is_empty(), "{command:?}");
        for flag in ["--bootstrap", "--prefix", "--config", "--dev"] {
            assert!(called.out.contains(flag), "{command:?} names {flag}");
        }
    }
}

#[test]
fn the_help_names_every_command_and_the_exit_statuses() {
    let called = onefill(&["--help"]);
    for command in COMMANDS {
        assert!(called.out.contains(&format!("\n  {}", command[0])), "{command:?}");
    }
    assert!(called.out.contains("3 refused by preflight"));
}

#[test]
fn a_wrong_call_ends_with_2_and_prints_nothing_on_the_standard_output() {
    for arguments in [
        &["nonsense"][..],
        &[],
        &["init", "--partitions", "0"],
        &["init", "--partitions", "many"],
        &["check", "--output", "xml"],
        &["control"],
        &["control", "instrument"],
        &["prices"],
        &["submit", "--timeout", "0"],
        &["explain", "NO_SUCH_CODE"],
        &["state"],
        &["state", "--account", "A 1"],
        &["state", "--account", "A1", "--at", "last"],
        &["audit", "explain", "A1"],
        &["audit", "verify", "--recompute", "--expect", "0:1"],
    ] {
        let called = onefill(arguments);
        assert_eq!(called.status, 2, "{arguments:?}: {}", called.err);
        assert!(called.out.is_empty() && !called.err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn explain_prints_the_page_and_corrects_a_slip() {
    let page = onefill(&["explain", "cursor-mismatch"]);
    assert_eq!(page.status, 0);
    assert!(page.out.starts_with("# CURSOR_MISMATCH\n"));
    assert!(!page.out.contains('\x1b'), "no colours in a pipe");

    let slip = onefill(&["explain", "INTENT_TO_OLD"]);
    assert!(slip.err.contains("did you mean INTENT_TOO_OLD?"), "{}", slip.err);

    let all = onefill(&["explain"]);
    assert!(all.out.contains("CHAIN_BROKEN") && all.out.contains("GROSS_NOTIONAL_EXCEEDED"));
}

#[test]
fn rights_are_granted_to_whoever_is_named_and_a_dry_run_asks_nobody() {
    let refused = |arguments: &[&str], word: &str| {
        let called = onefill(&[&["init"], arguments].concat());
        assert_eq!(called.status, 2, "{arguments:?}: {}", called.err);
        assert!(called.err.contains(word), "{arguments:?}: {}", called.err);
    };
    refused(&["--acls"], "--principal");
    refused(&["--principal", "User:router"], "--acls");
    refused(&["--dry-run"], "--acls");
    refused(&["--acls", "--principal", "router"], "such as User:router");
    refused(&["--acls", "--principal", "User:router", "--dry-run", "--genesis"], "--genesis");

    let parties = ["--principal", "User:CN=a b", "--gateway", "User:v1", "--gateway", "User:v2"];
    let told =
        onefill(&[&["init", "--bootstrap", "nowhere:1", "--acls", "--dry-run"], &parties[..]].concat());
    assert_eq!(told.status, 0, "{}", told.err);
    let lines: Vec<&str> = told.out.lines().collect();
    assert_eq!(lines.len(), 12 + 2 + 2, "{}", told.out);
    let beginning = "kafka-acls.sh --bootstrap-server nowhere:1 --add --allow-principal";
    assert_eq!(
        (lines[0], lines[15]),
        (
            format!("{beginning} 'User:CN=a b' --operation Read --operation DescribeConfigs --topic onefill.intents")
                .as_str(),
            format!("{beginning} User:v2 --operation Read --topic onefill.orders").as_str()
        )
    );
}
