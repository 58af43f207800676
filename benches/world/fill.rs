//! A lane that is filled with as many keys as are asked for, as fast as it goes.

#![allow(dead_code, reason = "each bench uses its part")]

use onefill::core::amount::{Decimal, Numeral};
use onefill::core::batch::Batch;
use onefill::core::decide::{Arrival, Content};
use onefill::core::entry::{Body, Entry, Input};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::{Digest, Id, OrderId};
use onefill::core::intent::Side;
use onefill::core::price::ReferencePrice;
use onefill::core::time::{MILLISECOND, Time};
use onefill::wire;
use onefill::wire::schema::{RecordType, Schemas};
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::world::{INSTRUMENTS, NOW, World, new, num, price};

/// Intents of a batch.
const BATCH: usize = 1_000;
/// In nanoseconds.
const SECOND: i64 = 1_000 * MILLISECOND;
/// How many intents a second of the lane's clock has, where nothing else is asked for.
pub const PACE: usize = 1_000;

/// What becomes of an entry's bytes.
pub type Sink = Box<dyn FnMut(u64, &[u8])>;

/// A lane that is being filled.
pub struct Fill {
    /// The lane.
    pub world: World,
    schemas: Schemas,
    now: Time,
    /// How far the lane's clock goes on from batch to batch.
    step: i64,
    /// Keys so far.
    keys: usize,
    executions: usize,
    /// Whether no order looks like another.
    is_distinct: bool,
}

impl Fill {
    /// Nothing yet. A second of the lane's clock will have `pace` intents; `sink` gets the bytes of every entry.
    pub fn new(pace: usize, mut sink: Sink) -> Self {
        let (schemas, mut value) = (Schemas::compiled(), Vec::new());
        let link = move |entry: &Entry<'_>| {
            value.clear();
            wire::entry::encode(entry, &mut value);
            sink(entry.seq, &value);
            Digest::leaf(&value)
        };
        let world = World::empty_with(INSTRUMENTS.len(), Box::new(link));
        let step = SECOND * BATCH as i64 / pace as i64;
        Self { world, schemas, now: NOW, step, keys: 0, executions: 0, is_distinct: false }
    }

    /// The same, where no order looks like another. Otherwise all those of an account in an instrument look alike.
    pub fn distinct(mut self) -> Self {
        self.is_distinct = true;
        self
    }

    /// Goes on to so many keys.
    pub fn until(&mut self, keys: usize) {
        while self.keys < keys {
            self.batch(BATCH.min(keys - self.keys));
        }
    }

    /// What an intent costs now, in nanoseconds on a processor: the median of batches.
    pub fn costs(&mut self) -> f64 {
        let mut batches: Vec<u64> = (0..51).map(|_| self.batch(BATCH)).collect();
        batches.sort_unstable();
        batches[batches.len() / 2] as f64 / BATCH as f64
    }

    /// A batch of NEWs a step later, and their ends; how many nanoseconds the NEWs took.
    fn batch(&mut self, count: usize) -> u64 {
        self.now = Time(self.now.0 + self.step);
        for instrument in INSTRUMENTS {
            let price = ReferencePrice { as_of: self.now, ..price(instrument) };
            self.world.prices.take(&price, 0, 0, self.now);
        }
        let numbers = self.keys..self.keys + count;
        let intents: Vec<(&'static str, Vec<u8>)> =
            numbers.clone().map(|number| self.intent(number)).collect();
        let took = self.decide(&intents);
        let mut batch = Vec::with_capacity(count);
        batch.extend(numbers.map(|number| (number, ExecType::Canceled)));
        self.report(&batch);
        self.keys += count;
        took
    }

    fn intent(&self, number: usize) -> (&'static str, Vec<u8>) {
        let (account, instrument) = self.whose(number);
        let (key, order) = (uuid(number, 'a'), uuid(number, 'b'));
        let mut intent = new(account, &key, &order, instrument);
        let round = number / (self.world.accounts.len() * INSTRUMENTS.len());
        let (tick, lots) =
            if self.is_distinct { (round % 400, round / 400) } else { (number % 400, number % 20) };
        let price = Decimal::new(500_125 + 25 * tick as i128, 2).expect("a price");
        intent.terms.price = Some(Numeral::Exact(price));
        intent.terms.order_qty = Some(Numeral::Exact(Decimal::whole(1 + lots as i64)));
        intent.created_at = self.now;
        let mut value = Vec::new();
        wire::intent::encode(&intent, &mut value);
        (account, value)
    }

    fn whose(&self, number: usize) -> (&'static str, &'static str) {
        let accounts = &self.world.accounts;
        (accounts[number % accounts.len()], INSTRUMENTS[number / accounts.len() % INSTRUMENTS.len()])
    }

    fn decide(&mut self, intents: &[(&'static str, Vec<u8>)]) -> u64 {
        let began = on_processor();
        let offset = self.world.ledger.head().cursors.intents;
        let mut batch = Batch::open(&mut self.world.ledger, &self.world.prices, self.now);
        for (place, (account, bytes)) in intents.iter().enumerate() {
            let body = self.schemas.open(RecordType::OrderIntent, bytes).expect("an intent");
            let intent = wire::intent::decode(&body).map_err(|malformed| malformed.to_string().into());
            let offset = offset + place as i64;
            let input = Input { topic: "intents", partition: 0, offset, timestamp: self.now };
            let content = Content::Intent(intent);
            let arrival = Arrival { input, key: Some(account.as_bytes()), value: Some(bytes), content };
            let entry = batch.take(&arrival);
            assert!(is_accepted(&entry), "{entry:?}");
            batch.link((self.world.link)(&entry));
        }
        batch.settle();
        on_processor() - began
    }

    fn report(&mut self, reports: &[(usize, ExecType)]) {
        let whose: Vec<_> = reports.iter().map(|(number, _)| self.whose(*number)).collect();
        let mut batch = Batch::open(&mut self.world.ledger, &self.world.prices, self.now);
        for ((number, exec_type), (account, instrument)) in reports.iter().zip(whose) {
            let offset = batch.ledger().head().cursors.executions;
            let input = Input { topic: "executions", partition: 0, offset, timestamp: self.now };
            let id = |text: &'static str| Id::parse(text).expect("an id");
            let order = uuid(*number, 'b');
            let order_id = OrderId::of(id(account), Id::parse(&order).expect("an id")).to_string();
            let exec_id = uuid(self.executions, 'c');
            let execution = Execution {
                venue: id("CME"),
                exec_id: &exec_id,
                exec_type: *exec_type,
                order_id: &order_id,
                client_order_id: None,
                venue_order_id: None,
                account_id: id(account),
                instrument_id: id(instrument),
                side: Side::Buy,
                last_qty: num("1"),
                last_px: num("5001.25"),
                order_qty: None,
                cum_qty: None,
                leaves_qty: None,
                exec_ref_id: None,
                reject_code: None,
                text: None,
                transact_time: self.now,
            };
            let content = Content::Execution(Ok(execution));
            let arrival = Arrival { input, key: Some(account.as_bytes()), value: None, content };
            let entry = batch.take(&arrival);
            assert!(matches!(&entry.body, Body::Execution(taken) if taken.detail.is_none()), "{entry:?}");
            batch.link((self.world.link)(&entry));
            self.executions += 1;
        }
        batch.settle();
    }

    /// So many further reports, which change no order: each costs its row.
    pub fn reports(&mut self, count: usize) {
        let mut done = 0;
        while done < count {
            let reports: Vec<_> = (done..count.min(done + BATCH)).map(|it| (it, ExecType::New)).collect();
            self.report(&reports);
            done += reports.len();
        }
    }

    /// How many there are.
    pub const fn keys(&self) -> usize {
        self.keys
    }

    /// How many were accepted within the hour.
    pub fn recent(&self) -> usize {
        let rows = self.world.ledger.windows().recent(self.now);
        rows.filter(|((owner, span), ..)| owner.strategy.is_none() && span.is_none())
            .map(|row| row.2 as usize)
            .sum()
    }

    /// Nothing happens for an hour; then each account trades once.
    pub fn pass_an_hour(&mut self) {
        self.now = Time(self.now.0 + 3_601 * SECOND);
        self.batch(self.world.accounts.len() * INSTRUMENTS.len());
    }
}

/// How long this thread has run so far, in nanoseconds: time that others had the processor does not count.
fn on_processor() -> u64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    tv_sec as u64 * 1_000_000_000 + tv_nsec as u64
}

fn is_accepted(entry: &Entry<'_>) -> bool {
    matches!(&entry.body, Body::Decision(decision) if decision.ruling.reason().is_none())
}

/// An id as long as a UUID, and written as one.
fn uuid(number: usize, kind: char) -> String {
    let mixed = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (high, low) = (mixed >> 32, mixed & 0xffff_ffff);
    format!("{high:08x}-{kind}{:03x}-7{:03x}-8{:03x}-{number:012x}", low >> 20, low >> 8 & 0xfff, low & 0xfff)
}
