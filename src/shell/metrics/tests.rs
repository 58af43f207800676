use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{ALL, PREFIX};
use super::kafka::{Api, Teller};
use super::*;
use crate::core::entry::Cursors;
use crate::core::lane::Stage;
use crate::shell::clock;
use crate::shell::config::KafkaSettings;
use crate::shell::failure::Failure;
use crate::shell::heartbeat::Weight;
use crate::shell::prices::book::Drafts;
use crate::shell::prices::book::tests::quote;
use crate::shell::risk::tests::half_used;
use crate::shell::status::{Backlog, Gaps, Holdings, LagView, Oldest, Waiting};

/// Every sample by its name with labels, as it is written.
fn samples(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.rsplit_once(' ').unwrap()).collect()
}

/// A process with one lane, of which everything is known.
fn lane(status: &Status) {
    status.begin(3);
    status.enter(3, Stage::Running);
    status.stand(3, 42, Cursors::default(), Time(5_000_000_000));
    status.transaction_began(3);
    status.transaction_ended(3, true);
    status.transaction_began(3);
    let (lag, gaps) = (LagView { intents: 7, executions: 8 }, Gaps { intents: 1, executions: 2, audit: 3 });
    let blocked = Some(vec!["executions"]);
    let oldest = Oldest { offset: 2, at: Time(1_000_000_000), seen_at: Time(3_000_000_000) };
    let waiting = Some(Waiting { intents: Some(oldest), executions: None });
    status.observe(3, Backlog { lag: Some(lag), gaps: Some(gaps), blocked, trail_held: None, waiting });
    status.hold(3, Holdings::default(), half_used());
}

/// Two prices: one of the time 0.5 s, one of 0.75 s.
fn prices() -> Prices {
    let prices = Prices::default();
    let group = vec![quote("A", "1", 750_000_000, 0), quote("B", "1", 500_000_000, 1)];
    assert_eq!(Drafts::default().publish(&prices, group).len(), 0);
    prices
}

#[test]
fn the_registry_has_exactly_what_the_catalogue_says() {
    let kafka = KafkaSettings::given([("ssl.certificate.pem", certificates::tests::LATE)]);
    let (metrics, status, heartbeats) =
        (Metrics::new(&Config { kafka, ..Config::default() }), Status::default(), Heartbeats::default());
    lane(&status);
    let _heartbeat = heartbeats.enter("lane-3", Weight::Vital);
    metrics.checkpointed(Time(0));
    metrics.kafka.told(Teller::Producer, kafka::tests::STATISTICS);
    metrics.render(&status, &heartbeats, &prices()).unwrap();
    let families = metrics.registry.gather();
    let found: BTreeMap<_, _> = families
        .iter()
        .filter(|family| family.name().starts_with(PREFIX))
        .map(|family| (family.name().to_owned(), format!("{:?}", family.get_field_type()).to_lowercase()))
        .collect();
    let listed: BTreeMap<_, _> =
        ALL.iter().map(|one| (format!("{PREFIX}{}", one.name), one.kind.name().to_owned())).collect();
    assert_eq!(found, listed);
}

#[test]
fn every_counter_is_0_before_anything_happens() {
    let metrics = Metrics::new(&Config::default());
    let text = metrics.render(&Status::default(), &Heartbeats::default(), &Prices::default()).unwrap();
    let samples = samples(&text);
    for (name, count) in [
        ("onefill_lane_halts_total", HaltCode::ALL.len()),
        ("onefill_rebalances_total", 3),
        ("onefill_intents_total", Verdict::ALL.len()),
        ("onefill_rejections_total", Reason::ALL.len()),
        ("onefill_orders_total", IntentType::ALL.len()),
        ("onefill_executions_total", ExecType::ALL.len() + 1),
        ("onefill_anomalies_total", Anomaly::ALL.len()),
        ("onefill_quarantined_total", 3),
        ("onefill_owed_cancels_total", 1),
        ("onefill_prices_dropped_total", Dropped::ALL.len()),
        ("onefill_transactions_total", 5),
        ("onefill_producer_replacements_total", 5),
        ("onefill_restored_entries_total", 1),
        ("onefill_checkpoint_failures_total", 1),
        ("onefill_kafka_errors_total", Api::ALL.len() * (Failure::ALL.len() + 1)),
        ("onefill_kafka_throttle_seconds_total", 1),
        ("onefill_log_events_total", 5),
        ("onefill_stage_seconds_count", 6),
    ] {
        let found: Vec<_> = samples.iter().filter(|(key, _)| key.starts_with(name)).collect();
        assert_eq!(found.len(), count, "{name}: {found:?}");
        assert!(found.iter().all(|(_, value)| **value == "0"), "{found:?}");
    }
    assert_eq!(samples["onefill_assigned_lanes"], "0");
    assert!(!samples.contains_key("onefill_last_commit_timestamp_seconds"));
}

#[test]
fn outcomes_are_labelled_in_the_order_of_their_declaration() {
    let metrics = Metrics::new(&Config::default());
    let outcomes = [
        (Outcome::Committed, "committed"),
        (Outcome::CommittedInDoubt, "committed_in_doubt"),
        (Outcome::Aborted, "aborted"),
        (Outcome::Fenced, "fenced"),
        (Outcome::Unknown, "unknown"),
    ];
    for (outcome, name) in outcomes {
        metrics.ended(outcome);
        let text = metrics.render(&Status::default(), &Heartbeats::default(), &Prices::default()).unwrap();
        assert_eq!(samples(&text)[&*format!("onefill_transactions_total{{outcome=\"{name}\"}}")], "1");
    }
}

#[test]
fn a_committed_batch_adds_all_that_it_counted() {
    let metrics = Metrics::new(&Config::default());
    let mut tally = Tally { records: 3, ..Tally::default() };
    tally.intents[Verdict::Accepted.index()] = 2;
    tally.rejections[Reason::GrossNotionalExceeded.index()] = 1;
    tally.intents_at = vec![Time(1_000_000_000), Time(9_000_000_000)];
    tally.order(IntentType::Cancel);
    tally.quarantine("ACCOUNT_MISMATCH");
    metrics.committed(&tally, &Laps::start(), Time(1_200_000_000));
    let text = metrics.render(&Status::default(), &Heartbeats::default(), &Prices::default()).unwrap();
    let samples = samples(&text);
    assert_eq!(samples["onefill_intents_total{verdict=\"ACCEPTED\"}"], "2");
    assert_eq!(samples["onefill_rejections_total{reason=\"GROSS_NOTIONAL_EXCEEDED\"}"], "1");
    assert_eq!(samples["onefill_orders_total{command=\"CANCEL\"}"], "1");
    let quarantined = "onefill_quarantined_total{reason=\"ACCOUNT_MISMATCH\",topic=\"onefill.executions\"}";
    assert_eq!(samples[quarantined], "1");
    assert_eq!(samples["onefill_batch_records_sum"], "3");
    assert_eq!(samples["onefill_intent_to_commit_seconds_bucket{le=\"0.001\"}"], "1");
    assert_eq!(samples["onefill_intent_to_commit_seconds_bucket{le=\"0.25\"}"], "2");
    assert_eq!(samples["onefill_stage_seconds_count{stage=\"fetch\"}"], "1");
}

#[test]
fn an_opening_is_no_batch_of_records() {
    let metrics = Metrics::new(&Config::default());
    let tally = Tally { opens: true, ..Tally::default() };
    metrics.committed(&tally, &Laps::start(), Time(0));
    let text = metrics.render(&Status::default(), &Heartbeats::default(), &Prices::default()).unwrap();
    assert_eq!(samples(&text)["onefill_batch_records_count"], "0");
    assert_eq!(samples(&text)["onefill_stage_seconds_count{stage=\"commit\"}"], "0");
}

#[test]
fn gauges_follow_the_lanes_and_leave_with_them() {
    let (metrics, status) = (Metrics::new(&Config::default()), Status::default());
    lane(&status);
    let text = metrics.render(&status, &Heartbeats::default(), &Prices::default()).unwrap();
    let known = samples(&text);
    assert_eq!(known["onefill_lane_state{partition=\"3\",state=\"RUNNING\"}"], "1");
    assert_eq!(known["onefill_lane_state{partition=\"3\",state=\"HALTED\"}"], "0");
    assert_eq!(known["onefill_audit_seq{partition=\"3\"}"], "42");
    assert_eq!(known["onefill_audit_head_timestamp_seconds{partition=\"3\"}"], "5");
    assert_eq!(known["onefill_lag_records{partition=\"3\",topic=\"onefill.executions\"}"], "8");
    assert_eq!(known["onefill_lag_seconds{partition=\"3\",topic=\"onefill.executions\"}"], "0");
    assert_eq!(known["onefill_stable_offset_gap_records{partition=\"3\",topic=\"onefill.audit\"}"], "3");
    assert_eq!(known["onefill_input_blocked{partition=\"3\",topic=\"onefill.executions\"}"], "1");
    assert_eq!(known["onefill_input_blocked{partition=\"3\",topic=\"onefill.intents\"}"], "0");

    status.observe(3, Backlog::default());
    let unknown = metrics.render(&status, &Heartbeats::default(), &Prices::default()).unwrap();
    for name in ["lag_records", "lag_seconds", "stable_offset_gap_records", "input_blocked"] {
        assert!(!unknown.contains(&format!("{PREFIX}{name}{{")), "{name}");
    }
    status.end(3);
    let gone = metrics.render(&status, &Heartbeats::default(), &Prices::default()).unwrap();
    assert!(!gone.contains("partition=\"3\""), "{gone}");
}

#[test]
fn a_lane_without_intents_is_seen() {
    let (metrics, status) = (Metrics::new(&Config::default()), Status::default());
    lane(&status);
    let held = |reason: Option<&str>| {
        status.hold_intents(3, reason.map(str::to_owned));
        let text = metrics.render(&status, &Heartbeats::default(), &Prices::default()).unwrap();
        samples(&text)["onefill_intents_held{partition=\"3\"}"].to_owned()
    };
    assert_eq!([held(None), held(Some("control cannot be read")), held(None)], ["0", "1", "0"]);
}

#[test]
fn the_age_of_prices_is_that_of_the_oldest() {
    let metrics = Metrics::new(&Config::default());
    let render =
        |prices: &Prices| metrics.render(&Status::default(), &Heartbeats::default(), prices).unwrap();
    assert!(!render(&Prices::default()).contains("\nonefill_price_age_seconds "));
    let before = clock::now().0 as f64 / 1e9 - 0.5;
    let text = render(&prices());
    let age: f64 = samples(&text)["onefill_price_age_seconds"].parse().unwrap();
    assert!((before..before + 60.0).contains(&age), "{age}");
}

#[test]
fn dropped_prices_are_counted_by_their_reason() {
    let metrics = Metrics::new(&Config::default());
    metrics.price_dropped(Dropped::Misplaced);
    let text = metrics.render(&Status::default(), &Heartbeats::default(), &Prices::default()).unwrap();
    let dropped = |reason| samples(&text)[&*format!("onefill_prices_dropped_total{{reason=\"{reason}\"}}")];
    assert_eq!([dropped("ahead"), dropped("misplaced")], ["0", "1"]);
}

#[test]
fn limits_and_states_are_the_worst_of_all_lanes_and_name_nobody() {
    let (metrics, status) = (Metrics::new(&Config::default()), Status::default());
    let render = || metrics.render(&status, &Heartbeats::default(), &Prices::default()).unwrap();
    assert!(!render().contains("onefill_trading_state{"));
    lane(&status);
    status.begin(4);
    let mut fuller = half_used();
    (fuller.worst[2], fuller.strictest[0]) =
        (Some(0.75), crate::core::ledger::states::TradingState::Reducing);
    status.hold(4, Holdings::default(), fuller);
    let text = render();
    let known = samples(&text);
    assert_eq!(known["onefill_limit_used_ratio{limit=\"max_open_orders\"}"], "0.75");
    assert!(!known.contains_key("onefill_limit_used_ratio{limit=\"max_long_qty\"}"));
    let states = ["LANE", "GLOBAL", "ACCOUNT"]
        .map(|scope| known[&*format!("onefill_trading_state{{scope=\"{scope}\"}}")]);
    assert_eq!(states, ["1", "0", "2"]);
    assert!(!text.contains("A1"));
}

#[test]
fn the_process_is_measured_too() {
    let metrics = Metrics::new(&Config::default());
    let text = metrics.render(&Status::default(), &Heartbeats::default(), &Prices::default()).unwrap();
    let names: BTreeSet<_> = samples(&text).into_keys().collect();
    for name in ["process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"] {
        assert!(names.contains(name) || !cfg!(target_os = "linux"), "{name}");
    }
}

#[test]
fn a_record_grows_older_until_it_is_answered() {
    let oldest = Oldest { offset: 7, at: Time(1_000_000_000), seen_at: Time(3_000_000_000) };
    let now = Time(9_000_000_000);
    let ahead = Oldest { at: Time(10_000_000_000), ..oldest };
    assert_eq!((oldest.age(7, now), oldest.age(8, now), ahead.age(7, now)), (8.0, 2.0, 0.0));
}

#[test]
fn lines_that_were_logged_and_checkpoints_are_counted() {
    let metrics = Metrics::new(&Config::default());
    metrics.log_events.count(tracing::Level::WARN);
    metrics.checkpoint_failed();
    metrics.checkpointed(Time(7_000_000_000));
    metrics.rebalanced_within(Duration::from_secs(2));
    let render = || metrics.render(&Status::default(), &Heartbeats::default(), &Prices::default()).unwrap();
    let (_first, text) = (render(), render());
    let known = samples(&text);
    assert_eq!(known["onefill_log_events_total{level=\"warn\"}"], "1");
    assert_eq!(known["onefill_checkpoint_failures_total"], "1");
    assert_eq!(known["onefill_checkpoint_last_success_timestamp_seconds"], "7");
    assert_eq!(known["onefill_rebalance_seconds_sum"], "2");
}
