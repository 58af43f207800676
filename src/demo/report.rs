//! The numbers of a run, and whether they are as promised.

use std::collections::BTreeMap;
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde_json::{Map, Value, json};

use super::exposure::Exposure;
use super::findings::{self, NAMED_MAX};
use super::kills::Kill;
use super::limits;
use super::plan::Plan;
use super::readback::Records;
use super::tally::{Intents, Tally};
use crate::core::verdict::Reason;

/// What the topics hold after a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Of every choice that was left to chance.
    pub seed: u64,
    /// Records on `intents`.
    pub attempts: usize,
    /// Distinct keys among them.
    pub intents: usize,
    /// How many of them onefill refused for each reason.
    pub refused: BTreeMap<Reason, usize>,
    /// What the naive router made of all of them.
    pub naive: Tally,
    /// What onefill made of those that it did not refuse.
    pub onefill: Tally,
    /// The most that an account may hold of an instrument.
    pub position_max: i64,
    /// The most that an account of the naive router held.
    pub naive_exposure: Exposure,
    /// The most that an account of onefill could have come to hold.
    pub exposure: Exposure,
    /// DUPLICATE entries in the trail.
    pub duplicate_entries: usize,
    /// Entries in the trail.
    pub entries: usize,
    /// Every `kill -9`.
    pub kills: Vec<Kill>,
    /// From the first topic to the last count.
    pub took: Duration,
    /// What is not as promised, of onefill. Empty when all is well.
    pub findings: Vec<String>,
}

impl Report {
    /// Counts. `broken` is what is wrong with the trail, in words.
    pub fn of(plan: &Plan, records: &Records, broken: &[String], kills: Vec<Kill>, took: Duration) -> Self {
        let intents = Intents::of(&records.attempts);
        let trail = &records.trail;
        let accepted = intents.without(trail.refused.keys());
        let exposure = Exposure::at_worst(&trail.steps, &records.orders, &records.trades);
        let mut report = Self {
            seed: plan.seed,
            attempts: records.attempts.len(),
            intents: intents.keys.len(),
            refused: trail.reasons(),
            naive: Tally::of(&intents, &records.naive_trades),
            onefill: Tally::of(&accepted, &records.trades),
            position_max: limits::position_max(plan.rate),
            naive_exposure: Exposure::held(&records.naive_trades),
            exposure: exposure.as_ref().cloned().unwrap_or_default(),
            duplicate_entries: trail.duplicates,
            entries: trail.entries,
            kills,
            took,
            findings: Vec::new(),
        };
        report.findings = findings::of(&report, records, &accepted);
        report.findings.extend(exposure.err());
        report.findings.extend(broken.iter().take(NAMED_MAX).cloned());
        report
    }

    /// Intents that onefill refused.
    pub fn refused(&self) -> usize {
        self.refused.values().sum()
    }

    /// Kills that left a transaction open.
    pub fn kills_in_transaction(&self) -> usize {
        self.kills.iter().filter(|kill| kill.uncommitted > 0).count()
    }

    /// For scripts.
    pub fn to_json(&self) -> Value {
        let side = |tally: &Tally, exposure: &Exposure| {
            json!({
                "fills": tally.fills,
                "duplicates": tally.duplicates,
                "losses": tally.losses,
                "money_error": money(tally.money_error_cents),
                "exposure": exposure.quantity,
            })
        };
        let reasons = self.refused.iter().map(|(reason, count)| (reason.name().to_owned(), json!(count)));
        let reasons: Map<String, Value> = reasons.collect();
        json!({
            "seed": self.seed,
            "attempts": self.attempts,
            "intents": self.intents,
            "refused": self.refused(),
            "refused_for": reasons,
            "position_limit": self.position_max,
            "naive": side(&self.naive, &self.naive_exposure),
            "onefill": side(&self.onefill, &self.exposure),
            "kills": self.kills.len(),
            "kills_in_transaction": self.kills_in_transaction(),
            "duplicate_entries": self.duplicate_entries,
            "entries": self.entries,
            "took_ms": self.took.as_millis() as u64,
            "findings": self.findings,
        })
    }

    fn rows(&self) -> Vec<[String; 3]> {
        let both = |what: &str, naive: String, onefill: String| [what.to_owned(), naive, onefill];
        let ours = |what: &str, onefill: String| [what.to_owned(), String::new(), onefill];
        let counts = |what: &str, of: fn(&Tally) -> usize| {
            both(what, grouped(of(&self.naive)), grouped(of(&self.onefill)))
        };
        let of_limit = |exposure| percent(exposure, self.position_max);
        let mut rows = vec![
            both("attempts", grouped(self.attempts), grouped(self.attempts)),
            both("intents", grouped(self.intents), grouped(self.intents)),
            both("refused", grouped(0), grouped(self.refused())),
        ];
        rows.extend(self.refused.iter().map(|(reason, count)| ours(&format!("  {reason}"), grouped(count))));
        rows.extend([
            counts("fills", |tally| tally.fills),
            counts("duplicates", |tally| tally.duplicates),
            counts("losses", |tally| tally.losses),
            both("money error, USD", grouped_money(&self.naive), grouped_money(&self.onefill)),
            both("worst-case exposure, of limit", of_limit(&self.naive_exposure), of_limit(&self.exposure)),
            both("kill -9", grouped(self.kills.len()), grouped(self.kills.len())),
            ours("  in mid-transaction", grouped(self.kills_in_transaction())),
            ours("DUPLICATE entries", grouped(self.duplicate_entries)),
        ]);
        rows
    }

    /// For people: one column for each router.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).force_no_tty();
        table.set_header(["", "naive", "onefill"]);
        for [what, naive, onefill] in self.rows() {
            table.add_row([Cell::new(what), right(naive), right(onefill)]);
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((if index == 0 { 0 } else { 4 }, 0));
            if index > 0 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n")
    }
}

fn percent(exposure: &Exposure, most: i64) -> String {
    let tenths = exposure.quantity * 1_000 / most.max(1);
    format!("{}.{} %", grouped(tenths / 10), tenths % 10)
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn money(cents: i128) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn grouped_money(tally: &Tally) -> String {
    let cents = tally.money_error_cents;
    format!("{}.{:02}", grouped(cents / 100), cents % 100)
}

/// `12345` as `12,345`.
pub fn grouped(number: impl ToString) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_threes() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn an_exposure_is_told_in_tenths_of_a_percent_of_its_limit() {
        let told = |quantity| percent(&Exposure { quantity, of: None }, 4_000);
        assert_eq!([0, 3_999, 4_000, 165_260].map(told), ["0.0 %", "99.9 %", "100.0 %", "4,131.5 %"]);
    }
}
