//! The records of the small world: instruments, limits, commands, prices, intents and reports, each
//! with what a test does not care about filled in.

use std::collections::BTreeMap;

use onefill::core::amount::Numeral;
use onefill::core::control::{
    AnomalyPolicy, Command, CommandType, InstrumentRecord, InstrumentStatus, LimitScope, RiskLimit, Scope,
};
use onefill::core::entry::{Input, Opening};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::{Digest, Id, OrderId};
use onefill::core::intent::{Intent, IntentTerms, IntentType, OrderType, Side, TimeInForce};
use onefill::core::ledger::Placement;
use onefill::core::price::{PriceQuality, PriceSource, ReferencePrice};
use onefill::core::settings::{RULES_VERSION, Settings};
use onefill::core::time::{MILLISECOND, Time};

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

/// A time before or after [`NOW`], in milliseconds.
pub const fn at_ms(offset: i64) -> Time {
    at(offset * MILLISECOND)
}

pub fn id(text: &'static str) -> Id<'static> {
    Id::parse(text).expect("a test names things by ids")
}

pub fn num(text: &'static str) -> Numeral<'static> {
    Numeral::parse(text).expect("a test writes numbers")
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

/// Whom and what limits are for: scope, who, instrument.
pub type Group = (LimitScope, &'static str, &'static str);

/// Where a limit of an order of `A1`, strategy `S1`, in [`FUTURE`] may stand, from narrow to wide.
pub const GROUPS: [Group; 6] = [
    (LimitScope::Strategy, "A1/S1", FUTURE),
    (LimitScope::Strategy, "A1/S1", "*"),
    (LimitScope::Account, "A1", FUTURE),
    (LimitScope::Account, "A1", "*"),
    (LimitScope::Global, "", FUTURE),
    (LimitScope::Global, "", "*"),
];

/// These limits, for them.
pub fn placed((scope_type, scope_id, instrument_id): Group, limit: RiskLimit<'static>) -> RiskLimit<'static> {
    RiskLimit { scope_type, scope_id, instrument_id, ..limit }
}

/// The scope that such limits refuse by.
pub const fn scope_of((scope_type, ..): Group) -> Scope {
    match scope_type {
        LimitScope::Global => Scope::Global,
        LimitScope::Account => Scope::Account,
        LimitScope::Strategy => Scope::Strategy,
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

/// A LIMIT of `A1`, strategy `S1`, in [`FUTURE`]; the key is also the order's name.
pub fn limit_order(
    key: &'static str,
    side: Side,
    order_qty: &'static str,
    price: &'static str,
) -> Intent<'static> {
    let terms = IntentTerms {
        side: Some(side),
        order_type: Some(OrderType::Limit),
        order_qty: Some(num(order_qty)),
        price: Some(num(price)),
        time_in_force: Some(TimeInForce::Day),
        ..IntentTerms::default()
    };
    Intent { terms, ..bare(IntentType::New, key, key) }
}

/// An order to buy 10 of this type, with the prices that it needs: 100, and 100 as its trigger.
pub fn of_type(key: &'static str, order_type: OrderType) -> Intent<'static> {
    let terms = IntentTerms {
        order_type: Some(order_type),
        price: order_type.has_price().then(|| num("100")),
        trigger_price: order_type.has_trigger().then(|| num("100")),
        ..buy(key, "10", "100").terms
    };
    Intent { terms, ..bare(IntentType::New, key, key) }
}

/// A LIMIT to buy.
pub fn buy(key: &'static str, order_qty: &'static str, price: &'static str) -> Intent<'static> {
    limit_order(key, Side::Buy, order_qty, price)
}

/// A LIMIT to sell.
pub fn sell(key: &'static str, order_qty: &'static str, price: &'static str) -> Intent<'static> {
    limit_order(key, Side::Sell, order_qty, price)
}

/// A REPLACE of the order of this name.
pub fn replace(key: &'static str, order: &'static str, order_qty: &'static str) -> Intent<'static> {
    let terms = IntentTerms { order_qty: Some(num(order_qty)), ..IntentTerms::default() };
    Intent { terms, ..bare(IntentType::Replace, key, order) }
}

/// A CANCEL of the order of this name.
pub fn cancel(key: &'static str, order: &'static str) -> Intent<'static> {
    bare(IntentType::Cancel, key, order)
}

/// A report on the order of `A1` of this name.
pub fn on(order: &'static str, report: Execution<'static>) -> Execution<'static> {
    Execution { order_id: order_id("A1", order), ..report }
}

/// A command without the fields that only some have.
pub fn command(
    command_id: &'static str,
    command: CommandType,
    scope_type: Scope,
    scope_id: &'static str,
) -> Command<'static> {
    Command {
        command_id: id(command_id),
        command,
        scope_type,
        scope_id,
        cancel_open_orders: false,
        resumes: None,
        account_id: None,
        order_id: None,
        instrument_id: None,
        qty: None,
        strategy_id: None,
        issued_by: "operator",
        reason: "test",
        issued_at: Some(NOW),
    }
}

/// An order of `A1` is declared dead.
pub fn release(command_id: &'static str, order: &'static str) -> Command<'static> {
    let (account_id, order_id) = (Some(id("A1")), Some(order_id("A1", order)));
    Command { account_id, order_id, ..command(command_id, CommandType::ForceRelease, Scope::Account, "A1") }
}

/// A signed change of the position of `A1` in [`FUTURE`].
pub fn adjust(command_id: &'static str, qty: &'static str) -> Command<'static> {
    Command {
        account_id: Some(id("A1")),
        instrument_id: Some(id(FUTURE)),
        qty: Some(num(qty)),
        ..command(command_id, CommandType::PositionAdjust, Scope::Account, "A1")
    }
}

/// Another instrument with the steps of [`FUTURE`], without bounds.
pub fn instrument(instrument_id: &'static str) -> InstrumentRecord<'static> {
    let (min_qty, max_qty, min_notional) = (None, None, None);
    InstrumentRecord { instrument_id: id(instrument_id), min_qty, max_qty, min_notional, ..future() }
}

/// A largest gross exposure in USD, for everybody.
pub fn gross_limit(limit_id: &'static str, most: &'static str) -> RiskLimit<'static> {
    RiskLimit { max_gross_notional: Some(num(most)), currency: Some(id("USD")), ..no_limit(limit_id) }
}

/// The same, of one strategy too.
pub fn adjust_strategy(
    command_id: &'static str,
    strategy: &'static str,
    qty: &'static str,
) -> Command<'static> {
    Command { strategy_id: Some(id(strategy)), ..adjust(command_id, qty) }
}

/// A good price of an instrument, as of [`NOW`].
pub fn quote(instrument_id: &'static str, price: &'static str) -> ReferencePrice<'static> {
    ReferencePrice {
        instrument_id: id(instrument_id),
        price: num(price),
        source: PriceSource::Mark,
        as_of: NOW,
        publisher: "feed",
        quality: PriceQuality::Good,
    }
}
