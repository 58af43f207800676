//! What one decision costs, with every check on.
//!
//! The estimate that was written before the first measurement, for an accepted NEW: three SHA-256
//! digests of one to three blocks (fingerprint, key, order) 350 ns, some 40 look-ups in hash maps
//! 350 ns, arithmetic in 256 bits 100 ns: below 1 µs. One allocation, for the list of the prices that
//! the entry names.
//!
//! `cargo bench --no-default-features --bench decide` prints times and allocations. Absolute times
//! are those of the machine; what counts is how they compare in one run.

use std::hint::black_box;

use divan::{AllocProfiler, Bencher};
use onefill::core::amount::{Decimal, Numeral};
use onefill::core::batch::Batch;
use onefill::core::control::{
    ControlRecord, InstrumentRecord, InstrumentStatus, LimitScope, MarketOrders, RiskLimit,
};
use onefill::core::decide::{Arrival, Content, decide};
use onefill::core::entry::{Body, Decision, Input, Opening, Ruling};
use onefill::core::ids::{Digest, Id, placement};
use onefill::core::intent::{Intent, IntentTerms, IntentType, OrderType, Side, TimeInForce};
use onefill::core::ledger::{Ledger, Placement};
use onefill::core::price::{PriceQuality, PriceSource, ReferencePrice};
use onefill::core::prices::PriceBook;
use onefill::core::settings::{RULES_VERSION, Settings};
use onefill::core::time::Time;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const NOW: Time = Time(1_700_000_000_000_000_000);
const INSTRUMENTS: [&str; 4] = ["ESZ5.CME", "NQZ5.CME", "CLF6.NYMEX", "GCG6.COMEX"];
/// Orders that stand when the measurement begins.
const STANDING: usize = 10_000;

fn main() {
    divan::main();
}

fn id(text: &'static str) -> Id<'static> {
    Id::parse(text).expect("a bench names things by ids")
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn num(text: &'static str) -> Option<Numeral<'static>> {
    Numeral::parse(text)
}

/// A lane with every limit set at every scope, prices, and orders that stand.
struct World {
    ledger: Ledger,
    prices: PriceBook,
    accounts: Vec<&'static str>,
    /// How many instruments each account trades.
    breadth: usize,
    offsets: i64,
}

impl World {
    fn new(breadth: usize) -> Self {
        let at = Placement { partition: 0, count: 4 };
        let names = (0..).map(|number| leak(format!("ACCOUNT-{number}")));
        let here = names.filter(|name| placement(name.as_bytes(), 4) == 0);
        let accounts: Vec<&'static str> = here.take(100).collect();
        let mut world =
            Self { ledger: Ledger::new(at), prices: PriceBook::default(), accounts, breadth, offsets: 0 };
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
        for number in 0..STANDING {
            let arrival = world.arrival(number);
            world.settle(&arrival);
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
        batch.open_lane(opening);
        batch.link(Digest::ZERO);
        batch.settle();
    }

    fn control(&mut self, record: ControlRecord<'static>) {
        let input = Input { topic: "control", partition: 0, offset: self.next(), timestamp: NOW };
        self.settle(&Arrival { input, key: None, value: None, content: Content::Control(Ok(record)) });
    }

    fn settle(&mut self, arrival: &Arrival<'static>) {
        let mut batch = Batch::open(&mut self.ledger, &self.prices, NOW);
        batch.take(arrival);
        batch.link(Digest::ZERO);
        batch.settle();
    }

    fn next(&mut self) -> i64 {
        self.offsets += 1;
        self.offsets
    }

    /// The NEW of this number: of the accounts in turn, in the instruments in turn.
    fn arrival(&mut self, number: usize) -> Arrival<'static> {
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
        on_anomaly: None,
        set_by: "bench",
        reason: "bench",
    }
}

fn price(instrument: &'static str) -> ReferencePrice<'static> {
    ReferencePrice {
        instrument_id: id(instrument),
        price: Numeral::Exact(Decimal::whole(5_000)),
        source: PriceSource::Mid,
        as_of: NOW,
        publisher: "bench",
        quality: PriceQuality::Good,
    }
}

fn new(
    account: &'static str,
    key: &'static str,
    order: &'static str,
    instrument: &'static str,
) -> Intent<'static> {
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
        intent_id: id(key),
        account_id: id(account),
        strategy_id: id("S1"),
        client_order_id: id(order),
        instrument_id: id(instrument),
        created_at: NOW,
        expires_at: None,
        terms,
        correlation_id: None,
        tags: Vec::new(),
    }
}

fn is_accepted(body: &Body<'_>) -> bool {
    matches!(body, Body::Decision(Decision { ruling: Ruling::Accepted { .. }, .. }))
}

/// Deciding alone: nothing is applied. The account holds one instrument, or several of one currency,
/// which its gross exposure sums up.
#[divan::bench(sample_size = 1000, args = [1, 4])]
fn decide_an_accepted_new(bencher: Bencher<'_, '_>, breadth: usize) {
    let mut world = World::new(breadth);
    let arrivals: Vec<Arrival<'static>> = (0..1000).map(|number| world.arrival(STANDING + number)).collect();
    assert!(arrivals.iter().all(|it| is_accepted(&decide(&world.ledger, &world.prices, it, NOW))));
    let mut turn = 0;
    bencher.bench_local(|| {
        turn = (turn + 1) % arrivals.len();
        decide(black_box(&world.ledger), &world.prices, &arrivals[turn], NOW)
    });
}

/// A retry: it ends at its key.
#[divan::bench(sample_size = 1000)]
fn decide_a_duplicate(bencher: Bencher<'_, '_>) {
    let mut world = World::new(INSTRUMENTS.len());
    let arrivals: Vec<Arrival<'static>> = (0..1000).map(|number| world.arrival(number)).collect();
    let mut turn = 0;
    bencher.bench_local(|| {
        turn = (turn + 1) % arrivals.len();
        decide(black_box(&world.ledger), &world.prices, &arrivals[turn], NOW)
    });
}

/// Deciding and applying, in batches of a thousand that are dropped again.
#[divan::bench]
fn take_a_thousand_accepted_news(bencher: Bencher<'_, '_>) {
    let mut world = World::new(INSTRUMENTS.len());
    let arrivals: Vec<Arrival<'static>> = (0..1000).map(|number| world.arrival(STANDING + number)).collect();
    bencher.bench_local(|| {
        let mut batch = Batch::open(&mut world.ledger, &world.prices, NOW);
        for arrival in &arrivals {
            black_box(batch.take(arrival));
            batch.link(Digest::ZERO);
        }
    });
}
