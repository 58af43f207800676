//! The demo, in short: it counts what it should, says so, and leaves nothing behind.

use crate::broker::broker;
use crate::command::Installation;

#[test]
fn the_demo_fills_once_what_no_limit_refuses_and_the_naive_router_does_not() {
    let out = tempfile::tempdir().expect("a temporary directory");
    let place = out.path().to_str().expect("its path is text");
    let here = Installation::new(broker(), "demo-test");
    let arguments =
        ["demo", "--seconds", "5", "--rate", "100", "--seed", "7", "--output", "json", "--out", place];
    let told = here.done(&arguments).json();
    let numbers = &told[0];
    let number = |path: &str| {
        numbers
            .pointer(path)
            .and_then(serde_json::Value::as_u64)
            .unwrap_or_else(|| panic!("{path}: {numbers:#}"))
    };
    let (attempts, intents, refused) = (number("/attempts"), number("/intents"), number("/refused"));
    assert!(intents > 0 && attempts > intents, "{numbers:#}");
    assert!(refused > number("/refused_for/TRADING_HALTED"), "a limit refuses, too: {numbers:#}");
    assert!(number("/refused_for/TRADING_HALTED") > 0 && refused < intents, "{numbers:#}");
    assert_eq!(number("/onefill/fills"), intents - refused, "{numbers:#}");
    assert_eq!(number("/duplicate_entries"), attempts - intents, "{numbers:#}");
    assert!(number("/naive/fills") >= attempts, "{numbers:#}");
    let (exposure, limit) = (number("/onefill/exposure"), number("/position_limit"));
    assert!(exposure > 0 && exposure <= limit && number("/naive/exposure") > exposure, "{numbers:#}");
    assert!(number("/kills") >= 1, "{numbers:#}");
    assert_eq!((&numbers["seed"], &numbers["findings"]), (&7.into(), &serde_json::json!([])));
    for name in ["chart.svg", "chart.png", "numbers.json", "table.txt"] {
        assert!(out.path().join(name).metadata().is_ok_and(|file| file.len() > 100), "{name}");
    }
}
