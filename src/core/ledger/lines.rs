//! Lines of a canonical text, in the making: written one behind the other, sorted by their bytes at the end.
//!
//! There may be millions, so that no field has an allocation of its own, and comparing two lines seldom
//! looks at their texts.

use std::fmt::{Display, Write as _};
use std::ops::Range;

use crate::core::amount::Decimal;
use crate::core::canonical::CanonicalText;

/// The lines so far.
#[derive(Debug, Default)]
pub struct Lines {
    text: String,
    /// Where each one begins.
    begins: Vec<usize>,
}

/// One that is being written: a word, then fields, each behind a tab. Its newline follows when it is dropped.
#[derive(Debug)]
pub struct Line<'l>(&'l mut String);

impl Lines {
    /// Begins a line with a word.
    pub fn begin(&mut self, word: &str) -> Line<'_> {
        self.begins.push(self.text.len());
        self.text.push_str(word);
        Line(&mut self.text)
    }

    /// All of them, in the order of their bytes.
    pub fn sorted(&self) -> impl Iterator<Item = &str> {
        let mut sorted: Vec<(u128, Range<usize>)> =
            self.ranges().map(|range| (prefix(&self.text.as_bytes()[range.clone()]), range)).collect();
        sorted.sort_unstable_by(|(one, at), (other, there)| {
            one.cmp(other).then_with(|| self.text[at.clone()].cmp(&self.text[there.clone()]))
        });
        sorted.into_iter().map(|(_, range)| &self.text[range])
    }

    fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let ends = self.begins.iter().skip(1).copied().chain([self.text.len()]);
        self.begins.iter().zip(ends).map(|(begin, end)| *begin..end)
    }
}

/// The first 16 bytes, zeros behind a shorter line: where two differ in them, they are ordered as the lines are.
fn prefix(line: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    let len = line.len().min(bytes.len());
    bytes[..len].copy_from_slice(&line[..len]);
    u128::from_be_bytes(bytes)
}

impl Line<'_> {
    /// A text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.0.push('\t');
        self.0.push_str(text);
        self
    }

    /// A number.
    pub fn number(&mut self, number: i64) -> &mut Self {
        self.text(CanonicalText::of_integer(number).as_str())
    }

    /// Numbers that may be absent.
    pub fn numbers<const COUNT: usize>(&mut self, numbers: [Option<i64>; COUNT]) -> &mut Self {
        for number in numbers {
            match number {
                Some(number) => self.number(number),
                None => self.text(""),
            };
        }
        self
    }

    /// Decimals that may be absent.
    pub fn decimals<const COUNT: usize>(&mut self, decimals: [Option<Decimal>; COUNT]) -> &mut Self {
        for decimal in decimals {
            match decimal {
                Some(decimal) => self.text(decimal.canonical().as_str()),
                None => self.text(""),
            };
        }
        self
    }

    /// True or false.
    pub fn flag(&mut self, flag: bool) -> &mut Self {
        self.text(if flag { "true" } else { "false" })
    }

    /// Whatever else can be shown, and may be absent.
    pub fn value(&mut self, value: Option<impl Display>) -> &mut Self {
        self.0.push('\t');
        if let Some(value) = value {
            write!(self.0, "{value}").expect("a text takes all");
        }
        self
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.0.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sorted_by_their_bytes_whatever_they_share() {
        let mut lines = Lines::default();
        let words =
            ["a", "ab", "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaab", "a\0", "", "\u{ff}"];
        let mut due = Vec::new();
        for (word, number) in words.iter().flat_map(|word| [-1, 10, 9].map(|number| (word, number))) {
            lines.begin(word).number(number).numbers([None, Some(i64::MIN)]).flag(number > 9);
            due.push(format!("{word}\t{number}\t\t{}\t{}\n", i64::MIN, number > 9));
        }
        lines.begin("-7").decimals([None, Decimal::parse("-0.50")]).value(Some('x')).value(None::<u8>);
        due.push("-7\t\t-0.5\tx\t\n".to_owned());
        due.sort_unstable();
        assert!(lines.sorted().eq(&due));
    }
}
