//! One lane of a small world.
//!
//! The world takes arrivals in batches as the shell does, and keeps the trail. It runs
//! `Ledger::validate` after every entry; and beside it a second ledger follows the trail as a restart
//! would: it must decide every record again as recorded, from what was recorded, and come to the same
//! hash (`G7`).

use onefill::core::batch::{Batch, order_of};
use onefill::core::control::{Command, ControlRecord, ControlResult, RiskLimit, Scope};
use onefill::core::decide::{Arrival, Content};
use onefill::core::entry::{Anomaly, Body, Entry, Opening, Ruling};
use onefill::core::execution::Execution;
use onefill::core::ids::{Digest, OrderId};
use onefill::core::intent::{Intent, IntentType};
use onefill::core::ledger::Ledger;
use onefill::core::ledger::hash::ledger_hash;
use onefill::core::ledger::holdings::Holding;
use onefill::core::ledger::owner::Owner;
use onefill::core::ledger::states::{ScopeKey, TradingState};
use onefill::core::price::ReferencePrice;
use onefill::core::prices::{PriceBook, PriceTaken};
use onefill::core::recompute::{Recomputed, prices_of, recompute};
use onefill::core::replay::replay;
use onefill::core::settings::Settings;
use onefill::core::time::Time;
use onefill::core::verdict::FailedCheck;

pub use crate::answers::{compared, failed, leaf, references, result_of, ruling};
pub use crate::records::{
    FUTURE, NOW, PLACEMENT, at, cancel_intent, execution, future, id, input, new_intent, num, opening,
    order_id, replace_intent, trade,
};
use crate::records::{quote, wide};

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
    /// What a restart would rebuild.
    rebuilt: Ledger,
    next_offset: i64,
}

impl World {
    /// A lane that nobody has opened.
    pub fn unopened() -> Self {
        Self {
            ledger: Ledger::new(PLACEMENT),
            prices: Box::leak(Box::default()),
            clock: NOW,
            trail: Vec::new(),
            sent: Vec::new(),
            rebuilt: Ledger::new(PLACEMENT),
            next_offset: 0,
        }
    }

    /// A lane that decides by these settings, without instruments. Its accounts have wide limits.
    pub fn with_settings(settings: Settings) -> Self {
        let mut world = Self::unopened();
        world.open(opening(settings));
        for account in ["A1", "A6", "A29"] {
            world.limit(wide(account));
        }
        world
    }

    /// A lane with [`FUTURE`].
    pub fn new() -> Self {
        let mut world = Self::with_settings(Settings::default());
        world.control(Ok(ControlRecord::Instrument(future())));
        world
    }

    /// A lane of one account: GENESIS, [`FUTURE`], the limits of `A1`, and nothing else.
    pub fn of_one_account() -> Self {
        let mut world = Self::unopened();
        world.open(opening(Settings::default()));
        world.control(Ok(ControlRecord::Instrument(future())));
        world.limit(wide("A1"));
        world
    }

    /// One opening, settled.
    pub fn open(&mut self, opening: Opening<'static>) -> Entry<'static> {
        let mut batch = Batch::open(&mut self.ledger, self.prices, self.clock);
        let entry = batch.open_lane(opening);
        let leaf = leaf(&entry);
        batch.link(leaf);
        batch.settle();
        self.follow(vec![Taken { arrival: None, entry: entry.clone(), leaf }]);
        entry
    }

    /// The process ends and another begins: it has the trail, and opens the lane by these settings.
    pub fn restart(&mut self, settings: Settings) {
        let mut restored = Ledger::new(PLACEMENT);
        for (entry, leaf) in &self.trail {
            replay(&mut restored, entry, *leaf).expect("a trail replays");
        }
        self.ledger = restored;
        let ledger_hash = ledger_hash(&self.ledger);
        self.open(Opening { ledger_hash, ..opening(settings) });
    }

    /// One batch of these arrivals, settled. What is owed is paid before the first intent.
    pub fn settle(&mut self, arrivals: &[Arrival<'static>]) -> Vec<Entry<'static>> {
        let mut batch = Batch::open(&mut self.ledger, self.prices, self.clock);
        let (taken, sent) = fill(&mut batch, arrivals);
        batch.settle();
        self.ledger.validate().expect("a settled batch keeps every invariant");
        self.sent.extend(sent);
        let entries = taken.iter().map(|taken| taken.entry.clone()).collect();
        self.follow(taken);
        entries
    }

    /// One batch of these arrivals, discarded.
    pub fn discard(&mut self, arrivals: &[Arrival<'static>]) -> Vec<Entry<'static>> {
        let mut batch = Batch::open(&mut self.ledger, self.prices, self.clock);
        let (taken, _) = fill(&mut batch, arrivals);
        drop(batch);
        self.ledger.validate().expect("a discarded batch keeps every invariant");
        self.agrees_with_a_restart();
        taken.into_iter().map(|taken| taken.entry).collect()
    }

    /// One batch of up to so many of the cancels that are owed, settled.
    pub fn pay(&mut self, most: usize) -> Vec<Entry<'static>> {
        let mut batch = Batch::open(&mut self.ledger, self.prices, self.clock);
        let (mut taken, mut sent) = (Vec::new(), Vec::new());
        pay(&mut batch, most, &mut taken, &mut sent);
        batch.settle();
        self.sent.extend(sent);
        let entries = taken.iter().map(|taken| taken.entry.clone()).collect();
        self.follow(taken);
        entries
    }

    /// Lets the second ledger follow.
    fn follow(&mut self, taken: Vec<Taken>) {
        for Taken { arrival, entry, leaf } in taken {
            if let Some(arrival) = arrival {
                let prices = prices_of(&entry);
                let mut batch = Batch::open(&mut self.rebuilt, &prices, entry.decided_at);
                assert_eq!(batch.take(&arrival), entry, "decided again from what was recorded");
            }
            match recompute(&mut self.rebuilt, &prices_of(&entry), &entry) {
                Recomputed::Entry(again) => assert_eq!(*again, entry, "recomputed from the trail alone"),
                Recomputed::Same | Recomputed::AsRecorded => {}
                Recomputed::Otherwise(due) => panic!("entry {} should be {due}", entry.seq),
            }
            replay(&mut self.rebuilt, &entry, leaf).expect("a trail replays");
            if let Some(order) = order_of(&self.rebuilt, &entry) {
                assert_eq!(self.rebuilt.last_order(), Some(order), "the last record is known whole");
            }
            self.trail.push((entry, leaf));
        }
        // What only sets up a world is compared with all that comes of it.
        if !self.trail.last().is_some_and(|(entry, _)| sets_up(entry)) {
            self.agrees_with_a_restart();
        }
    }

    fn agrees_with_a_restart(&self) {
        assert_eq!(self.rebuilt.head(), self.ledger.head());
        assert_eq!(ledger_hash(&self.rebuilt), ledger_hash(&self.ledger), "a restart has the same ledger");
    }

    /// A batch of one arrival, settled; before it, what is owed.
    pub fn take(&mut self, arrival: Arrival<'static>) -> Entry<'static> {
        self.settle(&[arrival]).pop().expect("an arrival is answered")
    }

    /// What is ruled of this intent.
    pub fn intent(&mut self, intent: Intent<'static>) -> Ruling<'static> {
        let arrival = self.arrival_of(intent);
        ruling(self.take(arrival))
    }

    /// Every check that refuses this intent; none when it is accepted.
    pub fn refused(&mut self, intent: Intent<'static>) -> Vec<FailedCheck> {
        failed(&self.intent(intent))
    }

    /// The same, of one that is created and decided at this time.
    pub fn refused_at(&mut self, time: Time, intent: Intent<'static>) -> Vec<FailedCheck> {
        self.clock = time;
        self.refused(Intent { created_at: time, ..intent })
    }

    /// The same, of several in one batch. It is discarded once: read again, they are decided so again.
    pub fn refused_together<const N: usize>(
        &mut self,
        intents: [Intent<'static>; N],
    ) -> Vec<Vec<FailedCheck>> {
        let arrivals = intents.map(|intent| self.arrival_of(intent));
        let discarded = self.discard(&arrivals);
        let entries = self.settle(&arrivals);
        assert_eq!(entries, discarded);
        entries.into_iter().map(|entry| failed(&ruling(entry))).collect()
    }

    /// An intent that the test takes for granted.
    pub fn accept(&mut self, intent: Intent<'static>) {
        assert_eq!(self.refused(intent), [], "what a test begins with is accepted");
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

    /// What becomes of this command.
    pub fn command(&mut self, command: Command<'static>) -> ControlResult {
        result_of(&self.control(Ok(ControlRecord::Command(command))))
    }

    /// What becomes of these limits.
    pub fn limit(&mut self, limit: RiskLimit<'static>) -> ControlResult {
        result_of(&self.control(Ok(ControlRecord::RiskLimit(limit))))
    }

    /// The price of an instrument, as of now.
    pub fn price(&mut self, instrument_id: &'static str, price: &'static str) {
        let quote = ReferencePrice { as_of: self.clock, ..quote(instrument_id, price) };
        assert_eq!(self.quote(&quote), PriceTaken::Held);
    }

    /// No price is held any more.
    pub fn forget_prices(&mut self) {
        self.prices = Box::leak(Box::default());
    }

    /// What becomes of this price record, received now.
    pub fn quote(&mut self, quote: &ReferencePrice<'_>) -> PriceTaken {
        let mut prices = self.prices.clone();
        let taken = prices.take(quote, 0, self.next(), self.clock);
        self.prices = Box::leak(Box::new(prices));
        taken
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

    /// What the account holds in [`FUTURE`].
    pub fn holding(&self, account: &str) -> Holding {
        self.ledger.held(Owner::account(self.ledger.name(account)), self.ledger.name(FUTURE))
    }

    /// What a strategy holds in [`FUTURE`].
    pub fn strategy(&self, account: &str, strategy: &str) -> Holding {
        let name = |text| self.ledger.name(text);
        self.ledger.held(Owner::strategy(name(account), name(strategy)), name(FUTURE))
    }

    /// The trading state of a scope and who holds it; `None` while it is ACTIVE.
    pub fn state(&self, scope: Scope, scope_id: &str) -> Option<(TradingState, &str)> {
        let name = |text: &str| self.ledger.name(text);
        let key = match scope {
            Scope::Lane => ScopeKey::Lane,
            Scope::Global => ScopeKey::Global,
            Scope::Account => ScopeKey::Account(name(scope_id)),
            Scope::Strategy => {
                let (account, strategy) = scope_id.split_once('/').expect("account/strategy");
                ScopeKey::Strategy(name(account), name(strategy))
            }
            Scope::Instrument => ScopeKey::Instrument(name(scope_id)),
        };
        self.ledger.state_of(key).map(|row| (row.state, &*row.holder))
    }

    /// Offsets rise; which numbers they are matters to nobody.
    fn next(&mut self) -> i64 {
        self.next_offset += 1;
        self.next_offset - 1
    }
}

fn sets_up(entry: &Entry<'_>) -> bool {
    let Body::Control(taken) = &entry.body else { return false };
    matches!(taken.record, Ok(ControlRecord::Instrument(_) | ControlRecord::RiskLimit(_)))
}

/// An entry, and what it answers.
struct Taken {
    arrival: Option<Arrival<'static>>,
    entry: Entry<'static>,
    leaf: Digest,
}

fn fill(batch: &mut Batch<'_, 'static>, arrivals: &[Arrival<'static>]) -> (Vec<Taken>, Vec<Sent>) {
    let (mut taken, mut sent) = (Vec::new(), Vec::new());
    for arrival in arrivals {
        if let Content::Intent(_) = arrival.content {
            pay(batch, usize::MAX, &mut taken, &mut sent);
        }
        let entry = batch.take(arrival);
        link(batch, Some(arrival), entry, &mut taken, &mut sent);
    }
    (taken, sent)
}

fn pay(batch: &mut Batch<'_, 'static>, most: usize, taken: &mut Vec<Taken>, sent: &mut Vec<Sent>) {
    for _ in 0..most {
        let Some(owing) = batch.next_owed() else { return };
        let entry = batch.take_owed(Box::leak(Box::new(owing)));
        link(batch, None, entry, taken, sent);
    }
}

fn link(
    batch: &mut Batch<'_, 'static>,
    arrival: Option<&Arrival<'static>>,
    entry: Entry<'static>,
    taken: &mut Vec<Taken>,
    sent: &mut Vec<Sent>,
) {
    sent.extend(batch.order(&entry).map(|order| Sent {
        command: order.command,
        order_id: order.order_id,
        order_version: order.order_version,
        audit_seq: order.audit_seq,
    }));
    let leaf = leaf(&entry);
    batch.link(leaf);
    batch.ledger().validate().expect("an open batch keeps every invariant");
    taken.push(Taken { arrival: arrival.cloned(), entry, leaf });
}
