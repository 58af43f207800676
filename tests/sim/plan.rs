//! What a seed draws: which faults are on, how strong, how routers are configured, what is traded.
//!
//! Swarm testing: each seed leaves out most faults, so that the others meet more of what they need.

use onefill::core::settings::Settings;

use crate::breakage::Breakage;
use crate::dice::Dice;
use crate::engine::{MS, Moment, SECOND};
use crate::kafka::network::Weather;
use crate::router::Setup;
use crate::router::mutant::{Mutant, Trouble};

#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub routers: usize,
    /// Whether members have names that outlive their processes.
    pub is_static: bool,
    /// Whether brokers compare the generation that a transaction's offsets come from.
    pub checks_generations: bool,
    pub setup: Setup,
    pub weather: Weather,
    pub marker_wait: Moment,
    /// How long traffic and faults last.
    pub storm: Moment,
    pub faults: Faults,
    /// Milliseconds between intents, at most.
    pub intent_pause: i64,
    /// Records in a thousand that are poison.
    pub poison: u64,
    pub breakage: Option<Breakage>,
}

impl Plan {
    /// `aim` bends the plan to what that mistake shows in, whether the mistake is made or not.
    pub fn draw(seed: u64, aim: Option<Mutant>) -> Self {
        let dice = &Dice::new(seed ^ 0x006f_6e65_6669_6c6c);
        let mut plan = Self::fair(seed, dice);
        if dice.chance(800) {
            plan.storm_up(dice);
        }
        if let Some(mutant) = aim {
            plan.aim_at(mutant, dice);
        }
        plan
    }

    /// Traffic, and nothing that goes wrong.
    fn fair(seed: u64, dice: &Dice) -> Self {
        let max_intent_age_ms = if dice.chance(700) { 0 } else { 5_000 };
        Self {
            seed,
            routers: 1 + dice.below(3) as usize,
            is_static: dice.chance(400),
            checks_generations: dice.chance(600),
            setup: Setup {
                settings: Settings { max_intent_age_ms, skew_ms: 1_000, ref_max_age_ms: 2_000 },
                member_lag: *dice.pick(&[0, 50 * MS, 800 * MS]),
                batch_max: *dice.pick(&[1, 3, 8, 20]),
                freezes: 0,
                kills: 0,
                parts: 0,
                focus: None,
                mutant: None,
            },
            weather: Weather::CALM,
            marker_wait: *dice.pick(&[MS, 5 * MS, 60 * MS, 400 * MS]),
            storm: dice.between(8, 25) * SECOND,
            faults: Faults::default(),
            intent_pause: *dice.pick(&[20, 60, 200]),
            poison: if dice.chance(500) { dice.below(120) } else { 0 },
            breakage: dice.chance(250).then(|| *dice.pick(&Breakage::ALL)),
        }
    }

    fn storm_up(&mut self, dice: &Dice) {
        let often = |permille, most| if dice.chance(permille) { dice.below(most) + 1 } else { 0 };
        self.setup.freezes = often(300, 12);
        self.setup.kills = often(300, 8);
        self.setup.parts = often(300, 25);
        self.weather = weather(dice);
        self.faults = Faults {
            kills: often(400, 4),
            leaves: often(300, 3),
            freezes: often(350, 3),
            crashes: often(350, 3),
            parts: often(250, 3),
            joins: often(300, 2),
            clock_steps: often(200, 3),
            thefts: often(120, 2),
        };
    }

    /// More of what a mistake shows in.
    fn aim_at(&mut self, mutant: Mutant, dice: &Dice) {
        match mutant.shows_in() {
            Trouble::Commits => self.setup.parts = 60,
            Trouble::Takeovers(place, intent_pause) => {
                self.intent_pause = intent_pause;
                (self.setup.focus, self.setup.member_lag) = (Some(place), 800 * MS);
                (self.routers, self.is_static, self.checks_generations) = (3, false, false);
                (self.setup.freezes, self.faults.freezes) = (20, 6);
            }
            Trouble::LateRequests => {
                let stray_max = *dice.pick(&[100 * MS, SECOND]);
                self.weather = Weather { cut: 25, stray: 1_000, stray_max, ..self.weather };
            }
            Trouble::Brokers => (self.faults.crashes, self.faults.kills) = (5, 6),
            Trouble::Anything => {}
            Trouble::Broken(breakages) => self.breakage = Some(*dice.pick(breakages)),
        }
    }
}

/// How often each happens in the storm.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    pub kills: u64,
    pub leaves: u64,
    pub freezes: u64,
    pub crashes: u64,
    pub parts: u64,
    pub joins: u64,
    pub clock_steps: u64,
    pub thefts: u64,
}

fn weather(dice: &Dice) -> Weather {
    let on = |permille, most| if dice.chance(permille) { dice.below(most) + 1 } else { 0 };
    Weather {
        latency_max: *dice.pick(&[2 * MS, 5 * MS, 30 * MS]),
        slow: on(500, 25),
        slow_max: *dice.pick(&[700 * MS, 3 * SECOND, 12 * SECOND]),
        cut: on(600, 20),
        stray: 500,
        stray_max: *dice.pick(&[100 * MS, SECOND, 4 * SECOND]),
    }
}
