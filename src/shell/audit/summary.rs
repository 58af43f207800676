//! An entry in a few words: who, what, which verdict.

use crate::core::control::{Command, CommandType, ControlRecord};
use crate::core::entry::{Body, Entry, ExecutionTaken, IntentIds, Ruling};
use crate::core::execution::Execution;
use crate::core::ids::{Id, OrderId};
use crate::core::intent::{Intent, IntentType};
use crate::core::verdict::Verdict;

/// An entry in a few words. What it does not have is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// FIX 1.
    pub account: String,
    /// The idempotency key within the account.
    pub intent: String,
    /// What was decided; of a control record, what became of it.
    pub verdict: String,
    /// Why; of an execution report, what was odd about it.
    pub reason: String,
    /// The order that it is about.
    pub order_id: String,
    /// The rest.
    pub what: String,
}

/// The words that there are, in one line.
pub fn line_of(summary: &Summary) -> String {
    let Summary { account: _, intent, verdict, reason, order_id: _, what } = summary;
    let words = [intent, verdict, reason, what].into_iter().filter(|word| !word.is_empty());
    words.map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// The ids of the intent that an entry is about.
pub fn intent_ids<'a>(body: &Body<'a>) -> Option<IntentIds<'a>> {
    match body {
        Body::Decision(decision) => match &decision.ruling {
            Ruling::Malformed { .. } => None,
            Ruling::Misplaced { ids, .. } | Ruling::Duplicate { ids, .. } => Some(*ids),
            Ruling::Conflict { intent, .. }
            | Ruling::Rejected { intent, .. }
            | Ruling::Accepted { intent, .. } => Some(intent.ids()),
        },
        Body::OwedCancel(owed) => Some(owed.ids),
        Body::Genesis(_) | Body::LaneOpened(_) => None,
        Body::Execution(_) | Body::Control(_) | Body::Recovery(_) => None,
    }
}

/// The account that an entry is about, as far as one can be named.
pub fn account<'a>(body: &Body<'a>) -> Option<Id<'a>> {
    match body {
        Body::Execution(ExecutionTaken { report: Ok(execution), .. }) => Some(execution.account_id),
        _ => intent_ids(body).map(|ids| ids.account_id),
    }
}

/// The order that an entry became, changed, or reports of.
pub fn order_id(body: &Body<'_>) -> Option<OrderId> {
    match body {
        Body::Decision(decision) => match &decision.ruling {
            Ruling::Accepted { order_id, .. } => Some(*order_id),
            Ruling::Duplicate { of, .. } | Ruling::Conflict { of, .. } => of.order_id,
            Ruling::Rejected { of, .. } => of.and_then(|of| of.order_id),
            Ruling::Malformed { .. } | Ruling::Misplaced { .. } => None,
        },
        Body::OwedCancel(owed) => Some(owed.ids.order_id()),
        Body::Execution(taken) => taken.report.as_ref().ok().and_then(|it| OrderId::parse(it.order_id)),
        Body::Genesis(_) | Body::LaneOpened(_) | Body::Control(_) | Body::Recovery(_) => None,
    }
}

/// Sums an entry up.
pub fn summary(entry: &Entry<'_>) -> Summary {
    let body = &entry.body;
    let blank = Summary {
        account: account(body).map(|id| id.to_string()).unwrap_or_default(),
        intent: intent_ids(body).map(|ids| ids.intent_id.to_string()).unwrap_or_default(),
        order_id: order_id(body).map(|id| id.to_string()).unwrap_or_default(),
        ..Summary::default()
    };
    match body {
        Body::Genesis(opening) | Body::LaneOpened(opening) => Summary {
            what: format!(
                "router {} {}, rules {}, group {}",
                opening.router_id, opening.version, opening.rules_version, opening.group
            ),
            ..blank
        },
        Body::Decision(decision) => Summary {
            verdict: decision.ruling.verdict().to_string(),
            reason: decision.ruling.reason().map(|reason| reason.to_string()).unwrap_or_default(),
            what: of_ruling(&decision.ruling),
            ..blank
        },
        Body::Execution(taken) => Summary {
            reason: taken.anomaly.map(|anomaly| anomaly.to_string()).unwrap_or_default(),
            what: match &taken.report {
                Ok(execution) => of_execution(execution),
                Err(unreadable) => unreadable.detail.to_string(),
            },
            ..blank
        },
        Body::Control(taken) => Summary {
            verdict: taken.result.to_string(),
            what: match &taken.record {
                Ok(record) => of_control(record),
                Err(unreadable) => unreadable.detail.to_string(),
            },
            ..blank
        },
        Body::OwedCancel(owed) => Summary {
            what: format!("CANCEL {} {}", owed.ids.instrument_id, owed.ids.client_order_id),
            ..blank
        },
        Body::Recovery(recovery) => {
            Summary { reason: recovery.accepted.to_string(), what: recovery.reason.to_string(), ..blank }
        }
    }
}

fn of_ruling(ruling: &Ruling<'_>) -> String {
    match ruling {
        Ruling::Malformed { detail, .. } | Ruling::Misplaced { detail, .. } => detail.to_string(),
        Ruling::Duplicate { ids, of, .. } => format!("{} of entry {}", ids.instrument_id, of.seq),
        Ruling::Conflict { intent, of, .. } => format!("{}, against entry {}", of_intent(intent), of.seq),
        Ruling::Rejected { intent, .. } => of_intent(intent),
        Ruling::Accepted { intent, converted_to_cancel: true, .. } => {
            format!("{}, converted to a cancel", of_intent(intent))
        }
        Ruling::Accepted { intent, .. } => of_intent(intent),
    }
}

/// `NEW BUY 2 ESZ5.CME LIMIT 4500.25 DAY`.
pub fn of_intent(intent: &Intent<'_>) -> String {
    let terms = &intent.terms;
    let mut words = vec![intent.intent_type.to_string()];
    words.extend(terms.side.map(|side| side.to_string()));
    words.extend(terms.order_qty.map(|quantity| quantity.to_string()));
    words.push(intent.instrument_id.to_string());
    words.extend(terms.order_type.map(|order_type| order_type.to_string()));
    words.extend(terms.price.map(|price| price.to_string()));
    words.extend(terms.trigger_price.map(|price| format!("trigger {price}")));
    words.extend(terms.time_in_force.map(|life| life.to_string()));
    words.extend(terms.post_only.then(|| "post-only".to_owned()));
    words.extend(terms.reduce_only.then(|| "reduce-only".to_owned()));
    if intent.intent_type != IntentType::New {
        words.push(format!("of {}", intent.client_order_id));
    }
    words.join(" ")
}

fn of_execution(execution: &Execution<'_>) -> String {
    let mut words = vec![execution.exec_type.to_string(), execution.side.to_string()];
    words.extend(execution.last_qty.map(|quantity| quantity.to_string()));
    words.push(execution.instrument_id.to_string());
    words.extend(execution.last_px.map(|price| format!("at {price}")));
    words.push(execution.exec_id.to_owned());
    words.join(" ")
}

fn of_control(record: &ControlRecord<'_>) -> String {
    match record {
        ControlRecord::Instrument(instrument) => {
            format!(
                "instrument {} version {} {}",
                instrument.instrument_id, instrument.version, instrument.status
            )
        }
        ControlRecord::RiskLimit(limit) => {
            format!(
                "limit {} version {} {} {}",
                limit.limit_id, limit.version, limit.scope_type, limit.scope_id
            )
        }
        ControlRecord::Command(command) => of_command(command),
    }
}

/// `HALT ACCOUNT A1 by ops, id halt-7: feed is wrong`. The id is what a RESUME names.
fn of_command(command: &Command<'_>) -> String {
    let mut words = vec![command.command.to_string()];
    match command.command {
        CommandType::ForceRelease => {
            words.extend(command.order_id.map(|order| format!("order {order}")));
            words.extend(command.account_id.map(|account| format!("of {account}")));
        }
        CommandType::PositionAdjust => {
            words.extend(command.qty.map(|quantity| quantity.to_string()));
            words.extend(command.instrument_id.map(|instrument| instrument.to_string()));
            words.extend(command.account_id.map(|account| format!("of {account}")));
            words.extend(command.strategy_id.map(|strategy| strategy.to_string()));
        }
        CommandType::Halt | CommandType::Reduce | CommandType::Resume | CommandType::CancelAll => {
            words.push(command.scope_type.to_string());
            words.extend(Some(command.scope_id.to_owned()).filter(|scope| !scope.is_empty()));
            words.extend(command.resumes.map(|holder| format!("resumes {holder}")));
        }
    }
    let Command { issued_by, command_id, reason, .. } = command;
    format!("{} by {issued_by}, id {command_id}: {reason}", words.join(" "))
}

/// The verdict of an entry on an intent.
pub const fn verdict(body: &Body<'_>) -> Option<Verdict> {
    match body {
        Body::Decision(decision) => Some(decision.ruling.verdict()),
        _ => None,
    }
}
