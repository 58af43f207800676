//! What can only be measured: this machine's clock beside others', and how brokers slow this client.

use super::{Code, Finding};
use crate::shell::config::Config;
use crate::shell::survey::Survey;

/// How far this clock may be behind, in milliseconds: the bound of `CLOCK_UNSAFE`.
const BEHIND_MS_MAX: i64 = 1_000;

/// This machine's clock against the newest record that the router wrote, and against the newest
/// record of every topic, whose times come from producers and brokers.
///
/// It cannot be seen so that this clock is ahead, nor that it is behind while nobody writes.
pub(super) fn clock_findings(survey: &Survey) -> Vec<Finding> {
    let behind = |newest_ms: i64| newest_ms.saturating_sub(survey.now_ms);
    let said = |code, setting: &str, behind: i64| {
        Finding::of(code, "clock", setting, format!("{behind} ms"), format!("at most {BEHIND_MS_MAX} ms"))
    };
    let entry = survey.newest_entry_ms.map(behind).filter(|behind| *behind > BEHIND_MS_MAX);
    let mut found: Vec<Finding> = Vec::new();
    found.extend(entry.map(|behind| {
        said(Code::ClockBehind, "behind the newest entry", behind).because(
            "verdicts would carry times that did not happen",
            "synchronise the clock, with NTP or PTP",
        )
    }));
    let ahead = survey.newest_ms.iter().map(|(topic, newest)| (topic, behind(*newest)));
    for (topic, behind) in ahead.filter(|(_, behind)| *behind > BEHIND_MS_MAX) {
        let one = said(Code::ClockDiffers, &format!("behind the newest record of {topic}"), behind);
        found.push(one.because(
            "what is as old as it may be to one is too old to the other, or from the future",
            "synchronise this clock, the brokers' and the producers', with NTP or PTP",
        ));
    }
    found
}

/// How brokers slowed this client while it asked, and what cannot be asked at all.
pub(super) fn quota_findings(config: &Config, survey: &Survey) -> Vec<Finding> {
    let client = config.kafka.value("client.id").unwrap_or(&config.router_id);
    let subject = format!("client {client}");
    let mut found = Vec::new();
    if let Some(longest) = survey.throttle_ms_max.filter(|longest| *longest > 0) {
        let one = Finding::of(
            Code::Throttled,
            subject.as_str(),
            "delay of an answer",
            format!("{longest} ms"),
            "none",
        );
        found.push(one.because(
            "lanes are slowed down too, and intents wait",
            "raise the quota of the router's user or client id: kafka-configs.sh --alter --entity-type users",
        ));
    }
    let one = Finding::of(Code::QuotasUnknown, subject.as_str(), "quotas", "not asked", "none, or ample");
    found.push(one.because(
        "a quota slows the lanes down; producing is not tried, so only delays of answers would show",
        format!(
            "kafka-configs.sh --bootstrap-server {} --describe --entity-type clients --entity-name {client}; \
             also --entity-type users",
            config.bootstrap
        ),
    ));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::preflight::Severity;

    #[test]
    fn a_clock_may_be_a_second_behind() {
        let found = |newest: i64| {
            let survey = Survey { now_ms: 1_000, newest_entry_ms: Some(newest), ..Survey::default() };
            clock_findings(&survey).iter().map(|one| (one.code, one.is.clone())).collect::<Vec<_>>()
        };
        assert_eq!(found(2_000), []);
        assert_eq!(found(2_001), [("clock-behind", "1001 ms".to_owned())]);
        assert_eq!(found(i64::MIN), []);
    }

    #[test]
    fn times_of_others_only_warn() {
        let newest_ms = [("onefill.intents".to_owned(), 2_001), ("onefill.orders".to_owned(), 2_000)].into();
        let survey = Survey { now_ms: 1_000, newest_ms, ..Survey::default() };
        let found = clock_findings(&survey);
        assert_eq!((found.len(), found[0].code, found[0].severity), (1, "clock-differs", Severity::Warning));
        assert_eq!(found[0].setting, "behind the newest record of onefill.intents");
    }

    #[test]
    fn a_delay_is_told_and_what_was_not_asked_always() {
        let found = |throttle_ms_max| {
            let survey = Survey { throttle_ms_max, ..Survey::default() };
            quota_findings(&Config::default(), &survey).iter().map(|one| one.code).collect::<Vec<_>>()
        };
        assert_eq!(found(None), ["quotas-unknown"]);
        assert_eq!(found(Some(0)), ["quotas-unknown"]);
        assert_eq!(found(Some(7)), ["throttled", "quotas-unknown"]);
    }
}
