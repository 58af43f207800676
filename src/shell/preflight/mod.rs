//! What a cluster and its topics must be like before money depends on them.
//!
//! Pure: judges what [`super::survey`] has read by what [`super::topics`] requires, and says of each
//! difference what to do about it. It changes nothing and asks nobody. What only the trail can
//! contradict is judged by [`core::proof`](crate::core::proof), as a lane has it judged. Start at
//! [`findings`]; the names of what can be found are in [`Code`].

mod brokers;
mod code;
mod group;
mod internal;
mod lanes;
mod measures;
mod parties;
mod protocol;
mod rights;
mod topics;

pub use brokers::BrokerSettings;
pub use code::Code;
pub use internal::INTERNAL;
pub use lanes::{InputView, LANE_CODES, LaneView, Opening, lane_findings};
pub(super) use parties::id_prefix;
pub use parties::{Party, Rights};
pub use protocol::Versions;
pub use rights::grant;
pub use topics::{Hidden, Layout, TopicState, TopicStates, topic_findings, unsafe_topic};

use super::config::Config;
use super::survey::{Survey, Unanswered};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// So it is, and may be meant so.
    Note,
    /// Worth knowing.
    Warning,
    /// A promise depends on it.
    Fault,
}

impl Severity {
    /// The word for scripts and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

/// A difference between what is and what must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Its name, which does not change: of a [`Code`], or of a lint.
    pub code: &'static str,
    /// The topic, or what else is meant: `cluster`, `broker 1`, `clock`.
    pub subject: String,
    /// What of it.
    pub setting: String,
    /// What was found.
    pub is: String,
    /// What it should be.
    pub should: String,
    /// What breaks otherwise.
    pub otherwise: String,
    /// What to do.
    pub remedy: String,
    /// Whether it is forgiven, because the cluster is for development (`--dev`).
    pub waived: bool,
}

impl Finding {
    /// What was found, as bad as its code says; not forgiven yet.
    pub fn of(
        code: Code,
        subject: impl Into<String>,
        setting: &str,
        is: impl ToString,
        should: impl ToString,
    ) -> Self {
        Self {
            severity: code.severity(),
            code: code.name(),
            subject: subject.into(),
            setting: setting.to_owned(),
            is: is.to_string(),
            should: should.to_string(),
            otherwise: String::new(),
            remedy: String::new(),
            waived: false,
        }
    }

    /// The same, with what breaks and what to do.
    #[must_use]
    pub fn because(self, otherwise: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { otherwise: otherwise.into(), remedy: remedy.into(), ..self }
    }

    /// The same, forgiven if this is a development cluster, and its code is one of those that are.
    fn judged(self, config: &Config) -> Self {
        let waived = config.dev && Code::parse(self.code).is_some_and(Code::is_waived_by_dev);
        Self { waived, ..self }
    }

    /// Whether preflight must refuse because of it.
    pub fn refuses(&self) -> bool {
        self.severity == Severity::Fault && !self.waived
    }

    /// Whether it may pass by itself.
    pub fn may_pass(&self) -> bool {
        Code::parse(self.code).is_some_and(Code::may_pass)
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, subject, setting, is, should, remedy, .. } = self;
        write!(out, "{code}: {subject}: {setting} is {is}, should be {should}; {remedy}")
    }
}

/// Everything that stands against a start: of the cluster, its brokers, topics, rights, clock and
/// quotas.
pub fn findings(config: &Config, survey: &Survey) -> Vec<Finding> {
    let mut found: Vec<Finding> = brokers::cluster_finding(&survey.known_brokers()).into_iter().collect();
    for (broker, settings) in &survey.settings {
        found.extend(brokers::broker_findings(config, *broker, settings));
        found.extend(internal::default_findings(*broker, settings, &survey.internal));
    }
    for (broker, versions) in &survey.versions {
        found.extend(protocol::version_findings(*broker, versions));
    }
    found.extend(internal::internal_findings(config, &survey.internal));
    found.extend(topics::judged_topics(config, &survey.topics, Layout::SAFE, &survey.hidden));
    found.extend(rights::right_findings(config, survey));
    found.extend(survey.group.as_ref().and_then(|group| group::group_finding(config, group)));
    found.extend(measures::clock_findings(survey));
    found.extend(measures::quota_findings(config, survey));
    found.extend(survey.unanswered.iter().map(unanswered_finding));
    found.into_iter().map(|finding| finding.judged(config)).collect()
}

/// What is not known is never taken for good.
fn unanswered_finding(unanswered: &Unanswered) -> Finding {
    let Unanswered { what, reason } = unanswered;
    Finding::of(Code::Unanswered, "cluster", what, reason, "an answer")
        .because("whether it is safe is not known", "look into the logs of whoever was asked, and ask again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dev_forgives_by_name() {
        let dev = Config { dev: true, ..Config::default() };
        for code in Code::ALL {
            let found = Finding::of(*code, "x", "y", 1, 2);
            assert!(!found.clone().judged(&Config::default()).waived, "{code}");
            assert_eq!(found.judged(&dev).waived, code.is_waived_by_dev(), "{code}");
        }
    }

    #[test]
    fn what_has_no_answer_refuses_even_on_a_development_cluster_and_may_pass() {
        let (what, reason) = ("settings of broker 3".to_owned(), "timed out".to_owned());
        let survey = Survey { unanswered: vec![Unanswered { what, reason }], ..Survey::default() };
        let dev = Config { dev: true, ..Config::default() };
        let found = findings(&dev, &survey);
        let one = found.iter().find(|one| one.code == Code::Unanswered.name()).unwrap();
        assert_eq!((one.setting.as_str(), one.is.as_str()), ("settings of broker 3", "timed out"));
        assert!(one.refuses() && one.may_pass());
    }

    #[test]
    fn a_survey_of_nothing_is_no_readiness() {
        let found = findings(&Config::default(), &Survey::default());
        let missing = found.iter().filter(|one| one.code == Code::TopicMissing.name()).count();
        assert_eq!(missing, 7);
        assert!(found.iter().any(|one| one.code == Code::BrokersFew.name()));
    }
}
