//! One `check` for all ladders: each rule alone, each pair of rules broken at once, and each rule with
//! all later ones.

use onefill::core::amount::Numeral;
use onefill::core::control::{Command, ControlResult, RiskLimit};
use onefill::core::decide::{Arrival, Content};
use onefill::core::intent::{Intent, IntentTerms};
use onefill::core::time::Time;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::world::{World, failed, ruling};

/// An intent that is accepted, until rules are broken.
pub struct Situation {
    pub world: World,
    pub intent: Intent<'static>,
    pub readable: bool,
    pub key: &'static [u8],
}

impl Situation {
    pub const fn of(world: World, intent: Intent<'static>) -> Self {
        Self { world, intent, readable: true, key: b"A1" }
    }

    pub const fn terms(&mut self) -> &mut IntentTerms<'static> {
        &mut self.intent.terms
    }

    /// Limits that are in force before the intent comes.
    pub fn limit(&mut self, limit: RiskLimit<'static>) {
        assert_eq!(self.world.limit(limit), ControlResult::Applied);
    }

    /// A command that is in force before the intent comes.
    pub fn command(&mut self, command: Command<'static>) {
        assert_eq!(self.world.command(command), ControlResult::Applied);
    }

    /// Every check that refuses the intent.
    pub fn refused(mut self) -> Vec<FailedCheck> {
        let arrival = self.world.arrival_of(self.intent.clone());
        let content = if self.readable { Ok(self.intent) } else { Err("no Avro".into()) };
        let arrival = Arrival { key: Some(self.key), content: Content::Intent(content), ..arrival };
        failed(&ruling(self.world.take(arrival)))
    }
}

/// A rule of the ladder, and a way to break it and no other.
pub struct Rule {
    /// What is broken, in words.
    pub claim: &'static str,
    /// What breaking it changes, one letter each: two rules that change the same cannot be broken
    /// at once.
    pub touches: &'static str,
    pub breaks: fn(&mut Situation),
    pub refused: FailedCheck,
}

/// A rule that refuses without numbers.
pub const fn rule(
    claim: &'static str,
    touches: &'static str,
    breaks: fn(&mut Situation),
    reason: Reason,
) -> Rule {
    Rule { claim, touches, breaks, refused: FailedCheck::plain(reason) }
}

impl Rule {
    /// The same rule, which refuses with numbers or a scope.
    pub fn with(self, refused: FailedCheck) -> Self {
        assert_eq!(refused.reason, self.refused.reason, "{}", self.claim);
        Self { refused, ..self }
    }
}

/// Whether two rules can be broken at once.
fn apart(one: &Rule, other: &Rule) -> bool {
    !one.touches.chars().any(|field| other.touches.contains(field))
}

/// Rules in order of precedence: each is named when it is broken alone, when any later one is broken
/// too, and when all later ones are. Of checks 10 to 20 every one that is broken is named, in order.
pub fn check(base: fn() -> Situation, rules: &[Rule]) {
    assert_eq!(base().refused(), [], "the situation is accepted while no rule is broken");
    for (place, rule) in rules.iter().enumerate() {
        check_broken(base, &[rule]);
        let mut all = vec![rule];
        for later in rules[place + 1..].iter().filter(|later| apart(rule, later)) {
            check_broken(base, &[rule, later]);
            if all.iter().all(|held| apart(held, later)) {
                all.push(later);
            }
        }
        check_broken(base, &all);
    }
}

/// What an intent is refused for that breaks just these rules, in order of precedence.
fn check_broken(base: fn() -> Situation, broken: &[&Rule]) {
    let mut situation = base();
    broken.iter().for_each(|rule| (rule.breaks)(&mut situation));
    let of_risk = |rule: &Rule| rule.refused.reason >= Reason::LimitNotConfigured;
    let due: Vec<FailedCheck> = match of_risk(broken[0]) {
        true => broken.iter().map(|rule| rule.refused).collect(),
        false => vec![broken[0].refused],
    };
    let claims: Vec<&str> = broken.iter().map(|rule| rule.claim).collect();
    assert_eq!(situation.refused(), due, "{}", claims.join(", and "));
}

/// More digits than a decimal may have.
pub const OVERLONG: Option<Numeral<'static>> = Some(Numeral::Overlong("100000000000000000000"));

/// One nanosecond too far from the clock, where the bounds are whole seconds.
pub const fn off_by_one(clock: Time, seconds: i64) -> Time {
    Time(clock.0 + seconds * 1_000_000_000 + seconds.signum())
}
