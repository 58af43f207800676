//! The seven topics: their names, and what each must be like.
//!
//! Plain data, shared by whoever creates, checks, reads or writes them. Nothing here talks to a
//! broker. Start at [`Topics`] for names, at [`Role::requirements`] for what must hold.

/// Longest topic name that Kafka takes, in bytes.
pub const NAME_LEN_MAX: usize = 249;
/// What records on `audit`, `orders` and `quarantine` may be at least, in bytes. The largest input
/// record, 1 MiB with its key, leaves an entry with that key; values are cut to 64 KiB.
pub const MESSAGE_BYTES_MIN: i64 = 1024 * 1024;
/// What they are created with, and what producers may send: room for the framing beside the key.
pub const MESSAGE_BYTES: i64 = 2 * MESSAGE_BYTES_MIN;
/// How long inputs and orders are kept at least, in milliseconds: 7 days.
pub const RETENTION_MS_MIN: i64 = 7 * 24 * 60 * 60 * 1000;
/// 100 years of 365.25 days, in milliseconds.
pub const CENTURY_MS: i64 = 3_155_760_000_000;
/// Replicas, and of those in sync, of a production topic.
pub const REPLICATION: i32 = 3;
/// Replicas that must have a record before it counts, of a production topic.
pub const MIN_ISR: i64 = 2;

/// What a topic is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// What strategies ask for.
    Intents,
    /// What venues report.
    Executions,
    /// What was accepted.
    Orders,
    /// Why, entry by entry.
    Audit,
    /// Instruments, limits and commands.
    Control,
    /// Reference prices.
    Prices,
    /// Values that could not be read.
    Quarantine,
}

/// How many partitions a topic has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partitions {
    /// One per lane: the same count for all such topics.
    Lanes,
    /// Exactly one: the topic is one ordered log.
    One,
    /// Any number.
    Any,
}

/// What the audit topic's cleanup policy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditCleanup {
    /// Compacted by policy and never cleaned.
    #[default]
    Compact,
    /// Deleted by policy and kept for ever, for tiered storage.
    Delete,
}

/// What a topic's setting must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Exactly this text.
    Is(&'static str),
    /// A number of at least this; created with the second.
    AtLeast(i64, i64),
    /// A time of at least this many milliseconds, or -1 for ever.
    KeptFor(i64),
}

/// One setting of a topic, what it must be, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Kafka's name of the setting.
    pub setting: &'static str,
    /// What it must be.
    pub rule: Rule,
    /// What breaks otherwise, as the end of a sentence that begins with "otherwise".
    pub otherwise: &'static str,
}

/// The names of the topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    /// What strategies ask for.
    pub intents: String,
    /// What venues report.
    pub executions: String,
    /// What was accepted.
    pub orders: String,
    /// Why, entry by entry.
    pub audit: String,
    /// Instruments, limits and commands.
    pub control: String,
    /// Reference prices.
    pub prices: String,
    /// Values that could not be read.
    pub quarantine: String,
}

impl Topics {
    /// The names under a prefix, such as `onefill.`.
    pub fn under(prefix: &str) -> Self {
        let name = |role: Role| format!("{prefix}{}", role.name());
        Self {
            intents: name(Role::Intents),
            executions: name(Role::Executions),
            orders: name(Role::Orders),
            audit: name(Role::Audit),
            control: name(Role::Control),
            prices: name(Role::Prices),
            quarantine: name(Role::Quarantine),
        }
    }

    /// The name of one topic.
    pub fn name(&self, role: Role) -> &str {
        match role {
            Role::Intents => &self.intents,
            Role::Executions => &self.executions,
            Role::Orders => &self.orders,
            Role::Audit => &self.audit,
            Role::Control => &self.control,
            Role::Prices => &self.prices,
            Role::Quarantine => &self.quarantine,
        }
    }

    /// The place of one name, to override it.
    pub fn name_mut(&mut self, role: Role) -> &mut String {
        match role {
            Role::Intents => &mut self.intents,
            Role::Executions => &mut self.executions,
            Role::Orders => &mut self.orders,
            Role::Audit => &mut self.audit,
            Role::Control => &mut self.control,
            Role::Prices => &mut self.prices,
            Role::Quarantine => &mut self.quarantine,
        }
    }

    /// The transactional id of a lane's producer in `slot`, 0 or 1.
    ///
    /// It names the audit topic, not the group: whoever writes this trail, under whatever group or
    /// version, fences the writer before it (`G1`).
    pub fn transactional_id(&self, partition: i32, slot: usize) -> String {
        format!("{}-{partition}-{slot}", self.audit)
    }
}

impl Role {
    /// Every topic, in the order of the data's way through the router.
    pub const ALL: [Self; 7] = [
        Self::Intents,
        Self::Executions,
        Self::Orders,
        Self::Audit,
        Self::Control,
        Self::Prices,
        Self::Quarantine,
    ];

    /// The name without a prefix; also the key under `[topics]`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intents => "intents",
            Self::Executions => "executions",
            Self::Orders => "orders",
            Self::Audit => "audit",
            Self::Control => "control",
            Self::Prices => "prices",
            Self::Quarantine => "quarantine",
        }
    }

    /// How many partitions it has.
    pub const fn partitions(self) -> Partitions {
        match self {
            Self::Intents | Self::Executions | Self::Orders | Self::Audit => Partitions::Lanes,
            Self::Control => Partitions::One,
            Self::Prices | Self::Quarantine => Partitions::Any,
        }
    }

    /// What its settings must be, besides the partitions.
    pub fn requirements(self, audit: AuditCleanup) -> Vec<Requirement> {
        let kept = match (self, audit) {
            (Self::Intents | Self::Executions | Self::Orders, _) => DELETED_AFTER_A_WEEK,
            (Self::Audit, AuditCleanup::Compact) => COMPACTED_AND_NEVER_CLEANED,
            (Self::Audit, AuditCleanup::Delete) | (Self::Control | Self::Quarantine, _) => KEPT_FOR_EVER,
            (Self::Prices, _) => COMPACTED,
        };
        let large = matches!(self, Self::Audit | Self::Orders | Self::Quarantine);
        let sizes: &[Requirement] = if large { &[LARGE_RECORDS] } else { &[] };
        [kept, sizes, DURABLE].concat()
    }
}

pub(super) const fn require(setting: &'static str, rule: Rule, otherwise: &'static str) -> Requirement {
    Requirement { setting, rule, otherwise }
}

const DELETED_AFTER_A_WEEK: &[Requirement] = &[
    require("cleanup.policy", Rule::Is("delete"), "compaction drops all but the last record of an account"),
    require("retention.ms", Rule::KeptFor(RETENTION_MS_MIN), "a router down for a few days loses records"),
    require("retention.bytes", Rule::Is("-1"), "a burst deletes records that were not read"),
];

const KEPT_FOR_EVER: &[Requirement] = &[
    require("cleanup.policy", Rule::Is("delete"), "compaction can drop records"),
    require("retention.ms", Rule::Is("-1"), "records are deleted when they get old"),
    require("retention.bytes", Rule::Is("-1"), "records are deleted when there are many"),
];

const COMPACTED: &[Requirement] = &[require(
    "cleanup.policy",
    Rule::Is("compact"),
    "prices that do not move are deleted, and what they value cannot be traded",
)];

/// The largest number of milliseconds there is, as Kafka prints it.
const NEVER: Rule = Rule::Is("9223372036854775807");

const COMPACTED_AND_NEVER_CLEANED: &[Requirement] = &[
    require("cleanup.policy", Rule::Is("compact"), "retention by time deletes the trail"),
    require("min.compaction.lag.ms", NEVER, "the cleaner drops entries or the markers that commit them"),
    require("max.compaction.lag.ms", NEVER, "the cleaner is made to run"),
    require(
        "delete.retention.ms",
        Rule::AtLeast(CENTURY_MS, CENTURY_MS),
        "markers are dropped, and aborted entries may look committed",
    ),
];

const LARGE_RECORDS: Requirement = require(
    "max.message.bytes",
    Rule::AtLeast(MESSAGE_BYTES_MIN, MESSAGE_BYTES),
    "a large input can never be answered, and its lane stands still",
);

const DURABLE: &[Requirement] = &[
    require(
        "min.insync.replicas",
        Rule::AtLeast(MIN_ISR, MIN_ISR),
        "one broken disk loses committed records",
    ),
    require(
        "unclean.leader.election.enable",
        Rule::Is("false"),
        "a replica that missed records may become the leader, and they are gone",
    ),
];

impl Rule {
    /// Whether a value, as Kafka prints it, is good.
    pub fn holds(self, is: &str) -> bool {
        let number = is.parse::<i64>();
        match self {
            Self::Is(text) => is == text,
            Self::AtLeast(least, _) => number.is_ok_and(|is| is >= least),
            Self::KeptFor(least) => number.is_ok_and(|is| is == -1 || is >= least),
        }
    }

    /// The value that a new topic gets.
    pub fn created_with(self) -> String {
        match self {
            Self::Is(text) => text.to_owned(),
            Self::AtLeast(_, created) => created.to_string(),
            Self::KeptFor(least) => least.to_string(),
        }
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Is(text) => out.write_str(text),
            Self::AtLeast(least, _) => write!(out, "at least {least}"),
            Self::KeptFor(least) => write!(out, "at least {least}, or -1"),
        }
    }
}

/// Why a text is no topic name; `None` when it is one.
pub fn name_fault(name: &str) -> Option<&'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    match name {
        "" => Some("it is empty"),
        "." | ".." => Some("Kafka reserves it"),
        _ if name.len() > NAME_LEN_MAX => Some("it is longer than 249 characters"),
        _ if !name.bytes().all(allowed) => Some("only letters, digits and . _ - may be in it"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(role: Role, audit: AuditCleanup, setting: &str) -> Option<Rule> {
        role.requirements(audit).into_iter().find(|found| found.setting == setting).map(|found| found.rule)
    }

    #[test]
    fn a_lane_has_the_same_two_ids_for_ever() {
        let topics = Topics::under("onefill.");
        assert_eq!(topics.transactional_id(3, 0), "onefill.audit-3-0");
        assert_eq!(topics.transactional_id(3, 1), "onefill.audit-3-1");
    }

    #[test]
    fn an_override_changes_one_name() {
        let mut topics = Topics::under("x.");
        *topics.name_mut(Role::Orders) = "street".to_owned();
        assert_eq!(topics.name(Role::Orders), "street");
        assert_eq!(topics.name(Role::Quarantine), "x.quarantine");
    }

    #[test]
    fn nothing_ever_cleans_the_trail() {
        for setting in ["min.compaction.lag.ms", "max.compaction.lag.ms"] {
            let rule = rule(Role::Audit, AuditCleanup::Compact, setting);
            assert_eq!(rule, Some(Rule::Is("9223372036854775807")), "{setting}");
        }
        assert_eq!(rule(Role::Audit, AuditCleanup::Delete, "retention.ms"), Some(Rule::Is("-1")));
    }

    #[test]
    fn retention_is_a_week_or_more_or_for_ever() {
        let week = Rule::KeptFor(RETENTION_MS_MIN);
        assert!(week.holds("604800000") && week.holds("604800001") && week.holds("-1"));
        assert!(!week.holds("604799999") && !week.holds("-2") && !week.holds(""));
    }

    #[test]
    fn what_is_created_passes_its_own_check() {
        for (role, audit) in Role::ALL
            .iter()
            .flat_map(|role| [AuditCleanup::Compact, AuditCleanup::Delete].map(|audit| (*role, audit)))
        {
            for required in role.requirements(audit) {
                assert!(required.rule.holds(&required.rule.created_with()), "{role:?} {required:?}");
            }
        }
    }

    #[test]
    fn a_topic_name_is_what_kafka_takes() {
        assert_eq!(name_fault("onefill.audit-1_b"), None);
        for name in ["", ".", "..", "a b", "a/b", "ä", &"x".repeat(250)] {
            assert!(name_fault(name).is_some(), "{name}");
        }
    }
}
