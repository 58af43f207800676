//! The whole story on one machine: two routers read the same attempts, both are killed again and
//! again, and the topics say afterwards what each of them did.
//!
//! Nothing here may count what a router says of itself: every number of the [`report`] is read back
//! from the topics, by readers of their own. Nothing is left running, however the demo ends.
//!
//! Start at [`run`]. The scene is set by [`plan`] and [`stage`]; [`strategy`] asks, [`naive`] and
//! the real router answer as [`children`], [`venue`] fills, [`kills`] interrupts; [`settle`] waits
//! for the end, [`readback`] reads everything, [`tally`] and [`trail`] judge, [`chart`] draws.

pub mod chart;
pub mod children;
pub mod dice;
mod fault;
pub mod kills;
pub mod naive;
pub mod narrator;
pub mod plan;
pub mod readback;
pub mod report;
pub mod settle;
pub mod stage;
pub mod strategy;
pub mod tally;
pub mod trail;
pub mod venue;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub use fault::Fault;

use children::Children;
use kills::Kill;
use narrator::Narrator;
use plan::{Plan, Side};
use readback::Records;
use report::Report;
use strategy::{Answers, Sent};
use venue::Venue;

/// Tells the story, and says what the topics hold in the end. `stop` ends it early.
///
/// # Errors
/// A [`Fault`] when it could not be told: Kafka's, a router that ended by itself, time that ran out.
/// That the numbers are not as promised is no fault of the telling: see [`Report::findings`].
pub fn run(plan: &Plan, narrator: &Narrator, stop: &AtomicBool) -> Result<(Report, Records), Fault> {
    let began = Instant::now();
    narrator.phase("making topics and instruments");
    stage::set(plan)?;
    narrator.phase("starting onefill and the naive router (a new lane makes sure for 5 s that it is new)");
    let children = Children::start(plan)?;
    let told =
        settle::until_open(plan, &children, stop).and_then(|()| perform(plan, &children, narrator, stop));
    children.end();
    if matches!(told, Err(Fault::Interrupted)) {
        children.remove_logs();
    }
    let kills = told?;
    narrator.phase("reading every topic back");
    let records = readback::read(plan)?;
    narrator.phase("verifying the audit trail: every link, every verdict anew");
    let broken = trail::verify(plan)?;
    let report = Report::of(plan, &records, &broken, kills, began.elapsed());
    if report.findings.is_empty() {
        children.remove_logs();
    }
    narrator.end();
    Ok((report, records))
}

/// From the first attempt to the last fill: the venues are open as long as anything may be filled.
fn perform(
    plan: &Plan,
    children: &Children,
    narrator: &Narrator,
    stop: &AtomicBool,
) -> Result<Vec<Kill>, Fault> {
    let answers = Answers::default();
    let closed = AtomicBool::new(false);
    let venues = [Venue::open(plan, Side::Onefill)?, Venue::open(plan, Side::Naive)?];
    thread::scope(|scope| {
        let open = venues.each_ref().map(|venue| scope.spawn(|| venue.serve(&answers, &closed)));
        // Whatever comes of it, the venues close: a scope waits for its threads.
        let told = {
            let _close = AtTheEnd { flag: &closed, becomes: true };
            storm(plan, children, narrator, stop, &answers, &venues).and_then(|kills| {
                narrator.phase("waiting until everything is answered, filled and settled");
                settle::until_settled(plan, children).map(|()| kills)
            })
        };
        for venue in open {
            venue.join().map_err(|_| Fault::Broken("a venue"))??;
        }
        told
    })
}

/// Strategies trade, routers are killed. Ends when time is up, or at the first fault.
fn storm(
    plan: &Plan,
    children: &Children,
    narrator: &Narrator,
    stop: &AtomicBool,
    answers: &Answers,
    venues: &[Venue<'_>; 2],
) -> Result<Vec<Kill>, Fault> {
    narrator.phase("strategies trade, time out and resend; both routers are killed again and again");
    let (sent, trading) = (Sent::default(), AtomicBool::new(true));
    let end = Instant::now() + Duration::from_secs(plan.seconds);
    thread::scope(|scope| {
        let strategies = scope.spawn(|| strategy::trade(plan, answers, &sent, &trading));
        let striker = scope.spawn(|| kills::strike(plan, children, narrator, &trading));
        let still = AtTheEnd { flag: &trading, becomes: false };
        while Instant::now() < end
            && !stop.load(Ordering::Relaxed)
            && !strategies.is_finished()
            && !striker.is_finished()
        {
            thread::sleep(Duration::from_millis(100));
            narrator.progress(&live(&sent, venues));
        }
        drop(still);
        let kills = striker.join().map_err(|_| Fault::Broken("whoever kills"))?;
        strategies.join().map_err(|_| Fault::Broken("the strategies"))??;
        if stop.load(Ordering::Relaxed) { Err(Fault::Interrupted) } else { kills }
    })
}

fn live(sent: &Sent, [ours, naive]: &[Venue<'_>; 2]) -> String {
    let count = |number: &AtomicU64| report::grouped(number.load(Ordering::Relaxed));
    format!(
        "{} attempts at {} intents   naive: {} fills   onefill: {} fills",
        count(&sent.attempts),
        count(&sent.intents),
        count(&naive.fills),
        count(&ours.fills),
    )
}

/// Sets a flag when it is dropped, by a panic too.
struct AtTheEnd<'f> {
    flag: &'f AtomicBool,
    becomes: bool,
}

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        self.flag.store(self.becomes, Ordering::Relaxed);
    }
}
