//! A lane that writes its trail into memory, and the records that reach it.

use std::collections::BTreeMap;

use crate::core::amount::Numeral;
use crate::core::batch::Batch;
use crate::core::control::{
    Command, CommandType, ControlRecord, InstrumentRecord, InstrumentStatus, LimitScope, RiskLimit, Scope,
};
use crate::core::decide::{Arrival, Content};
use crate::core::entry::{Entry, Input, Opening};
use crate::core::execution::{ExecType, Execution};
use crate::core::ids::{Digest, Id, OrderId};
use crate::core::intent::{Intent, IntentTerms, IntentType, OrderType, Side, TimeInForce};
use crate::core::ledger::{Ledger, Placement};
use crate::core::price::{PriceQuality, PriceSource, ReferencePrice};
use crate::core::prices::PriceBook;
use crate::core::settings::{RULES_VERSION, Settings};
use crate::core::time::{MILLISECOND, Time};
use crate::shell::audit::explain::{Story, Telling};
use crate::shell::audit::find::Record;
use crate::shell::audit::records::Range;
use crate::shell::topics::Topics;
use crate::wire;
use crate::wire::schema::{RecordType, Schemas};

/// `A1` lies in the only partition.
pub const PLACEMENT: Placement = Placement { partition: 0, count: 1 };
/// Ticks of 0.25, lots of 1, multiplier 50, in USD.
pub const FUTURE: &str = "ESZ6.XCME";

pub fn id(text: &'static str) -> Id<'static> {
    Id::parse(text).expect("a test names things by ids")
}

pub fn num(text: &'static str) -> Numeral<'static> {
    Numeral::parse(text).expect("a test writes numbers")
}

/// A lane that has its instrument, and a trail of what it has answered.
pub struct Trail {
    pub schemas: Schemas,
    pub topics: Topics,
    pub clock: Time,
    pub prices: PriceBook,
    /// Key and value of each record.
    pub values: Vec<(Vec<u8>, Vec<u8>)>,
    ledger: Ledger,
    next_offset: i64,
}

impl Trail {
    /// Opened, with [`FUTURE`].
    pub fn new() -> Self {
        let mut trail = Self {
            schemas: Schemas::compiled(),
            topics: Topics::under(""),
            clock: Time(1_700_000_000_000_000_000),
            prices: PriceBook::default(),
            values: Vec::new(),
            ledger: Ledger::new(PLACEMENT),
            next_offset: 0,
        };
        trail.open(RULES_VERSION);
        trail.control(ControlRecord::Instrument(future()));
        trail
    }

    /// Opens the lane, by rules of this version.
    pub fn open(&mut self, rules_version: i32) {
        let settings = Settings::default().to_map().into_iter();
        let opening = Opening {
            router_id: "r1".into(),
            version: "0.1.0".into(),
            rules_version,
            group: "onefill.router".into(),
            partition_count: PLACEMENT.count,
            topic_ids: BTreeMap::new(),
            settings: settings.map(|(name, value)| (name.into(), value.into())).collect(),
            ledger_hash: crate::core::ledger::hash::ledger_hash(&self.ledger),
        };
        self.append(|batch| written(&batch.open_lane(opening)));
    }

    /// As the trail left it.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub fn control(&mut self, record: ControlRecord<'_>) {
        self.take("control", None, Content::Control(Ok(record)));
    }

    pub fn limit(&mut self, limit: RiskLimit<'_>) {
        self.control(ControlRecord::RiskLimit(limit));
    }

    pub fn intent(&mut self, intent: Intent<'_>) {
        let key = intent.account_id.as_str().as_bytes().to_vec();
        self.take("intents", Some(&key), Content::Intent(Ok(intent)));
    }

    pub fn execution(&mut self, execution: Execution<'_>) {
        let key = execution.account_id.as_str().as_bytes().to_vec();
        self.take("executions", Some(&key), Content::Execution(Ok(execution)));
    }

    /// Publishes the cancel that is owed next.
    pub fn owed(&mut self) {
        let owing = self.ledger.next_owed().expect("a cancel is owed");
        self.append(|batch| written(&batch.take_owed(&owing)));
    }

    /// A price of [`FUTURE`], so many milliseconds old.
    pub fn price(&mut self, price: &'static str, age_ms: i64) {
        let price = ReferencePrice {
            instrument_id: id(FUTURE),
            price: num(price),
            source: PriceSource::Mark,
            as_of: Time(self.clock.0 - age_ms * MILLISECOND),
            publisher: "test",
            quality: PriceQuality::Good,
        };
        self.prices.take(&price, 0, 0, self.clock);
    }

    fn take(&mut self, topic: &'static str, key: Option<&[u8]>, content: Content<'_>) {
        let input = Input { topic, partition: 0, offset: self.next_offset, timestamp: self.clock };
        self.next_offset += 1;
        let arrival = Arrival { input, key, value: Some(b"value"), content };
        self.append(|batch| written(&batch.take(&arrival)));
    }

    fn append(&mut self, make: impl FnOnce(&mut Batch<'_, '_>) -> (u64, Vec<u8>)) {
        let prices = self.prices.clone();
        let mut batch = Batch::open(&mut self.ledger, &prices, self.clock);
        let (seq, value) = make(&mut batch);
        batch.link(Digest::leaf(&value));
        self.values.push((seq.to_be_bytes().to_vec(), value));
        batch.settle();
    }

    /// Rewrites entries, and links all of them anew: the trail is consistent in itself.
    pub fn rewrite(&mut self, change: impl for<'e> Fn(&mut Entry<'e>)) {
        let mut link = Digest::ZERO;
        for (key, value) in &mut self.values {
            let body = self.schemas.open(RecordType::Entry, value).expect("an entry");
            let mut entry = wire::entry::decode(&body).expect("an entry");
            change(&mut entry);
            entry.prev = link;
            let (seq, written) = written(&entry);
            *key = seq.to_be_bytes().to_vec();
            *value = written;
            link = Digest::leaf(value);
        }
    }

    /// The trail as it is read back.
    pub fn records(&self) -> Vec<Record> {
        let values = self.values.iter().enumerate();
        values.map(|(at, (_, value))| Record::read(&self.schemas, (0, at as i64), value)).collect()
    }

    /// What is told of a key of `A1`.
    pub fn story(&self, intent_id: &'static str) -> Story {
        let searched = Range { start: 0, end: self.values.len() as i64, is_settled: true };
        let mut telling = Telling::new((id("A1"), id(intent_id)), PLACEMENT, searched);
        self.records().into_iter().for_each(|record| telling.take(record));
        telling.end()
    }
}

/// Its number and its bytes.
fn written(entry: &Entry<'_>) -> (u64, Vec<u8>) {
    let mut value = Vec::new();
    wire::entry::encode(entry, &mut value);
    (entry.seq, value)
}

fn future() -> InstrumentRecord<'static> {
    InstrumentRecord {
        instrument_id: id(FUTURE),
        venue: id("XCME"),
        currency: id("USD"),
        tick_size: num("0.25"),
        lot_size: num("1"),
        min_qty: None,
        max_qty: None,
        min_notional: None,
        contract_multiplier: num("50"),
        allow_negative_price: false,
        status: InstrumentStatus::Trading,
        version: 1,
    }
}

/// Limits of `A1`: 100 in one order, 20 long, 30 short.
pub fn limit() -> RiskLimit<'static> {
    RiskLimit {
        limit_id: id("a1"),
        version: 1,
        scope_type: LimitScope::Account,
        scope_id: "A1",
        instrument_id: "*",
        max_order_qty: Some(num("100")),
        max_order_notional: None,
        max_long_qty: Some(num("20")),
        max_short_qty: Some(num("30")),
        max_gross_notional: None,
        currency: None,
        max_open_orders: None,
        price_collar_bps: None,
        price_collar_abs: None,
        ref_max_age_ms: None,
        max_orders: None,
        orders_window_ms: None,
        dup_window_ms: None,
        max_intent_age_ms: None,
        market_orders: None,
        on_anomaly: None,
        set_by: "risk",
        reason: "test",
    }
}

/// Buys so much at 5000, by strategy `S1`, under a key that names the order too.
pub fn buy(key: &'static str, quantity: &'static str) -> Intent<'static> {
    Intent {
        intent_type: IntentType::New,
        intent_id: id(key),
        account_id: id("A1"),
        strategy_id: id("S1"),
        client_order_id: id(key),
        instrument_id: id(FUTURE),
        created_at: Time(1_700_000_000_000_000_000),
        expires_at: None,
        terms: IntentTerms {
            side: Some(Side::Buy),
            order_type: Some(OrderType::Limit),
            order_qty: Some(num(quantity)),
            price: Some(num("5000")),
            time_in_force: Some(TimeInForce::Day),
            ..IntentTerms::default()
        },
        correlation_id: None,
        tags: Vec::new(),
    }
}

/// A fill of an order of [`buy`].
pub fn fill(order: &'static str, exec_id: &'static str, quantity: &'static str) -> Execution<'static> {
    Execution {
        venue: id("XCME"),
        exec_id,
        exec_type: ExecType::Trade,
        order_id: OrderId::of(id("A1"), id(order)).to_string().leak(),
        client_order_id: None,
        venue_order_id: None,
        account_id: id("A1"),
        instrument_id: id(FUTURE),
        side: Side::Buy,
        last_qty: Some(num(quantity)),
        last_px: Some(num("5000")),
        order_qty: None,
        cum_qty: None,
        leaves_qty: None,
        exec_ref_id: None,
        reject_code: None,
        text: None,
        transact_time: Time(1_700_000_000_000_000_000),
    }
}

/// A command about `A1`.
pub fn command(command: CommandType, command_id: &'static str) -> ControlRecord<'static> {
    ControlRecord::Command(Command {
        command_id: id(command_id),
        command,
        scope_type: Scope::Account,
        scope_id: "A1",
        cancel_open_orders: false,
        resumes: None,
        account_id: None,
        order_id: None,
        instrument_id: None,
        qty: None,
        strategy_id: None,
        issued_by: "ops",
        reason: "test",
        issued_at: None,
    })
}
