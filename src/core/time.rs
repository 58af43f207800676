//! Points in time and lengths of it. The core never reads a clock: every time is an argument.

/// Nanoseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Time(pub i64);

/// Nanoseconds in a millisecond.
pub const MILLISECOND: i64 = 1_000_000;

impl Time {
    /// From Kafka's milliseconds; beyond the range of nanoseconds (year 2262) the last instant.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(MILLISECOND))
    }

    /// How long after `earlier` this is, in nanoseconds; negative when before. Cannot overflow.
    pub fn since(self, earlier: Self) -> i128 {
        i128::from(self.0) - i128::from(earlier.0)
    }
}

/// RFC 3339, in UTC, with nine digits of a second, or as many as the precision says:
/// `2023-11-14T22:13:20.000000000Z`.
impl std::fmt::Display for Time {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (seconds, nanoseconds) = (self.0.div_euclid(SECOND), self.0.rem_euclid(SECOND));
        let (days, of_day) = (seconds.div_euclid(DAY_SECONDS), seconds.rem_euclid(DAY_SECONDS));
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match out.precision().unwrap_or(9).min(9) {
            0 => out.write_str("Z"),
            digits => write!(out, ".{}Z", &format!("{nanoseconds:09}")[..digits]),
        }
    }
}

/// Nanoseconds in a second.
const SECOND: i64 = 1000 * MILLISECOND;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Year, month and day of a day since the epoch. Counts in eras of 400 years that begin on the first
/// of March, so that the leap day is the last of its year.
const fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

crate::core::saved::saved!(Time(nanoseconds));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_rfc_3339_has_it() {
        for (nanoseconds, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (1_700_000_000_000_000_001, "2023-11-14T22:13:20.000000001Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
            (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
        ] {
            assert_eq!(Time(nanoseconds).to_string(), text);
        }
        assert_eq!(format!("{:.3}", Time(1_700_000_000_123_456_789)), "2023-11-14T22:13:20.123Z");
        assert_eq!(format!("{:.0}", Time(1_700_000_000_999_999_999)), "2023-11-14T22:13:20Z");
    }
}
