//! Known mistakes, put back one by one: each must be caught, or the simulation proves nothing.

use std::fmt::Write as _;

use crate::plan::Plan;
use crate::router::mutant::Mutant;
use crate::run::{run, run_mistaken};
use crate::seeds::{first_that_fails, number};

/// Seeds within which a mistake must be caught.
const SEEDS_MAX: u64 = 400;

/// `ONEFILL_SIM_MUTANT` names the only one to try.
#[test]
fn every_known_mistake_is_caught_and_nothing_else() {
    let wanted = std::env::var("ONEFILL_SIM_MUTANT").ok();
    let (mut table, mut missed) = (String::new(), Vec::new());
    for mutant in Mutant::ALL {
        let name = format!("{mutant:?}");
        if wanted.as_ref().is_some_and(|wanted| *wanted != name) {
            continue;
        }
        let from = number("ONEFILL_SIM_FROM", mutant.first_seed());
        let (_, caught) = first_that_fails(from, SEEDS_MAX, &|seed| run_mistaken(seed, mutant));
        let Some((seed, failure)) = caught.and_then(|report| Some((report.seed, report.failure?))) else {
            missed.push(name);
            continue;
        };
        // The same world without the mistake keeps every promise: it was the mistake that was caught.
        let fair = run(Plan::draw(seed, Some(mutant))).failure;
        assert!(fair.is_none(), "{name}: seed {seed} fails without it: {:?}", fair.map(|it| it.detail));
        let detail: String = failure.detail.chars().take(90).collect();
        let _ = writeln!(table, "{name:22} after {:3}  {}: {detail}", seed - from + 1, failure.claim);
    }
    println!("{table}");
    assert!(missed.is_empty(), "{SEEDS_MAX} seeds did not catch {missed:?}");
}
