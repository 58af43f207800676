//! Measures onefill beside two peers on one real broker, in turn, again and again: the bare client in a
//! loop, and Kafka Streams. Start at [`plan`]; how a peer is started is in [`peers`], what is measured in
//! [`throughput`] and [`latency`].
//!
//! It writes what it measured to `target/bench/results.jsonl`, and from there to `docs/BENCHMARKS.md`.

mod aims;
mod bare;
mod broker;
mod charts;
mod intents;
mod latency;
mod orders;
mod peers;
mod plan;
mod process;
mod report;
mod restart;
mod results;
mod steps;
mod tables;
mod throughput;
mod world;

use clap::{Parser, Subcommand};

/// Any reason to stop.
type Fault = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
#[command(about = "Measures onefill beside the bare client and Kafka Streams")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Measure, and write docs/BENCHMARKS.md
    Run(plan::Run),
    /// Write docs/BENCHMARKS.md again, from what was measured last
    Report,
    /// One peer of the measurement, the bare loop: it runs until it is ended
    Bare(bare::Bare),
}

fn main() -> Result<(), Fault> {
    match Arguments::parse().what {
        What::Run(run) => run.run(),
        What::Report => report::write(),
        What::Bare(bare) => bare.run(),
    }
}
