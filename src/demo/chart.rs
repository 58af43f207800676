//! The chart of a run: attempts, naive fills and onefill's fills over time, as SVG and PNG.
//!
//! Times are those of the records themselves, counted from the first attempt. The colours are told
//! apart by colour-blind readers too, and every line is named at its end.

mod axes;
mod labels;

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Fault;
use super::readback::Records;
use super::report::{Report, grouped};
use super::tally::Trade;
use axes::Axes;
use labels::Label;

/// Width and height of the SVG; the PNG has twice as many points in each direction.
const SIZE: (u32, u32) = (1_000, 560);
const PNG_SCALE: u32 = 2;
/// One family for both files; the font itself is compiled in for the PNG.
const FONT: &str = "sans-serif";
/// As many points as a line needs to look smooth.
const STEPS: usize = 500;

const INK: RGBColor = RGBColor(38, 44, 54);
const FAINT: RGBColor = RGBColor(112, 120, 132);
const GRID: RGBColor = RGBColor(228, 231, 236);
const ATTEMPTS: RGBColor = RGBColor(134, 142, 154);
const NAIVE: RGBColor = RGBColor(213, 94, 0);
const ONEFILL: RGBColor = RGBColor(0, 114, 178);

/// What is drawn, in seconds and counts.
#[derive(Clone, Debug, PartialEq)]
struct Picture {
    attempts: Curve,
    naive: Curve,
    onefill: Curve,
    kills: Vec<f64>,
    /// The last moment that is drawn.
    end: f64,
    /// What onefill's line is called.
    ours: &'static str,
    title: String,
    subtitle: String,
    /// What the naive router did too much, in two lines.
    unwanted: [String; 2],
}

/// How many there were until when.
type Curve = Vec<(f64, f64)>;

/// Draws `chart.svg` and `chart.png` into a directory.
///
/// # Errors
/// [`Fault::Chart`], when a file cannot be written.
pub fn draw(records: &Records, report: &Report, directory: &Path) -> Result<(), Fault> {
    let font = register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
    font.map_err(|_| Fault::Chart("its font cannot be read".to_owned()))?;
    let picture = Picture::of(records, report);
    let svg = directory.join("chart.svg");
    paint(&SVGBackend::new(&svg, SIZE).into_drawing_area(), &picture, 1)?;
    let png = directory.join("chart.png");
    let size = (SIZE.0 * PNG_SCALE, SIZE.1 * PNG_SCALE);
    paint(&BitMapBackend::new(&png, size).into_drawing_area(), &picture, PNG_SCALE)
}

impl Picture {
    fn of(records: &Records, report: &Report) -> Self {
        let attempts: Vec<i64> = records.attempts.iter().map(|one| one.at_ms).collect();
        let naive = filled(&records.naive_trades);
        let onefill = filled(&records.trades);
        let start = attempts.iter().copied().min().unwrap_or(0);
        let last = [&attempts, &naive, &onefill].into_iter().flatten().copied().max().unwrap_or(start);
        let seconds = |at_ms: i64| (at_ms - start) as f64 / 1_000.0;
        let end = seconds(last).max(1.0);
        let curve = |times: Vec<i64>| cumulated(times.into_iter().map(seconds).collect(), end);
        let title = format!(
            "{} intents: {} fills and {} refusals by onefill, {} fills by a naive router",
            grouped(report.intents),
            grouped(report.onefill.fills),
            grouped(report.refused()),
            grouped(report.naive.fills),
        );
        let subtitle = format!(
            "Fills so far, while strategies resend what they have not heard of and both routers are ended \
             by kill -9, {} times.",
            report.kills.len()
        );
        Self {
            attempts: curve(attempts),
            naive: curve(naive),
            onefill: curve(onefill),
            kills: report.kills.iter().map(|kill| seconds(kill.at.0 / 1_000_000)).collect(),
            end,
            ours: if report.findings.is_empty() { "onefill fills = accepted" } else { "onefill fills" },
            title,
            subtitle,
            unwanted: [
                format!("{} fills that nobody wanted,", grouped(report.naive.duplicates)),
                format!("worth {} USD", grouped(report.naive.money_error_cents / 100)),
            ],
        }
    }
}

/// When orders were filled whole.
fn filled(trades: &[Trade]) -> Vec<i64> {
    trades.iter().filter(|trade| trade.is_last).map(|trade| trade.at_ms).collect()
}

/// The number of times up to each of some moments, evenly spread from 0 to `end`.
fn cumulated(mut times: Vec<f64>, end: f64) -> Curve {
    times.sort_unstable_by(f64::total_cmp);
    let moments = (0..=STEPS).map(|step| end * step as f64 / STEPS as f64);
    moments.map(|moment| (moment, times.partition_point(|time| *time <= moment) as f64)).collect()
}

fn paint<B: DrawingBackend>(
    root: &DrawingArea<B, Shift>,
    picture: &Picture,
    scale: u32,
) -> Result<(), Fault> {
    draw_all(root, picture, scale as i32).map_err(|error| Fault::Chart(error.to_string()))
}

fn draw_all<B: DrawingBackend>(
    root: &DrawingArea<B, Shift>,
    picture: &Picture,
    scale: i32,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    root.fill(&WHITE)?;
    let most = [&picture.attempts, &picture.naive].into_iter().flatten().map(|point| point.1);
    let axes = Axes::new(SIZE, scale, picture.end, most.fold(1.0, f64::max));
    text(root, &picture.title, (28 * scale, 24 * scale), 22 * scale, &INK)?;
    text(root, &picture.subtitle, (28 * scale, 58 * scale), 15 * scale, &FAINT)?;
    axes.draw(root)?;
    kills(root, picture, &axes)?;
    let upper = picture.naive.iter().map(|point| axes.at(*point));
    let lower = picture.onefill.iter().rev().map(|point| axes.at(*point));
    root.draw(&Polygon::new(upper.chain(lower).collect::<Vec<_>>(), NAIVE.mix(0.09)))?;
    for (curve, colour, width) in
        [(&picture.attempts, ATTEMPTS, 2), (&picture.naive, NAIVE, 3), (&picture.onefill, ONEFILL, 4)]
    {
        let line: Vec<_> = curve.iter().map(|point| axes.at(*point)).collect();
        root.draw(&PathElement::new(line, colour.stroke_width((width * scale) as u32)))?;
    }
    unwanted(root, picture, &axes, scale)?;
    let label = |name: &str, curve: &Curve, colour| {
        let last = curve.last().copied().unwrap_or_default();
        Label { name: name.to_owned(), number: grouped(last.1 as u64), y: axes.at(last).1, colour }
    };
    let named = [
        label("naive fills", &picture.naive, NAIVE),
        label("attempts", &picture.attempts, ATTEMPTS),
        label(picture.ours, &picture.onefill, ONEFILL),
    ];
    labels::draw(root, named.into(), axes.right() + 12 * scale, scale)?;
    root.present()
}

/// A thin line through the plot for each kill, with a mark at its top.
fn kills<B: DrawingBackend>(
    root: &DrawingArea<B, Shift>,
    picture: &Picture,
    axes: &Axes,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let scale = axes.scale;
    if let Some(first) = picture.kills.first() {
        let style = (FONT, 13 * scale).into_font().color(&INK).pos(Pos::new(HPos::Center, VPos::Bottom));
        root.draw_text("kill -9", &style, (axes.x(*first), axes.top() - 11 * scale))?;
    }
    for at in &picture.kills {
        let (x, top) = (axes.x(*at), axes.top());
        let line = vec![(x, top), (x, axes.bottom())];
        root.draw(&PathElement::new(line, INK.mix(0.22).stroke_width(scale as u32)))?;
        let mark = vec![(x - 4 * scale, top - 7 * scale), (x + 4 * scale, top - 7 * scale), (x, top)];
        root.draw(&Polygon::new(mark, INK))?;
    }
    Ok(())
}

/// Says in the gap between the two lines what the gap is.
fn unwanted<B: DrawingBackend>(
    root: &DrawingArea<B, Shift>,
    picture: &Picture,
    axes: &Axes,
    scale: i32,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let place = picture.onefill.len() * 3 / 4;
    let (Some(low), Some(high)) = (picture.onefill.get(place), picture.naive.get(place)) else {
        return Ok(());
    };
    let ((x, low), (_, high)) = (axes.at(*low), axes.at(*high));
    let style = (FONT, 15 * scale).into_font().color(&NAIVE).pos(Pos::new(HPos::Center, VPos::Center));
    for (line, half) in picture.unwanted.iter().zip([-1, 1]) {
        root.draw_text(line, &style, (x, i32::midpoint(low, high) + half * 11 * scale))?;
    }
    Ok(())
}

/// A line of text, from its upper left corner.
fn text<B: DrawingBackend>(
    root: &DrawingArea<B, Shift>,
    what: &str,
    at: (i32, i32),
    size: i32,
    colour: &RGBColor,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    root.draw_text(what, &(FONT, size).into_font().color(colour), at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_counts_what_was_until_then() {
        let curve = cumulated(vec![3.0, 1.0, 1.0], 4.0);
        let at = |moment: f64| curve.iter().rev().find(|point| point.0 <= moment).unwrap().1;
        assert_eq!((at(0.5), at(1.0), at(2.9), at(3.1), at(4.0)), (0.0, 2.0, 2.0, 3.0, 3.0));
    }
}
