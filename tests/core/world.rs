//! One lane of a small world, and the records that reach it.
//!
//! The world takes arrivals in batches as the shell does, keeps the trail, and runs
//! `Ledger::validate` after every entry.

use std::collections::BTreeMap;

use onefill::core::amount::Numeral;
use onefill::core::batch::Batch;
use onefill::core::control::{
    AnomalyPolicy, ControlRecord, InstrumentRecord, InstrumentStatus, LimitScope, RiskLimit,
};
use onefill::core::decide::{Arrival, Content};
use onefill::core::entry::{Anomaly, Body, Decision, Entry, Input, Opening, Ruling};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::{Digest, Id, OrderId};
use onefill::core::intent::{Intent, IntentTerms, IntentType, OrderType, Side, TimeInForce};
use onefill::core::ledger::owner::Owner;
use onefill::core::ledger::{Ledger, Placement};
use onefill::core::prices::PriceBook;
use onefill::core::settings::{RULES_VERSION, Settings};
use onefill::core::time::Time;
use onefill::core::verdict::{FailedCheck, Reason};

/// When everything happens, unless a test says otherwise.
pub const NOW: Time = Time(1_700_000_000_000_000_000);
/// Where `A1`, `A6` and `A29` belong.
pub const PLACEMENT: Placement = Placement { partition: 3, count: 12 };
/// The instrument of every record, unless a test says otherwise: ticks of 0.25, multiplier 50.
pub const FUTURE: &str = "ESZ5.CME";

/// A time before or after [`NOW`], in nanoseconds.
pub const fn at(offset: i64) -> Time {
    Time(NOW.0 + offset)
}

pub fn id(text: &'static str) -> Id<'static> {
    Id::parse(text).expect("a test names things by ids")
}

pub fn num(text: &'static str) -> Numeral<'static> {
    Numeral::parse(text).expect("a test writes numbers")
}

/// What identifies a record on `orders`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    pub command: IntentType,
    pub order_id: OrderId,
    pub order_version: i32,
    pub audit_seq: u64,
}

/// A lane with its trail, and with what it has sent.
pub struct World {
    pub ledger: Ledger,
    pub prices: &'static PriceBook,
    pub clock: Time,
    pub trail: Vec<(Entry<'static>, Digest)>,
    pub sent: Vec<Sent>,
    next_offset: i64,
}

impl World {
    /// A lane that nobody has opened.
    pub fn unopened() -> Self {
        let ledger = Ledger::new(PLACEMENT);
        Self {
            ledger,
            prices: Box::leak(Box::default()),
            clock: NOW,
            trail: Vec::new(),
            sent: Vec::new(),
            next_offset: 0,
        }
    }

    /// A lane that decides by these settings, without instruments. Its accounts have wide limits.
    pub fn with_settings(settings: Settings) -> Self {
        let mut world = Self::unopened();
        world.open(opening(settings));
        for account in ["A1", "A6", "A29"] {
            world.control(Ok(ControlRecord::RiskLimit(wide(account))));
        }
        world
    }

    /// A lane with [`FUTURE`].
    pub fn new() -> Self {
        let mut world = Self::with_settings(Settings::default());
        world.control(Ok(ControlRecord::Instrument(future())));
        world
    }

    /// One opening, settled.
    pub fn open(&mut self, opening: Opening<'static>) -> Entry<'static> {
        let mut batch = Batch::open(&mut self.ledger, self.prices, self.clock);
        let entry = batch.open_lane(opening);
        let leaf = leaf(&entry);
        batch.link(leaf);
        batch.settle();
        self.trail.push((entry.clone(), leaf));
        entry
    }

    /// One batch of these arrivals, settled.
    pub fn settle(&mut self, arrivals: &[Arrival<'static>]) -> Vec<Entry<'static>> {
        let mut batch = Batch::open(&mut self.ledger, self.prices, self.clock);
        let (entries, sent) = fill(&mut batch, arrivals);
        batch.settle();
        self.ledger.validate().expect("a settled batch keeps every invariant");
        self.sent.extend(sent);
        self.trail.extend(entries.iter().cloned());
        entries.into_iter().map(|(entry, _)| entry).collect()
    }

    /// One batch of these arrivals, discarded.
    pub fn discard(&mut self, arrivals: &[Arrival<'static>]) -> Vec<Entry<'static>> {
        let mut batch = Batch::open(&mut self.ledger, self.prices, self.clock);
        let (entries, _) = fill(&mut batch, arrivals);
        drop(batch);
        self.ledger.validate().expect("a discarded batch keeps every invariant");
        entries.into_iter().map(|(entry, _)| entry).collect()
    }

    /// A batch of one arrival, settled.
    pub fn take(&mut self, arrival: Arrival<'static>) -> Entry<'static> {
        self.settle(&[arrival]).remove(0)
    }

    /// What is ruled of this intent.
    pub fn intent(&mut self, intent: Intent<'static>) -> Ruling<'static> {
        let arrival = self.arrival_of(intent);
        ruling(self.take(arrival))
    }

    /// The anomaly of this report, if it has one.
    pub fn report(&mut self, execution: Execution<'static>) -> Option<Anomaly> {
        let arrival = self.arrival_of_report(execution);
        match self.take(arrival).body {
            Body::Execution(taken) => taken.anomaly,
            other => panic!("a report became {}", other.kind()),
        }
    }

    /// One control record, settled.
    pub fn control(&mut self, record: Result<ControlRecord<'static>, &'static str>) -> Entry<'static> {
        let arrival = self.arrival_of_control(record);
        self.take(arrival)
    }

    pub fn arrival_of_control(
        &mut self,
        record: Result<ControlRecord<'static>, &'static str>,
    ) -> Arrival<'static> {
        let content = Content::Control(record.map_err(Into::into));
        Arrival { input: input("control", 0, self.next()), key: None, value: None, content }
    }

    /// A record that halts everybody, for it cannot be read.
    pub fn halt_trading(&mut self) {
        self.control(Err("no Avro"));
    }

    pub fn arrival_of(&mut self, intent: Intent<'static>) -> Arrival<'static> {
        let key = Some(intent.account_id.as_str().as_bytes());
        let input = input("intents", PLACEMENT.partition, self.next());
        Arrival { input, key, value: Some(b"intent"), content: Content::Intent(Ok(intent)) }
    }

    pub fn arrival_of_report(&mut self, execution: Execution<'static>) -> Arrival<'static> {
        let key = Some(execution.account_id.as_str().as_bytes());
        let input = input("executions", PLACEMENT.partition, self.next());
        Arrival { input, key, value: Some(b"report"), content: Content::Execution(Ok(execution)) }
    }

    /// How many orders of the account may still be filled.
    pub fn open_orders(&self, account: &str) -> i32 {
        self.ledger.open_orders_of(Owner::account(self.ledger.name(account)))
    }

    /// Offsets rise; which numbers they are matters to nobody.
    fn next(&mut self) -> i64 {
        self.next_offset += 1;
        self.next_offset - 1
    }
}

type Filled = (Vec<(Entry<'static>, Digest)>, Vec<Sent>);

fn fill(batch: &mut Batch<'_, 'static>, arrivals: &[Arrival<'static>]) -> Filled {
    let (mut entries, mut sent) = (Vec::new(), Vec::new());
    for arrival in arrivals {
        let entry = batch.take(arrival);
        sent.extend(batch.order(&entry).map(|order| Sent {
            command: order.command,
            order_id: order.order_id,
            order_version: order.order_version,
            audit_seq: order.audit_seq,
        }));
        let leaf = leaf(&entry);
        batch.link(leaf);
        batch.ledger().validate().expect("an open batch keeps every invariant");
        entries.push((entry, leaf));
    }
    (entries, sent)
}

/// The link of the next entry, made of all that this one says.
pub fn leaf(entry: &Entry<'_>) -> Digest {
    Digest::leaf(format!("{entry:?}").as_bytes())
}

pub fn ruling(entry: Entry<'static>) -> Ruling<'static> {
    match entry.body {
        Body::Decision(Decision { ruling, .. }) => ruling,
        other => panic!("an intent became {}", other.kind()),
    }
}

/// Every check that a ruling names as failed; none of an accept.
pub fn failed(ruling: &Ruling<'_>) -> Vec<FailedCheck> {
    match ruling {
        Ruling::Rejected { failed_checks, .. } => failed_checks.clone(),
        Ruling::Malformed { .. } | Ruling::Misplaced { .. } | Ruling::Conflict { .. } => {
            ruling.reason().into_iter().map(FailedCheck::plain).collect()
        }
        Ruling::Accepted { .. } => Vec::new(),
        Ruling::Duplicate { of, .. } => panic!("a duplicate of entry {}", of.seq),
    }
}

/// A failed comparison, with its numbers.
pub fn compared(reason: Reason, limit: &'static str, observed: &'static str) -> FailedCheck {
    let exact = |text| num(text).exact().expect("a test compares decimals");
    FailedCheck::compared(reason, exact(limit), exact(observed))
}

pub const fn input(topic: &'static str, partition: i32, offset: i64) -> Input<'static> {
    Input { topic, partition, offset, timestamp: NOW }
}

pub fn opening(settings: Settings) -> Opening<'static> {
    let settings = settings.to_map().into_iter().map(|(name, value)| (name.into(), value.into()));
    Opening {
        router_id: "r1".into(),
        version: "0.1.0".into(),
        rules_version: RULES_VERSION,
        group: "onefill.router".into(),
        partition_count: PLACEMENT.count,
        topic_ids: BTreeMap::from([("audit".into(), "id-audit".into())]),
        settings: settings.collect(),
        ledger_hash: Digest::ZERO,
    }
}

/// Limits of an account that hold nobody up.
pub fn wide(account: &'static str) -> RiskLimit<'static> {
    let most = Some(num("99999999999999999999.999999999999999999"));
    RiskLimit {
        scope_type: LimitScope::Account,
        scope_id: account,
        max_order_qty: most,
        max_long_qty: most,
        max_short_qty: most,
        on_anomaly: Some(AnomalyPolicy::Warn),
        ..no_limit(account)
    }
}

/// A GLOBAL limit for all instruments that sets nothing.
pub fn no_limit(limit_id: &'static str) -> RiskLimit<'static> {
    RiskLimit {
        limit_id: id(limit_id),
        version: 1,
        scope_type: LimitScope::Global,
        scope_id: "",
        instrument_id: "*",
        max_order_qty: None,
        max_order_notional: None,
        max_long_qty: None,
        max_short_qty: None,
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

/// [`FUTURE`], version 1.
pub fn future() -> InstrumentRecord<'static> {
    InstrumentRecord {
        instrument_id: id(FUTURE),
        venue: id("CME"),
        currency: id("USD"),
        tick_size: num("0.25"),
        lot_size: num("1"),
        min_qty: Some(num("2")),
        max_qty: Some(num("100")),
        min_notional: Some(num("1000")),
        contract_multiplier: num("50"),
        allow_negative_price: false,
        status: InstrumentStatus::Trading,
        version: 1,
    }
}

/// A NEW of `A1` that is accepted: buy 10 at 100, or better, once the market has reached 99.5.
pub fn new_intent() -> Intent<'static> {
    let terms = IntentTerms {
        side: Some(Side::Buy),
        order_type: Some(OrderType::StopLimit),
        order_qty: Some(num("10")),
        price: Some(num("100")),
        trigger_price: Some(num("99.5")),
        time_in_force: Some(TimeInForce::Day),
        ..IntentTerms::default()
    };
    Intent { terms, ..bare(IntentType::New, "k-new", "order-1") }
}

/// A CANCEL of the order of [`new_intent`].
pub fn cancel_intent() -> Intent<'static> {
    bare(IntentType::Cancel, "k-cancel", "order-1")
}

/// A REPLACE of the order of [`new_intent`]: 12 at 101, triggered at 100.5.
pub fn replace_intent() -> Intent<'static> {
    let terms = IntentTerms {
        order_qty: Some(num("12")),
        price: Some(num("101")),
        trigger_price: Some(num("100.5")),
        ..IntentTerms::default()
    };
    Intent { terms, ..bare(IntentType::Replace, "k-replace", "order-1") }
}

fn bare(intent_type: IntentType, intent_id: &'static str, client_order_id: &'static str) -> Intent<'static> {
    Intent {
        intent_type,
        intent_id: id(intent_id),
        account_id: id("A1"),
        strategy_id: id("S1"),
        client_order_id: id(client_order_id),
        instrument_id: id(FUTURE),
        created_at: NOW,
        expires_at: None,
        terms: IntentTerms::default(),
        correlation_id: None,
        tags: Vec::new(),
    }
}

/// A report on the order of [`new_intent`].
pub fn execution(exec_type: ExecType, exec_id: &'static str) -> Execution<'static> {
    Execution {
        venue: id("CME"),
        exec_id,
        exec_type,
        order_id: order_id("A1", "order-1"),
        client_order_id: None,
        venue_order_id: None,
        account_id: id("A1"),
        instrument_id: id(FUTURE),
        side: Side::Buy,
        last_qty: None,
        last_px: None,
        order_qty: None,
        cum_qty: None,
        leaves_qty: None,
        exec_ref_id: None,
        reject_code: None,
        text: None,
        transact_time: NOW,
    }
}

/// A fill of the order of [`new_intent`].
pub fn trade(exec_id: &'static str, last_qty: &'static str) -> Execution<'static> {
    let (last_qty, last_px) = (Some(num(last_qty)), Some(num("100")));
    Execution { last_qty, last_px, ..execution(ExecType::Trade, exec_id) }
}

/// An order's id, as a report names it.
pub fn order_id(account_id: &'static str, client_order_id: &'static str) -> &'static str {
    OrderId::of(id(account_id), id(client_order_id)).to_string().leak()
}
