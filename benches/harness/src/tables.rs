//! From measurements to rows: medians, spreads, and ratios within a round.

use std::collections::BTreeMap;
use std::fmt;

use crate::peers::Peer;
use crate::results::{Latency, Line, Restart, Throughput};

/// Measurements of the same thing, in order of rounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series(pub Vec<f64>);

impl Series {
    /// The one in the middle; the mean of the two where two are.
    pub fn median(&self) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let (lower, upper) = (sorted.len().checked_sub(1)? / 2, sorted.len() / 2);
        Some(f64::midpoint(*sorted.get(lower)?, *sorted.get(upper)?))
    }

    /// The least and the most.
    pub fn spread(&self) -> Option<(f64, f64)> {
        let least = self.0.iter().copied().reduce(f64::min)?;
        Some((least, self.0.iter().copied().reduce(f64::max)?))
    }

    /// This over the other one, round by round.
    pub fn over(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(this, other)| this / other).collect())
    }
}

/// Median, and the spread in parentheses where there is one.
impl fmt::Display for Series {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(median), Some((least, most))) = (self.median(), self.spread()) else {
            return out.write_str("-");
        };
        match self.0.len() {
            1 => write!(out, "{}", short(median)),
            _ => write!(out, "{} ({} to {})", short(median), short(least), short(most)),
        }
    }
}

/// Three digits that count.
pub fn short(value: f64) -> String {
    match value.abs() {
        1_000.0.. => {
            let rounded = (value / 100.0).round() as i64 * 100;
            let (thousands, rest) = (rounded / 1_000, rounded % 1_000);
            format!("{thousands},{rest:03}")
        }
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// All that was measured of backlogs: by partitions and peer.
pub fn throughputs(lines: &[Line]) -> BTreeMap<(i32, String), Vec<Throughput>> {
    let mut found = BTreeMap::<_, Vec<Throughput>>::new();
    for line in lines {
        if let Line::Throughput(one) = line {
            found.entry((one.partitions, one.peer.clone())).or_default().push(one.clone());
        }
    }
    found
}

/// All that was measured of latencies: by partitions, rate and peer.
pub fn latencies(lines: &[Line]) -> BTreeMap<(i32, u64, String), Vec<Latency>> {
    let mut found = BTreeMap::<_, Vec<Latency>>::new();
    for line in lines {
        if let Line::Latency(one) = line {
            found.entry((one.partitions, one.rate, one.peer.clone())).or_default().push(one.clone());
        }
    }
    found
}

/// All that was measured of onefill's restarts: by partitions and keys.
pub fn restarts(lines: &[Line]) -> BTreeMap<(i32, u64), Vec<Restart>> {
    let mut found = BTreeMap::<_, Vec<Restart>>::new();
    for line in lines {
        if let Line::Restart(one) = line
            && one.peer == Peer::Onefill.name()
        {
            found.entry((one.partitions, one.keys)).or_default().push(one.clone());
        }
    }
    found
}

/// One number of each.
pub fn series<T>(all: &[T], number: impl Fn(&T) -> f64) -> Series {
    Series(all.iter().map(number).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_shows_its_middle_and_its_ends() {
        let series = Series(vec![3.0, 1.0, 2.0]);
        assert_eq!(series.to_string(), "2.00 (1.00 to 3.00)");
        assert_eq!(series.over(&Series(vec![1.0, 2.0, 4.0])), Series(vec![3.0, 0.5, 0.5]));
        assert_eq!(Series(vec![4.0, 1.0]).median(), Some(2.5));
        assert_eq!(Series(vec![123_456.0]).to_string(), "123,500");
        assert_eq!(Series::default().to_string(), "-");
    }
}
