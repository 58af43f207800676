//! The lane that benches decide in: every limit set at every scope, prices, and orders that stand.
//!
//! Accounts, instruments and limits are few, keys and orders as many as are asked for.

#![allow(dead_code, reason = "each bench uses its part")]

use onefill::core::amount::{Decimal, Numeral};
use onefill::core::batch::Batch;
use onefill::core::control::{
    AnomalyPolicy, ControlRecord, InstrumentRecord, InstrumentStatus, LimitScope, MarketOrders, RiskLimit,
};
use onefill::core::decide::{Arrival, Content};
use onefill::core::entry::{Entry, Input, Opening};
use onefill::core::ids::{Digest, Id, placement};
use onefill::core::intent::{Intent, IntentTerms, IntentType, OrderType, Side, TimeInForce};
use onefill::core::ledger::{Ledger, Placement};
use onefill::core::price::{PriceQuality, PriceSource, ReferencePrice};
use onefill::core::prices::PriceBook;
use onefill::core::settings::{RULES_VERSION, Settings};
use onefill::core::time::Time;

/// When everything happens.
pub const NOW: Time = Time(1_700_000_000_000_000_000);
/// What is traded.
pub const INSTRUMENTS: [&str; 4] = ["ESZ5.CME", "NQZ5.CME", "CLF6.NYMEX", "GCG6.COMEX"];
/// Orders that stand when the measurement begins.
pub const STANDING: usize = 10_000;

/// An id.
pub fn id(text: &'static str) -> Id<'static> {
    Id::parse(text).expect("a bench names things by ids")
}

fn named(text: &str) -> Id<'_> {
    Id::parse(text).expect("a bench names things by ids")
}

/// A text for ever.
pub fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// A number.
pub fn num(text: &'static str) -> Option<Numeral<'static>> {
    Numeral::parse(text)
}

/// A lane.
pub struct World {
    /// What is decided by.
    pub ledger: Ledger,
    /// The prices held.
    pub prices: PriceBook,
    /// Who trades.
    pub accounts: Vec<&'static str>,
    /// How many instruments each account trades.
    breadth: usize,
    offsets: i64,
    /// Says what an entry hashes to.
    pub link: Link,
}

/// From an entry to its leaf hash.
pub type Link = Box<dyn FnMut(&Entry<'_>) -> Digest>;

impl World {
    /// With [`STANDING`] orders, in so many instruments each.
    pub fn new(breadth: usize) -> Self {
        let mut world = Self::empty(breadth);
        for number in 0..STANDING {
            let arrival = world.arrival(number);
            world.settle(&arrival);
        }
        world
    }

    /// Without orders.
    pub fn empty(breadth: usize) -> Self {
        Self::empty_with(breadth, Box::new(|_| Digest::ZERO))
    }

    /// The same, with a trail that is linked so.
    pub fn empty_with(breadth: usize, link: Link) -> Self {
        let at = Placement { partition: 0, count: 4 };
        let names = (0..).map(|number| leak(format!("ACCOUNT-{number}")));
        let here = names.filter(|name| placement(name.as_bytes(), 4) == 0);
        let accounts: Vec<&'static str> = here.take(100).collect();
        let mut world = Self {
            ledger: Ledger::new(at),
            prices: PriceBook::default(),
            accounts,
            breadth,
            offsets: 0,
            link,
        };
        world.open();
        for instrument in INSTRUMENTS {
            world.control(ControlRecord::Instrument(instrument_record(instrument)));
            world.prices.take(&price(instrument), 0, 0, NOW);
        }
        world.control(ControlRecord::RiskLimit(limit(LimitScope::Global, "", "*")));
        for account in world.accounts.clone() {
            world.control(ControlRecord::RiskLimit(limit(LimitScope::Account, account, "*")));
            let strategy = leak(format!("{account}/S1"));
            world.control(ControlRecord::RiskLimit(limit(LimitScope::Strategy, strategy, INSTRUMENTS[0])));
        }
        world
    }

    fn open(&mut self) {
        let settings = Settings::default().to_map().into_iter();
        let opening = Opening {
            router_id: "bench".into(),
            version: "0".into(),
            rules_version: RULES_VERSION,
            group: "bench".into(),
            partition_count: 4,
            topic_ids: Default::default(),
            settings: settings.map(|(name, value)| (name.into(), value.into())).collect(),
            ledger_hash: Digest::ZERO,
        };
        let mut batch = Batch::open(&mut self.ledger, &self.prices, NOW);
        let entry = batch.open_lane(opening);
        batch.link((self.link)(&entry));
        batch.settle();
    }

    fn control(&mut self, record: ControlRecord<'static>) {
        let input = Input { topic: "control", partition: 0, offset: self.next(), timestamp: NOW };
        self.settle(&Arrival { input, key: None, value: None, content: Content::Control(Ok(record)) });
    }

    /// Decides one arrival, and folds it in.
    pub fn settle(&mut self, arrival: &Arrival<'static>) {
        let mut batch = Batch::open(&mut self.ledger, &self.prices, NOW);
        let entry = batch.take(arrival);
        batch.link((self.link)(&entry));
        batch.settle();
    }

    /// The next offset.
    pub fn next(&mut self) -> i64 {
        self.offsets += 1;
        self.offsets
    }

    /// The NEW of this number: of the accounts in turn, in the instruments in turn.
    pub fn arrival(&mut self, number: usize) -> Arrival<'static> {
        let account = self.accounts[number % self.accounts.len()];
        let (key, order) = (leak(format!("k-{number}")), leak(format!("o-{number}")));
        let intent = new(account, key, order, INSTRUMENTS[number / self.accounts.len() % self.breadth]);
        let input = Input { topic: "intents", partition: 0, offset: self.next(), timestamp: NOW };
        Arrival { input, key: Some(account.as_bytes()), value: None, content: Content::Intent(Ok(intent)) }
    }
}

fn instrument_record(instrument: &'static str) -> InstrumentRecord<'static> {
    InstrumentRecord {
        instrument_id: id(instrument),
        venue: id("CME"),
        currency: id("USD"),
        tick_size: num("0.25").expect("a number"),
        lot_size: num("1").expect("a number"),
        min_qty: num("1"),
        max_qty: num("1000000"),
        min_notional: num("100"),
        contract_multiplier: num("50").expect("a number"),
        allow_negative_price: false,
        status: InstrumentStatus::Trading,
        version: 1,
    }
}

/// Every limit there is, none of them in the way.
fn limit(scope_type: LimitScope, scope_id: &'static str, instrument_id: &'static str) -> RiskLimit<'static> {
    let most = num("1000000000000");
    RiskLimit {
        limit_id: id(leak(format!("limit-{}", scope_id.replace('/', "-")))),
        version: 1,
        scope_type,
        scope_id,
        instrument_id,
        max_order_qty: most,
        max_order_notional: most,
        max_long_qty: most,
        max_short_qty: most,
        max_gross_notional: most,
        currency: Some(id("USD")),
        max_open_orders: Some(1_000_000_000),
        price_collar_bps: Some(500),
        price_collar_abs: num("500"),
        ref_max_age_ms: Some(2_000),
        max_orders: Some(1_000_000_000),
        orders_window_ms: Some(60_000),
        dup_window_ms: Some(0),
        max_intent_age_ms: Some(5_000),
        market_orders: Some(MarketOrders::Allow),
        on_anomaly: Some(AnomalyPolicy::Warn),
        set_by: "bench",
        reason: "bench",
    }
}

/// A price that is good now.
pub fn price(instrument: &'static str) -> ReferencePrice<'static> {
    ReferencePrice {
        instrument_id: id(instrument),
        price: Numeral::Exact(Decimal::whole(5_000)),
        source: PriceSource::Mid,
        as_of: NOW,
        publisher: "bench",
        quality: PriceQuality::Good,
    }
}

/// A NEW.
pub fn new<'a>(account: &'a str, key: &'a str, order: &'a str, instrument: &'static str) -> Intent<'a> {
    let terms = IntentTerms {
        side: Some(Side::Buy),
        order_type: Some(OrderType::Limit),
        order_qty: num("10"),
        price: num("5001.25"),
        time_in_force: Some(TimeInForce::Day),
        ..IntentTerms::default()
    };
    Intent {
        intent_type: IntentType::New,
        intent_id: named(key),
        account_id: named(account),
        strategy_id: id("S1"),
        client_order_id: named(order),
        instrument_id: id(instrument),
        created_at: NOW,
        expires_at: None,
        terms,
        correlation_id: None,
        tags: Vec::new(),
    }
}
