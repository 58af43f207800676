//! What is aimed at, beside what was measured: ratios of one round, or seconds, and their median.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Fault;
use crate::peers::Peer;
use crate::results::{Latency, Line, Restart, Throughput};
use crate::tables::{Series, latencies, restarts, series, short, throughputs};

/// Partitions of the comparisons with Kafka Streams, and of restarts.
const PARTITIONS: i32 = 4;
/// Keys of a restart.
const KEYS: u64 = 10_000_000;

/// A bound on a number.
enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

impl Aim {
    const fn is_met(&self, number: f64) -> bool {
        match self {
            Self::AtLeast(bound) => number >= *bound,
            Self::AtMost(bound) => number <= *bound,
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
    measured: Series,
}

/// The table; empty when nothing that is aimed at was measured.
pub fn table(lines: &[Line]) -> Result<String, Fault> {
    let rows: Vec<Row> =
        [backlog_rows(lines), latency_rows(lines), restart_rows(lines)].into_iter().flatten().collect();
    let mut text = String::new();
    if rows.iter().all(|row| row.measured.0.is_empty()) {
        return Ok(text);
    }
    writeln!(
        text,
        "### What is aimed at\n\n| onefill's | aim | measured | met |\n| --- | --- | ---: | --- |"
    )?;
    for Row { what, aim, measured } in rows {
        let met = match measured.median() {
            None => "not measured",
            Some(median) if aim.is_met(median) => "yes",
            Some(_) => "**no**",
        };
        writeln!(text, "| {what} | {} | {measured} | {met} |", aim.words())?;
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
    let row = |what: &str, aim, measured| Row { what: what.to_owned(), aim, measured };
    let (disk, in_memory) = (Peer::StreamsDisk, Peer::StreamsMemory);
    vec![
        row("intents/s over those of the bare loop", Aim::AtLeast(0.9), over(Peer::Bare, rate)),
        row("intents/s over those of Kafka Streams with RocksDB", Aim::AtLeast(4.0), over(disk, rate)),
        row("intents/s over those of Kafka Streams in memory", Aim::AtLeast(2.0), over(in_memory, rate)),
        row("peak memory over that of Kafka Streams with RocksDB", Aim::AtMost(0.2), over(disk, memory)),
        row("peak memory over that of Kafka Streams in memory", Aim::AtMost(0.2), over(in_memory, memory)),
        row(
            "processor time over that of its broker, from a backlog",
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
        let what = format!("{name} over that of Kafka Streams at its best for latency, 2000/s");
        let measured = over(PARTITIONS, 2_000, Peer::StreamsPrompt, number);
        rows.push(Row { what, aim: Aim::AtMost(bound), measured });
    }
    for partitions in [1, PARTITIONS] {
        for rate in [500, 2_000] {
            for (name, number) in quantiles {
                let what = format!("{name} over that of the bare loop, {rate}/s, partitions: {partitions}");
                let measured = over(partitions, rate, Peer::Bare, number);
                rows.push(Row { what, aim: Aim::AtMost(1.2), measured });
            }
        }
    }
    rows
}

fn restart_rows(lines: &[Line]) -> Vec<Row> {
    let found = restarts(lines);
    let of = |number: fn(&Restart) -> f64| {
        series(found.get(&(PARTITIONS, KEYS)).map_or(&[][..], Vec::as_slice), number)
    };
    vec![
        Row {
            what: format!("seconds from its start until all lanes decide, with {KEYS} keys and a checkpoint"),
            aim: Aim::AtMost(2.0),
            measured: of(|one| one.from_checkpoint.seconds),
        },
        Row {
            what: format!("rate from its trail over that of a bare consumer, with {KEYS} keys"),
            aim: Aim::AtLeast(0.8),
            measured: of(Restart::over_bare),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Start;

    #[test]
    fn a_bound_is_met_on_its_own_side() {
        assert!(Aim::AtLeast(2.0).is_met(2.0) && !Aim::AtLeast(2.0).is_met(1.9));
        assert!(Aim::AtMost(0.5).is_met(0.5) && !Aim::AtMost(0.5).is_met(0.6));
    }

    #[test]
    fn a_restart_of_ten_million_keys_is_held_against_its_aims_and_no_other() {
        let start = |seconds| Start { seconds, entries: 1, peak_memory_mib: 1.0 };
        let line = |keys, seconds| {
            Line::Restart(Restart {
                peer: Peer::Onefill.name().to_owned(),
                partitions: PARTITIONS,
                keys,
                from_checkpoint: start(seconds),
                from_trail: start(100.0),
                bare_seconds: 90.0,
            })
        };
        assert_eq!(table(&[line(1_000_000, 0.5)]).unwrap(), "");
        let page = table(&[line(KEYS, 1.5), line(KEYS, 2.5), line(KEYS, 1.75)]).unwrap();
        assert!(page.contains("and a checkpoint | at most 2.00 | 1.75 (1.50 to 2.50) | yes |"), "{page}");
        assert!(page.contains("with 10000000 keys | at least 0.80 | 0.90 (0.90 to 0.90) | yes |"), "{page}");
        assert!(table(&[line(KEYS, 2.5)]).unwrap().contains("| at most 2.00 | 2.50 | **no** |"));
    }
}
