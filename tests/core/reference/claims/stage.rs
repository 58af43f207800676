//! A small world for the model alone.

use onefill::core::control::{Command, ControlRecord, ControlResult, InstrumentRecord, RiskLimit, Scope};
use onefill::core::decide::{Arrival, Content};
use onefill::core::entry::Anomaly;
use onefill::core::execution::Execution;
use onefill::core::intent::Intent;
use onefill::core::price::ReferencePrice;
use onefill::core::settings::Settings;
use onefill::core::time::Time;
use onefill::core::verdict::Reason;

use crate::records::{FUTURE, NOW, PLACEMENT, input, instrument, quote, wide};
use crate::reference::expected::Failed;
use crate::reference::{Expected, Model};

/// The model, and its clock.
#[derive(Clone)]
pub struct Stage {
    pub model: Model,
    pub clock: Time,
    offsets: i64,
}

impl Stage {
    /// Opened, and told nothing.
    pub fn bare() -> Self {
        let mut model = Model::new(PLACEMENT.partition, PLACEMENT.count, Settings::default());
        model.open(Settings::default(), NOW);
        Self { model, clock: NOW, offsets: 0 }
    }

    /// `A1` and `A6` with limits that hold nobody up, the future without bounds, its price of 100.
    pub fn new() -> Self {
        let mut stage = Self::bare();
        stage.instrument(instrument(FUTURE));
        stage.limit(wide("A1"));
        stage.limit(wide("A6"));
        stage.price(quote(FUTURE, "100"));
        stage
    }

    fn take(&mut self, key: Option<&'static [u8]>, content: Content<'static>) -> Expected {
        self.offsets += 1;
        let input = input("topic", PLACEMENT.partition, self.offsets);
        self.model.take(&Arrival { input, key, value: Some(b"value"), content }, self.clock)
    }

    pub fn price(&mut self, price: ReferencePrice<'static>) {
        self.offsets += 1;
        self.model.price(&price, 0, self.offsets, self.clock);
    }

    fn control(&mut self, record: ControlRecord<'static>) -> ControlResult {
        let entry = self.take(None, Content::Control(Ok(record)));
        entry.control_result.expect("each control record has a result")
    }

    pub fn instrument(&mut self, record: InstrumentRecord<'static>) -> ControlResult {
        self.control(ControlRecord::Instrument(record))
    }

    pub fn limit(&mut self, limit: RiskLimit<'static>) -> ControlResult {
        self.control(ControlRecord::RiskLimit(limit))
    }

    pub fn command(&mut self, command: Command<'static>) -> ControlResult {
        self.control(ControlRecord::Command(command))
    }

    pub fn unreadable(&mut self) -> ControlResult {
        let entry = self.take(None, Content::Control(Err("no Avro".into())));
        entry.control_result.expect("each control record has a result")
    }

    pub fn intent(&mut self, intent: Intent<'static>) -> Expected {
        let key = Some(intent.account_id.as_str().as_bytes());
        self.take(key, Content::Intent(Ok(intent)))
    }

    /// An intent under a key of another account.
    pub fn misplaced(&mut self, intent: Intent<'static>) -> Expected {
        self.take(Some(b"A6"), Content::Intent(Ok(intent)))
    }

    pub fn accept(&mut self, intent: Intent<'static>) {
        let entry = self.intent(intent);
        assert_eq!(entry.failed_checks, [], "it was to be accepted");
    }

    pub fn report(&mut self, report: Execution<'static>) -> Option<Anomaly> {
        let key = Some(report.account_id.as_str().as_bytes());
        self.take(key, Content::Execution(Ok(report))).anomaly
    }

    /// The orders whose cancels are owed, in order, until there is none.
    pub fn pay(&mut self) -> Vec<String> {
        let owed = std::iter::from_fn(|| self.model.owed(self.clock));
        owed.map(|entry| entry.owed.expect("it says whose")[4].clone()).collect()
    }
}

/// A refusal: reason, scope, limit, observed.
pub fn failed(reason: Reason, scope: Option<Scope>, limit: &str, observed: &str) -> Failed {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Failed { reason, scope, limit: text(limit), observed: text(observed) }
}

/// What is done to a world before.
pub type Change = fn(&mut Stage);

/// Each case in a world of its own: what is done, what is sent, and all that refuses it.
pub fn check(cases: &[(&str, Change, Intent<'static>, &[Failed])]) {
    for (claim, change, intent, due) in cases {
        let mut stage = Stage::new();
        change(&mut stage);
        assert_eq!(stage.intent(intent.clone()).failed_checks, *due, "{claim}");
    }
}
