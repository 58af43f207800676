//! Which fields of two intents differ: what tells the people behind a conflict what to mend.
//!
//! It compares exactly what the [`fingerprint`](super::fingerprint) covers, in the same canonical
//! form: two intents without a difference have one fingerprint, and the reverse. It judges nothing.

use super::amount::Numeral;
use super::fingerprint::without_trailing_zeros;
use super::intent::{Intent, IntentTerms};
use super::time::Time;

/// One field in which two intents differ, with its canonical values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field's name in the schema.
    pub field: &'static str,
    /// What the first says; `None` where it says nothing.
    pub first: Option<String>,
    /// What the second says; `None` where it says nothing.
    pub second: Option<String>,
}

/// The fields in which the payloads differ, in order of the schema; empty for a retry.
///
/// `created_at`, `correlation_id` and `tags` may differ in a retry, and are not compared.
pub fn differences(first: &Intent<'_>, second: &Intent<'_>) -> Vec<Difference> {
    let pairs = payload(first).into_iter().zip(payload(second));
    pairs
        .filter(|((_, first), (_, second))| first != second)
        .map(|((field, first), (_, second))| Difference { field, first, second })
        .collect()
}

type Field = (&'static str, Option<String>);

/// Every field of the payload with its canonical value, in order of the schema.
fn payload(intent: &Intent<'_>) -> Vec<Field> {
    // Exhaustive, so that a new field cannot be forgotten here.
    let Intent {
        intent_type,
        intent_id,
        account_id,
        strategy_id,
        client_order_id,
        instrument_id,
        created_at: _,
        expires_at,
        terms,
        correlation_id: _,
        tags: _,
    } = intent;
    let ids = [
        ("intent_type", intent_type.name()),
        ("intent_id", intent_id.as_str()),
        ("account_id", account_id.as_str()),
        ("strategy_id", strategy_id.as_str()),
        ("client_order_id", client_order_id.as_str()),
        ("instrument_id", instrument_id.as_str()),
    ];
    let mut fields: Vec<Field> = ids.map(|(field, text)| (field, Some(text.to_owned()))).into();
    fields.push(("expires_at", time(*expires_at)));
    fields.extend(terms_of(terms));
    fields
}

fn terms_of(terms: &IntentTerms<'_>) -> [Field; 9] {
    let IntentTerms {
        side,
        order_type,
        order_qty,
        price,
        trigger_price,
        time_in_force,
        expire_time,
        post_only,
        reduce_only,
    } = *terms;
    [
        ("side", side.map(|it| it.to_string())),
        ("order_type", order_type.map(|it| it.to_string())),
        ("order_qty", order_qty.map(numeral)),
        ("price", price.map(numeral)),
        ("trigger_price", trigger_price.map(numeral)),
        ("time_in_force", time_in_force.map(|it| it.to_string())),
        ("expire_time", time(expire_time)),
        ("post_only", Some(post_only.to_string())),
        ("reduce_only", Some(reduce_only.to_string())),
    ]
}

fn time(value: Option<Time>) -> Option<String> {
    value.map(|Time(nanoseconds)| nanoseconds.to_string())
}

fn numeral(value: Numeral<'_>) -> String {
    match value {
        Numeral::Exact(decimal) => decimal.to_string(),
        Numeral::Overlong(text) => without_trailing_zeros(text).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fingerprint::fingerprint;
    use crate::core::ids::Id;
    use crate::core::intent::{IntentType, OrderType, Side, TimeInForce};

    fn id(text: &'static str) -> Id<'static> {
        Id::parse(text).unwrap()
    }

    fn intent() -> Intent<'static> {
        Intent {
            intent_type: IntentType::New,
            intent_id: id("i-1"),
            account_id: id("A1"),
            strategy_id: id("S1"),
            client_order_id: id("o-1"),
            instrument_id: id("ESZ5.CME"),
            created_at: Time(1),
            expires_at: None,
            terms: IntentTerms {
                side: Some(Side::Buy),
                order_type: Some(OrderType::Limit),
                order_qty: Numeral::parse("2"),
                price: Numeral::parse("4500.25"),
                time_in_force: Some(TimeInForce::Day),
                ..IntentTerms::default()
            },
            correlation_id: None,
            tags: Vec::new(),
        }
    }

    /// What `change` makes differ; the fingerprints must agree with that.
    fn changed(change: impl FnOnce(&mut Intent<'static>)) -> Vec<(&'static str, String, String)> {
        let (first, mut second) = (intent(), intent());
        change(&mut second);
        let found = differences(&first, &second);
        assert_eq!(found.is_empty(), fingerprint(&first) == fingerprint(&second), "{found:?}");
        let said = |value: Option<String>| value.unwrap_or_default();
        found.into_iter().map(|it| (it.field, said(it.first), said(it.second))).collect()
    }

    fn one(field: &'static str, first: &str, second: &str) -> Vec<(&'static str, String, String)> {
        vec![(field, first.to_owned(), second.to_owned())]
    }

    #[test]
    fn what_only_accompanies_the_request_is_no_difference() {
        let found = changed(|it| {
            it.created_at = Time(2);
            it.correlation_id = Some("c");
            it.tags = vec![("desk", "rates")];
        });
        assert_eq!(found, []);
    }

    #[test]
    fn a_number_written_in_another_way_is_no_difference() {
        assert_eq!(changed(|it| it.terms.order_qty = Numeral::parse("2.000")), []);
        assert_eq!(changed(|it| it.terms.order_qty = Numeral::parse("2.0000000000000000000")), []);
        let found = changed(|it| it.terms.price = Numeral::parse("4500.50"));
        assert_eq!(found, one("price", "4500.25", "4500.5"));
    }

    #[test]
    fn every_field_of_the_payload_is_compared() {
        assert_eq!(changed(|it| it.intent_type = IntentType::Replace), one("intent_type", "NEW", "REPLACE"));
        assert_eq!(changed(|it| it.intent_id = id("i-2")), one("intent_id", "i-1", "i-2"));
        assert_eq!(changed(|it| it.account_id = id("A2")), one("account_id", "A1", "A2"));
        assert_eq!(changed(|it| it.strategy_id = id("S2")), one("strategy_id", "S1", "S2"));
        assert_eq!(changed(|it| it.client_order_id = id("o-2")), one("client_order_id", "o-1", "o-2"));
        assert_eq!(changed(|it| it.instrument_id = id("X")), one("instrument_id", "ESZ5.CME", "X"));
        assert_eq!(changed(|it| it.expires_at = Some(Time(9))), one("expires_at", "", "9"));
        assert_eq!(changed(|it| it.terms.side = Some(Side::Sell)), one("side", "BUY", "SELL"));
        let stop = Some(OrderType::StopLimit);
        assert_eq!(changed(|it| it.terms.order_type = stop), one("order_type", "LIMIT", "STOP_LIMIT"));
        assert_eq!(changed(|it| it.terms.order_qty = None), one("order_qty", "2", ""));
        assert_eq!(changed(|it| it.terms.price = None), one("price", "4500.25", ""));
        let trigger = Numeral::parse("-0.5");
        assert_eq!(changed(|it| it.terms.trigger_price = trigger), one("trigger_price", "", "-0.5"));
        let gtc = Some(TimeInForce::Gtc);
        assert_eq!(changed(|it| it.terms.time_in_force = gtc), one("time_in_force", "DAY", "GTC"));
        assert_eq!(changed(|it| it.terms.expire_time = Some(Time(7))), one("expire_time", "", "7"));
        assert_eq!(changed(|it| it.terms.post_only = true), one("post_only", "false", "true"));
        assert_eq!(changed(|it| it.terms.reduce_only = true), one("reduce_only", "false", "true"));
    }

    #[test]
    fn differences_come_in_the_order_of_the_schema() {
        let found = changed(|it| {
            it.terms.reduce_only = true;
            it.terms.side = Some(Side::Sell);
            it.strategy_id = id("S9");
        });
        let fields: Vec<_> = found.iter().map(|(field, _, _)| *field).collect();
        assert_eq!(fields, ["strategy_id", "side", "reduce_only"]);
    }
}
