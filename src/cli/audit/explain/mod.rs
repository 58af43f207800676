//! `onefill audit explain`: why one key got its verdict.

mod json;

use clap::Args;
use serde_json::Value;

use super::limits::{limits_table, states_in_words};
use super::{Bar, Desk};
use crate::cli::print::{self, Tone};
use crate::cli::{Common, Failure, Output, Status};
use crate::core::entry::{After, Body, Decision, Entry, Reference, Ruling};
use crate::core::ids::{Id, placement};
use crate::core::time::MILLISECOND;
use crate::core::verdict::Verdict;
use crate::shell::audit::explain::{Story, intent, tell};
use crate::shell::audit::find::{Record, Search};
use crate::shell::audit::rules::{Result as RuleResult, Step};
use crate::shell::audit::summary::{line_of, of_intent, summary};
use crate::wire::json::to_json;
use crate::wire::schema::RecordType;

/// Say why an intent got its verdict: rule by rule, with the numbers, and what came of it
///
/// The trail is replayed up to the deciding entry, and the checks say what they compared: each limit
/// with its headroom, the prices with their age, the trading states with their holders; and of a
/// rejection the smallest change that would have passed. Exits with 1 where the trail does not have
/// the key.
#[derive(Args, Debug)]
pub(super) struct Explain {
    /// The intent
    #[arg(value_name = "ACCOUNT/INTENT_ID")]
    key: String,
    /// Who reads the output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

impl Explain {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        let key = self.key()?;
        let desk = Desk::open(common)?;
        let partition = placement(key.0.as_str().as_bytes(), desk.partitions.unsigned_abs()) as i32;
        let search = Search::new(&desk.config, &desk.schemas, &desk.probe, partition)?;
        let bar = Bar::new((search.range.end - search.range.start).unsigned_abs(), "searching");
        let story = tell(&search, &desk.probe, desk.partitions, key, &mut |offset| bar.at(offset))?;
        drop(bar);
        desk.all_said()?;
        if self.output == Output::Json {
            print::say_json(&json::story(&self.key, partition, &story));
        }
        if story.deciding.is_none() && story.others.is_empty() {
            return Err(not_found(&self.key, &desk.config.topics.audit, partition, &story));
        }
        if self.output == Output::Text {
            show(&self.key, partition, &story);
        }
        Ok(Status::Done)
    }

    fn key(&self) -> Result<(Id<'_>, Id<'_>), Failure> {
        let parts =
            self.key.split_once('/').and_then(|(account, intent)| Id::parse(account).zip(Id::parse(intent)));
        parts.ok_or_else(|| {
            let remedy = "name the account and the intent's id, such as A1/i-42";
            Failure::usage(format!("`{}` is no ACCOUNT/INTENT_ID", self.key), remedy)
        })
    }
}

fn not_found(key: &str, topic: &str, partition: i32, story: &Story) -> Failure {
    let range = story.searched;
    let last =
        story.last_seq.map_or("it has no entries".to_owned(), |seq| format!("its last entry is {seq}"));
    Failure::failed(
        format!(
            "no entry of {key} in {topic}[{partition}], offsets {} to {}; {last}",
            range.start, range.end
        ),
        "an intent that cannot be read has no key: `onefill audit show --verdict REJECTED`; \
         one that waits is in no entry yet: `onefill status`",
    )
}

fn show(key: &str, partition: i32, story: &Story) {
    match story.deciding.as_ref().map(Record::entry) {
        Some(Ok(entry)) => show_deciding(key, partition, story, &entry),
        _ => print::say(&format!("{key}: decided by no entry of partition {partition}")),
    }
    if !story.others.is_empty() {
        print::say("");
        print::say("Other arrivals of the key");
        story
            .others
            .iter()
            .filter_map(|record| record.entry().ok())
            .for_each(|entry| show_other(story, &entry));
    }
    if !story.afterwards.is_empty() {
        print::say("");
        print::say("What happened to the order");
        for entry in story.afterwards.iter().filter_map(|record| record.entry().ok()) {
            print::say(&format!("  {}  {}", moment(&entry), line_of(&summary(&entry))));
        }
    }
}

fn moment(entry: &Entry<'_>) -> String {
    format!("entry {} at {:.3}", entry.seq, entry.decided_at)
}

fn show_deciding(key: &str, partition: i32, story: &Story, entry: &Entry<'_>) {
    let it = summary(entry);
    let tone = if it.verdict == Verdict::Accepted.name() { Tone::Good } else { Tone::Bad };
    let verdict = print::toned(&format!("{} {}", it.verdict, it.reason), tone);
    print::say(&format!("{key}: {} by {} of partition {partition}", verdict.trim_end(), moment(entry)));
    if let Some(intent) = intent(&entry.body) {
        print::say(&format!("  asked: {}", of_intent(intent)));
        let (strategy, order) = (intent.strategy_id, intent.client_order_id);
        print::say(&format!(
            "  strategy {strategy}, client order id {order}, created {:.3}",
            intent.created_at
        ));
    }
    print::say("");
    let mut table = print::table(&["CHECK", "RULE", "RESULT", "WITH"]);
    for step in story.steps() {
        let number = step.number.map_or("-".to_owned(), |number| number.to_string());
        let (result, tone) = result(&step);
        table.add_row(vec![number.into(), step.name.into(), print::cell(result, tone), step.detail.into()]);
    }
    print::show(&table);
    print::say("");
    show_ways(story);
    show_numbers(entry);
    show_grounds(story);
    show_order(story, entry);
}

/// What would have let it pass.
fn show_ways(story: &Story) {
    for (reason, way) in story.ways() {
        print::say(&match reason {
            None => format!("would have passed: {way}"),
            Some(reason) => format!("against {reason}: {way}"),
        });
    }
}

fn show_grounds(story: &Story) {
    let grounds = match &story.grounds {
        Ok(grounds) => grounds,
        Err(why) => {
            let text = format!("only what the entry records is shown: {why}");
            return print::say(&print::toned(&text, Tone::Doubtful));
        }
    };
    if !grounds.agrees {
        let text = "decided anew it comes out otherwise: `onefill audit verify --recompute`";
        print::say(&print::toned(text, Tone::Bad));
    }
    print::say(&format!("trading states: {}", states_in_words(&grounds.states)));
    if !grounds.limits.is_empty() {
        print::say("");
        print::show(&limits_table(&grounds.limits));
        print::say("");
    }
}

const fn result(step: &Step) -> (&'static str, Tone) {
    match step.result {
        RuleResult::Passed => ("passed", Tone::Good),
        RuleResult::Failed => ("failed", Tone::Bad),
        RuleResult::NotReached => ("not reached", Tone::Faint),
        RuleResult::NotApplied => ("not applied", Tone::Faint),
    }
}

fn show_numbers(entry: &Entry<'_>) {
    let as_of = entry.as_of;
    print::say(&format!(
        "as of: intents {}, executions {}, control {}; limits of control offset {}",
        as_of.intents, as_of.executions, as_of.control, entry.limits_version
    ));
    let Body::Decision(decision) = &entry.body else { return };
    let after: Option<&After> = match &decision.ruling {
        Ruling::Rejected { after, .. } | Ruling::Accepted { after, .. } => after.as_ref(),
        _ => None,
    };
    for reference in references(entry) {
        let Reference { instrument_id, price, source, quality, as_of, .. } = reference;
        let age = age_ms(entry, reference);
        print::say(&format!(
            "reference: {instrument_id} {price} {source} {quality} as of {as_of:.3}, {age} ms old"
        ));
    }
    if let Some(after) = after {
        let gross = after.gross_notional.map(|gross| format!(", gross {gross}")).unwrap_or_default();
        print::say(&format!(
            "after: position {}, reserved to buy {}, to sell {}, open orders {}{gross}",
            after.position, after.reserved_buy_qty, after.reserved_sell_qty, after.open_orders
        ));
    }
    if let Ruling::Rejected { of: Some(of), .. } = &decision.ruling {
        print::say(&format!("the order's identity was taken by entry {}", of.seq));
    }
}

/// The prices that were looked at.
fn references<'e, 'a>(entry: &'e Entry<'a>) -> &'e [Reference<'a>] {
    match &entry.body {
        Body::Decision(Decision {
            ruling: Ruling::Rejected { references, .. } | Ruling::Accepted { references, .. },
            ..
        }) => references,
        _ => &[],
    }
}

/// How old a price was when it was looked at, in milliseconds; below zero, how far ahead.
fn age_ms(entry: &Entry<'_>, reference: &Reference<'_>) -> i128 {
    entry.decided_at.since(reference.as_of) / i128::from(MILLISECOND)
}

fn show_order(story: &Story, entry: &Entry<'_>) {
    let is_published = story.reason().is_none();
    match &story.order {
        Some(order) => {
            let fields = to_json(RecordType::Order, &order.body).unwrap_or(Value::Null);
            let text = |name: &str| fields[name].as_str().map_or(fields[name].to_string(), str::to_owned);
            print::say(&format!(
                "order: {} {} version {}, offset {} of orders",
                text("command"),
                text("order_id"),
                text("order_version"),
                order.offset
            ));
        }
        None if is_published => print::say(&print::toned(
            &format!("order: orders no longer has the record of entry {}, or never had it", entry.seq),
            Tone::Doubtful,
        )),
        None => print::say("order: none"),
    }
}

fn show_other(story: &Story, entry: &Entry<'_>) {
    let it = summary(entry);
    print::say(&format!("  {}  {} {} {}", moment(entry), it.verdict, it.reason, it.what).replace("  ", " "));
    for differing in story.differences(entry) {
        let said = |value: Option<String>| value.unwrap_or_else(|| "absent".to_owned());
        let (field, first, second) = (differing.field, said(differing.first), said(differing.second));
        print::say(&print::toned(&format!("      {field}: {first} first, then {second}"), Tone::Doubtful));
    }
}
