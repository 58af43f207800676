//! The same for a script.

use serde_json::{Value, json};

use super::{age_ms, references, result};
use crate::cli::audit::limits::{limit_to_json, state_to_json, text};
use crate::cli::audit::show::line;
use crate::core::checks::witness::Comparison;
use crate::core::entry::{Entry, Reference};
use crate::core::nearest::Change;
use crate::shell::audit::explain::Story;
use crate::shell::audit::find::Record;
use crate::shell::audit::grounds::Grounds;
use crate::wire::json::to_json;
use crate::wire::schema::RecordType;

/// Everything that is known of a key.
pub(super) fn story(key: &str, partition: i32, story: &Story) -> Value {
    let other = |record: &Record| {
        let differences = record.entry().map(|entry| story.differences(&entry)).unwrap_or_default();
        let differences = differences.into_iter().map(|differing| {
            json!({ "field": differing.field, "first": differing.first, "second": differing.second })
        });
        let mut line = line(record);
        line["differences"] = differences.collect();
        line
    };
    let steps = story.steps().into_iter().map(|step| {
        let compared = step.compared.iter().map(comparison_to_json);
        json!({
            "check": step.number,
            "rule": step.name,
            "result": result(&step).0,
            "with": step.detail,
            "compared": compared.collect::<Vec<_>>(),
        })
    });
    let ways = story
        .ways()
        .into_iter()
        .map(|(reason, way)| json!({ "against": reason.map(|reason| reason.name()), "way": way }));
    let deciding = story.deciding.as_ref().and_then(|record| record.entry().ok());
    let reference = |entry: &Entry<'_>, one: &Reference<'_>| {
        json!({
            "instrument_id": one.instrument_id.as_str(),
            "price": one.price.to_string(),
            "as_of": one.as_of.0,
            "age_ms": age_ms(entry, one) as i64,
        })
    };
    let references = deciding
        .iter()
        .flat_map(|entry| references(entry).iter().map(|one| reference(entry, one)).collect::<Vec<_>>());
    let references: Vec<_> = references.collect();
    json!({
        "key": key,
        "partition": partition,
        "searched": { "from": story.searched.start, "to": story.searched.end, "last_seq": story.last_seq },
        "deciding": story.deciding.as_ref().map(line),
        "checks": steps.collect::<Vec<_>>(),
        "would_have_passed": ways.collect::<Vec<_>>(),
        "references": references,
        "grounds": story.grounds.as_ref().ok().map(grounds_to_json),
        "without_grounds": story.grounds.as_ref().err(),
        "order": story.order.as_ref().and_then(|order| to_json(RecordType::Order, &order.body).ok()),
        "others": story.others.iter().map(other).collect::<Vec<_>>(),
        "afterwards": story.afterwards.iter().map(line).collect::<Vec<_>>(),
    })
}

fn comparison_to_json(compared: &Comparison) -> Value {
    json!({
        "reason": compared.reason.name(),
        "scope": compared.scope.map(|scope| scope.name()),
        "holds": compared.holds,
        "limit": text(compared.limit),
        "observed": text(compared.observed),
        "headroom": text(compared.headroom()),
    })
}

fn grounds_to_json(grounds: &Grounds) -> Value {
    let nearest = grounds.nearest.map(|change| match change {
        Change::Quantity(quantity) => json!({ "order_qty": quantity.to_string() }),
        Change::Price(price) => json!({ "price": price.to_string() }),
    });
    json!({
        "agrees": grounds.agrees,
        "nearest": nearest,
        "max_intent_age_ms": grounds.max_intent_age_ms,
        "ref_max_age_ms": grounds.ref_max_age_ms,
        "states": grounds.states.iter().map(state_to_json).collect::<Vec<_>>(),
        "limits": grounds.limits.iter().map(limit_to_json).collect::<Vec<_>>(),
    })
}
