//! The frame of the chart: where a point lies, horizontal lines, numbers beside them.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{FAINT, FONT, GRID, INK, grouped};

/// Space around the plot: left, top, right, bottom.
const MARGINS: (i32, i32, i32, i32) = (76, 112, 176, 56);
/// How many lines there may be at most, upwards and sideways.
const LINES_MAX: f64 = 6.0;
const MARKS_MAX: f64 = 12.0;

/// Seconds to the right, counts upwards.
pub struct Axes {
    /// Points per unit of the design.
    pub scale: i32,
    size: (i32, i32),
    seconds: f64,
    count: f64,
    count_step: f64,
}

impl Axes {
    /// Axes on which everything has room.
    pub fn new(size: (u32, u32), scale: i32, seconds: f64, count: f64) -> Self {
        let count_step = round_step(count / LINES_MAX);
        let count = (count * 1.03 / count_step).ceil() * count_step;
        Self { scale, size: (size.0 as i32 * scale, size.1 as i32 * scale), seconds, count, count_step }
    }

    /// The plot's left edge.
    pub const fn left(&self) -> i32 {
        MARGINS.0 * self.scale
    }

    /// The plot's upper edge.
    pub const fn top(&self) -> i32 {
        MARGINS.1 * self.scale
    }

    /// The plot's right edge.
    pub const fn right(&self) -> i32 {
        self.size.0 - MARGINS.2 * self.scale
    }

    /// The plot's lower edge.
    pub const fn bottom(&self) -> i32 {
        self.size.1 - MARGINS.3 * self.scale
    }

    /// Where a moment lies.
    pub fn x(&self, seconds: f64) -> i32 {
        self.left() + (f64::from(self.right() - self.left()) * seconds / self.seconds).round() as i32
    }

    /// Where a point lies.
    pub fn at(&self, (seconds, count): (f64, f64)) -> (i32, i32) {
        let up = f64::from(self.bottom() - self.top()) * count / self.count;
        (self.x(seconds), self.bottom() - up.round() as i32)
    }

    /// Draws the lines and the numbers.
    pub fn draw<B: DrawingBackend>(
        &self,
        root: &DrawingArea<B, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        let number = (FONT, 14 * self.scale).into_font().color(&FAINT);
        let beside = number.pos(Pos::new(HPos::Right, VPos::Center));
        for count in steps(self.count_step, self.count) {
            let (_, y) = self.at((0.0, count));
            let line = vec![(self.left(), y), (self.right(), y)];
            let colour = if count > 0.0 { GRID } else { INK };
            root.draw(&PathElement::new(line, colour.stroke_width(self.scale as u32)))?;
            root.draw_text(&grouped(count as u64), &beside, (self.left() - 10 * self.scale, y))?;
        }
        let below = number.pos(Pos::new(HPos::Center, VPos::Top));
        for seconds in steps(round_step(self.seconds / MARKS_MAX), self.seconds) {
            let at = (self.x(seconds), self.bottom() + 9 * self.scale);
            root.draw_text(&grouped(seconds as u64), &below, at)?;
        }
        let middle = (i32::midpoint(self.left(), self.right()), self.bottom() + 31 * self.scale);
        root.draw_text("seconds since the first attempt", &below, middle)
    }
}

/// 1, 2 or 5 times a power of ten, at least this, and at least 1: counts and seconds are whole.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.max(1.0).log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= least);
    factor.unwrap_or(10.0) * power
}

fn steps(step: f64, end: f64) -> impl Iterator<Item = f64> {
    let count = (end / step + 1e-9).floor() as u32;
    (0..=count).map(move |index| step * f64::from(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (least, step) in [(0.3, 1.0), (1.0, 1.0), (3.9, 5.0), (7.0, 10.0), (1_100.0, 2_000.0)] {
            assert!((round_step(least) - step).abs() < 1e-9, "{least}");
        }
    }

    #[test]
    fn the_corners_of_the_plot_are_its_extremes() {
        let axes = Axes::new((1_000, 560), 1, 40.0, 1_000.0);
        assert_eq!(axes.at((0.0, 0.0)), (axes.left(), axes.bottom()));
        assert_eq!(axes.at((40.0, axes.count)), (axes.right(), axes.top()));
    }
}
