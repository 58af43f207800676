//! Writes what was measured into `docs/BENCHMARKS.md`, between two marks, and the charts beside it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::Fault;
use crate::peers::Peer;
use crate::results::{self, Begun, Latency, Line, Restart, Throughput};
use crate::steps::{STEPS, Steps};
use crate::tables::{Series, latencies, series, throughputs};
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
    text += &restart_table(lines)?;
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

fn restart_table(lines: &[Line]) -> Result<String, Fault> {
    let mut rows = BTreeMap::<(i32, u64), Vec<Restart>>::new();
    for line in lines {
        if let Line::Restart(one) = line
            && one.peer == Peer::Onefill.name()
        {
            rows.entry((one.partitions, one.keys)).or_default().push(one.clone());
        }
    }
    let mut text = String::new();
    if rows.is_empty() {
        return Ok(text);
    }
    writeln!(
        text,
        "### Started again\n\nFrom the start of the process until all lanes decide.\n\n\
         | partitions | keys | seconds | peak memory, MiB |\n| ---: | ---: | ---: | ---: |"
    )?;
    for ((partitions, keys), all) in rows {
        let (seconds, memory) = (series(&all, |one| one.seconds), series(&all, |one| one.peak_memory_mib));
        writeln!(text, "| {partitions} | {keys} | {seconds} | {memory} |")?;
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
