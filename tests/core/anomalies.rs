//! What odd reports do to trading: by the account's policy, or whatever it says, and only ever tighter.

use onefill::core::control::{
    AnomalyPolicy, Command, CommandType, ControlRecord, ControlResult, RiskLimit, Scope,
};
use onefill::core::entry::Anomaly;
use onefill::core::execution::{ExecType, Execution};
use onefill::core::intent::Intent;
use onefill::core::ledger::states::TradingState;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::{GROUPS, buy, command, no_limit, on, placed, wide};
use crate::world::{FUTURE, World, execution, failed, id, ruling, trade};

/// A report that is odd once these others have come.
struct Odd {
    anomaly: Anomaly,
    before: Vec<Execution<'static>>,
    report: Execution<'static>,
}

/// Every anomaly that follows the policy, of an order `k-1` of 10.
fn odd() -> Vec<Odd> {
    let bust = Execution { exec_ref_id: Some("e-0"), ..execution(ExecType::TradeCancel, "e-9") };
    let unknown = Execution { reject_code: Some(1), ..execution(ExecType::CancelRejected, "e-9") };
    let odd = |anomaly, before, report| Odd { anomaly, before, report };
    vec![
        odd(
            Anomaly::LateFill,
            vec![on("k-1", execution(ExecType::Canceled, "e-1"))],
            on("k-1", trade("e-9", "1")),
        ),
        odd(Anomaly::Overfill, vec![], on("k-1", trade("e-9", "11"))),
        odd(Anomaly::UnknownOrderFill, vec![], Execution { order_id: "", ..trade("e-9", "1") }),
        odd(Anomaly::UnknownExecRef, vec![], on("k-1", bust)),
        odd(Anomaly::VenueUnknownOrder, vec![], on("k-1", unknown)),
    ]
}

/// A lane with the order, under these limits. The account's own says nothing of anomalies.
fn world(limits: &[RiskLimit<'static>]) -> World {
    let mut world = World::new();
    world.limit(RiskLimit { version: 2, on_anomaly: None, ..wide("A1") });
    for limit in limits {
        assert_eq!(world.limit(limit.clone()), ControlResult::Applied);
    }
    world.accept(buy("k-1", "10", "100"));
    world
}

/// Lets it come, and says which entry it is.
fn come(world: &mut World, odd: &Odd) -> String {
    for report in &odd.before {
        assert_eq!(world.report(report.clone()), None);
    }
    assert_eq!(world.report(odd.report.clone()), Some(odd.anomaly));
    format!("anomaly-3-{}", world.ledger.head().next_seq - 1)
}

fn policy(limit_id: &'static str, on_anomaly: AnomalyPolicy) -> RiskLimit<'static> {
    RiskLimit { on_anomaly: Some(on_anomaly), ..no_limit(limit_id) }
}

/// The state that this policy leads to, where nothing else was in force.
const fn state(policy: AnomalyPolicy) -> Option<TradingState> {
    match policy {
        AnomalyPolicy::Warn => None,
        AnomalyPolicy::Reduce => Some(TradingState::Reducing),
        AnomalyPolicy::Halt => Some(TradingState::Halted),
    }
}

fn check(claim: &str, limits: &[RiskLimit<'static>], odd: &Odd, due: Option<TradingState>) {
    let mut world = world(limits);
    let holder = come(&mut world, odd);
    let due = due.map(|state| (state, holder.as_str()));
    assert_eq!(world.state(Scope::Account, "A1"), due, "{claim}, {}", odd.anomaly);
    for (scope, scope_id) in [
        (Scope::Lane, "3"),
        (Scope::Global, ""),
        (Scope::Account, "A6"),
        (Scope::Strategy, "A1/S1"),
        (Scope::Instrument, FUTURE),
    ] {
        assert_eq!(world.state(scope, scope_id), None, "{claim}, {}: {scope}", odd.anomaly);
    }
}

#[test]
fn the_accounts_policy_says_what_an_anomaly_does_and_reduce_is_the_default() {
    for odd in odd() {
        check("nothing set", &[], &odd, Some(TradingState::Reducing));
        for on_anomaly in AnomalyPolicy::ALL {
            let limit = placed(GROUPS[3], policy("P", *on_anomaly));
            check(on_anomaly.name(), &[limit], &odd, state(*on_anomaly));
        }
    }
}

#[test]
fn the_strictest_policy_over_the_scopes_wins() {
    for odd in odd() {
        // A fill of an order that nobody knows has no strategy.
        let knows_order = odd.anomaly != Anomaly::UnknownOrderFill;
        for (place, group) in GROUPS.into_iter().enumerate() {
            let counts = place > 1 || knows_order;
            for on_anomaly in AnomalyPolicy::ALL {
                let strict = placed(group, policy("P-1", *on_anomaly));
                let warn = placed(GROUPS[5], policy("P-2", AnomalyPolicy::Warn));
                let due = if counts { state(*on_anomaly) } else { None };
                check(&format!("{on_anomaly} by {group:?}"), &[strict, warn], &odd, due);
            }
        }
    }
}

#[test]
fn of_two_policies_for_one_scope_the_stricter_counts() {
    for odd in odd() {
        for policies in
            [[AnomalyPolicy::Warn, AnomalyPolicy::Halt], [AnomalyPolicy::Halt, AnomalyPolicy::Reduce]]
        {
            let limits = [policy("P-1", policies[0]), policy("P-2", policies[1])];
            check("two", &limits, &odd, Some(TradingState::Halted));
        }
    }
}

#[test]
fn the_policy_of_somebody_else_counts_for_nobody() {
    use onefill::core::control::LimitScope::{Account, Global, Strategy};
    for odd in odd() {
        for group in [
            (Strategy, "A1/S2", "*"),
            (Strategy, "A6/S1", "*"),
            (Account, "A6", "*"),
            (Account, "A1", "NQZ5.CME"),
            (Global, "", "NQZ5.CME"),
        ] {
            let strict = placed(group, policy("P-1", AnomalyPolicy::Halt));
            let warn = placed(GROUPS[5], policy("P-2", AnomalyPolicy::Warn));
            check(&format!("{group:?}"), &[strict, warn], &odd, None);
        }
    }
}

/// The state before, by `c`; what the anomaly would do; the state after, and whether the anomaly holds it.
#[test]
fn an_anomaly_only_tightens_and_holds_what_it_tightens_or_repeats() {
    use CommandType::{Halt, Reduce};
    use TradingState::{Halted, Reducing};
    for odd in odd() {
        for (before, on_anomaly, after, holds) in [
            (Reduce, AnomalyPolicy::Warn, Reducing, false),
            (Reduce, AnomalyPolicy::Reduce, Reducing, true),
            (Reduce, AnomalyPolicy::Halt, Halted, true),
            (Halt, AnomalyPolicy::Warn, Halted, false),
            (Halt, AnomalyPolicy::Reduce, Halted, false),
            (Halt, AnomalyPolicy::Halt, Halted, true),
        ] {
            let mut world = world(&[policy("P", on_anomaly)]);
            world.command(command("c", before, Scope::Account, "A1"));
            let anomaly = come(&mut world, &odd);
            let holder = if holds { anomaly.as_str() } else { "c" };
            let found = world.state(Scope::Account, "A1");
            assert_eq!(found, Some((after, holder)), "{before}, then {} under {on_anomaly}", odd.anomaly);
        }
    }
}

#[test]
fn a_state_that_an_anomaly_holds_is_resumed_by_its_name() {
    for odd in odd() {
        let mut world = world(&[policy("P", AnomalyPolicy::Halt)]);
        let holder = come(&mut world, &odd);
        let halted = [FailedCheck::plain(Reason::TradingHalted).by(Scope::Account)];
        assert_eq!(world.refused(buy("k-2", "10", "100")), halted);
        let resume = |command_id, resumes| Command {
            resumes,
            ..command(command_id, CommandType::Resume, Scope::Account, "A1")
        };
        assert_eq!(world.command(resume("r-1", None)), ControlResult::StaleResume);
        assert_eq!(world.command(resume("r-2", Some(id("anomaly-3-0")))), ControlResult::StaleResume);
        assert_eq!(world.command(resume("r-3", Some(id(holder.leak())))), ControlResult::Applied);
        assert_eq!(world.refused(buy("k-3", "10", "100")), []);
    }
}

#[test]
fn an_anomaly_counts_for_the_intents_of_its_batch_and_leaves_no_trace_when_discarded() {
    for odd in odd() {
        let mut world = world(&[policy("P", AnomalyPolicy::Halt)]);
        for report in &odd.before {
            world.report(report.clone());
        }
        let arrivals =
            [world.arrival_of_report(odd.report.clone()), world.arrival_of(buy("k-2", "10", "100"))];
        let discarded = world.discard(&arrivals);
        assert_eq!(world.state(Scope::Account, "A1"), None, "{}", odd.anomaly);
        let refused = failed(&ruling(discarded[1].clone()));
        assert_eq!(refused, [FailedCheck::plain(Reason::TradingHalted).by(Scope::Account)]);
        assert_eq!(world.settle(&arrivals), discarded);
    }
}

/// The account of the report is another than that of the trade, but no order ties them together.
#[test]
fn the_account_of_the_report_is_the_one_that_is_restricted() {
    let mut world = world(&[policy("P", AnomalyPolicy::Halt)]);
    let fill = Execution { order_id: "", account_id: id("A6"), ..trade("e-1", "1") };
    assert_eq!(world.report(fill), Some(Anomaly::UnknownOrderFill));
    assert_eq!(world.state(Scope::Account, "A1"), None);
    assert!(world.state(Scope::Account, "A6").is_some());
}

/// The policy is looked up when the report comes, not when its order was accepted.
#[test]
fn a_policy_that_was_changed_since_counts() {
    let mut world = world(&[policy("P", AnomalyPolicy::Halt)]);
    world.accept(Intent { strategy_id: id("S2"), ..buy("k-2", "10", "100") });
    let relaxed = RiskLimit { version: 2, ..policy("P", AnomalyPolicy::Warn) };
    let arrival = world.arrival_of_control(Ok(ControlRecord::RiskLimit(relaxed)));
    let late = world.arrival_of_report(on("k-2", trade("e-1", "11")));
    world.settle(&[arrival, late]);
    assert_eq!(world.state(Scope::Account, "A1"), None);
}
