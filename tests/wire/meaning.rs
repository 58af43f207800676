//! Each field of a decoded record has the value that the golden JSON has under its name: a pair of
//! fields swapped in decoder and encoder alike would read back, and mean something else.

use std::borrow::Cow;
use std::collections::BTreeMap;

use onefill::core::amount::{Decimal, Numeral};
use onefill::core::control::{Command, ControlRecord, InstrumentRecord, RiskLimit};
use onefill::core::entry::{After, Body, Cursors, Entry, Input, Opening, Reference, Ruling};
use onefill::core::execution::Execution;
use onefill::core::ids::{Digest, Id, OrderId};
use onefill::core::intent::{Intent, IntentTerms};
use onefill::core::order::{Order, Terms};
use onefill::core::price::ReferencePrice;
use onefill::core::time::Time;
use onefill::core::verdict::FailedCheck;
use onefill::wire::{control, entry, execution, intent, order, price};
use serde_json::{Value as Json, json};

use crate::golden;

/// As it stands in the readable JSON; null where that leaves it out.
trait Shown {
    fn shown(&self) -> Json;
}

macro_rules! shown {
    ($(|$value:ident: $type:ty| $shown:expr;)+) => {
        $(impl Shown for $type {
            fn shown(&self) -> Json {
                let $value = self;
                $shown
            }
        })+
    };
}

shown! {
    |value: bool| json!(value);
    |value: i32| json!(value);
    |value: i64| json!(value);
    |value: u64| json!(value);
    |value: Time| json!(value.0);
    |value: &str| json!(value);
    |value: Cow<'_, str>| json!(value);
    |value: Id<'_>| json!(value.as_str());
    |value: Decimal| json!(value.to_string());
    |value: Numeral<'_>| json!(value.to_string());
    |value: OrderId| json!(value.to_string());
    |value: Digest| json!(value.to_string());
    |value: Vec<(&str, &str)>| value.iter().map(|(key, value)| (*key, *value)).collect();
    |value: BTreeMap<Cow<'_, str>, Cow<'_, str>>|
        value.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    |value: onefill::core::intent::IntentType| json!(value.name());
    |value: onefill::core::intent::Side| json!(value.name());
    |value: onefill::core::intent::OrderType| json!(value.name());
    |value: onefill::core::intent::TimeInForce| json!(value.name());
    |value: onefill::core::order::Origin| json!(value.name());
    |value: onefill::core::execution::ExecType| json!(value.name());
    |value: onefill::core::control::InstrumentStatus| json!(value.name());
    |value: onefill::core::control::LimitScope| json!(value.name());
    |value: onefill::core::control::MarketOrders| json!(value.name());
    |value: onefill::core::control::AnomalyPolicy| json!(value.name());
    |value: onefill::core::control::CommandType| json!(value.name());
    |value: onefill::core::control::Scope| json!(value.name());
    |value: onefill::core::price::PriceSource| json!(value.name());
    |value: onefill::core::price::PriceQuality| json!(value.name());
    |value: onefill::core::verdict::Reason| json!(value.name());
}

impl<T: Shown> Shown for Option<T> {
    fn shown(&self) -> Json {
        self.as_ref().map_or(Json::Null, T::shown)
    }
}

/// Asserts each field to be what the JSON has under its name. All fields are named; those after
/// `but` are looked at otherwise.
macro_rules! assert_named {
    ($record:expr, $json:expr, $type:ident { $($field:ident),+ $(,)? } $(but $($other:ident),+)?) => {{
        let ($type { $($field,)+ $($($other: _,)+)? }, json) = ($record, &$json);
        $(assert_eq!(
            $field.shown(),
            json.get(stringify!($field)).cloned().unwrap_or_default(),
            "{}.{}", stringify!($type), stringify!($field)
        );)+
    }};
}

#[test]
fn of_an_intent() {
    for case in ["new", "cancel", "replace"] {
        let golden = golden::one(&format!("OrderIntent.v1.{case}"));
        let intent = intent::decode(golden.body()).unwrap();
        assert_named!(
            intent.terms,
            golden.json,
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
        );
        let tags = (!intent.tags.is_empty()).then(|| intent.tags.clone());
        assert_eq!(tags.shown(), golden.json.get("tags").cloned().unwrap_or_default());
        assert_named!(
            intent,
            golden.json,
            Intent {
                intent_type,
                intent_id,
                account_id,
                strategy_id,
                client_order_id,
                instrument_id,
                created_at,
                expires_at,
                correlation_id,
            } but terms, tags
        );
    }
}

#[test]
fn of_an_order() {
    for case in ["new", "cancel_by_command"] {
        let golden = golden::one(&format!("Order.v1.{case}"));
        let order = order::decode(golden.body()).unwrap();
        assert_named!(
            order.terms,
            golden.json,
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
        );
        assert_named!(
            order,
            golden.json,
            Order {
                command,
                order_id,
                order_version,
                intent_id,
                client_order_id,
                orig_intent_id,
                account_id,
                strategy_id,
                instrument_id,
                expires_at,
                audit_seq,
                decided_at,
                origin,
            } but terms
        );
    }
}

#[test]
fn of_an_execution() {
    for case in ["trade", "bust", "cancel_rejected"] {
        let golden = golden::one(&format!("Execution.v1.{case}"));
        assert_named!(
            execution::decode(golden.body()).unwrap(),
            golden.json,
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
        );
    }
}

#[test]
fn of_a_price() {
    let golden = golden::one("ReferencePrice.v1.mark");
    assert_named!(
        price::decode(golden.body()).unwrap(),
        golden.json,
        ReferencePrice { instrument_id, price, source, as_of, publisher, quality }
    );
}

#[test]
fn of_an_instrument() {
    let golden = golden::one("ControlRecord.v1.instrument");
    let Ok(ControlRecord::Instrument(instrument)) = control::decode(golden.body()) else {
        panic!("no instrument")
    };
    assert_named!(
        instrument,
        golden.json["record"],
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
    );
}

#[test]
fn of_a_limit() {
    let golden = golden::one("ControlRecord.v1.risk_limit");
    let Ok(ControlRecord::RiskLimit(limit)) = control::decode(golden.body()) else { panic!("no limit") };
    assert_named!(
        limit,
        golden.json["record"],
        RiskLimit {
            limit_id,
            version,
            scope_type,
            scope_id,
            instrument_id,
            max_order_qty,
            max_order_notional,
            max_long_qty,
            max_short_qty,
            max_gross_notional,
            currency,
            max_open_orders,
            price_collar_bps,
            price_collar_abs,
            ref_max_age_ms,
            max_orders,
            orders_window_ms,
            dup_window_ms,
            max_intent_age_ms,
            market_orders,
            on_anomaly,
            set_by,
            reason,
        }
    );
}

#[test]
fn of_a_command() {
    let golden = golden::one("ControlRecord.v1.command");
    let Ok(ControlRecord::Command(command)) = control::decode(golden.body()) else { panic!("no command") };
    assert_named!(
        command,
        golden.json["record"],
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
    );
}

#[test]
fn of_an_opening() {
    let golden = golden::one("Entry.v1.genesis");
    let entry = entry::decode(golden.body()).unwrap();
    assert_named!(entry.as_of, golden.json["as_of"], Cursors { intents, executions, control });
    let Body::Genesis(opening) = &entry.body else { panic!("no genesis") };
    assert_named!(
        opening,
        golden.json["lane"],
        Opening {
            router_id,
            version,
            rules_version,
            group,
            partition_count,
            topic_ids,
            settings,
            ledger_hash,
        }
    );
    assert_named!(entry, golden.json, Entry { seq, prev, decided_at, limits_version } but as_of, body);
}

#[test]
fn of_the_parts_of_a_decision() {
    let golden = golden::one("Entry.v1.rejected");
    let Body::Decision(decision) = entry::decode(golden.body()).unwrap().body else { panic!("no decision") };
    assert_named!(decision.input, golden.json["input"], Input { topic, partition, offset, timestamp });
    let Ruling::Rejected { failed_checks, references, after, .. } = decision.ruling else {
        panic!("not rejected")
    };
    for (at, check) in failed_checks.iter().enumerate() {
        let json = &golden.json["failed_checks"][at];
        assert_named!(check, *json, FailedCheck { reason, scope, limit, observed });
    }
    assert_named!(
        references[0],
        golden.json["references"][0],
        Reference { instrument_id, price, as_of, source, quality, partition, offset }
    );
    assert_named!(
        after.unwrap(),
        golden.json["after"],
        After { position, reserved_buy_qty, reserved_sell_qty, gross_notional, open_orders }
    );
}
