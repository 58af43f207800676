//! What is aimed at, beside what was measured: ratios of one round, and their median.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Fault;
use crate::peers::Peer;
use crate::results::{Latency, Line, Throughput};
use crate::tables::{Series, latencies, series, short, throughputs};

/// Partitions of the comparisons with Kafka Streams.
const PARTITIONS: i32 = 4;

/// A bound on a ratio.
enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

impl Aim {
    const fn is_met(&self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(bound) => ratio >= *bound,
            Self::AtMost(bound) => ratio <= *bound,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::AtLeast(bound) => format!("at least {}", short(*bound)),
            Self::AtMost(bound) => format!("at most {}", short(*bound)),
        }
    }
}

struct Row {
    what: String,
    aim: Aim,
    ratio: Series,
}

/// The table; empty when nothing that is aimed at was measured.
pub fn table(lines: &[Line]) -> Result<String, Fault> {
    let rows: Vec<Row> = backlog_rows(lines).into_iter().chain(latency_rows(lines)).collect();
    let mut text = String::new();
    if rows.iter().all(|row| row.ratio.0.is_empty()) {
        return Ok(text);
    }
    writeln!(
        text,
        "### What is aimed at\n\n| onefill over | aim | measured | met |\n| --- | --- | ---: | --- |"
    )?;
    for Row { what, aim, ratio } in rows {
        let met = match ratio.median() {
            None => "not measured",
            Some(median) if aim.is_met(median) => "yes",
            Some(_) => "**no**",
        };
        writeln!(text, "| {what} | {} | {ratio} | {met} |", aim.words())?;
    }
    writeln!(text)?;
    Ok(text)
}

fn backlog_rows(lines: &[Line]) -> Vec<Row> {
    let found = throughputs(lines);
    let of = |peer: Peer, number: fn(&Throughput) -> f64| {
        series(found.get(&(PARTITIONS, peer.name().to_owned())).map_or(&[][..], Vec::as_slice), number)
    };
    let rate = |one: &Throughput| one.per_second;
    let memory = |one: &Throughput| one.peak_memory_mib;
    let over = |peer, number: fn(&Throughput) -> f64| of(Peer::Onefill, number).over(&of(peer, number));
    let row = |what: &str, aim, ratio| Row { what: what.to_owned(), aim, ratio };
    vec![
        row("intents/s of the bare loop", Aim::AtLeast(0.9), over(Peer::Bare, rate)),
        row("intents/s of Kafka Streams with RocksDB", Aim::AtLeast(4.0), over(Peer::StreamsDisk, rate)),
        row("intents/s of Kafka Streams in memory", Aim::AtLeast(2.0), over(Peer::StreamsMemory, rate)),
        row("peak memory of Kafka Streams with RocksDB", Aim::AtMost(0.2), over(Peer::StreamsDisk, memory)),
        row("peak memory of Kafka Streams in memory", Aim::AtMost(0.2), over(Peer::StreamsMemory, memory)),
        row(
            "processor time of its broker, from a backlog",
            Aim::AtMost(1.0),
            of(Peer::Onefill, |one| one.router_cpu_s).over(&of(Peer::Onefill, |one| one.broker_cpu_s)),
        ),
    ]
}

fn latency_rows(lines: &[Line]) -> Vec<Row> {
    let found = latencies(lines);
    let over = |partitions: i32, rate: u64, peer: Peer, number: fn(&Latency) -> f64| {
        let of = |peer: Peer| -> Series {
            let all: &BTreeMap<_, _> = &found;
            let one = all.get(&(partitions, rate, peer.name().to_owned()));
            series(one.map_or(&[][..], Vec::as_slice), number)
        };
        of(Peer::Onefill).over(&of(peer))
    };
    type Number = fn(&Latency) -> f64;
    let quantiles: [(&str, Number); 2] = [("p50", |one| one.p50_ms), ("p99", |one| one.p99_ms)];
    let mut rows = Vec::new();
    for ((name, number), bound) in quantiles.into_iter().zip([0.5, 0.25]) {
        let what = format!("{name} of Kafka Streams at its best for latency, 2000/s");
        let ratio = over(PARTITIONS, 2_000, Peer::StreamsPrompt, number);
        rows.push(Row { what, aim: Aim::AtMost(bound), ratio });
    }
    for partitions in [1, PARTITIONS] {
        for rate in [500, 2_000] {
            for (name, number) in quantiles {
                let what = format!("{name} of the bare loop, {rate}/s, partitions: {partitions}");
                let ratio = over(partitions, rate, Peer::Bare, number);
                rows.push(Row { what, aim: Aim::AtMost(1.2), ratio });
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_met_on_its_own_side() {
        assert!(Aim::AtLeast(2.0).is_met(2.0) && !Aim::AtLeast(2.0).is_met(1.9));
        assert!(Aim::AtMost(0.5).is_met(0.5) && !Aim::AtMost(0.5).is_met(0.6));
    }
}
