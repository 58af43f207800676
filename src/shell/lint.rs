//! What is odd about limits, as findings: `control` and `prices` read to their ends, and judged by
//! [`core::lint`](crate::core::lint).

use rdkafka::message::{BorrowedMessage, Message as _};

use super::config::Config;
use super::preflight::{Finding, Severity, TopicStates};
use super::prices::reader::quote;
use super::topics::Role;
use super::trail::{Probe, ReadError, read_to_end};
use super::{arrival, clock};
use crate::core::lint::{ControlLog, Lint, Rule, lint};
use crate::core::prices::PriceBook;
use crate::wire::schema::{Schemas, Unregistered};

/// Everything odd about what `control` says; nothing where a topic is missing.
///
/// # Errors
/// Brokers, or a registry, that do not answer.
pub fn findings(
    config: &Config,
    schemas: &Schemas,
    states: &TopicStates,
) -> Result<Vec<Finding>, ReadError<Unregistered>> {
    let count = |role| states.get(&role).map(|state| state.partitions.len() as i32);
    let (Some(lanes), Some(_)) = (count(Role::Intents), count(Role::Control)) else { return Ok(Vec::new()) };
    let mut log = ControlLog::new(lanes, config.decide);
    read(config, schemas, (&config.topics.control, 0), |message| {
        arrival::with(&config.topics, schemas, message, |arrival| log.take(arrival));
    })?;
    let mut prices = PriceBook::default();
    for partition in 0..count(Role::Prices).unwrap_or(0) {
        read(config, schemas, (&config.topics.prices, partition), |message| {
            // What the router drops is no price here either.
            if let Ok(quote) = quote(schemas, message) {
                quote.put_into(&mut prices);
            }
        })?;
    }
    Ok(lint(&log, &prices, clock::now()).into_iter().map(finding).collect())
}

fn read(
    config: &Config,
    schemas: &Schemas,
    (topic, partition): (&str, i32),
    mut each: impl FnMut(&BorrowedMessage<'_>),
) -> Result<(), ReadError<Unregistered>> {
    let start = Probe::open(config)?.extent(topic, partition)?.start;
    read_to_end(config, (topic, partition), start, |message| {
        schemas.learn_once(message.payload(), clock::now)?;
        each(message);
        Ok(())
    })
}

/// A lint with what it leads to and what to do. None of them is a fault: the router runs, and
/// rejects by it.
fn finding(lint: Lint) -> Finding {
    let Lint { rule, subject, is, should } = lint;
    let (otherwise, remedy) = advice(rule);
    let severity = match rule {
        Rule::TradingRestricted | Rule::RecordWasInvalid | Rule::LimitRepeated => Severity::Note,
        _ => Severity::Warning,
    };
    Finding {
        severity,
        code: rule.name(),
        subject,
        setting: rule.name().to_owned(),
        is,
        should,
        otherwise: otherwise.to_owned(),
        remedy: remedy.to_owned(),
        waived: false,
    }
}

const SET_LIMIT: &str = "publish the limit again, whole: `onefill control limit`";
const SET_ACCOUNT: &str = "publish an ACCOUNT limit: `onefill control limit --account`";
const RESUME: &str = "once it is understood, `onefill control resume`, naming the holder";
const FEED: &str = "have the feed publish it, or `onefill prices set`";

/// What breaks, and what to do.
const fn advice(rule: Rule) -> (&'static str, &'static str) {
    match rule {
        Rule::RecordInvalid => ("everybody is refused with TRADING_HALTED", RESUME),
        Rule::RecordWasInvalid => ("the record had no effect", "nothing, if what it said was said again"),
        Rule::LaneUnknown => {
            ("everybody is refused with TRADING_HALTED, and the lane that was meant goes on", RESUME)
        }
        Rule::TradingRestricted => ("orders are refused, or may only reduce", RESUME),
        Rule::ScopeUnknown => {
            ("whoever was meant goes on trading", "command again for the right id, then resume this one")
        }
        Rule::AccountUnnamed => ("every order is refused with UNKNOWN_ACCOUNT", SET_ACCOUNT),
        Rule::LimitsMissing => ("every order is refused with LIMIT_NOT_CONFIGURED", SET_ACCOUNT),
        Rule::InstrumentUnknown => (
            "it limits nothing",
            "correct instrument_id, or publish the instrument: `onefill control instrument`",
        ),
        Rule::CurrencyUnknown => ("it limits nothing", SET_LIMIT),
        Rule::PriceMissing => ("its orders are refused with REFERENCE_PRICE_NOT_AVAILABLE", FEED),
        Rule::PriceUnusable => {
            ("its orders are refused with REFERENCE_PRICE_STALE or REFERENCE_PRICE_INVALID", FEED)
        }
        Rule::LimitNeverBinds => ("it limits nothing", SET_LIMIT),
        Rule::LimitRepeated => ("one of the two may be changed and the other forgotten", SET_LIMIT),
        Rule::OrderAboveInstrument => ("it limits nothing: INVALID_QUANTITY comes first", SET_LIMIT),
        Rule::OrderAbovePosition => ("it limits nothing: POSITION_LIMIT_EXCEEDED comes with it", SET_LIMIT),
        Rule::WindowZero => ("nothing is ever counted in it", SET_LIMIT),
        Rule::AgeZero => ("every order is too old, or its price: 0 means zero in a limit", SET_LIMIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_lint_refuses_a_start_and_each_has_a_remedy() {
        for rule in Rule::ALL {
            let [subject, is, should] = ["limit X", "is", "should"].map(str::to_owned);
            let found = finding(Lint { rule: *rule, subject, is, should });
            assert!(!found.refuses() && !found.remedy.is_empty() && !found.otherwise.is_empty(), "{rule}");
            assert_eq!((found.code, found.setting.as_str()), (rule.name(), rule.name()));
        }
    }
}
