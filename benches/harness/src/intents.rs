//! The input: intents that are all accepted, each once, evenly over the partitions; and reports that end their orders.

use onefill::core::amount::Numeral;
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::{Id, OrderId, placement};
use onefill::core::intent::{Intent, IntentTerms, IntentType, OrderType, Side, TimeInForce};
use onefill::core::time::Time;
use onefill::wire;

/// Instruments that are traded, all in one currency, so that gross exposure sums over them.
pub const INSTRUMENTS: [&str; 4] = ["ESZ6.XCME", "NQZ6.XCME", "CLF7.XNYM", "GCG7.XCEC"];
/// Accounts for each of the partitions of the widest input.
const ACCOUNTS_EACH: usize = 16;
/// The widest input.
const PARTITIONS_MAX: u32 = 4;
/// The venue of every report.
const VENUE: &str = "XCME";
/// The strategy of every intent.
pub const STRATEGY: &str = "S1";
/// Prices go from 95.00 up in ticks of 0.01, around a reference of 100.
const TICKS: u64 = 1_000;

/// All accounts, in turn one of each partition of the widest input.
pub fn accounts() -> Vec<String> {
    let mut found = vec![Vec::new(); PARTITIONS_MAX as usize];
    for name in (0..).map(|number| format!("ACCOUNT-{number}")) {
        let home = &mut found[placement(name.as_bytes(), PARTITIONS_MAX) as usize];
        if home.len() < ACCOUNTS_EACH {
            home.push(name);
        }
        if found.iter().all(|home| home.len() == ACCOUNTS_EACH) {
            break;
        }
    }
    (0..ACCOUNTS_EACH).flat_map(|row| found.iter().map(move |home| home[row].clone())).collect()
}

/// Makes intents, one after the other, of no two the same content within a long time.
pub struct Maker {
    accounts: Vec<String>,
    partitions: u32,
    /// What the keys begin with: nothing else has ever used it.
    run: String,
    next: u64,
    value: Vec<u8>,
}

/// What a record is about.
struct Subject {
    account: String,
    instrument: &'static str,
    side: Side,
    /// The strategy's name of the order.
    order: String,
    /// How often every account has traded every instrument before.
    step: u64,
}

/// One record for `intents` or `executions`.
pub struct Made<'m> {
    /// Its key.
    pub account: &'m str,
    /// Where it belongs.
    pub partition: i32,
    /// Its value.
    pub value: &'m [u8],
}

impl Maker {
    /// Begins a series of its own.
    pub fn new(run: &str, partitions: i32) -> Self {
        let partitions = u32::try_from(partitions).expect("there are few partitions");
        Self { accounts: accounts(), partitions, run: run.to_owned(), next: 0, value: Vec::new() }
    }

    /// After so many every account has had its turn.
    pub const fn round(&self) -> usize {
        self.accounts.len()
    }

    /// Which of the next so many intents go to each partition, in order.
    pub fn numbers_by_partition(&self, intents: u64) -> Vec<Vec<u64>> {
        let mut numbers = vec![Vec::new(); self.partitions as usize];
        for number in 0..intents {
            let account = &self.accounts[((self.next + number) % self.accounts.len() as u64) as usize];
            numbers[placement(account.as_bytes(), self.partitions) as usize].push(number);
        }
        numbers
    }

    /// The next intent, created at this time.
    pub fn make(&mut self, created_at: Time) -> Made<'_> {
        let Subject { account, instrument, side, order, step } = self.subject(self.next);
        let (tick, lots) = (step % TICKS, 1 + step / TICKS % 9);
        let key = format!("{}-{:08}", self.run, self.next);
        let (price, quantity) = (format!("{}.{:02}", 95 + tick / 100, tick % 100), lots.to_string());
        let intent = Intent {
            intent_type: IntentType::New,
            intent_id: id(&key),
            account_id: id(&account),
            strategy_id: id(STRATEGY),
            client_order_id: id(&order),
            instrument_id: id(instrument),
            created_at,
            expires_at: None,
            terms: IntentTerms {
                side: Some(side),
                order_type: Some(OrderType::Limit),
                order_qty: Numeral::parse(&quantity),
                price: Numeral::parse(&price),
                time_in_force: Some(TimeInForce::Day),
                ..IntentTerms::default()
            },
            correlation_id: None,
            tags: Vec::new(),
        };
        self.value.clear();
        wire::intent::encode(&intent, &mut self.value);
        self.made()
    }

    /// What a venue reports that has cancelled the next intent's order, at this time.
    pub fn cancel(&mut self, transact_time: Time) -> Made<'_> {
        let Subject { account, instrument, side, order, .. } = self.subject(self.next);
        let order_id = OrderId::of(id(&account), id(&order)).to_string();
        let exec_id = format!("{}-x{:08}", self.run, self.next);
        let execution = Execution {
            venue: id(VENUE),
            exec_id: &exec_id,
            exec_type: ExecType::Canceled,
            order_id: &order_id,
            client_order_id: None,
            venue_order_id: None,
            account_id: id(&account),
            instrument_id: id(instrument),
            side,
            last_qty: None,
            last_px: None,
            order_qty: None,
            cum_qty: None,
            leaves_qty: None,
            exec_ref_id: None,
            reject_code: None,
            text: None,
            transact_time,
        };
        self.value.clear();
        wire::execution::encode(&execution, &mut self.value);
        self.made()
    }

    fn subject(&self, number: u64) -> Subject {
        let accounts = self.accounts.len() as u64;
        // Instrument, price and quantity go round more slowly one after the other, so that no order looks
        // like a duplicate of one that came shortly before.
        let (round, instruments) = (number / accounts, INSTRUMENTS.len() as u64);
        Subject {
            account: self.accounts[(number % accounts) as usize].clone(),
            instrument: INSTRUMENTS[(round % instruments) as usize],
            side: if round.is_multiple_of(2) { Side::Buy } else { Side::Sell },
            order: format!("{}-o{number:08}", self.run),
            step: round / instruments,
        }
    }

    /// The value that was made last, and the next number's turn.
    fn made(&mut self) -> Made<'_> {
        let account = &self.accounts[(self.next % self.accounts.len() as u64) as usize];
        self.next += 1;
        let partition = placement(account.as_bytes(), self.partitions) as i32;
        Made { account, partition, value: &self.value }
    }
}

fn id(text: &str) -> Id<'_> {
    Id::parse(text).expect("it is made of letters, digits, dots and dashes")
}

#[cfg(test)]
mod tests {
    use onefill::wire::schema::{RecordType, Schemas};

    use super::*;

    #[test]
    fn intents_are_spread_evenly() {
        let mut maker = Maker::new("t", 4);
        let numbers = maker.numbers_by_partition(640);
        let mut made = vec![Vec::new(); 4];
        for number in 0..640 {
            made[maker.make(Time(0)).partition as usize].push(number);
        }
        assert_eq!(made, numbers);
        assert!(made.iter().all(|numbers| numbers.len() == 160));
    }

    #[test]
    fn the_venue_cancels_the_orders_of_the_same_intents() {
        let (mut strategy, mut venue, schemas) =
            (Maker::new("t", 4), Maker::new("t", 4), Schemas::compiled());
        for _ in 0..100 {
            let (sent, reported) = (strategy.make(Time(0)), venue.cancel(Time(0)));
            let intent = schemas.open(RecordType::OrderIntent, sent.value).unwrap();
            let intent = wire::intent::decode(&intent).unwrap();
            let execution = schemas.open(RecordType::Execution, reported.value).unwrap();
            let execution = wire::execution::decode(&execution).unwrap();
            let order_id = OrderId::of(intent.account_id, intent.client_order_id).to_string();
            assert_eq!(execution.order_id, order_id);
            assert_eq!(
                (execution.account_id, execution.instrument_id),
                (intent.account_id, intent.instrument_id)
            );
            assert_eq!((reported.account, reported.partition), (sent.account, sent.partition));
            assert_eq!(Some(execution.side), intent.terms.side);
        }
    }
}
