//! The whole story on one machine: two routers read the same attempts, both are killed again and
//! again, and the topics say afterwards what each of them did.
//!
//! Nothing here may count what a router says of itself: every number of the [`report`] is read back
//! from the topics, by readers of their own. Nothing is left running, however the demo ends.
//!
//! Start at [`run`]. The scene is set by [`plan`], [`stage`] and [`limits`]; [`strategy`] asks at the
//! prices of the [`feed`], [`naive`] and the real router answer as [`children`], [`answers`] are heard,
//! [`venue`] fills; [`kills`] and the [`operator`] interrupt; [`settle`] waits for the end, [`readback`]
//! reads everything, [`tally`], [`exposure`], [`trail`] and [`findings`] judge, [`chart`] draws.

pub mod answers;
pub mod chart;
pub mod children;
pub mod dice;
pub mod exposure;
mod fault;
pub mod feed;
pub mod findings;
pub mod kills;
pub mod limits;
pub mod naive;
pub mod narrator;
pub mod operator;
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

use answers::Answers;
use children::Children;
use feed::{Feed, Market};
use kills::Kill;
use narrator::Narrator;
use plan::{Plan, Side};
use readback::Records;
use report::Report;
use strategy::Sent;
use venue::Venue;

/// What everybody who plays knows.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// What is about to happen.
    pub plan: &'a Plan,
    /// Both routers.
    pub children: &'a Children,
    /// Whoever tells it.
    pub narrator: &'a Narrator,
    /// Somebody wants the end.
    pub stop: &'a AtomicBool,
}

/// Tells the story, and says what the topics hold in the end. `stop` ends it early.
///
/// # Errors
/// A [`Fault`] when it could not be told: Kafka's, a router that ended by itself, time that ran out.
/// That the numbers are not as promised is no fault of the telling: see [`Report::findings`].
pub fn run(plan: &Plan, narrator: &Narrator, stop: &AtomicBool) -> Result<(Report, Records), Fault> {
    let began = Instant::now();
    narrator.phase("making topics, instruments and limits");
    stage::set(plan)?;
    narrator.phase("starting onefill and the naive router (a new lane makes sure for 5 s that it is new)");
    let children = Children::start(plan)?;
    let told = perform(&Scene { plan, children: &children, narrator, stop });
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

/// From the opening of the lanes to the last fill: the feed and the venues are open as long as
/// anything may be decided or filled.
fn perform(scene: &Scene<'_>) -> Result<Vec<Kill>, Fault> {
    let plan = scene.plan;
    let (answers, market) = (Answers::default(), Market::default());
    let closed = AtomicBool::new(false);
    let feed = Feed::open(plan, &market)?;
    let venues = [Venue::open(plan, Side::Onefill)?, Venue::open(plan, Side::Naive)?];
    thread::scope(|scope| {
        let open = [
            ("the price feed", scope.spawn(|| feed.serve(&closed))),
            ("onefill's venue", scope.spawn(|| venues[0].serve(&closed))),
            ("the naive router's venue", scope.spawn(|| venues[1].serve(&closed))),
            ("whoever listens to verdicts", scope.spawn(|| answers.listen(plan, &closed))),
        ];
        // Whatever comes of it, all of them close: a scope waits for its threads.
        let told = {
            let _close = AtTheEnd { flag: &closed, becomes: true };
            settle::until_open(scene).and_then(|()| storm(scene, &market, &answers, &venues)).and_then(
                |kills| {
                    scene.narrator.phase("waiting until everything is answered, filled and settled");
                    settle::until_settled(scene).map(|()| kills)
                },
            )
        };
        for (who, thread) in open {
            thread.join().map_err(|_| Fault::Broken(who))??;
        }
        told
    })
}

/// Strategies trade, an operator halts one of them, routers are killed. Ends when time is up, or at
/// the first fault.
fn storm(
    scene: &Scene<'_>,
    market: &Market,
    answers: &Answers,
    venues: &[Venue<'_>; 2],
) -> Result<Vec<Kill>, Fault> {
    let Scene { plan, narrator, stop, .. } = *scene;
    narrator.phase(match plan.spares {
        false => "strategies trade, time out and resend; both routers are killed again and again",
        true => "strategies trade, time out and resend; nothing is killed",
    });
    let (sent, trading) = (Sent::default(), AtomicBool::new(true));
    let end = Instant::now() + Duration::from_secs(plan.seconds);
    thread::scope(|scope| {
        let strategies = scope.spawn(|| strategy::trade(plan, market, answers, &sent, &trading));
        let striker = scope.spawn(|| kills::strike(scene, &trading));
        let operator = scope.spawn(|| operator::intervene(scene, answers, &trading));
        let still = AtTheEnd { flag: &trading, becomes: false };
        while Instant::now() < end
            && !stop.load(Ordering::Relaxed)
            && !strategies.is_finished()
            && !striker.is_finished()
        {
            thread::sleep(Duration::from_millis(100));
            narrator.progress(&live(&sent, answers, venues));
        }
        drop(still);
        let kills = striker.join().map_err(|_| Fault::Broken("whoever kills"))?;
        let obeyed = operator.join().map_err(|_| Fault::Broken("the operator"))?;
        strategies.join().map_err(|_| Fault::Broken("the strategies"))??;
        if stop.load(Ordering::Relaxed) { Err(Fault::Interrupted) } else { obeyed.and(kills) }
    })
}

fn live(sent: &Sent, answers: &Answers, [ours, naive]: &[Venue<'_>; 2]) -> String {
    let count = |number: &AtomicU64| report::grouped(number.load(Ordering::Relaxed));
    format!(
        "{} attempts at {} intents   naive: {} fills   onefill: {} fills, {} refused",
        count(&sent.attempts),
        count(&sent.intents),
        count(&naive.fills),
        count(&ours.fills),
        report::grouped(answers.refused()),
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
