//! The router's core against the reference model: the same histories, the same answers.
//!
//! Each history is taken by both, record by record. What the core says is compared in full with what
//! the model expects, and decided once more from nothing but what its entry recorded (`G7`).

use std::panic::{AssertUnwindSafe, catch_unwind};

use onefill::core::batch::Batch;
use onefill::core::decide::Content;
use onefill::core::entry::{Body, Decision, Entry, Opening, Reference, Ruling};
use onefill::core::ledger::Ledger;
use onefill::core::ledger::hash::ledger_hash;
use onefill::core::prices::PriceBook;
use onefill::core::replay::replay;
use onefill::core::settings::Settings;
use onefill::core::time::Time;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::records::{PLACEMENT, opening};
use crate::reference::{Act, Expected, Model, Sent, Turn, happen, histories};
use crate::world::leaf;

/// The model and the core, in step.
struct Pair {
    model: Model,
    ledger: Ledger,
    prices: PriceBook,
    /// Told nothing but what the entries record.
    auditor: Ledger,
    /// What has happened, for people.
    log: Vec<String>,
}

type Compared = Result<(), String>;

impl Pair {
    fn new() -> Self {
        Self {
            model: Model::new(PLACEMENT.partition, PLACEMENT.count, Settings::default()),
            ledger: Ledger::new(PLACEMENT),
            prices: PriceBook::default(),
            auditor: Ledger::new(PLACEMENT),
            log: Vec::new(),
        }
    }

    fn open(&mut self, settings: Settings, clock: Time) -> Compared {
        self.log.push(format!("{}: {settings:?}", clock.0));
        let expected = self.model.open(settings, clock);
        let opening = Opening { ledger_hash: ledger_hash(&self.ledger), ..opening(settings) };
        let mut batch = Batch::open(&mut self.ledger, &self.prices, clock);
        let entry = batch.open_lane(opening);
        compare(&expected, &entry, &self.model, &batch)?;
        batch.link(leaf(&entry));
        batch.settle();
        replay(&mut self.auditor, &entry, leaf(&entry)).map_err(|halt| halt.to_string())
    }

    fn play(&mut self, acts: &[Act]) -> Compared {
        for act in acts {
            if let Some(settings) = act.opens {
                self.open(settings, act.clock)?;
            }
            for (price, partition, offset) in &act.prices {
                self.log.push(format!("{}: {}", act.clock.0, brief(price)));
                self.model.price(price, *partition, *offset, act.clock);
                self.prices.take(price, *partition, *offset, act.clock);
            }
            self.batch(act)?;
        }
        let hashes = [&self.ledger, &self.auditor].map(ledger_hash);
        if hashes[0] == hashes[1] { Ok(()) } else { Err("the auditor's ledger differs".to_owned()) }
    }

    /// One batch; perhaps discarded, and taken again with the same result.
    fn batch(&mut self, act: &Act) -> Compared {
        let before = self.model.clone();
        let mut batch = Batch::open(&mut self.ledger, &self.prices, act.clock);
        for turn in &act.turns {
            take(&mut self.model, &mut batch, Some(&mut self.auditor), &mut self.log, turn, act.clock)?;
        }
        if !act.discarded {
            batch.settle();
            return Ok(());
        }
        drop(batch);
        self.model = before;
        let mut batch = Batch::open(&mut self.ledger, &self.prices, act.clock);
        for turn in &act.turns {
            take(&mut self.model, &mut batch, None, &mut self.log, turn, act.clock)?;
        }
        batch.settle();
        Ok(())
    }
}

/// One turn of both, compared; and audited, where there is an auditor.
fn take(
    model: &mut Model,
    batch: &mut Batch<'_, '_>,
    auditor: Option<&mut Ledger>,
    log: &mut Vec<String>,
    turn: &Turn,
    clock: Time,
) -> Compared {
    match turn {
        Turn::Arrival(arrival) => {
            let is_intent = matches!(arrival.content, Content::Intent(_));
            if is_intent && model.is_owing() {
                return Ok(()); // A history that was cut short would break the order of a batch.
            }
            log.push(format!("{}: {}", clock.0, brief(&arrival.content)));
            let expected = model.take(arrival, clock);
            let entry = batch.take(arrival);
            compare(&expected, &entry, model, batch)?;
            if let Some(auditor) = auditor {
                audit(auditor, &entry, |batch| batch.take(arrival) == entry)?;
            }
            batch.link(leaf(&entry));
        }
        Turn::Owed => {
            let (expected, owing) = (model.owed(clock), batch.next_owed());
            log.push(format!("{}: owed: {}", clock.0, brief(&expected)));
            match (expected, owing) {
                (None, None) => {}
                (Some(expected), Some(owing)) => {
                    let entry = batch.take_owed(&owing);
                    compare(&expected, &entry, model, batch)?;
                    if let Some(auditor) = auditor {
                        audit(auditor, &entry, |batch| {
                            batch.next_owed().is_some_and(|owing| batch.take_owed(&owing) == entry)
                        })?;
                    }
                    batch.link(leaf(&entry));
                }
                (expected, owing) => return Err(format!("owed: expected {expected:#?}, got {owing:#?}")),
            }
        }
    }
    batch.ledger().validate().map_err(|broken| format!("invariant: {broken:?}"))
}

fn compare(expected: &Expected, entry: &Entry<'_>, model: &Model, batch: &Batch<'_, '_>) -> Compared {
    let got = Expected::of_entry(entry);
    if *expected != got {
        return Err(difference(expected, &got));
    }
    let (due, sent) = (model.order(), batch.order(entry).map(|order| Sent::of_order(&order)));
    if due != sent.as_ref() {
        return Err(difference(&due, &sent.as_ref()));
    }
    Ok(())
}

/// The fields in which they differ.
fn difference(expected: &impl std::fmt::Debug, got: &impl std::fmt::Debug) -> String {
    let fields = |what: String| {
        let mut text = what.replace("\n     ", " ").replace("\n    }", " }").replace("\n    ]", " ]");
        text = text.replace("\n    )", ")");
        while text.contains("  ") {
            text = text.replace("  ", " ");
        }
        text.split('\n').map(str::to_owned).collect::<Vec<_>>()
    };
    let (expected, got) = (fields(format!("{expected:#?}")), fields(format!("{got:#?}")));
    let only = |one: &[String], other: &[String]| {
        let fields = one.iter().filter(|field| !other.contains(field)).cloned();
        fields.collect::<Vec<_>>().join("\n")
    };
    format!("EXPECTED\n{}\nGOT\n{}", only(&expected, &got), only(&got, &expected))
}

/// Decides an entry anew from what it recorded.
fn audit(
    auditor: &mut Ledger,
    entry: &Entry<'_>,
    again: impl FnOnce(&mut Batch<'_, '_>) -> bool,
) -> Compared {
    let prices = PriceBook::recorded(references(entry));
    let mut batch = Batch::open(auditor, &prices, entry.decided_at);
    if !again(&mut batch) {
        return Err(format!("decided anew from what was recorded, another entry: {entry:#?}"));
    }
    batch.link(leaf(entry));
    batch.settle();
    Ok(())
}

fn references<'e>(entry: &'e Entry<'_>) -> &'e [Reference<'e>] {
    match &entry.body {
        Body::Decision(Decision {
            ruling: Ruling::Rejected { references, .. } | Ruling::Accepted { references, .. },
            ..
        }) => references,
        _ => &[],
    }
}

/// The first difference, with what led to it.
fn differs(acts: &[Act]) -> Option<String> {
    let mut pair = Pair::new();
    let compared = catch_unwind(AssertUnwindSafe(|| pair.play(acts)));
    let difference = compared.unwrap_or_else(|_| Err("a panic, see above".to_owned())).err()?;
    Some(format!("{}\n{difference}", pair.log.join("\n")))
}

/// The same acts without one batch, turn or price, in each way that there is.
fn shorter(acts: &[Act]) -> Vec<Vec<Act>> {
    let without = |change: &dyn Fn(&mut Vec<Act>)| {
        let mut fewer = acts.to_vec();
        change(&mut fewer);
        fewer
    };
    let mut ways = Vec::new();
    // The first act opens the lane.
    for place in 1..acts.len() {
        ways.push(without(&|fewer| {
            fewer.remove(place);
        }));
    }
    for (place, act) in acts.iter().enumerate() {
        for turn in 0..act.turns.len() {
            ways.push(without(&|fewer| {
                fewer[place].turns.remove(turn);
            }));
        }
        for price in 0..act.prices.len() {
            ways.push(without(&|fewer| {
                fewer[place].prices.remove(price);
            }));
        }
    }
    ways
}

/// What differs is reported as a history of which nothing can be left out.
fn check(cases: u32) {
    let mut runner = TestRunner::default();
    for _ in 0..cases {
        let history = histories().new_tree(&mut runner).expect("a history").current();
        let (mut acts, _) = happen(&history);
        let Some(mut difference) = differs(&acts) else { continue };
        let found = |fewer: Vec<Act>| differs(&fewer).map(|difference| (fewer, difference));
        while let Some((fewer, found)) = shorter(&acts).into_iter().find_map(found) {
            (acts, difference) = (fewer, found);
        }
        panic!("{difference}");
    }
}

/// More of them with `DIFFERENTIAL_CASES`.
#[test]
fn every_history_is_answered_as_the_model_answers_it() {
    let cases = std::env::var("DIFFERENTIAL_CASES").ok().and_then(|cases| cases.parse().ok());
    check(cases.unwrap_or(256));
}

/// What is there of a record, for people.
fn brief(what: &impl std::fmt::Debug) -> String {
    let text = format!("{what:?}");
    text.split(", ").filter(|field| !field.ends_with(": None")).collect::<Vec<_>>().join(", ")
}
