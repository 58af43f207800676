//! Records of a small world, drawn from bytes: few names, so that things meet, and numbers at the ends of what fits.
//!
//! Each is encoded as soon as it is drawn: what a lane is given are bytes, as in a topic.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use onefill::core::amount::Numeral;
use onefill::core::control::{
    AnomalyPolicy, Command, CommandType, ControlRecord, InstrumentRecord, InstrumentStatus, LimitScope,
    MarketOrders, RiskLimit, Scope,
};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::Id;
use onefill::core::intent::{Intent, IntentTerms, IntentType, OrderType, Side, TimeInForce};
use onefill::core::price::{PriceQuality, PriceSource, ReferencePrice};
use onefill::core::time::{MILLISECOND, Time};

use crate::records::{self, id, num};

/// Two of the lane's partition; the last belongs elsewhere.
pub const ACCOUNTS: &[&str] = &["A1", "A6", "A2"];
/// How many of each kind of name a past may use before it begins anew.
const NAMES: usize = 96;
const STRATEGIES: &[&str] = &["S1", "S2"];
const INSTRUMENTS: &[&str] = &["ESZ5.CME", "SHIB.CB", "FINE.X", "NO.CME"];
const COMMANDS: &[&str] = &["c-1", "c-2", "c-3", "c-4", "control-7", "anomaly-3-2"];
const SCOPES: &[&str] = &["", "A1", "A6", "A1/S1", "A6/S2", "ESZ5.CME", "3", "0", "12", "A2", "/", "*"];
const QUANTITIES: &[&str] = &["1", "2", "3", "10"];
const PRICES: &[&str] = &["100", "100.25", "99.75"];
const ODD: &[&str] = &[
    "0",
    "-1",
    "0.5",
    "1000000",
    "9223372036854775807",
    "0.00000001",
    "-5",
    "100.1",
    "20000000000000000000",
];
const SMALLEST: &str = "0.000000000000000001";
const EXTREMES: &[&str] = &[
    "99999999999999999999.999999999999999999",
    SMALLEST,
    "-99999999999999999999",
    "9223372036854775808",
    "100000000000000000000",
    "0.0000000000000000001",
];
const COUNTS: &[i64] =
    &[1, 0, 2, 3, 10, 1000, 5000, 60_000, 3_600_000, 3_600_001, -1, 10_000, i64::MAX, i64::MIN];
const MILLIS: &[i64] =
    &[0, -1, 1, -1000, 1000, 1001, -5000, -5001, 3_600_000, -3_600_000, i64::MIN, i64::MAX];

static KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| names("k"));
static ORDERS: LazyLock<Vec<&'static str>> = LazyLock::new(|| names("o"));
static REPORTS: LazyLock<Vec<&'static str>> = LazyLock::new(|| names("e"));

/// The order of each account and each name of an order.
static ORDER_IDS: LazyLock<Vec<[&'static str; NAMES]>> = LazyLock::new(|| {
    let of = |account| std::array::from_fn(|index| records::order_id(account, ORDERS[index]));
    ACCOUNTS.iter().map(|account| of(account)).collect()
});

fn names(kind: &str) -> Vec<&'static str> {
    (0..NAMES).map(|number| &*format!("{kind}-{number}").leak()).collect()
}

/// An order that was asked for, whatever came of it.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    account: usize,
    name: usize,
    instrument: usize,
    side: Side,
}

/// What bytes are made into. It knows what it has drawn, so that most records are about something that exists.
pub struct Draw<'u, 'a> {
    pub bytes: &'u mut Unstructured<'a>,
    /// The router's clock.
    pub clock: Time,
    asked: Vec<Asked>,
    keys: usize,
    reports: usize,
}

impl<'u, 'a> Draw<'u, 'a> {
    pub fn new(bytes: &'u mut Unstructured<'a>, clock: Time) -> Self {
        // The orders of the prelude.
        let asked = |account, name, side| Asked { account, name, instrument: 0, side };
        let asked = vec![asked(0, 1, Side::Buy), asked(0, 2, Side::Sell), asked(1, 1, Side::Buy)];
        Self { bytes, clock, asked, keys: 0, reports: 0 }
    }

    pub fn one<T: Copy>(&mut self, pool: &[T]) -> Result<T> {
        self.bytes.choose(pool).copied()
    }

    /// Rarely, once in so many.
    pub fn once_in(&mut self, many: u8) -> Result<bool> {
        Ok(self.bytes.int_in_range(0..=many - 1)? == many - 1)
    }

    fn id(&mut self, pool: &'static [&'static str]) -> Result<Id<'static>> {
        self.one(pool).map(id)
    }

    fn maybe<T>(&mut self, draw: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if self.bytes.arbitrary()? { draw(self).map(Some) } else { Ok(None) }
    }

    fn number(&mut self, pool: &'static [&'static str]) -> Result<Numeral<'static>> {
        let pool = match self.bytes.int_in_range(0..=31)? {
            31 => EXTREMES,
            28..31 => ODD,
            _ => pool,
        };
        self.one(pool).map(num)
    }

    fn quantity(&mut self) -> Result<Numeral<'static>> {
        self.number(QUANTITIES)
    }

    fn price(&mut self) -> Result<Numeral<'static>> {
        self.number(PRICES)
    }

    fn count(&mut self) -> Result<i64> {
        self.one(COUNTS)
    }

    pub fn time(&mut self) -> Result<Time> {
        let millis = if self.once_in(4)? { self.one(MILLIS)? } else { 0 };
        Ok(Time(self.clock.0.saturating_add(millis.saturating_mul(MILLISECOND))))
    }

    /// Any text of the input, of any length.
    fn text(&mut self) -> Result<&'a str> {
        if self.once_in(16)? { self.bytes.arbitrary() } else { Ok("") }
    }

    fn account(&mut self) -> Result<usize> {
        if self.once_in(16)? { Ok(ACCOUNTS.len() - 1) } else { self.one(&[0, 1]) }
    }

    /// The next of these names, or rarely one that was used.
    fn name(&mut self, used: usize) -> Result<usize> {
        let name = if self.once_in(8)? { self.bytes.int_in_range(0..=used)? } else { used };
        Ok(name % NAMES)
    }

    /// An order that was asked for, or rarely any.
    fn order(&mut self) -> Result<Asked> {
        if self.once_in(8)? {
            let name = self.bytes.int_in_range(0..=NAMES - 1)?;
            let instrument = self.bytes.int_in_range(0..=INSTRUMENTS.len() - 1)?;
            return Ok(Asked { account: self.account()?, name, instrument, side: self.one(Side::ALL)? });
        }
        // The latest most of all.
        let back = self.one(&[0, 0, 0, 1, 1, 2, 3, 5, 8])?;
        Ok(self.asked[self.asked.len() - 1 - usize::min(back, self.asked.len() - 1)])
    }

    pub fn intent(&mut self) -> Result<Intent<'a>> {
        let types = [IntentType::New, IntentType::New, IntentType::Cancel, IntentType::Replace];
        let intent_type = self.one(&types)?;
        let key = self.name(self.keys)?;
        self.keys += 1;
        let order = match intent_type {
            IntentType::New => Asked {
                account: self.account()?,
                name: self.name(self.asked.len())?,
                instrument: self.one(&[0, 0, 0, 1, 1, 2, 3])?,
                side: self.one(Side::ALL)?,
            },
            IntentType::Cancel | IntentType::Replace => self.order()?,
        };
        if intent_type == IntentType::New {
            self.asked.push(order);
        }
        let mut terms = self.terms()?;
        terms.side = Some(order.side);
        Ok(Intent {
            intent_type,
            intent_id: id(KEYS[key]),
            account_id: id(ACCOUNTS[order.account]),
            strategy_id: self.id(STRATEGIES)?,
            client_order_id: id(ORDERS[order.name]),
            instrument_id: id(INSTRUMENTS[order.instrument]),
            created_at: self.time()?,
            expires_at: if self.once_in(8)? { Some(self.time()?) } else { None },
            terms,
            correlation_id: if self.once_in(8)? { Some(self.text()?) } else { None },
            tags: if self.once_in(8)? { vec![("desk", self.text()?)] } else { Vec::new() },
        })
    }

    /// Mostly those that a type of order asks for.
    fn terms(&mut self) -> Result<IntentTerms<'static>> {
        use OrderType::{Limit, Market, Stop, StopLimit};
        let order_type = self.one(&[Limit, Limit, Limit, Market, Stop, StopLimit])?;
        let odd = self.once_in(8)?;
        let price = if order_type.has_price() ^ odd { Some(self.price()?) } else { None };
        let trigger_price = if order_type.has_trigger() ^ odd { Some(self.price()?) } else { None };
        Ok(IntentTerms {
            side: None,
            order_type: Some(order_type),
            order_qty: if self.once_in(32)? { None } else { Some(self.quantity()?) },
            price,
            trigger_price,
            time_in_force: Some(self.one(TimeInForce::ALL)?),
            expire_time: if self.once_in(8)? { Some(self.time()?) } else { None },
            post_only: self.bytes.arbitrary()?,
            reduce_only: self.once_in(4)?,
        })
    }

    pub fn execution(&mut self) -> Result<Execution<'a>> {
        let order = self.order()?;
        let (report, refers) = (self.name(self.reports)?, self.bytes.int_in_range(0..=self.reports)?);
        self.reports += 1;
        let order_id = if self.once_in(16)? { "" } else { ORDER_IDS[order.account][order.name] };
        let account = if self.once_in(32)? { self.account()? } else { order.account };
        Ok(Execution {
            venue: self.id(&["CME", "CB"])?,
            exec_id: REPORTS[report],
            exec_type: if self.bytes.arbitrary()? { ExecType::Trade } else { self.one(ExecType::ALL)? },
            order_id,
            client_order_id: None,
            venue_order_id: if self.once_in(16)? { Some(self.text()?) } else { None },
            account_id: id(ACCOUNTS[account]),
            instrument_id: id(INSTRUMENTS[order.instrument]),
            side: if self.once_in(16)? { self.one(Side::ALL)? } else { order.side },
            last_qty: Some(self.quantity()?),
            last_px: Some(self.price()?),
            order_qty: self.maybe(Self::quantity)?,
            cum_qty: None,
            leaves_qty: self.maybe(Self::quantity)?,
            exec_ref_id: Some(REPORTS[refers % NAMES]),
            reject_code: self.maybe(|draw| draw.one(&[1, 0, 3, i32::MIN]))?,
            text: if self.once_in(16)? { Some(self.text()?) } else { None },
            transact_time: self.time()?,
        })
    }

    pub fn control(&mut self) -> Result<ControlRecord<'a>> {
        Ok(match self.bytes.int_in_range(0..=3)? {
            0 => ControlRecord::Instrument(self.instrument()?),
            1 => ControlRecord::RiskLimit(self.limit()?),
            _ => ControlRecord::Command(self.command()?),
        })
    }

    fn instrument(&mut self) -> Result<InstrumentRecord<'static>> {
        let sane = instrument(self.bytes.int_in_range(0..=INSTRUMENTS.len() - 1)?, 1);
        let immutable = self.once_in(4)?;
        Ok(InstrumentRecord {
            tick_size: if immutable { self.price()? } else { sane.tick_size },
            lot_size: if immutable { self.quantity()? } else { sane.lot_size },
            contract_multiplier: if immutable { self.quantity()? } else { sane.contract_multiplier },
            min_qty: self.maybe(Self::quantity)?,
            max_qty: self.maybe(Self::quantity)?,
            min_notional: self.maybe(Self::price)?,
            allow_negative_price: self.bytes.arbitrary()?,
            status: self.one(InstrumentStatus::ALL)?,
            version: self.count()?,
            ..sane
        })
    }

    fn limit(&mut self) -> Result<RiskLimit<'a>> {
        Ok(RiskLimit {
            limit_id: self.id(&["l-1", "l-2", "l-3", "A1", "A6"])?,
            version: self.count()?,
            scope_type: self.one(LimitScope::ALL)?,
            scope_id: self.one(SCOPES)?,
            instrument_id: self.one(&["*", "ESZ5.CME", "SHIB.CB", "FINE.X", "", "no id"])?,
            max_order_qty: self.maybe(Self::quantity)?,
            max_order_notional: self.maybe(Self::price)?,
            max_long_qty: self.maybe(Self::quantity)?,
            max_short_qty: self.maybe(Self::quantity)?,
            max_gross_notional: self.maybe(Self::price)?,
            currency: self.maybe(|draw| draw.id(&["USD", "XTS"]))?,
            max_open_orders: self.maybe(Self::count)?,
            price_collar_bps: self.maybe(Self::count)?,
            price_collar_abs: self.maybe(Self::price)?,
            ref_max_age_ms: self.maybe(Self::count)?,
            max_orders: self.maybe(Self::count)?,
            orders_window_ms: self.maybe(Self::count)?,
            dup_window_ms: self.maybe(Self::count)?,
            max_intent_age_ms: self.maybe(Self::count)?,
            market_orders: self.maybe(|draw| draw.one(MarketOrders::ALL))?,
            on_anomaly: self.maybe(|draw| draw.one(AnomalyPolicy::ALL))?,
            set_by: self.text()?,
            reason: self.text()?,
        })
    }

    fn command(&mut self) -> Result<Command<'a>> {
        let order = self.order()?;
        let order_id = if self.once_in(16)? { "no hex" } else { ORDER_IDS[order.account][order.name] };
        Ok(Command {
            command_id: self.id(COMMANDS)?,
            command: self.one(CommandType::ALL)?,
            scope_type: self.one(Scope::ALL)?,
            scope_id: self.one(SCOPES)?,
            cancel_open_orders: self.bytes.arbitrary()?,
            resumes: self.maybe(|draw| draw.id(COMMANDS))?,
            account_id: Some(id(ACCOUNTS[order.account])),
            order_id: Some(order_id),
            instrument_id: Some(id(INSTRUMENTS[order.instrument])),
            qty: Some(self.quantity()?),
            strategy_id: self.maybe(|draw| draw.id(STRATEGIES))?,
            issued_by: self.text()?,
            reason: self.text()?,
            issued_at: self.maybe(Self::time)?,
        })
    }

    pub fn quote(&mut self) -> Result<ReferencePrice<'a>> {
        Ok(ReferencePrice {
            instrument_id: self.id(INSTRUMENTS)?,
            price: self.price()?,
            source: self.one(PriceSource::ALL)?,
            as_of: self.time()?,
            publisher: self.text()?,
            quality: if self.once_in(8)? { self.one(PriceQuality::ALL)? } else { PriceQuality::Good },
        })
    }
}

/// An instrument as it is first recorded.
pub fn instrument(index: usize, version: i64) -> InstrumentRecord<'static> {
    let [venue, currency, tick_size, lot_size, multiplier] = match index {
        0 => ["CME", "USD", "0.25", "1", "50"],
        1 => ["CB", "USD", "0.00000001", "1", "1"],
        // In money of its own: its decimals beside large prices are more than the router counts.
        2 => ["X", "XTS", SMALLEST, SMALLEST, SMALLEST],
        _ => ["CME", "USD", "1", "1", "1"],
    };
    InstrumentRecord {
        venue: id(venue),
        currency: id(currency),
        tick_size: num(tick_size),
        lot_size: num(lot_size),
        min_qty: None,
        max_qty: None,
        min_notional: None,
        contract_multiplier: num(multiplier),
        allow_negative_price: index == 0,
        version,
        ..records::instrument(INSTRUMENTS[index])
    }
}
