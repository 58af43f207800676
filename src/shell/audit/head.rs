//! Heads of trails, noted to be compared later.
//!
//! A trail that was rewritten as a whole, or has lost its end, can be consistent in itself. Whoever
//! keeps its head elsewhere sees that it is not the same trail any more (`G6`).

use std::collections::BTreeMap;
use std::fmt;

use super::fault::{Faults, Place};
use crate::core::halt::HaltCode;
use crate::core::ids::Digest;

/// The last entry of a partition, as it once was: `PARTITION:SEQ:LINK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The partition number.
    pub partition: i32,
    /// Its number.
    pub seq: u64,
    /// Its leaf hash: the link of the entry after it.
    pub link: Digest,
}

impl fmt::Display for Head {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}", self.partition, self.seq, self.link)
    }
}

impl Head {
    /// A head as it is printed.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no head: PARTITION:SEQ:LINK, the link as 64 hex digits");
        let mut parts = text.split(':');
        let (Some(partition), Some(seq), Some(link), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let partition = partition.parse().ok().filter(|number| *number >= 0);
        match (partition, seq.parse(), digest(link)) {
            (Some(partition), Ok(seq), Some(link)) => Ok(Self { partition, seq, link }),
            _ => Err(wrong()),
        }
    }

    /// The heads of a file: one a line, besides empty lines and those that begin with `#`.
    ///
    /// # Errors
    /// The line that is none, and what is wrong with it.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        let heads = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        heads
            .map(|(number, line)| Self::parse(line).map_err(|wrong| format!("line {number}: {wrong}")))
            .collect()
    }
}

fn digest(text: &str) -> Option<Digest> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(Digest(bytes))
}

/// The heads that were noted of one partition, compared as the trail is read.
#[derive(Clone, Debug, Default)]
pub struct Noted(BTreeMap<u64, Vec<Digest>>);

impl Noted {
    /// Those of this partition.
    pub fn of(partition: i32, heads: &[Head]) -> Self {
        let mut noted = BTreeMap::<u64, Vec<Digest>>::new();
        for head in heads.iter().filter(|head| head.partition == partition) {
            noted.entry(head.seq).or_default().push(head.link);
        }
        Self(noted)
    }

    /// An entry of the trail as it is now.
    pub fn check(&mut self, seq: u64, leaf: Digest, place: Place<'_>, faults: &mut Faults) {
        for noted in self.0.remove(&seq).unwrap_or_default().into_iter().filter(|noted| *noted != leaf) {
            faults.add(
                HaltCode::ChainBroken,
                place,
                Some("leaf hash"),
                leaf,
                format!("{noted}, as was noted"),
            );
        }
    }

    /// The trail ends; heads that were not met are of entries that are gone.
    pub fn end(&self, last: Option<u64>, place: Place<'_>, faults: &mut Faults) {
        for (seq, links) in &self.0 {
            let found = match last {
                Some(last) => format!("the trail does not have it, and ends at entry {last}"),
                None => "the trail is empty".to_owned(),
            };
            let place = Place { seq: Some(*seq), ..place };
            for link in links {
                faults.add(
                    HaltCode::ChainBroken,
                    place,
                    None,
                    &found,
                    format!("entry {seq} of {link}, as was noted"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back_from_its_text() {
        let head = Head { partition: 3, seq: 1234, link: Digest::of(b"x") };
        assert_eq!(Head::parse(&head.to_string()), Ok(head));
        let file = format!("# noted on Friday\n\n  {head}  \n");
        assert_eq!(Head::parse_all(&file), Ok(vec![head]));
    }

    #[test]
    fn what_is_no_head_is_refused_with_its_line() {
        let link = "0".repeat(64);
        for text in
            ["", "1:2", "1:2:3", &format!("-1:2:{link}"), &format!("1:x:{link}"), &format!("1:2:{link}:")]
        {
            assert!(Head::parse(text).is_err(), "{text}");
        }
        assert!(Head::parse(&format!("1:2:{}", "é".repeat(32))).is_err());
        assert!(Head::parse_all("\nnonsense").unwrap_err().starts_with("line 2: "));
    }

    #[test]
    fn a_rewritten_entry_and_a_lost_end_are_found() {
        let place = Place { topic: "audit", partition: 0, offset: None, seq: None };
        let head = |seq, text: &[u8]| Head { partition: 0, seq, link: Digest::of(text) };
        let mut noted = Noted::of(0, &[head(1, b"a"), head(2, b"b"), head(9, b"z")]);
        let mut faults = Faults::default();
        noted.check(1, Digest::of(b"a"), place, &mut faults);
        assert_eq!(faults.count(), 0);
        noted.check(2, Digest::of(b"other"), place, &mut faults);
        noted.end(Some(2), place, &mut faults);
        assert_eq!(faults.count(), 2);
        assert_eq!(faults.kept[1].seq, Some(9));
    }
}
