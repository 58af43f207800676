//! Arbitrary records. Texts are leaked: a test process is short, and the core's types borrow.
//! Strategies are boxed, or their values would overflow a test thread's stack.

use onefill::core::amount::{Decimal, Numeral};
use onefill::core::control::{
    AnomalyPolicy, Command, CommandType, ControlRecord, InstrumentRecord, InstrumentStatus, LimitScope,
    MarketOrders, RiskLimit, Scope,
};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::{Id, OrderId};
use onefill::core::intent::{Intent, IntentTerms, IntentType, OrderType, Side, TimeInForce};
use onefill::core::order::{Order, Origin, Terms};
use onefill::core::price::{PriceQuality, PriceSource, ReferencePrice};
use onefill::core::time::Time;
use proptest::collection::btree_map;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

mod entries;

pub use entries::entry;

pub fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

pub fn text(pattern: &'static str) -> impl Strategy<Value = &'static str> {
    pattern.prop_map(leak)
}

pub fn id() -> impl Strategy<Value = Id<'static>> {
    text("[A-Za-z0-9_.:-]{1,6}|[A-Za-z0-9_.:-]{64}").prop_map(|text| Id::parse(text).unwrap())
}

pub fn words() -> impl Strategy<Value = &'static str> {
    text(".{0,12}")
}

pub fn time() -> impl Strategy<Value = Time> {
    any::<i64>().prop_map(Time)
}

pub fn decimal() -> impl Strategy<Value = Decimal> {
    let small = (-1000i128..1000, 0u32..4);
    let any_size = (any::<i128>(), 0u32..19).prop_map(|(mantissa, scale)| (mantissa >> (scale + 1), scale));
    prop_oneof![small, any_size]
        .prop_filter_map("too many digits", |(mantissa, scale)| Decimal::new(mantissa, scale).ok())
}

pub fn numeral() -> impl Strategy<Value = Numeral<'static>> {
    let overlong = text("-?[1-9][0-9]{20,30}|[1-9]\\.[0-9]{19,25}").prop_map(Numeral::Overlong);
    prop_oneof![9 => decimal().prop_map(Numeral::Exact), 1 => overlong]
}

fn terms() -> impl Strategy<Value = IntentTerms<'static>> {
    let kinds = (of(select(Side::ALL)), of(select(OrderType::ALL)), of(select(TimeInForce::ALL)));
    let amounts = (of(numeral()), of(numeral()), of(numeral()));
    (kinds, amounts, of(time()), any::<bool>(), any::<bool>()).prop_map(
        |((side, order_type, time_in_force), amounts, expire_time, post_only, reduce_only)| {
            let (order_qty, price, trigger_price) = amounts;
            IntentTerms {
                side,
                order_type,
                order_qty,
                price,
                trigger_price,
                time_in_force,
                expire_time,
                post_only,
                reduce_only,
            }
        },
    )
}

/// An intent that may lack what its type needs.
pub fn loose_intent() -> BoxedStrategy<Intent<'static>> {
    let ids = (id(), id(), id(), id(), id());
    let tags = btree_map(words(), words(), 0..4).prop_map(|tags| tags.into_iter().collect());
    (select(IntentType::ALL), ids, time(), of(time()), terms(), of(words()), tags)
        .prop_map(|(intent_type, ids, created_at, expires_at, terms, correlation_id, tags)| {
            let (intent_id, account_id, strategy_id, client_order_id, instrument_id) = ids;
            Intent {
                intent_type,
                intent_id,
                account_id,
                strategy_id,
                client_order_id,
                instrument_id,
                created_at,
                expires_at,
                terms,
                correlation_id,
                tags,
            }
        })
        .boxed()
}

/// A well-formed intent.
pub fn intent() -> BoxedStrategy<Intent<'static>> {
    loose_intent()
        .prop_map(|mut intent| {
            let terms = &mut intent.terms;
            match intent.intent_type {
                IntentType::New => {
                    terms.side.get_or_insert(Side::Sell);
                    terms.order_type.get_or_insert(OrderType::Limit);
                    terms.time_in_force.get_or_insert(TimeInForce::Gtc);
                    terms.order_qty.get_or_insert(Numeral::Exact(Decimal::ONE));
                }
                IntentType::Replace if terms.price.is_none() && terms.trigger_price.is_none() => {
                    terms.order_qty.get_or_insert(Numeral::Exact(Decimal::ONE));
                }
                IntentType::Replace | IntentType::Cancel => {}
            }
            intent
        })
        .boxed()
}

fn order_terms() -> impl Strategy<Value = Terms> {
    let kinds = (select(Side::ALL), select(OrderType::ALL), select(TimeInForce::ALL));
    let amounts = (decimal(), of(decimal()), of(decimal()));
    (kinds, amounts, of(time()), any::<bool>(), any::<bool>()).prop_map(
        |((side, order_type, time_in_force), amounts, expire_time, post_only, reduce_only)| {
            let (order_qty, price, trigger_price) = amounts;
            Terms {
                side,
                order_type,
                order_qty,
                price,
                trigger_price,
                time_in_force,
                expire_time,
                post_only,
                reduce_only,
            }
        },
    )
}

pub fn order() -> BoxedStrategy<Order<'static>> {
    let ids = (id(), id(), of(id()), id(), id(), id());
    let what = (select(IntentType::ALL), any::<[u8; 16]>(), any::<i32>(), select(Origin::ALL));
    (what, ids, order_terms(), of(time()), 0..i64::MAX as u64, time())
        .prop_map(
            |((command, order_id, order_version, origin), ids, terms, expires_at, audit_seq, decided_at)| {
                let (intent_id, client_order_id, orig_intent_id, account_id, strategy_id, instrument_id) =
                    ids;
                Order {
                    command,
                    order_id: OrderId(order_id),
                    order_version,
                    intent_id,
                    client_order_id,
                    orig_intent_id,
                    account_id,
                    strategy_id,
                    instrument_id,
                    terms,
                    expires_at,
                    audit_seq,
                    decided_at,
                    origin,
                }
            },
        )
        .boxed()
}

/// An execution that may lack what its type needs.
pub fn loose_execution() -> BoxedStrategy<Execution<'static>> {
    let ids = (id(), text(".{1,9}"), id(), id());
    let kinds = (select(ExecType::ALL), select(Side::ALL));
    let names = (words(), of(words()), of(words()), of(words()), of(words()));
    let amounts = (of(numeral()), of(numeral()), of(numeral()), of(numeral()), of(numeral()));
    (ids, kinds, names, amounts, of(any::<i32>()), time())
        .prop_map(|(ids, (exec_type, side), names, amounts, reject_code, transact_time)| {
            let (venue, exec_id, account_id, instrument_id) = ids;
            let (order_id, client_order_id, venue_order_id, exec_ref_id, text) = names;
            let (last_qty, last_px, order_qty, cum_qty, leaves_qty) = amounts;
            Execution {
                venue,
                exec_id,
                exec_type,
                order_id,
                client_order_id,
                venue_order_id,
                account_id,
                instrument_id,
                side,
                last_qty,
                last_px,
                order_qty,
                cum_qty,
                leaves_qty,
                exec_ref_id,
                reject_code,
                text,
                transact_time,
            }
        })
        .boxed()
}

/// A well-formed execution.
pub fn execution() -> BoxedStrategy<Execution<'static>> {
    loose_execution()
        .prop_map(|mut execution| {
            let one = Numeral::Exact(Decimal::ONE);
            execution.last_qty.get_or_insert(one);
            execution.last_px.get_or_insert(one);
            execution.order_qty.get_or_insert(one);
            execution.leaves_qty.get_or_insert(one);
            execution.exec_ref_id.get_or_insert("e0");
            execution
        })
        .boxed()
}

fn instrument() -> BoxedStrategy<InstrumentRecord<'static>> {
    let amounts = (numeral(), numeral(), of(numeral()), of(numeral()), of(numeral()), numeral());
    (id(), id(), id(), amounts, any::<bool>(), select(InstrumentStatus::ALL), any::<i64>())
        .prop_map(|(instrument_id, venue, currency, amounts, allow_negative_price, status, version)| {
            let (tick_size, lot_size, min_qty, max_qty, min_notional, contract_multiplier) = amounts;
            InstrumentRecord {
                instrument_id,
                venue,
                currency,
                tick_size,
                lot_size,
                min_qty,
                max_qty,
                min_notional,
                contract_multiplier,
                allow_negative_price,
                status,
                version,
            }
        })
        .boxed()
}

fn limit() -> BoxedStrategy<RiskLimit<'static>> {
    let whom = (id(), any::<i64>(), select(LimitScope::ALL), words(), words());
    let amounts = proptest::array::uniform6(of(numeral()));
    let counts = proptest::array::uniform7(of(any::<i64>()));
    let policies = (of(select(MarketOrders::ALL)), of(select(AnomalyPolicy::ALL)));
    (whom, amounts, counts, policies, of(id()), words(), words())
        .prop_map(|(whom, amounts, counts, (market_orders, on_anomaly), currency, set_by, reason)| {
            RiskLimit {
                limit_id: whom.0,
                version: whom.1,
                scope_type: whom.2,
                scope_id: whom.3,
                instrument_id: whom.4,
                max_order_qty: amounts[0],
                max_order_notional: amounts[1],
                max_long_qty: amounts[2],
                max_short_qty: amounts[3],
                max_gross_notional: amounts[4],
                currency,
                max_open_orders: counts[0],
                price_collar_bps: counts[1],
                price_collar_abs: amounts[5],
                ref_max_age_ms: counts[2],
                max_orders: counts[3],
                orders_window_ms: counts[4],
                dup_window_ms: counts[5],
                max_intent_age_ms: counts[6],
                market_orders,
                on_anomaly,
                set_by,
                reason,
            }
        })
        .boxed()
}

fn loose_command() -> BoxedStrategy<Command<'static>> {
    let what = (id(), select(CommandType::ALL), select(Scope::ALL), words(), any::<bool>());
    let whom = (of(id()), of(id()), of(words()), of(id()), of(numeral()), of(id()));
    (what, whom, words(), words(), of(time()))
        .prop_map(|(what, whom, issued_by, reason, issued_at)| {
            let (command_id, command, scope_type, scope_id, cancel_open_orders) = what;
            let (resumes, account_id, order_id, instrument_id, qty, strategy_id) = whom;
            Command {
                command_id,
                command,
                scope_type,
                scope_id,
                cancel_open_orders,
                resumes,
                account_id,
                order_id,
                instrument_id,
                qty,
                strategy_id,
                issued_by,
                reason,
                issued_at,
            }
        })
        .boxed()
}

/// A control record that may lack what its command needs.
pub fn loose_control() -> BoxedStrategy<ControlRecord<'static>> {
    prop_oneof![
        instrument().prop_map(ControlRecord::Instrument),
        limit().prop_map(ControlRecord::RiskLimit),
        loose_command().prop_map(ControlRecord::Command),
    ]
    .boxed()
}

/// A well-formed control record.
pub fn control() -> BoxedStrategy<ControlRecord<'static>> {
    loose_control()
        .prop_map(|mut record| {
            if let ControlRecord::Command(command) = &mut record {
                let id = Id::parse("A1").unwrap();
                command.account_id.get_or_insert(id);
                command.instrument_id.get_or_insert(id);
                command.order_id.get_or_insert("");
                command.qty.get_or_insert(Numeral::Exact(Decimal::ONE));
            }
            record
        })
        .boxed()
}

pub fn price() -> BoxedStrategy<ReferencePrice<'static>> {
    (id(), numeral(), select(PriceSource::ALL), time(), words(), select(PriceQuality::ALL))
        .prop_map(|(instrument_id, price, source, as_of, publisher, quality)| ReferencePrice {
            instrument_id,
            price,
            source,
            as_of,
            publisher,
            quality,
        })
        .boxed()
}
