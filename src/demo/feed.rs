//! A price feed: the market of the demo, published on `prices` as it moves.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer as _};

use super::Fault;
use super::dice::Dice;
use super::plan::{INSTRUMENTS, Plan, Player};
use super::stage::{self, PATIENCE, Publisher};
use crate::core::amount::{Decimal, Numeral};
use crate::core::ids::Id;
use crate::core::price::{PriceQuality, PriceSource, ReferencePrice};
use crate::shell::clock;
use crate::wire;

/// How often prices are published.
const EVERY: Duration = Duration::from_millis(200);
/// How far a price moves at most, each time and in all, in ten-thousandths of where it began.
const STEP_MAX: u64 = 15;
const AWAY_MAX: u64 = 300;

/// What everything costs now, in cents.
#[derive(Debug)]
pub struct Market([AtomicU64; INSTRUMENTS.len()]);

impl Default for Market {
    fn default() -> Self {
        Self(INSTRUMENTS.map(|(_, around)| AtomicU64::new(around)))
    }
}

impl Market {
    /// What an instrument costs, by its place among [`INSTRUMENTS`].
    pub fn cents(&self, instrument: usize) -> u64 {
        self.0[instrument].load(Ordering::Relaxed)
    }

    /// Moves every price a little.
    fn walk(&self, dice: &mut Dice) {
        for (price, (_, around)) in self.0.iter().zip(INSTRUMENTS) {
            price.store(moved(price.load(Ordering::Relaxed), around, dice), Ordering::Relaxed);
        }
    }
}

/// The next price: a little more or less, and never far from where it began.
fn moved(cents: u64, around: u64, dice: &mut Dice) -> u64 {
    let step = around * STEP_MAX / 10_000;
    let away = around * AWAY_MAX / 10_000;
    (cents + dice.between(0, 2 * step + 1) - step).clamp(around - away, around + away)
}

/// Whoever publishes.
pub struct Feed<'p> {
    market: &'p Market,
    topic: &'p str,
    publisher: Publisher,
    dice: Dice,
}

impl<'p> Feed<'p> {
    /// A feed of this market.
    ///
    /// # Errors
    /// A configuration that librdkafka refuses.
    pub fn open(plan: &'p Plan, market: &'p Market) -> Result<Self, Fault> {
        let publisher = stage::publisher(&plan.config, 0)?;
        Ok(Self { market, topic: &plan.config.topics.prices, publisher, dice: plan.dice(Player::Feed) })
    }

    /// Publishes until `closed`.
    ///
    /// # Errors
    /// Kafka's, when a price cannot be sent.
    pub fn serve(mut self, closed: &AtomicBool) -> Result<(), Fault> {
        while !closed.load(Ordering::Relaxed) {
            for (place, (name, _)) in INSTRUMENTS.iter().enumerate() {
                self.publish(name, self.market.cents(place))?;
            }
            thread::sleep(EVERY);
            self.market.walk(&mut self.dice);
        }
        Ok(self.publisher.flush(PATIENCE)?)
    }

    fn publish(&self, name: &str, cents: u64) -> Result<(), Fault> {
        let price = Decimal::new(i128::from(cents), 2).expect("a price of a few digits");
        let record = ReferencePrice {
            instrument_id: Id::parse(name).expect("the instruments of the demo are named by ids"),
            price: Numeral::Exact(price),
            source: PriceSource::Mid,
            as_of: clock::now(),
            publisher: "demo-feed",
            quality: PriceQuality::Good,
        };
        let mut value = Vec::new();
        wire::price::encode(&record, &mut value);
        match self.publisher.send(BaseRecord::to(self.topic).key(name).payload(&value)) {
            // Brokers that are slow get a newer price a little later.
            Ok(()) | Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => Ok(()),
            Err((error, _)) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_move_a_little_and_stay_near() {
        let (mut dice, around) = (Dice::new(7, 7), 20_000);
        let mut cents = around;
        let mut seen = Vec::new();
        for _ in 0..10_000 {
            let next = moved(cents, around, &mut dice);
            assert!(next.abs_diff(cents) <= 30 && next.abs_diff(around) <= 600, "{cents} to {next}");
            cents = next;
            seen.push(next);
        }
        assert!(seen.iter().max() > Some(&20_200) && seen.iter().min() < Some(&19_800));
    }
}
