//! Two charts: intents a second from a backlog, and latency by rate; bars of medians, lines from least to most.

use std::fs;

use plotters::prelude::*;

use crate::Fault;
use crate::peers::Peer;
use crate::report::title;
use crate::results::Line;
use crate::tables::{Series, latencies, series, short, throughputs};

const DIRECTORY: &str = "docs/benchmarks";
const WIDTH: u32 = 900;
const ROW: i32 = 26;
/// Where names end and bars begin.
const LEFT: i32 = 330;
/// How long the longest bar is.
const LENGTH: f64 = 430.0;
const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(38, 44, 54);
const FAINT: RGBColor = RGBColor(112, 120, 132);
const OURS: RGBColor = RGBColor(0, 114, 178);
const OTHERS: RGBColor = RGBColor(170, 178, 190);

/// One bar.
struct Bar {
    name: String,
    ours: bool,
    series: Series,
}

/// Draws both.
pub fn draw(lines: &[Line]) -> Result<(), Fault> {
    fs::create_dir_all(DIRECTORY)?;
    let mut bars = Vec::new();
    for ((partitions, peer), all) in throughputs(lines) {
        let name = format!("{}, {partitions} partition(s)", title(&peer));
        bars.push((partitions, rank(&peer), Bar::new(name, &peer, series(&all, |one| one.per_second))));
    }
    chart("throughput.svg", "Intents a second from a backlog: more is better", bars)?;
    let mut bars = Vec::new();
    for ((partitions, rate, peer), all) in
        latencies(lines).into_iter().filter(|((_, rate, _), _)| *rate <= 2_000)
    {
        let name = format!("{}, {partitions} p., {rate}/s", title(&peer));
        let group = partitions * 1_000_000 + rate as i32;
        bars.push((group, rank(&peer), Bar::new(name, &peer, series(&all, |one| one.p99_ms))));
    }
    chart("latency.svg", "99th percentile from due to visible, in ms: less is better", bars)
}

fn rank(peer: &str) -> usize {
    Peer::ALL.into_iter().position(|one| one.name() == peer).unwrap_or(Peer::ALL.len())
}

impl Bar {
    fn new(name: String, peer: &str, series: Series) -> Self {
        Self { name, ours: peer == Peer::Onefill.name(), series }
    }
}

fn chart(file: &str, heading: &str, mut bars: Vec<(i32, usize, Bar)>) -> Result<(), Fault> {
    if bars.is_empty() {
        return Ok(());
    }
    bars.sort_by_key(|(group, rank, _)| (*group, *rank));
    let most = bars.iter().filter_map(|(_, _, bar)| bar.series.spread()).map(|(_, most)| most);
    let most = most.fold(f64::MIN_POSITIVE, f64::max);
    let height = 60 + ROW as u32 * bars.len() as u32;
    let path = format!("{DIRECTORY}/{file}");
    let area = SVGBackend::new(&path, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    area.draw(&Text::new(heading, (12, 14), (FONT, 18).into_font().color(&INK)))?;
    for (row, (_, _, bar)) in bars.iter().enumerate() {
        let top = 46 + ROW * row as i32;
        let x = |value: f64| LEFT + (value / most * LENGTH) as i32;
        let (Some(median), Some((least, greatest))) = (bar.series.median(), bar.series.spread()) else {
            continue;
        };
        let color = if bar.ours { OURS } else { OTHERS };
        area.draw(&Text::new(bar.name.clone(), (12, top + 3), (FONT, 14).into_font().color(&INK)))?;
        area.draw(&Rectangle::new([(LEFT, top), (x(median), top + ROW - 8)], color.filled()))?;
        let middle = top + (ROW - 8) / 2;
        area.draw(&PathElement::new(vec![(x(least), middle), (x(greatest), middle)], INK.stroke_width(1)))?;
        let at = (x(greatest.max(median)) + 8, top + 3);
        area.draw(&Text::new(short(median), at, (FONT, 14).into_font().color(&FAINT)))?;
    }
    area.present()?;
    Ok(())
}
