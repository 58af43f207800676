//! What operators say is checked before anybody is asked: the lanes would answer it INVALID, and halt trading.

use crate::onefill;

/// Nobody is asked: where somebody was, the status would be 1.
const NOBODY: [&str; 2] = ["--bootstrap", "127.0.0.1:1"];

/// The call ends with 2, prints nothing on the standard output, and says all of these.
fn refused(arguments: &[&str], said: &[&str]) {
    let called = onefill(&[arguments, &NOBODY].concat());
    assert_eq!(called.status, 2, "{arguments:?}: {}", called.err);
    assert!(called.out.is_empty(), "{arguments:?}: {}", called.out);
    for words in said {
        assert!(called.err.contains(words), "{arguments:?} says {words}: {}", called.err);
    }
}

#[test]
fn a_command_is_about_exactly_one_scope() {
    for command in [
        &["halt"][..],
        &["reduce", "--resumes", "h"],
        &["resume", "--resumes", "h"],
        &["cancel-all", "--command-id", "c"],
    ] {
        let command = [&["control"], command, &["--reason", "r"]].concat();
        let with = |scope: &[&'static str], said: &[&str]| refused(&[&command[..], scope].concat(), said);
        with(&[], &["--global", "--account", "--instrument", "--lane"]);
        with(&["--global", "--account", "A"], &["--global", "--account"]);
        with(&["--instrument", "I", "--lane", "1"], &["--instrument", "--lane"]);
        with(&["--strategy", "S"], &["--account"]);
        with(&["--global", "--strategy", "S"], &["--global", "--strategy"]);
        with(&["--lane", "1", "--strategy", "S"], &["--lane", "--strategy"]);
        with(&["--instrument", "I", "--strategy", "S"], &["--instrument", "--strategy"]);
        with(&["--lane", "-1"], &["--lane"]);
        with(&["--account", "a/b"], &["--account", "an id is"]);
    }
}

#[test]
fn a_command_says_why_and_a_resume_whose_halt_it_lifts() {
    refused(&["control", "halt", "--global"], &["--reason"]);
    refused(&["control", "halt", "--global", "--reason", " "], &["--reason", "it says nothing"]);
    refused(&["control", "halt", "--global", "--reason", "r", "--by", ""], &["--by"]);
    refused(&["control", "halt", "--global", "--reason", "r", "--command-id", "a b"], &["--command-id"]);
    refused(&["control", "resume", "--global", "--reason", "r"], &["--resumes"]);
    let long = "x".repeat(65_536);
    refused(
        &["control", "halt", "--global", "--reason", &long],
        &["bytes, 65536 are allowed", "nothing was sent"],
    );
}

#[test]
fn a_release_names_one_order_and_an_adjustment_a_quantity() {
    let release = ["control", "release", "--account", "A", "--reason", "r"];
    let with = |more: &[&'static str], said: &[&str]| refused(&[&release, more].concat(), said);
    with(&[], &["--order", "--client-order-id"]);
    with(&["--order", "o-17"], &["--order", "32 lower-case hex digits"]);
    with(
        &["--order", "66b2ccceddb57e04ce745fedd16ebfa2", "--client-order-id", "o-1"],
        &["--client-order-id"],
    );
    let adjust = ["control", "adjust", "--account", "A", "--instrument", "I", "--reason", "r"];
    let with = |more: &[&'static str], said: &[&str]| refused(&[&adjust, more].concat(), said);
    with(&[], &["--qty"]);
    with(&["--qty", "1e3"], &["--qty", "a decimal is"]);
    with(&["--qty", "-0.0000000000000000001"], &["--qty", "18 after it"]);
}

#[test]
fn a_limit_that_cannot_be_obeyed_is_refused_by_its_flag() {
    let limit = ["control", "limit", "--limit-id", "L", "--account", "A", "--reason", "r"];
    for (more, said) in [
        (&["--max-order-qty", "-1"][..], &["--max-order-qty", "below zero"][..]),
        (&["--max-long-qty", "many"], &["--max-long-qty", "a decimal is"]),
        (&["--max-short-qty", "123456789012345678901"], &["--max-short-qty", "20 digits"]),
        (&["--max-gross-notional", "5"], &["--currency"]),
        (&["--max-open-orders", "-1"], &["--max-open-orders"]),
        (&["--price-collar-bps", "0.5"], &["--price-collar-bps"]),
        (&["--ref-max-age-ms", "-1"], &["--ref-max-age-ms"]),
        (&["--max-orders", "5"], &["--orders-window-ms"]),
        (&["--orders-window-ms", "5"], &["--max-orders"]),
        (&["--max-orders", "5", "--orders-window-ms", "3600001"], &["--orders-window-ms", "0..=3600000"]),
        (&["--dup-window-ms", "3600001"], &["--dup-window-ms", "0..=3600000"]),
        (&["--market-orders", "some"], &["--market-orders", "ALLOW, REJECT"]),
        (&["--on-anomaly", "stop"], &["--on-anomaly", "WARN, REDUCE, HALT"]),
        (&["--instrument", "a b"], &["--instrument"]),
        (&["--version", "-1"], &["--version"]),
        (&["--global"], &["--global", "--account"]),
        (&["--file", "limits.jsonl"], &["--file"]),
    ] {
        refused(&[&limit[..], more].concat(), said);
    }
    refused(&["control", "limit", "--global", "--reason", "r"], &["--limit-id"]);
    refused(&["control", "limit", "--global", "--limit-id", "L"], &["--reason"]);
    refused(&["control", "limit", "--limit-id", "L", "--reason", "r"], &["--global", "--account", "--file"]);
    let strategy = ["--global", "--strategy", "S", "--limit-id", "L", "--reason", "r"];
    refused(&[&["control", "limit"], &strategy[..]].concat(), &["--global", "--strategy"]);
}

#[test]
fn a_bad_row_is_named_and_none_of_the_file_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("limits.jsonl");
    let path = path.to_str().unwrap();
    let good = r#"{"limit_id":"L","scope_type":"GLOBAL"}"#;
    for (row, said) in [
        (
            r#"{"limit_id":"L","scope_type":"ACCOUNT","scope_id":"A","max_orders":5}"#,
            "orders_window_ms: missing beside max_orders",
        ),
        (r#"{"limit_id":"L","scope_type":"EVERYBODY"}"#, "scope_type is"),
        (r#"{"limit_id":"L","scope_type":"GLOBAL","max_qty":"5"}"#, "\"max_qty\" is no field of a limit"),
        ("[]", "no JSON object"),
    ] {
        std::fs::write(path, format!("{good}\n\n{row}\n")).unwrap();
        let place = format!("{path}:3: ");
        refused(&["control", "limit", "--file", path, "--reason", "r"], &[&place, said, "nothing was sent"]);
    }
    std::fs::write(path, "\n").unwrap();
    refused(&["control", "limit", "--file", path], &[path, "has no records"]);
    refused(&["prices", "set", "--file", path], &[path, "has no records"]);
    std::fs::write(path, good).unwrap();
    refused(&["control", "limit", "--file", path], &["reason is missing"]);
}

#[test]
fn steps_of_an_instrument_are_above_zero() {
    let instrument = ["control", "instrument", "ES.CME", "--currency", "USD"];
    let with = |more: &[&'static str], said: &[&str]| refused(&[&instrument, more].concat(), said);
    with(&["--tick", "0", "--lot", "1"], &["--tick", "above zero"]);
    with(&["--tick", "1", "--lot", "-1"], &["--lot"]);
    with(&["--tick", "1", "--lot", "1", "--multiplier", "0"], &["--multiplier", "above zero"]);
    with(&["--tick", "1", "--lot", "1", "--status", "OPEN"], &["--status", "TRADING, HALTED, CLOSED"]);
    refused(
        &["control", "instrument", "ES", "--currency", "USD", "--tick", "1", "--lot", "1"],
        &["venue is missing"],
    );
}

#[test]
fn a_price_that_would_be_dropped_is_refused() {
    refused(&["prices", "set"], &["INSTRUMENT", "PRICE"]);
    refused(&["prices", "set", "X.Y", "1e3"], &["PRICE", "a decimal is"]);
    refused(&["prices", "set", "X Y", "1"], &["INSTRUMENT", "an id is"]);
    refused(&["prices", "set", "X.Y", "1", "--source", "bid"], &["--source", "MARK, MID, LAST"]);
    refused(&["prices", "set", "X.Y", "1", "--quality", "bad"], &["--quality", "GOOD, INDICATIVE"]);
    refused(&["prices", "set", "X.Y", "1", "--as-of", "today"], &["--as-of", "nanoseconds since 1970"]);
    let ahead = i64::MAX.to_string();
    refused(&["prices", "set", "X.Y", "1", "--as-of", &ahead], &["as_of is 2262", "ahead of this clock"]);
}

#[test]
fn the_help_says_units_and_ranges() {
    for (command, said) in [
        (
            &["control", "limit"][..],
            &["in milliseconds, up to 3600000", "hundredths of a percent", "0 means zero"][..],
        ),
        (&["control", "resume"], &["anomaly-PARTITION-SEQ", "audit show --kind CONTROL"]),
        (&["control", "adjust"], &["whole lots", "--qty <SIGNED>"]),
        (&["prices", "set"], &["nanoseconds since 1970", "INDICATIVE", "prices set ESZ6.XCME 5000.25"]),
    ] {
        let help =
            onefill(&[command, &["--help"]].concat()).out.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in said {
            assert!(help.contains(words), "{command:?} says {words}: {help}");
        }
    }
}
