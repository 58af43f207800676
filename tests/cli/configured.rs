//! A bad configuration: status 2, where it is wrong, how to mend it; secrets stay secret.

use crate::{called, command, onefill};

/// The path of a file with this content, kept as long as the directory.
fn file(content: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("onefill.toml");
    std::fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

fn refused(content: &str) -> String {
    let (_dir, path) = file(content);
    let called = onefill(&["check", "--config", &path]);
    assert_eq!(called.status, 2, "{content}: {}", called.err);
    assert!(called.err.contains(&path), "{}", called.err);
    called.err
}

#[test]
fn an_unknown_key_is_named_with_the_file_and_the_closest_key() {
    let words = refused("[decide]\nmax_intent_age = 5000\n");
    assert!(words.contains("decide.max_intent_age") && words.contains("did you mean"), "{words}");
}

#[test]
fn a_setting_that_a_guarantee_depends_on_is_refused_with_the_reason() {
    let words = refused("[kafka]\nenable.auto.commit = true\n");
    assert!(words.contains("enable.auto.commit") && words.contains("transaction"), "{words}");
    let words = refused("[kafka]\n\"group.id\" = \"x\"\n");
    assert!(words.contains("`group`"), "{words}");
}

#[test]
fn broken_toml_is_shown_with_its_line() {
    assert!(refused("bootstrap = \n").contains("line 1"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let called = onefill(&["check", "--config", "/nowhere/onefill.toml"]);
    assert_eq!(called.status, 2);
    assert!(called.err.contains("/nowhere/onefill.toml"), "{}", called.err);
}

#[test]
fn a_variable_that_is_misspelt_is_an_error() {
    let called = called(command(&["check"]).env("ONEFILL_BOTSTRAP", "localhost:1"));
    assert_eq!(called.status, 2);
    assert!(
        called.err.contains("ONEFILL_BOTSTRAP") && called.err.contains("ONEFILL_BOOTSTRAP"),
        "{}",
        called.err
    );
}

#[test]
fn a_flag_is_over_a_variable() {
    let variable = |command: &mut std::process::Command| called(command.env("ONEFILL_BOOTSTRAP", "bad"));
    assert!(variable(&mut command(&["check"])).err.contains("ONEFILL_BOOTSTRAP"));
    // The variable is still read, and still wrong: what is never used would otherwise hide its slip.
    assert_eq!(variable(&mut command(&["check", "--bootstrap", "localhost:1"])).status, 2);
    let flag = onefill(&["check", "--bootstrap", "worse"]);
    assert!(flag.err.contains("--bootstrap") && flag.status == 2, "{}", flag.err);
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let words = refused("[kafka]\nsasl.password = \"hunter2\"\n");
    assert!(words.contains("ONEFILL_KAFKA_SASL_PASSWORD") && !words.contains("hunter2"), "{words}");
}

#[test]
fn what_init_makes_may_be_said_by_variables() {
    let with = |name: &str, value: &str, arguments: &[&str]| {
        let called = called(command(arguments).env(name, value));
        assert_eq!(called.status, 2, "{arguments:?}: {}", called.err);
        called.err
    };
    for (name, value) in [("ONEFILL_PARTITIONS", "0"), ("ONEFILL_REPLICATION", "three")] {
        let words = with(name, value, &["init"]);
        assert!(words.contains(name) && words.contains(value), "{words}");
    }
    assert!(with("ONEFILL_REPLICATION", "1", &["init"]).contains("replication 1 can lose"));
    assert!(with("ONEFILL_REPLICATION", "3", &["init", "--replication", "2"]).contains("replication 2"));
    // Other commands pass them by: this one gets so far as to read its intent.
    assert!(with("ONEFILL_PARTITIONS", "5", &["submit"]).contains("account_id is missing"));
    let help = onefill(&["init", "--help"]).out;
    assert!(help.contains("ONEFILL_PARTITIONS") && help.contains("ONEFILL_REPLICATION"), "{help}");
}

#[test]
fn an_unsafe_replication_needs_dev() {
    let called = onefill(&["init", "--replication", "1", "--bootstrap", "127.0.0.1:1"]);
    assert_eq!(called.status, 2);
    assert!(called.err.contains("--dev"), "{}", called.err);
}

#[test]
fn a_bad_row_is_named_before_anybody_is_asked() {
    let (_dir, path) = file("{\"intent_type\":\"NEW\"}\n");
    let called = onefill(&["submit", &path, "--bootstrap", "127.0.0.1:1"]);
    assert_eq!(called.status, 2, "{}", called.err);
    assert!(
        called.err.contains(&format!("{path}:1")) && called.err.contains("nothing was sent"),
        "{}",
        called.err
    );
}

#[test]
fn a_field_that_is_named_twice_is_refused_before_anybody_is_asked() {
    let nobody = ["--bootstrap", "127.0.0.1:1"];
    let refused = |arguments: &[&str], said: &[&str]| {
        let called = onefill(&[&["submit"], arguments, &nobody].concat());
        assert_eq!(called.status, 2, "{arguments:?}: {}", called.err);
        for words in [said, &["nothing was sent"]].concat() {
            assert!(called.err.contains(words), "{arguments:?} says {words}: {}", called.err);
        }
    };
    let (_dir, path) = file("intent_type,order_qty,order_qty\nNEW,1,2\n");
    refused(&["--format", "csv", &path], &[&format!("{path}:1"), "`order_qty` is named twice"]);
    let (_dir, path) = file("\n{\"order_qty\":\"1\",\"order_qty\":\"2\"}\n");
    refused(&[&path], &[&format!("{path}:2"), "`order_qty` is named twice"]);

    refused(&["--qty", "1", "--field", "order_qty=5"], &["`order_qty` is named twice"]);
    refused(&["--field", "price=1", "--field", "price=1"], &["`price` is named twice"]);
    refused(&["--type", "NEW", "--field", "intent_type=CANCEL"], &["`intent_type` is named twice"]);
    refused(&["--tif", "DAY", "--field", "time_in_force=GTC"], &["`time_in_force` is named twice"]);
}

#[test]
fn a_default_stands_back_for_a_field() {
    for arguments in [["--field", "time_in_force=GTC"], ["--field", "intent_type=CANCEL"]] {
        let called = onefill(&[&["submit"], &arguments[..]].concat());
        assert!(called.err.contains("account_id is missing"), "{arguments:?}: {}", called.err);
    }
}
