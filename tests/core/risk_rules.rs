//! Checks 10 to 20 as rules of the ladder: limits, prices and states that refuse an order which is
//! otherwise accepted.
//!
//! A NEW buys 10 at 100 or better, triggered at 99.5, beside a like order that is open; a REPLACE wants
//! 12 at 101, triggered at 100.5, of that one. The price held is 100.

use onefill::core::control::{CommandType, RiskLimit, Scope};
use onefill::core::price::{PriceQuality, ReferencePrice};
use onefill::core::verdict::{FailedCheck, Reason};

use crate::ladder::{Rule, Situation, rule};
use crate::records::{at_ms, command, no_limit, quote, wide};
use crate::world::{FUTURE, compared, id, num};

/// A rule that a GLOBAL limit refuses by, with numbers.
fn refused(rule: Rule, limit: &'static str, observed: &'static str) -> Rule {
    let refused = compared(rule.refused.reason, limit, observed).by(Scope::Global);
    rule.with(refused)
}

/// Limits `A1` otherwise than the world does at first.
fn name_again(it: &mut Situation, limit: RiskLimit<'static>) {
    it.limit(RiskLimit { version: 2, ..limit });
}

/// Nobody names the account any more.
pub fn unknown_account() -> Rule {
    rule(
        "an account that no limit names",
        "n",
        |it| name_again(it, RiskLimit { scope_id: "A6", ..wide("A1") }),
        Reason::UnknownAccount,
    )
}

/// Checks 10 to 20 of a NEW.
pub fn of_new() -> Vec<Rule> {
    let mut rules = vec![not_configured()];
    let smaller = |it: &mut Situation| {
        it.limit(RiskLimit { max_order_qty: Some(num("9")), ..no_limit("L-11") });
    };
    rules.push(refused(rule("too much", "", smaller, Reason::MaxOrderQtyExceeded), "9", "10"));
    rules.extend(prices());
    rules.extend(collars("50"));
    let cheaper = |it: &mut Situation| {
        it.limit(RiskLimit { max_order_notional: Some(num("49999.99")), ..no_limit("L-14") });
    };
    let rule_14 = rule("worth too much", "r", cheaper, Reason::MaxOrderNotionalExceeded);
    rules.push(refused(rule_14, "49999.99", "50000"));
    let suspicious = |it: &mut Situation| {
        it.limit(RiskLimit { dup_window_ms: Some(1_000), ..no_limit("L-15") });
    };
    let rule_15 = rule("like one before", "", suspicious, Reason::DuplicateOrderSuspected);
    rules.push(refused(rule_15, "1000", "0"));
    rules.push(too_fast());
    rules.extend(reducing("10"));
    let few = |it: &mut Situation| {
        it.limit(RiskLimit { max_open_orders: Some(1), ..no_limit("L-18") });
    };
    rules.push(refused(rule("too many", "", few, Reason::MaxOpenOrdersExceeded), "1", "2"));
    let short = |it: &mut Situation| {
        it.limit(RiskLimit { max_long_qty: Some(num("19")), ..no_limit("L-19") });
    };
    rules.push(refused(rule("too long", "", short, Reason::PositionLimitExceeded), "19", "20"));
    let gross = |it: &mut Situation| it.limit(gross("99999.99"));
    rules.push(refused(
        rule("too much at stake", "r", gross, Reason::GrossNotionalExceeded),
        "99999.99",
        "100000",
    ));
    rules
}

/// Checks 10 to 20 of a REPLACE, without 15 and 18.
pub fn of_replace() -> Vec<Rule> {
    let mut rules = vec![not_configured()];
    let smaller = |it: &mut Situation| {
        it.limit(RiskLimit { max_order_qty: Some(num("11")), ..no_limit("L-11") });
    };
    rules.push(refused(rule("too much", "", smaller, Reason::MaxOrderQtyExceeded), "11", "12"));
    rules.extend(prices());
    rules.extend(collars("49"));
    let cheaper = |it: &mut Situation| {
        it.limit(RiskLimit { max_order_notional: Some(num("60599.99")), ..no_limit("L-14") });
    };
    let rule_14 = rule("worth too much", "r", cheaper, Reason::MaxOrderNotionalExceeded);
    rules.push(refused(rule_14, "60599.99", "60600"));
    rules.push(too_fast());
    rules.extend(reducing("2").into_iter().take(1));
    let short = |it: &mut Situation| {
        it.limit(RiskLimit { max_long_qty: Some(num("11")), ..no_limit("L-19") });
    };
    rules.push(refused(rule("too long", "", short, Reason::PositionLimitExceeded), "11", "12"));
    let gross = |it: &mut Situation| it.limit(gross("60599.99"));
    rules.push(refused(
        rule("too much at stake", "r", gross, Reason::GrossNotionalExceeded),
        "60599.99",
        "60600",
    ));
    rules
}

fn gross(limit: &'static str) -> RiskLimit<'static> {
    RiskLimit { max_gross_notional: Some(num(limit)), currency: Some(id("USD")), ..no_limit("L-20") }
}

fn not_configured() -> Rule {
    rule(
        "no limit of short positions",
        "n",
        |it| name_again(it, RiskLimit { max_short_qty: None, ..wide("A1") }),
        Reason::LimitNotConfigured,
    )
}

/// A limit that needs a price, and no other price than this.
fn only_price(it: &mut Situation, price: Option<ReferencePrice<'static>>) {
    it.limit(RiskLimit { max_order_notional: Some(num("99999999")), ..no_limit("L-12") });
    it.world.forget_prices();
    if let Some(price) = &price {
        it.world.quote(price);
    }
}

fn prices() -> Vec<Rule> {
    let old = |it: &mut Situation| {
        only_price(it, Some(ReferencePrice { as_of: at_ms(-2_001), ..quote(FUTURE, "100") }));
    };
    let odd = |it: &mut Situation| {
        let quality = PriceQuality::Indicative;
        only_price(it, Some(ReferencePrice { quality, ..quote(FUTURE, "100") }));
    };
    let hundred = num("100").exact().ok();
    let invalid = FailedCheck { observed: hundred, ..FailedCheck::plain(Reason::ReferencePriceInvalid) };
    vec![
        rule("no price", "r", |it| only_price(it, None), Reason::ReferencePriceNotAvailable),
        rule("an old price", "r", old, Reason::ReferencePriceStale).with(compared(
            Reason::ReferencePriceStale,
            "2000",
            "2001",
        )),
        rule("an odd price", "r", odd, Reason::ReferencePriceInvalid).with(invalid),
    ]
}

/// Of a price that is 0.5 from its trigger, and so many hundredths of a percent that do not reach.
fn collars(bps: &'static str) -> Vec<Rule> {
    let narrow = |it: &mut Situation| {
        let bps = if it.intent.terms.price == Some(num("100")) { 50 } else { 49 };
        it.limit(RiskLimit { price_collar_bps: Some(bps), ..no_limit("L-13") });
    };
    let near = |it: &mut Situation| {
        it.limit(RiskLimit { price_collar_abs: Some(num("0.25")), ..no_limit("L-13") });
    };
    let breached = Reason::PriceCollarBreached;
    let without_distance = FailedCheck { observed: None, ..compared(breached, bps, "0") };
    vec![
        rule("too far, relatively", "c", narrow, breached).with(without_distance.by(Scope::Global)),
        refused(rule("too far", "c", near, breached), "0.25", "0.5"),
    ]
}

fn too_fast() -> Rule {
    let slow = |it: &mut Situation| {
        let (max_orders, orders_window_ms) = (Some(1), Some(1_000));
        it.limit(RiskLimit { max_orders, orders_window_ms, ..no_limit("L-16") });
    };
    refused(rule("too fast", "", slow, Reason::RateLimitExceeded), "1", "2")
}

/// By the state, and by the intent's own flag.
fn reducing(added: &'static str) -> Vec<Rule> {
    let violation = compared(Reason::ReduceOnlyViolation, "0", added);
    let reduce = |it: &mut Situation| {
        it.command(command("reduce", CommandType::Reduce, Scope::Account, "A1"));
    };
    let flag = |it: &mut Situation| it.terms().reduce_only = true;
    vec![
        rule("more where less is due", "d", reduce, Reason::ReduceOnlyViolation)
            .with(violation.by(Scope::Account)),
        rule("more, by an order that may only reduce", "d", flag, Reason::ReduceOnlyViolation)
            .with(violation),
    ]
}
