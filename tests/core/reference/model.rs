//! The model's whole memory, and its front door.

use std::collections::{BTreeMap, BTreeSet};

use onefill::core::decide::{Arrival, Content};
use onefill::core::entry::{Cursors, EntryKind, Prior};
use onefill::core::ids::OrderId;
use onefill::core::settings::Settings;
use onefill::core::time::Time;

use super::commands::Owed;
use super::control::Instrument;
use super::expected::{After, Expected, Sent};
use super::fills::{Adjustment, Claim, Report, ReportId};
use super::limits::Limit;
use super::number::text;
use super::orders::{Acceptance, Order};
use super::prices::Price;
use super::states::{Place, Standing};
use super::sums::Whose;

/// One lane, after all that it has been told.
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) partition: i32,
    pub(super) count: i32,
    pub(super) settings: Settings,
    /// The number of the next entry.
    pub(super) seq: u64,
    /// Never runs back.
    pub(super) clock: Time,
    /// The next offset of each input.
    pub(super) cursors: Cursors,
    pub(super) limits_version: i64,
    pub(super) prices: BTreeMap<String, Price>,
    pub(super) instruments: BTreeMap<String, Instrument>,
    /// By `limit_id`.
    pub(super) limits: BTreeMap<String, Limit>,
    pub(super) states: BTreeMap<Place, Standing>,
    /// Commands that were answered.
    pub(super) answered: BTreeSet<String>,
    pub(super) keys: BTreeMap<(String, String), Decided>,
    /// In order of acceptance.
    pub(super) orders: Vec<Order>,
    /// Every accepted NEW and REPLACE.
    pub(super) acceptances: Vec<Acceptance>,
    pub(super) reports: BTreeMap<ReportId, Report>,
    /// What was said of trades that were busted or corrected before they came.
    pub(super) awaited: BTreeMap<ReportId, Claim>,
    pub(super) adjustments: Vec<Adjustment>,
    pub(super) owed: Vec<Owed>,
    pub(super) sent: Option<Sent>,
}

/// What a key was bound to.
#[derive(Clone, Debug)]
pub struct Decided {
    pub payload: String,
    pub of: Prior,
}

impl Model {
    /// A lane that nobody has opened.
    pub fn new(partition: i32, count: i32, settings: Settings) -> Self {
        Self {
            partition,
            count,
            settings,
            seq: 0,
            clock: Time(i64::MIN),
            cursors: Cursors::default(),
            limits_version: -1,
            prices: BTreeMap::new(),
            instruments: BTreeMap::new(),
            limits: BTreeMap::new(),
            states: BTreeMap::new(),
            answered: BTreeSet::new(),
            keys: BTreeMap::new(),
            orders: Vec::new(),
            acceptances: Vec::new(),
            reports: BTreeMap::new(),
            awaited: BTreeMap::new(),
            adjustments: Vec::new(),
            owed: Vec::new(),
            sent: None,
        }
    }

    /// GENESIS, or LANE_OPENED: the settings are in force from here on.
    pub fn open(&mut self, settings: Settings, now: Time) -> Expected {
        let kind = if self.seq == 0 { EntryKind::Genesis } else { EntryKind::LaneOpened };
        self.settings = settings;
        self.turn(now);
        self.entered(self.bare(kind))
    }

    /// The entry of this record.
    pub fn take(&mut self, arrival: &Arrival<'_>, now: Time) -> Expected {
        self.turn(now);
        let entry = match &arrival.content {
            Content::Intent(intent) => {
                assert!(!self.is_owing(), "cancels that are owed come first");
                // All have had their turn.
                self.owed.clear();
                self.intent(arrival, intent.as_ref().ok())
            }
            Content::Execution(report) => self.report(arrival, report.as_ref().ok()),
            Content::Control(record) => self.control(arrival.input.offset, record.as_ref().ok()),
        };
        let cursor = match arrival.content {
            Content::Intent(_) => &mut self.cursors.intents,
            Content::Execution(_) => &mut self.cursors.executions,
            Content::Control(_) => &mut self.cursors.control,
        };
        *cursor = arrival.input.offset + 1;
        self.entered(entry)
    }

    /// The entry of the next cancel that is owed. Those whose turn was before lapse: their orders are not open.
    pub fn owed(&mut self, now: Time) -> Option<Expected> {
        let place = self.owed.iter().position(|owed| self.is_still_open(owed))?;
        let owed = self.owed.drain(..=place).next_back()?;
        self.turn(now);
        let entry = self.owed_cancel(&owed);
        Some(self.entered(entry))
    }

    /// What the last entry published on `orders`.
    pub fn order(&self) -> Option<&Sent> {
        self.sent.as_ref()
    }

    fn turn(&mut self, now: Time) {
        self.clock = self.clock.max(now);
        self.sent = None;
    }

    fn entered(&mut self, entry: Expected) -> Expected {
        self.seq += 1;
        entry
    }

    pub(super) fn bare(&self, kind: EntryKind) -> Expected {
        Expected::bare(self.seq, kind, self.clock, self.cursors, self.limits_version)
    }

    /// The account's state in an instrument that is known.
    pub(super) fn after(&self, account: &str, instrument: &str) -> Option<After> {
        self.instruments.get(instrument)?;
        let whose = Whose::account(account);
        Some(After {
            position: text(&self.position(&whose, instrument))?,
            reserved_buys: text(&self.reserved_buys(&whose, instrument))?,
            reserved_sells: text(&self.reserved_sells(&whose, instrument))?,
            gross_notional: None,
            open_orders: self.open_orders(&whose, None) as i32,
        })
    }

    pub(super) fn find(&self, order_id: OrderId) -> Option<usize> {
        self.orders.iter().position(|order| order.id == order_id)
    }

    /// Whether clients place this account's records here: Java's default partitioner.
    pub(super) fn is_placed_here(&self, account: &str) -> bool {
        (murmur2(account.as_bytes()) & 0x7fff_ffff) % self.count as u32 == self.partition as u32
    }
}

/// As `org.apache.kafka.common.utils.Utils.murmur2`.
fn murmur2(bytes: &[u8]) -> u32 {
    let scramble = |word: u32| {
        let mixed = word.wrapping_mul(0x5bd1_e995);
        (mixed ^ mixed >> 24).wrapping_mul(0x5bd1_e995)
    };
    let mut hash = 0x9747_b28c ^ bytes.len() as u32;
    let mut rest = bytes;
    while rest.len() >= 4 {
        let word = (0..4).fold(0, |word, place| word | u32::from(rest[place]) << (8 * place));
        hash = hash.wrapping_mul(0x5bd1_e995) ^ scramble(word);
        rest = &rest[4..];
    }
    if !rest.is_empty() {
        for (place, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * place);
        }
        hash = hash.wrapping_mul(0x5bd1_e995);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(0x5bd1_e995);
    hash ^ hash >> 15
}

#[test]
fn accounts_lie_where_javas_partitioner_puts_them() {
    // From Kafka's own UtilsTest.
    for (text, hash) in [("21", -973_932_308), ("foobar", -790_332_482), ("abc", 479_470_107)] {
        assert_eq!(murmur2(text.as_bytes()) as i32, hash, "{text}");
    }
}
