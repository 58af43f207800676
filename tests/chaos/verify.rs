//! Everything is read back and held against everything else, by a program that shares no code with the router.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value as Json;

use crate::world::World;

/// Lanes that answer nothing any more, and those in which a test itself has broken what must hold.
#[derive(Clone, Debug, Default)]
pub struct Halted {
    pub lanes: Vec<i32>,
    pub sabotaged: Vec<i32>,
}

/// Checks all that there is, once it is at rest, and that all of `sent` was answered. How many records were read.
pub fn verify(world: &World, sent: Option<&Path>, halted: &Halted) -> u64 {
    let mut command = Command::new(checker());
    command.args(["--output", "json", "--bootstrap", &world.bootstrap, "--prefix", &world.prefix]);
    if let Some(sent) = sent {
        command.arg("--sent").arg(sent);
    }
    if !halted.lanes.is_empty() {
        let lanes: Vec<String> = halted.lanes.iter().map(i32::to_string).collect();
        command.args(["--expect-halted", &lanes.join(",")]);
    }
    let done = command.output().expect("the checker can be run");
    let (text, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    let report: Json =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{}: {text}{errors}", done.status));
    let violations = guarantees(&report).flat_map(|one| one["violations"].as_array().into_iter().flatten());
    // A control record that a broken trail does not answer is that trail's fault.
    let concerns = |one: &Json, lane: i32| {
        let is_of_lane = one["partition"] == lane && one["topic"] != world.topic("control");
        is_of_lane || one["found"].as_str().is_some_and(|found| found.contains(&format!("audit/{lane},")))
    };
    let unprovoked = |one: &&Json| !halted.sabotaged.iter().any(|lane| concerns(one, *lane));
    let unprovoked: Vec<&Json> = violations.filter(unprovoked).collect();
    assert!(unprovoked.is_empty(), "{}:\n{unprovoked:#?}", world.prefix);
    assert!(done.status.success() || !halted.sabotaged.is_empty(), "{}: {text}", done.status);
    let read = guarantees(&report).filter(|one| one["guarantee"] == "READ");
    read.filter_map(|one| one["counts"].as_object()).flatten().filter_map(|(_, count)| count.as_u64()).sum()
}

fn guarantees(report: &Json) -> impl Iterator<Item = &Json> {
    report["guarantees"].as_array().into_iter().flatten()
}

/// The checker is a package of its own, built as these tests are.
fn checker() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--locked", "--quiet", "--package", "onefill-checker"]);
        build.current_dir(env!("CARGO_MANIFEST_DIR")).args((!cfg!(debug_assertions)).then_some("--release"));
        assert!(build.status().is_ok_and(|status| status.success()), "the checker can be built");
        PathBuf::from(env!("CARGO_BIN_EXE_onefill")).with_file_name("onefill-checker")
    })
}
