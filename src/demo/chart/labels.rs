//! The names of the lines, at their ends, without covering each other.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::FONT;

/// How far two labels are apart at least.
const DISTANCE: i32 = 46;

/// The name of a line and its last number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What it counts.
    pub name: String,
    /// How many there were in the end.
    pub number: String,
    /// Where the line ends.
    pub y: i32,
    /// As the line.
    pub colour: RGBColor,
}

/// Draws them below each other, each as near to its line as the others let it.
pub fn draw<B: DrawingBackend>(
    root: &DrawingArea<B, Shift>,
    mut labels: Vec<Label>,
    x: i32,
    scale: i32,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    labels.sort_by_key(|label| label.y);
    let mut places: Vec<i32> = labels.iter().map(|label| label.y).collect();
    spread(&mut places, DISTANCE * scale);
    for (label, y) in labels.iter().zip(places) {
        let number = (FONT, 21 * scale).into_font().color(&label.colour);
        let name = (FONT, 14 * scale).into_font().color(&label.colour);
        let anchor = |vertical| Pos::new(HPos::Left, vertical);
        root.draw_text(&label.number, &number.pos(anchor(VPos::Bottom)), (x, y + 3 * scale))?;
        root.draw_text(&label.name, &name.pos(anchor(VPos::Top)), (x, y + 4 * scale))?;
    }
    Ok(())
}

/// Moves what is too close apart, by the same amount in both directions, in order.
fn spread(places: &mut [i32], distance: i32) {
    // Each pass settles at least one pair for good.
    for _ in 0..places.len() {
        for index in 1..places.len() {
            let missing = distance - (places[index] - places[index - 1]);
            if missing > 0 {
                places[index - 1] -= missing / 2;
                places[index] += missing - missing / 2;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_make_room_and_keep_their_order() {
        let mut places = [100, 110, 400];
        spread(&mut places, 40);
        assert_eq!(places, [85, 125, 400]);
    }
}
