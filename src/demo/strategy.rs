//! Strategies: they ask, time out, and ask again with the same key.
//!
//! Each is a thread of its own and trades for one account. A strategy that has heard of no verdict
//! within its timeout sends the very same intent again, by whichever connection chance gives it, so
//! that attempts overtake each other. Some answers are lost on the way to it as well: then it
//! retries what was done long ago. It never knows which of the two happened, and need not.
//!
//! It knows no limits. For a while it prefers to buy, then to sell, so that positions wander; now
//! and then a price or a quantity slips.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer as _};

use super::Fault;
use super::answers::Answers;
use super::dice::Dice;
use super::feed::Market;
use super::plan::{Desk, INSTRUMENTS, Plan, Player};
use super::stage::{self, Publisher};
use crate::core::amount::{Decimal, Numeral};
use crate::core::ids::Id;
use crate::core::intent::{Intent, IntentTerms, IntentType, OrderType, Side, TimeInForce};
use crate::shell::clock;
use crate::wire;

/// How often an intent is sent at most.
pub const ATTEMPTS_MAX: u32 = 8;
/// How long each connection gathers records before it sends them, in milliseconds: what is sent
/// later by a fast one overtakes what is sent by a slow one.
const CONNECTIONS_LINGER_MS: [u64; 4] = [0, 5, 15, 30];
/// How long a strategy waits for its first answer, in milliseconds.
const TIMEOUT_MS: (u64, u64) = (40, 90);
/// How long it waits at most before it asks again.
const TIMEOUT_MAX: Duration = Duration::from_secs(2);
/// Of 100 intents, how many are sent twice at once, by two connections.
const HEDGED_PERCENT: u64 = 6;
/// Of 100 intents, how many lose one answer at least.
const UNHEARD_PERCENT: u64 = 35;
/// Of 100 intents, how many are for the side that the strategy prefers.
const PREFERRED_PERCENT: u64 = 60;
/// Of 1,000 intents, after how many it prefers the other.
const TURN_PER_MILLE: u64 = 10;
/// Of 1,000 intents, how many have a price far from the market, and how many a zero too many.
const SLIP_PER_MILLE: u64 = 8;
/// How often a strategy looks at its watch.
const TICK: Duration = Duration::from_millis(4);
/// How long the connections may take to deliver what was sent.
const FLUSH_WAIT: Duration = Duration::from_secs(20);

/// What was sent so far, for the person who watches; the report does not believe it.
#[derive(Debug, Default)]
pub struct Sent {
    /// Intents.
    pub intents: AtomicU64,
    /// Attempts.
    pub attempts: AtomicU64,
}

/// Makes intents while `trading`, then goes on until each intent is answered or given up; afterwards
/// everything is delivered.
///
/// # Errors
/// Kafka's, when something could not be sent or delivered.
pub fn trade(
    plan: &Plan,
    market: &Market,
    answers: &Answers,
    sent: &Sent,
    trading: &AtomicBool,
) -> Result<(), Fault> {
    let connections = CONNECTIONS_LINGER_MS.map(|linger| stage::publisher(&plan.config, linger));
    let connections = connections.into_iter().collect::<Result<Vec<_>, _>>()?;
    let desks = Plan::desks();
    let pause = Duration::from_micros(1_000_000 * desks.len() as u64 / plan.rate.max(1));
    thread::scope(|scope| {
        let threads: Vec<_> = desks
            .iter()
            .map(|desk| {
                let topic = plan.config.topics.intents.as_str();
                let mut dice = plan.dice(Player::Strategy(desk.number));
                let prefers = *dice.one_of(Side::ALL);
                let mut strategy =
                    Strategy { desk, topic, connections: &connections, market, dice, prefers, sent };
                scope.spawn(move || strategy.trade(pause, answers, trading))
            })
            .collect();
        threads.into_iter().try_for_each(|one| one.join().map_err(|_| Fault::Broken("a strategy"))?)
    })?;
    connections.iter().try_for_each(|connection| Ok(connection.flush(FLUSH_WAIT)?))
}

struct Strategy<'p> {
    desk: &'p Desk,
    topic: &'p str,
    connections: &'p [Publisher],
    market: &'p Market,
    dice: Dice,
    prefers: Side,
    sent: &'p Sent,
}

/// An intent that was sent, and of which nothing was heard.
struct Waiting {
    client_order_id: String,
    value: Vec<u8>,
    attempts: u32,
    /// Answers that will not arrive.
    unheard: u64,
    timeout: Duration,
    due: Instant,
}

impl Strategy<'_> {
    fn trade(&mut self, pause: Duration, answers: &Answers, trading: &AtomicBool) -> Result<(), Fault> {
        let mut waiting: Vec<Waiting> = Vec::new();
        let (mut next, mut made) = (Instant::now(), 0);
        loop {
            let trading = trading.load(Ordering::Relaxed);
            while trading && next <= Instant::now() {
                waiting.push(self.ask(made)?);
                made += 1;
                next += pause.mul_f64(self.dice.between(20, 180) as f64 / 100.0);
            }
            self.retry(&mut waiting, answers)?;
            if !trading && waiting.is_empty() {
                return Ok(());
            }
            thread::sleep(TICK);
        }
    }

    /// Makes an intent and sends it for the first time.
    fn ask(&mut self, made: u64) -> Result<Waiting, Fault> {
        let number = self.desk.number;
        let (intent_id, client_order_id) = (format!("s{number}-i{made:06}"), format!("s{number}-o{made:06}"));
        let value = self.compose(&intent_id, &client_order_id);
        let timeout = Duration::from_millis(self.dice.between(TIMEOUT_MS.0, TIMEOUT_MS.1));
        let unheard = if self.dice.happens(UNHEARD_PERCENT) { self.dice.between(1, 4) } else { 0 };
        let first = if self.dice.happens(HEDGED_PERCENT) { 2 } else { 1 };
        let mut waiting =
            Waiting { client_order_id, value, attempts: 0, unheard, timeout, due: Instant::now() + timeout };
        self.sent.intents.fetch_add(1, Ordering::Relaxed);
        for _ in 0..first {
            self.send(&mut waiting)?;
        }
        Ok(waiting)
    }

    /// The bytes of an intent: every attempt sends the same.
    fn compose(&mut self, intent_id: &str, client_order_id: &str) -> Vec<u8> {
        let id = |text| Id::parse(text).expect("the demo names everything by ids");
        let (instrument_id, terms) = self.wish();
        let intent = Intent {
            intent_type: IntentType::New,
            intent_id: id(intent_id),
            account_id: id(&self.desk.account),
            strategy_id: id(&self.desk.strategy_id),
            client_order_id: id(client_order_id),
            instrument_id: id(instrument_id),
            created_at: clock::now(),
            expires_at: None,
            terms,
            correlation_id: None,
            tags: Vec::new(),
        };
        let mut value = Vec::new();
        wire::intent::encode(&intent, &mut value);
        value
    }

    /// What the strategy wants: an instrument, at a price around the market's.
    fn wish(&mut self) -> (&'static str, IntentTerms<'static>) {
        let place = self.dice.between(0, INSTRUMENTS.len() as u64) as usize;
        let around = self.market.cents(place);
        if self.dice.per_mille(TURN_PER_MILLE) {
            self.prefers = opposite(self.prefers);
        }
        let side = if self.dice.happens(PREFERRED_PERCENT) { self.prefers } else { opposite(self.prefers) };
        let mut cents = self.dice.between(around * 98 / 100, around * 102 / 100);
        let mut quantity = self.dice.between(1, 21) * 10;
        if self.dice.per_mille(SLIP_PER_MILLE) {
            cents = slipped(side, cents, &mut self.dice);
        } else if self.dice.per_mille(SLIP_PER_MILLE) {
            quantity = quantity.max(50) * 10;
        }
        let price = Decimal::new(i128::from(cents), 2).expect("a price of a few digits");
        let quantity = Decimal::new(i128::from(quantity), 0).expect("a quantity of a few digits");
        let terms = IntentTerms {
            side: Some(side),
            order_type: Some(OrderType::Limit),
            order_qty: Some(Numeral::Exact(quantity)),
            price: Some(Numeral::Exact(price)),
            time_in_force: Some(TimeInForce::Day),
            ..IntentTerms::default()
        };
        (INSTRUMENTS[place].0, terms)
    }

    /// Sends again what is due, and forgets what was answered or sent often enough.
    fn retry(&mut self, waiting: &mut Vec<Waiting>, answers: &Answers) -> Result<(), Fault> {
        let now = Instant::now();
        let mut kept = Vec::with_capacity(waiting.len());
        for mut one in waiting.drain(..) {
            if one.due > now {
                kept.push(one);
                continue;
            }
            if answers.hold(&one.client_order_id) {
                if one.unheard == 0 {
                    continue;
                }
                one.unheard -= 1;
            }
            if one.attempts < ATTEMPTS_MAX {
                self.send(&mut one)?;
                // Twice the patience each time.
                one.timeout = (one.timeout * 2).min(TIMEOUT_MAX);
                one.due = now + one.timeout;
                kept.push(one);
            }
        }
        *waiting = kept;
        Ok(())
    }

    fn send(&mut self, one: &mut Waiting) -> Result<(), Fault> {
        let mut record = BaseRecord::to(self.topic).key(&self.desk.account).payload(&one.value);
        let connection = self.dice.one_of(self.connections);
        loop {
            match connection.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => record = back,
                Err((error, _)) => return Err(error.into()),
            }
            thread::sleep(TICK);
        }
        one.attempts += 1;
        self.sent.attempts.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

const fn opposite(side: Side) -> Side {
    match side {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    }
}

/// A price from a fat finger: far beyond the market, to the disadvantage of whoever asks.
fn slipped(side: Side, cents: u64, dice: &mut Dice) -> u64 {
    match side {
        Side::Buy => cents * dice.between(12, 19) / 10,
        Side::Sell => cents * dice.between(3, 9) / 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::limits::ORDER_QTY_MAX;

    #[test]
    fn most_wishes_are_reasonable_and_some_slip() {
        let (market, sent, desk) = (Market::default(), Sent::default(), Plan::desks().remove(0));
        let mut strategy = Strategy {
            desk: &desk,
            topic: "",
            connections: &[],
            market: &market,
            dice: Dice::new(7, 0),
            prefers: Side::Buy,
            sent: &sent,
        };
        let (mut far, mut large, mut buys) = (0, 0, 0);
        for _ in 0..10_000 {
            let (name, terms) = strategy.wish();
            let around = INSTRUMENTS.iter().find(|(one, _)| *one == name).unwrap().1;
            let count = |number: Option<Numeral<'_>>, scale| {
                let step = Decimal::new(1, scale).unwrap();
                number.unwrap().exact().unwrap().steps(step).unwrap().unsigned_abs()
            };
            let (cents, quantity) = (count(terms.price, 2), count(terms.order_qty, 0));
            let is_far = cents.abs_diff(around) * 100 > around * 3;
            assert!(!is_far || cents.abs_diff(around) * 100 > around * 10, "{cents} around {around}");
            assert!(quantity <= ORDER_QTY_MAX / 2 || quantity > ORDER_QTY_MAX, "{quantity}");
            far += u32::from(is_far);
            large += u32::from(quantity > ORDER_QTY_MAX);
            buys += u32::from(terms.side == Some(Side::Buy));
        }
        assert!((40..160).contains(&far) && (40..160).contains(&large), "{far} and {large} of 10,000");
        assert!((3_000..7_000).contains(&buys), "{buys} of 10,000");
    }
}
