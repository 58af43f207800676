//! The checks of a verdict, one by one, with the numbers that were compared.
//!
//! Nothing is decided here: an accepted intent has passed every check, a rejected one all before
//! its reason; the numbers are what the checks showed. The order is that of `core::decide`, whose
//! ladder [`table`] names for people.

mod table;
mod words;

use table::{
    COLLAR, Check, EXPIRY, GROSS, IDEMPOTENCY, IDENTITY, INCREMENTS, OF_CANCEL, OF_CONVERTED, OF_NEW,
    OF_REPLACE, PERMISSION, PLACEMENT, REFERENCE, STATE, TIME, VALUE,
};
use words::{compared_text, said};

use super::grounds::Grounds;
use super::scopes::StateLine;
use crate::core::checks::witness::Comparison;
use crate::core::entry::{Body, Entry, Reference, Ruling};
use crate::core::intent::{Intent, IntentType};
use crate::core::ledger::states::TradingState;
use crate::core::settings::Settings;
use crate::core::time::MILLISECOND;
use crate::core::verdict::{FailedCheck, Reason};

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Result {
    /// It held.
    Passed,
    /// It did not.
    Failed,
    /// An earlier one had failed.
    NotReached,
    /// There was nothing to check.
    NotApplied,
}

/// One check of a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number in the contract; those of cancels and replaces alone have none.
    pub number: Option<u8>,
    /// Its name.
    pub name: &'static str,
    /// What became of it.
    pub result: Result,
    /// With which numbers; which reason.
    pub detail: String,
    /// What was compared with what, from narrow to wide.
    pub compared: Vec<Comparison>,
}

/// A deciding entry, and what is known of it.
struct Case<'c, 'a> {
    entry: &'c Entry<'a>,
    intent: &'c Intent<'a>,
    failed: &'c [FailedCheck],
    references: &'c [Reference<'a>],
    settings: Settings,
    grounds: Option<&'c Grounds>,
}

/// The checks of a deciding entry, in their order; of other entries none. Without grounds only what
/// the entry itself records is said.
pub fn steps(entry: &Entry<'_>, settings: Settings, grounds: Option<&Grounds>) -> Vec<Step> {
    let Body::Decision(decision) = &entry.body else { return Vec::new() };
    let (intent, failed, references, converted): (_, &[FailedCheck], _, _) = match &decision.ruling {
        Ruling::Accepted { intent, converted_to_cancel, references, .. } => {
            (intent, &[], references, *converted_to_cancel)
        }
        Ruling::Rejected { intent, failed_checks, references, .. } => {
            (intent, failed_checks, references, false)
        }
        Ruling::Malformed { .. } | Ruling::Misplaced { .. } => return Vec::new(),
        Ruling::Duplicate { .. } | Ruling::Conflict { .. } => return Vec::new(),
    };
    let rules = match intent.intent_type {
        IntentType::New => &OF_NEW,
        IntentType::Cancel => &OF_CANCEL,
        IntentType::Replace if converted => &OF_CONVERTED,
        IntentType::Replace => &OF_REPLACE,
    };
    let case = Case { entry, intent, failed, references, settings, grounds };
    let mut steps = case.ladder(rules.ladder);
    steps.extend(rules.limits.iter().map(|check| case.limit(check)));
    steps
}

impl Case<'_, '_> {
    /// Checks that end at the first that fails.
    fn ladder(&self, checks: &[Check]) -> Vec<Step> {
        let failing = failing(checks, self.failed);
        let step = |(index, check): (usize, &Check)| {
            let result = match failing {
                Some(failing) if index == failing => Result::Failed,
                Some(failing) if index > failing => Result::NotReached,
                _ => Result::Passed,
            };
            let own = || self.failed.iter().filter(|failed| check.reasons.contains(&failed.reason));
            let said = || own().map(said).collect::<Vec<_>>().join("; ");
            let detail = match result {
                Result::Failed if [TIME.name, STATE.name].contains(&check.name) => {
                    format!("{}: {}", said(), self.numbers(check))
                }
                Result::Failed => said(),
                Result::Passed => self.numbers(check),
                Result::NotReached | Result::NotApplied => String::new(),
            };
            Step { number: check.number, name: check.name, result, detail, compared: Vec::new() }
        };
        checks.iter().enumerate().map(step).collect()
    }

    /// One of the checks that are all evaluated once the ladder is climbed.
    fn limit(&self, check: &Check) -> Step {
        let compared = self.compared(check);
        let has_failed = self.failed.iter().any(|failed| check.reasons.contains(&failed.reason));
        let is_looked_at = check.number == REFERENCE.number && !self.references.is_empty();
        let result = match () {
            () if has_failed => Result::Failed,
            () if !self.has_climbed() => Result::NotReached,
            () if !compared.is_empty() || is_looked_at => Result::Passed,
            () => Result::NotApplied,
        };
        let detail = match result {
            Result::NotReached => String::new(),
            Result::NotApplied => self.unset(check).to_owned(),
            Result::Passed | Result::Failed => self.said(check, &compared),
        };
        Step { number: check.number, name: check.name, result, detail, compared }
    }

    /// Whether the checks of limits were evaluated: of a rejection by its failed checks, too, for a sum
    /// that does not fit is found among them, and named first.
    fn has_climbed(&self) -> bool {
        let of_limits = |failed: &FailedCheck| failed.reason >= Reason::LimitNotConfigured;
        let was_shown = self.grounds.is_some_and(|grounds| !grounds.comparisons.is_empty());
        self.failed.is_empty() || was_shown || self.failed.iter().any(of_limits)
    }

    /// What was compared; without grounds, what failed.
    fn compared(&self, check: &Check) -> Vec<Comparison> {
        let failed = self.failed.iter().map(|failed| {
            let FailedCheck { reason, scope, limit, observed } = *failed;
            Comparison { reason, scope, holds: false, limit, observed }
        });
        let all = match self.grounds {
            Some(grounds) => grounds.comparisons.clone(),
            None => failed.collect(),
        };
        all.into_iter().filter(|compared| check.reasons.contains(&compared.reason)).collect()
    }

    fn unset(&self, check: &Check) -> &'static str {
        let has_no_price = self.failed.iter().any(|failed| REFERENCE.reasons.contains(&failed.reason));
        let needs_price = [COLLAR.number, VALUE.number, GROSS.number].contains(&check.number);
        match self.grounds {
            None => "the entry does not record it",
            Some(_) if has_no_price && needs_price => "left out: it needs a price that cannot be used",
            Some(_) => check.unset,
        }
    }

    /// `POSITION_LIMIT_EXCEEDED: ACCOUNT 112 of at most 100, headroom -12`.
    fn said(&self, check: &Check, compared: &[Comparison]) -> String {
        let collar = self.grounds.and_then(|grounds| grounds.collar);
        let mut words: Vec<_> = match check.number {
            number if number == REFERENCE.number => self.references.iter().map(|it| self.aged(it)).collect(),
            _ => Vec::new(),
        };
        let text = |it: &Comparison| match it.holds {
            true => compared_text(it, collar),
            false => format!("{}: {}", it.reason, compared_text(it, collar)),
        };
        words.extend(compared.iter().map(|it| text(it).trim_end_matches([':', ' ']).to_owned()));
        words.retain(|word| !word.is_empty());
        words.join("; ")
    }

    /// `ESZ6.XCME 5000.25, 350 ms old of at most 2000`.
    fn aged(&self, reference: &Reference<'_>) -> String {
        let age = self.entry.decided_at.since(reference.as_of) / i128::from(MILLISECOND);
        let most = self.grounds.and_then(|grounds| grounds.ref_max_age_ms);
        let most = most.map(|most| format!(" of at most {most}, headroom {}", i128::from(most) - age));
        let Reference { instrument_id, price, .. } = reference;
        format!("{instrument_id} {price}, {age} ms old{}", most.unwrap_or_default())
    }

    /// What an entry records about a check of the ladder that has no failed numbers.
    fn numbers(&self, check: &Check) -> String {
        let Case { entry, intent, settings, .. } = self;
        let expires = intent.expires_at.map(|expiry| {
            let left = expiry.since(entry.decided_at);
            format!("{} ms until expires_at", left / i128::from(MILLISECOND))
        });
        if check.name == TIME.name {
            let age = entry.decided_at.since(intent.created_at) / i128::from(MILLISECOND);
            let by_settings = Some(settings.max_intent_age_ms).filter(|most| *most > 0);
            let most = self.grounds.map_or(by_settings, |grounds| grounds.max_intent_age_ms);
            let most = most.map_or("unlimited".to_owned(), |most| {
                format!("at most {most} ms, headroom {}", i128::from(most) - age)
            });
            let age = format!("age {age} ms, {most}, at least -{} ms", settings.skew_ms);
            return expires.map_or(age.clone(), |expires| format!("{age}; {expires}"));
        }
        match check.name {
            name if name == EXPIRY.name => expires.unwrap_or_default(),
            name if name == STATE.name => self.states(),
            name if name == PERMISSION.name => {
                format!("a limit names {}, {} is TRADING", intent.account_id, intent.instrument_id)
            }
            name if name == INCREMENTS.name => {
                let sizes = self.grounds.and_then(|grounds| grounds.sizes);
                sizes.map(|(tick, lot)| format!("ticks of {tick}, lots of {lot}")).unwrap_or_default()
            }
            name if name == PLACEMENT.name => format!("key and partition are those of {}", intent.account_id),
            name if name == IDEMPOTENCY.name => format!("{} was not decided before", intent.intent_id),
            name if name == IDENTITY.name => format!("{} was not accepted before", intent.client_order_id),
            _ => String::new(),
        }
    }

    /// The trading states that are not ACTIVE.
    fn states(&self) -> String {
        let Some(grounds) = self.grounds else { return String::new() };
        let strict = grounds.states.iter().filter(|line| line.state > TradingState::Active);
        let strict: Vec<_> = strict.map(StateLine::to_string).collect();
        if strict.is_empty() { "ACTIVE in every scope".to_owned() } else { strict.join(", ") }
    }
}

/// Which check gave the reason.
fn failing(checks: &[Check], failed: &[FailedCheck]) -> Option<usize> {
    let first = failed.first()?;
    let mut named = checks
        .iter()
        .enumerate()
        .filter(|(_, check)| check.reasons.contains(&first.reason))
        .map(|(at, _)| at);
    let at = named.next();
    // INVALID_QUANTITY is a reason of two checks: not above zero in the first, a bound in the second.
    let is_bound = first.reason == Reason::InvalidQuantity && first.limit.is_some_and(|it| it.signum() != 0);
    if is_bound { named.next().or(at) } else { at }
}
