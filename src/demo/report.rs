//! The numbers of a run, and whether they are as promised.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde_json::{Value, json};

use super::kills::Kill;
use super::plan::Plan;
use super::readback::Records;
use super::tally::{Identity, Intents, Tally};

/// How many keys a finding names.
const NAMED_MAX: usize = 10;

/// What the topics hold after a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Of every choice that was left to chance.
    pub seed: u64,
    /// Records on `intents`.
    pub attempts: usize,
    /// Distinct keys among them.
    pub intents: usize,
    /// What the naive router made of them.
    pub naive: Tally,
    /// What onefill made of them.
    pub onefill: Tally,
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
        let mut report = Self {
            seed: plan.seed,
            attempts: records.attempts.len(),
            intents: intents.keys.len(),
            naive: Tally::of(&intents, &records.naive_trades),
            onefill: Tally::of(&intents, &records.trades),
            duplicate_entries: records.trail.duplicates,
            entries: records.trail.entries,
            kills,
            took,
            findings: Vec::new(),
        };
        report.findings = findings(&report, records, &intents);
        report.findings.extend(broken.iter().take(NAMED_MAX).cloned());
        report
    }

    /// Kills that left a transaction open.
    pub fn kills_in_transaction(&self) -> usize {
        self.kills.iter().filter(|kill| kill.uncommitted > 0).count()
    }

    /// For scripts.
    pub fn to_json(&self) -> Value {
        let side = |tally: &Tally| {
            json!({
                "fills": tally.fills,
                "duplicates": tally.duplicates,
                "losses": tally.losses,
                "money_error": money(tally.money_error_cents),
            })
        };
        json!({
            "seed": self.seed,
            "attempts": self.attempts,
            "intents": self.intents,
            "naive": side(&self.naive),
            "onefill": side(&self.onefill),
            "kills": self.kills.len(),
            "kills_in_transaction": self.kills_in_transaction(),
            "duplicate_entries": self.duplicate_entries,
            "entries": self.entries,
            "took_ms": self.took.as_millis() as u64,
            "findings": self.findings,
        })
    }

    /// For people: one column for each router.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).force_no_tty();
        table.set_header(["", "naive", "onefill"]);
        let open = self.kills_in_transaction();
        let rows = [
            ("attempts", grouped(self.attempts), grouped(self.attempts)),
            ("intents", grouped(self.intents), grouped(self.intents)),
            ("fills", grouped(self.naive.fills), grouped(self.onefill.fills)),
            ("duplicates", grouped(self.naive.duplicates), grouped(self.onefill.duplicates)),
            ("losses", grouped(self.naive.losses), grouped(self.onefill.losses)),
            ("money error, USD", grouped_money(&self.naive), grouped_money(&self.onefill)),
            ("kill -9", grouped(self.kills.len()), grouped(self.kills.len())),
            ("  in mid-transaction", String::new(), grouped(open)),
            ("DUPLICATE entries", String::new(), grouped(self.duplicate_entries)),
        ];
        for (what, naive, onefill) in rows {
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

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// Everything that must hold, and does not.
fn findings(report: &Report, records: &Records, intents: &Intents) -> Vec<String> {
    let trail = &records.trail;
    let mut found = Vec::new();
    let mut expect = |what: &str, is: usize, should: usize| {
        if is != should {
            found.push(format!("{what}: {}, and {} were to be", grouped(is), grouped(should)));
        }
    };
    let extra = report.attempts.saturating_sub(report.intents);
    expect("orders of onefill", records.orders.len(), report.intents);
    expect("fills of onefill", report.onefill.fills, report.intents);
    expect("accepted entries", trail.accepted.len(), report.intents);
    expect("DUPLICATE entries", trail.duplicates, extra);
    expect("rejected intents", trail.rejected, 0);
    expect("EXECUTION entries", trail.executions, records.trades.len());
    expect("trades with an anomaly", trail.anomalies, 0);
    expect("fills of the naive router's orders", report.naive.fills, records.naive_orders);
    if report.attempts == 0 {
        found.push("nobody sent anything".to_owned());
    }
    let accepted: BTreeSet<_> =
        records.orders.iter().map(|order| (order.partition, order.audit_seq)).collect();
    if accepted != trail.accepted {
        found.push("the entries that accepted are not those that the orders name".to_owned());
    }
    found.extend(named_orders(records, intents));
    found.extend(named_fills("onefill", &report.onefill));
    found
}

/// Keys with another number of order records than one, whatever the venue made of them.
fn named_orders(records: &Records, intents: &Intents) -> Option<String> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for order in &records.orders {
        *counts.entry((&order.account_id, &order.intent_id)).or_default() += 1;
    }
    let twice: Vec<String> = counts
        .iter()
        .filter(|(_, count)| **count > 1)
        .map(|((account, intent), count)| format!("{account}/{intent} has {count}"))
        .collect();
    let orders = "keys with more than one order record";
    let missing = intents.keys.len().saturating_sub(counts.len());
    (!twice.is_empty() || missing > 0)
        .then(|| format!("{orders}: {}; without any: {missing}", some_of(&twice)))
}

fn named_fills(who: &str, tally: &Tally) -> Vec<String> {
    let name = |(account, order): &Identity| format!("{account}/{order}");
    let wrong: Vec<String> =
        tally.wrong.iter().map(|(identity, traded)| format!("{} has {traded}", name(identity))).collect();
    let strange: Vec<String> = tally.strange.iter().map(name).collect();
    let mut found = Vec::new();
    if !wrong.is_empty() {
        found.push(format!("orders of {who} of which other than their quantity traded: {}", some_of(&wrong)));
    }
    if !strange.is_empty() {
        found.push(format!("fills of {who} that nobody wanted, or not so: {}", some_of(&strange)));
    }
    found
}

fn some_of(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED_MAX)].join(", ");
    match names.len().saturating_sub(NAMED_MAX) {
        0 if names.is_empty() => "none".to_owned(),
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
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
    fn a_long_list_is_cut_and_says_so() {
        let names: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        assert_eq!(some_of(&names), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
        assert_eq!(some_of(&[]), "none");
    }
}
