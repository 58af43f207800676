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
