//! The command line from outside: the built binary, its exit statuses, its words. No Kafka is needed.

#![cfg(feature = "cli")]

mod called;
mod configured;
mod operators;
mod unreachable;

use std::process::{Command, Output, Stdio};

/// What a call printed, and how it ended.
struct Called {
    status: i32,
    out: String,
    err: String,
}

/// Calls the binary with these arguments, and with nothing of onefill's in its environment.
fn onefill(arguments: &[&str]) -> Called {
    called(&mut command(arguments))
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onefill"));
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("ONEFILL_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

fn called(command: &mut Command) -> Called {
    let Output { status, stdout, stderr } = command.output().expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Called { status: status.code().expect("no signal"), out: text(stdout), err: text(stderr) }
}
