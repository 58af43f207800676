//! What was measured: one line of JSON each, in order, in `target/bench/results.jsonl`.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Fault;
use crate::steps::Steps;

const PATH: &str = "target/bench/results.jsonl";

/// One measurement, or what was to be measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Line {
    Begun(Begun),
    Throughput(Throughput),
    Latency(Latency),
    Restart(Restart),
}

/// The machine and the command that the lines after it are from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Begun {
    pub command: String,
    pub cores: usize,
    pub memory_gib: u64,
    pub processor: String,
    pub day: String,
    pub entry_bytes: usize,
    pub order_bytes: usize,
}

/// A backlog that was worked off. Processor seconds are for each million intents.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Throughput {
    pub peer: String,
    pub partitions: i32,
    pub backlog: u64,
    pub per_second: f64,
    pub router_cpu_s: f64,
    pub broker_cpu_s: f64,
    pub peak_memory_mib: f64,
    pub steps: Option<Steps>,
}

/// The latencies of one run at a rate. Processor seconds are for each million intents.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Latency {
    pub peer: String,
    pub partitions: i32,
    pub rate: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub router_cpu_s: f64,
    pub broker_cpu_s: f64,
    pub steps: Option<Steps>,
}

/// A router that was ended in order, and started again: with the checkpoints that it had left, and without.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Restart {
    pub peer: String,
    pub partitions: i32,
    pub keys: u64,
    pub from_checkpoint: Start,
    pub from_trail: Start,
    /// In which a bare consumer has read that trail.
    pub bare_seconds: f64,
}

impl Restart {
    /// The rate at which the trail was restored, over that at which a bare consumer reads it: all that a
    /// process does until its lanes decide counts.
    pub fn over_bare(&self) -> f64 {
        self.bare_seconds / self.from_trail.seconds
    }
}

/// One of these starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Start {
    /// From the start of the process until all lanes decide.
    pub seconds: f64,
    /// Entries of the trail that it read.
    pub entries: u64,
    pub peak_memory_mib: f64,
}

/// Where lines are written to, as they come.
pub struct Results(File);

impl Results {
    /// Begins anew, or goes on after what is there.
    pub fn open(keep: bool) -> Result<Self, Fault> {
        if let Some(dir) = Path::new(PATH).parent() {
            fs::create_dir_all(dir)?;
        }
        let file = OpenOptions::new().create(true).append(keep).write(true).truncate(!keep).open(PATH)?;
        Ok(Self(file))
    }

    /// Writes a line, and says it.
    pub fn put(&mut self, line: &Line) -> Result<(), Fault> {
        let text = serde_json::to_string(line)?;
        println!("{text}");
        writeln!(self.0, "{text}")?;
        Ok(())
    }
}

/// Everything that was written.
pub fn read() -> Result<Vec<Line>, Fault> {
    let text = fs::read_to_string(PATH).map_err(|error| format!("{PATH}: {error}: nothing was measured"))?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}
