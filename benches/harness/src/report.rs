//! Writes what was measured into `docs/BENCHMARKS.md`, between two marks, and the charts beside it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::Fault;
use crate::peers::Peer;
use crate::results::{self, Begun, Latency, Line, Restart, Start, Throughput};
use crate::steps::{STEPS, Steps};
use crate::tables::{Series, latencies, restarts, series, throughputs};
use crate::{aims, charts};

const PAGE: &str = "docs/BENCHMARKS.md";
const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->";

/// Replaces the measured part of the page.
pub fn write() -> Result<(), Fault> {
    let lines = results::read()?;
    let page = fs::read_to_string(PAGE)?;
    let (before, rest) = page.split_once(BEGIN).ok_or("the page has no mark to begin at")?;
    let (_, after) = rest.split_once(END).ok_or("the page has no mark to end at")?;
    fs::write(PAGE, format!("{before}{BEGIN}{}{END}{after}", measured(&lines)?))?;
    charts::draw(&lines)
}

/// How a peer is called on the page.
pub fn title(peer: &str) -> &'static str {
    match Peer::ALL.into_iter().find(|one| one.name() == peer) {
        Some(Peer::Onefill) => "onefill",
        Some(Peer::Before) => "onefill, before a change",
        Some(Peer::Bare) => "bare loop, one a partition",
        Some(Peer::BareOne) => "bare loop, one for all",
        Some(Peer::StreamsDisk) => "Kafka Streams, RocksDB",
        Some(Peer::StreamsMemory) => "Kafka Streams, in memory",
        Some(Peer::StreamsPrompt) => "Kafka Streams, for latency",
        None => "unknown",
    }
}

fn measured(lines: &[Line]) -> Result<String, Fault> {
    let mut text = String::from("\n");
    for line in lines {
        if let Line::Begun(begun) = line {
            text += &origin(begun)?;
        }
    }
    text += &aims::table(lines)?;
    let (backlogs, waits) = (throughputs(lines), latencies(lines));
    text += &backlog_table(&backlogs)?;
    text += &latency_table(&waits)?;
    text += &cost_table(&waits)?;
    text += &step_table(lines)?;
    text += &restart_table(&restarts(lines))?;
    Ok(text)
}

fn origin(begun: &Begun) -> Result<String, Fault> {
    let Begun { command, cores, memory_gib, processor, day, entry_bytes, order_bytes } = begun;
    let mut text = String::new();
    writeln!(
        text,
        "Measured on {day} with `onefill-bench {command}`, on {cores} cores ({processor}) and {memory_gib} GiB, \
         which the broker shares. Values are {entry_bytes} bytes on `audit` and {order_bytes} on `orders`.\n"
    )?;
    Ok(text)
}

fn backlog_table(found: &BTreeMap<(i32, String), Vec<Throughput>>) -> Result<String, Fault> {
    let mut text = String::new();
    if found.is_empty() {
        return Ok(text);
    }
    let backlog = found.values().flatten().map(|one| one.backlog).max().unwrap_or_default();
    writeln!(text, "### A backlog of {backlog} intents\n")?;
    writeln!(text, "![Intents a second from a backlog](benchmarks/throughput.svg)\n")?;
    writeln!(
        text,
        "| partitions | who | intents/s | onefill's over it | router's CPU, s | broker's CPU, s | peak memory, MiB | its over onefill's |\n\
         | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    )?;
    for ((partitions, peer), all) in in_order(found, |(partitions, peer)| (*partitions, peer.clone())) {
        let ours = found.get(&(*partitions, "onefill".to_owned()));
        let over = |number: fn(&Throughput) -> f64| {
            ours.map(|ours| series(ours, number).over(&series(all, number))).unwrap_or_default()
        };
        let memory = |one: &Throughput| one.peak_memory_mib;
        let more = ours.map(|ours| series(all, memory).over(&series(ours, memory))).unwrap_or_default();
        writeln!(
            text,
            "| {partitions} | {} | {} | {} | {} | {} | {} | {} |",
            title(peer),
            series(all, |one| one.per_second),
            over(|one| one.per_second),
            series(all, |one| one.router_cpu_s),
            series(all, |one| one.broker_cpu_s),
            series(all, memory),
            more,
        )?;
    }
    writeln!(text)?;
    Ok(text)
}

fn latency_table(found: &BTreeMap<(i32, u64, String), Vec<Latency>>) -> Result<String, Fault> {
    let mut text = String::new();
    if found.is_empty() {
        return Ok(text);
    }
    writeln!(text, "### Latency\n\n![Latency by rate](benchmarks/latency.svg)\n")?;
    writeln!(
        text,
        "| partitions | intents/s | who | p50, ms | p99, ms | p99.9, ms | onefill's p50 over it | onefill's p99 over it |\n\
         | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |"
    )?;
    let key = |(partitions, rate, peer): &(i32, u64, String)| (*partitions, *rate, peer.clone());
    for ((partitions, rate, peer), all) in in_order(found, |at| {
        let (partitions, rate, peer) = key(at);
        ((partitions, rate), peer)
    }) {
        let ours = found.get(&(*partitions, *rate, "onefill".to_owned()));
        let over = |number: fn(&Latency) -> f64| -> Series {
            ours.map(|ours| series(ours, number).over(&series(all, number))).unwrap_or_default()
        };
        writeln!(
            text,
            "| {partitions} | {rate} | {} | {} | {} | {} | {} | {} |",
            title(peer),
            series(all, |one| one.p50_ms),
            series(all, |one| one.p99_ms),
            series(all, |one| one.p999_ms),
            over(|one| one.p50_ms),
            over(|one| one.p99_ms),
        )?;
    }
    writeln!(text)?;
    Ok(text)
}

fn cost_table(found: &BTreeMap<(i32, u64, String), Vec<Latency>>) -> Result<String, Fault> {
    let mut text = String::new();
    if found.is_empty() {
        return Ok(text);
    }
    writeln!(
        text,
        "### Processor time at a steady rate\n\nSeconds for each million intents.\n\n\
         | partitions | intents/s | who | router | broker |\n| ---: | ---: | --- | ---: | ---: |"
    )?;
    for ((partitions, rate, peer), all) in
        in_order(found, |(partitions, rate, peer)| ((*partitions, *rate), peer.clone()))
    {
        writeln!(
            text,
            "| {partitions} | {rate} | {} | {} | {} |",
            title(peer),
            series(all, |one| one.router_cpu_s),
            series(all, |one| one.broker_cpu_s),
        )?;
    }
    writeln!(text)?;
    Ok(text)
}

/// The steps of onefill's transactions, of each of its measurements.
fn step_table(lines: &[Line]) -> Result<String, Fault> {
    let ours = Peer::Onefill.name();
    let mut rows = BTreeMap::<(i32, String), Vec<Steps>>::new();
    for line in lines {
        let (partitions, load, steps) = match line {
            Line::Throughput(one) if one.peer == ours => (one.partitions, "a backlog".to_owned(), &one.steps),
            Line::Latency(one) if one.peer == ours => (one.partitions, format!("{}/s", one.rate), &one.steps),
            _ => continue,
        };
        rows.entry((partitions, load)).or_default().extend(steps.clone());
    }
    let mut text = String::new();
    if rows.is_empty() {
        return Ok(text);
    }
    writeln!(
        text,
        "### The steps of one transaction of onefill\n\nMilliseconds of a transaction, on average.\n\n\
         | partitions | load | records | {} | whole |\n| ---: | ---: | ---: |{} ---: |",
        STEPS.join(" | "),
        " ---: |".repeat(STEPS.len())
    )?;
    for ((partitions, load), all) in rows {
        let step = |name: &str| series(&all, |steps| steps.ms[name]).to_string();
        let whole = series(&all, |steps| steps.ms.values().sum());
        let records = series(&all, |steps| steps.records);
        let columns = STEPS.map(step).join(" | ");
        writeln!(text, "| {partitions} | {load} | {records} | {columns} | {whole} |")?;
    }
    writeln!(text)?;
    Ok(text)
}

fn restart_table(found: &BTreeMap<(i32, u64), Vec<Restart>>) -> Result<String, Fault> {
    let mut text = String::new();
    if found.is_empty() {
        return Ok(text);
    }
    writeln!(
        text,
        "### Started again\n\nFrom the start of the process until all lanes decide. The venue had cancelled the order \
         of each key.\n\n\
         | partitions | keys | started | seconds | entries read | peak memory, MiB | its rate over a bare consumer's |\n\
         | ---: | ---: | --- | ---: | ---: | ---: | ---: |"
    )?;
    for ((partitions, keys), all) in found {
        let mut row = |started: &str, start: fn(&Restart) -> &Start, rate: &Series| {
            let seconds = series(all, |one| start(one).seconds);
            let entries = all.iter().map(|one| start(one).entries).max().unwrap_or_default();
            let memory = series(all, |one| start(one).peak_memory_mib);
            writeln!(
                text,
                "| {partitions} | {keys} | {started} | {seconds} | {entries} | {memory} | {rate} |"
            )
        };
        row("with a checkpoint", |one| &one.from_checkpoint, &Series::default())?;
        row("from the trail", |one| &one.from_trail, &series(all, Restart::over_bare))?;
    }
    writeln!(text)?;
    Ok(text)
}

/// By the first part of the key, then as peers are listed.
fn in_order<K, T, P: Ord>(
    found: &BTreeMap<K, Vec<T>>,
    parts: impl Fn(&K) -> (P, String),
) -> Vec<(&K, &Vec<T>)> {
    let mut rows: Vec<_> = found.iter().collect();
    rows.sort_by_key(|(key, _)| {
        let (first, peer) = parts(key);
        (first, Peer::ALL.into_iter().position(|one| one.name() == peer))
    });
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_start_has_its_row_and_only_that_from_the_trail_a_rate() {
        let start = |seconds, entries| Start { seconds, entries, peak_memory_mib: 80.0 };
        let line = |peer: Peer, seconds| {
            Line::Restart(Restart {
                peer: peer.name().to_owned(),
                partitions: 4,
                keys: 1_000,
                from_checkpoint: start(seconds, 7),
                from_trail: start(10.0, 2_012),
                bare_seconds: 9.0,
            })
        };
        let lines = [line(Peer::Onefill, 1.0), line(Peer::Before, 5.0), line(Peer::Onefill, 2.0)];
        let page = measured(&lines).unwrap();
        let rows = [
            "| 4 | 1000 | with a checkpoint | 1.50 (1.00 to 2.00) | 7 | 80.0 (80.0 to 80.0) | - |",
            "| 4 | 1000 | from the trail | 10.0 (10.0 to 10.0) | 2012 | 80.0 (80.0 to 80.0) | 0.90 (0.90 to 0.90) |",
        ];
        assert!(page.trim_end().ends_with(&rows.join("\n")), "{page}");
    }
}
