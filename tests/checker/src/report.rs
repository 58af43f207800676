//! What was found: a verdict for each guarantee, with what was counted and what was violated.

use std::collections::BTreeMap;
use std::fmt::Display;

/// How many violations of a guarantee are kept; all are counted.
const KEPT_MAX: usize = 20;

/// What is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarantee {
    Read,
    G1,
    G2,
    G3,
    Torn,
    G4,
    G5,
    G6,
    G7,
}

impl Guarantee {
    pub const ALL: [Self; 9] =
        [Self::Read, Self::G1, Self::G2, Self::G3, Self::Torn, Self::G4, Self::G5, Self::G6, Self::G7];

    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::G1 => "G1",
            Self::G2 => "G2",
            Self::G3 => "G3",
            Self::Torn => "TORN",
            Self::G4 => "G4",
            Self::G5 => "G5",
            Self::G6 => "G6",
            Self::G7 => "G7",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Read => "read to the end, stable",
            Self::G1 => "one order",
            Self::G2 => "one verdict",
            Self::G3 => "nothing lost",
            Self::Torn => "no torn transaction",
            Self::G4 => "stop when in doubt",
            Self::G5 => "no limit passed",
            Self::G6 => "no quiet rewriting",
            Self::G7 => "same inputs, same ledger",
        }
    }
}

/// Where something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub topic: String,
    pub partition: i32,
    pub offset: Option<i64>,
}

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub place: Place,
    pub field: String,
    pub expected: String,
    pub found: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    pub counts: BTreeMap<&'static str, u64>,
    /// The first ones.
    pub violations: Vec<Violation>,
    pub violations_total: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    sections: BTreeMap<Guarantee, Section>,
}

impl Report {
    pub fn new() -> Self {
        Self {
            sections: Guarantee::ALL.into_iter().map(|guarantee| (guarantee, Section::default())).collect(),
        }
    }

    pub fn sections(&self) -> impl Iterator<Item = (Guarantee, &Section)> {
        self.sections.iter().map(|(guarantee, section)| (*guarantee, section))
    }

    pub fn holds(&self) -> bool {
        self.sections.values().all(|section| section.violations_total == 0)
    }

    pub fn count(&mut self, guarantee: Guarantee, what: &'static str, number: usize) {
        if number == 0 {
            return;
        }
        let section = self.sections.entry(guarantee).or_default();
        *section.counts.entry(what).or_default() += number as u64;
    }

    pub fn violation(
        &mut self,
        guarantee: Guarantee,
        place: &Place,
        field: &str,
        expected: impl Display,
        found: impl Display,
    ) {
        let section = self.sections.entry(guarantee).or_default();
        section.violations_total += 1;
        if section.violations.len() < KEPT_MAX {
            let (expected, found) = (expected.to_string(), found.to_string());
            section.violations.push(Violation {
                place: place.clone(),
                field: field.to_owned(),
                expected,
                found,
            });
        }
    }

    /// Takes down a violation unless both are equal.
    pub fn equal<T: PartialEq + Display>(
        &mut self,
        guarantee: Guarantee,
        place: &Place,
        field: &str,
        expected: T,
        found: T,
    ) {
        if expected != found {
            self.violation(guarantee, place, field, expected, found);
        }
    }
}
