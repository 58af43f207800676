//! One `check` for all ladders: each rule alone, and each pair of rules broken at once.

use onefill::core::amount::Numeral;
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

/// Rules in order of precedence: each is named when it is broken alone, and when any later one is
/// broken too.
pub fn check(base: fn() -> Situation, rules: &[Rule]) {
    assert_eq!(base().refused(), [], "the situation is accepted while no rule is broken");
    for (place, rule) in rules.iter().enumerate() {
        let mut situation = base();
        (rule.breaks)(&mut situation);
        assert_eq!(situation.refused(), [rule.refused], "{}", rule.claim);
        for later in &rules[place + 1..] {
            if later.touches.chars().any(|field| rule.touches.contains(field)) {
                continue;
            }
            let mut situation = base();
            (rule.breaks)(&mut situation);
            (later.breaks)(&mut situation);
            assert_eq!(situation.refused(), [rule.refused], "{}, and {}", rule.claim, later.claim);
        }
    }
}

/// More digits than a decimal may have.
pub const OVERLONG: Option<Numeral<'static>> = Some(Numeral::Overlong("100000000000000000000"));

/// One nanosecond too far from the clock, where the bounds are whole seconds.
pub const fn off_by_one(clock: Time, seconds: i64) -> Time {
    Time(clock.0 + seconds * 1_000_000_000 + seconds.signum())
}
