//! The names of what preflight can find, and what each name means for a start.

use super::Severity;
use crate::core::symbols::symbols;

symbols! {
    /// What can be found. `docs/OPERATING.md` has all of them.
    pub enum Code {
        /// A request stays without an answer, although brokers answer.
        Unanswered = "unanswered",
        /// There are fewer brokers than replicas are needed.
        BrokersFew = "brokers-few",
        /// A broker does not speak what the router needs.
        BrokerTooOld = "broker-too-old",
        /// A broker did not say what it speaks.
        BrokerUnclear = "broker-unclear",
        /// A broker refuses transactions as long as the router's.
        TransactionTimeout = "transaction-timeout",
        /// A broker refuses members with the router's session timeout.
        SessionTimeout = "session-timeout",
        /// Transactional ids are forgotten while a quiet lane still uses them.
        IdExpiration = "id-expiration",
        /// Offsets of a group without members are forgotten soon.
        OffsetRetention = "offset-retention",
        /// A broker refuses the group protocol that the router speaks.
        GroupProtocol = "group-protocol",
        /// The router's group has members that are no routers.
        GroupForeign = "group-foreign",
        /// A topic of Kafka's own that is not there yet would be made unsafe.
        InternalDefaults = "internal-defaults",
        /// A topic is not there.
        TopicMissing = "topic-missing",
        /// A topic has another number of partitions than it must.
        PartitionCount = "partition-count",
        /// A partition has too few replicas.
        Replication = "replication",
        /// A partition has no leader.
        LeaderMissing = "leader-missing",
        /// A partition has replicas that are not in sync.
        ReplicasLagging = "replicas-lagging",
        /// A topic is cleaned by another policy than it must be.
        CleanupPolicy = "cleanup-policy",
        /// A topic loses records by their age or their number.
        Retention = "retention",
        /// The cleaner may take something out of the trail.
        Compaction = "compaction",
        /// A topic refuses records that the router may have to write.
        RecordSize = "record-size",
        /// The largest input leaves no room for its own answer.
        RecordRoom = "record-room",
        /// A record counts that one replica alone has.
        MinIsr = "min-isr",
        /// A replica that missed records may become the leader.
        UncleanElection = "unclean-election",
        /// The router may not do what it must.
        RightMissing = "right-missing",
        /// This clock is behind what the router itself wrote.
        ClockBehind = "clock-behind",
        /// This clock is behind somebody else's.
        ClockDiffers = "clock-differs",
        /// Brokers slow this client down.
        Throttled = "throttled",
        /// What quotas there are cannot be asked.
        QuotasUnknown = "quotas-unknown",
        /// Partition counts, topic ids or the group are not those that a trail recorded.
        TopologyChanged = "topology-changed",
        /// The control log is not the one that a trail recorded.
        ControlInvalid = "control-invalid",
        /// A trail does not begin with an entry that opens it.
        TrailUnreadable = "trail-unreadable",
        /// Records that wait for the router are gone.
        InputLost = "input-lost",
        /// Records that wait for the router may soon be gone.
        InputExpiring = "input-expiring",
        /// Where the group stands is not known: a transaction is open on its offsets.
        OffsetsUnstable = "offsets-unstable",
    }
}

impl Code {
    /// How bad it is.
    pub const fn severity(self) -> Severity {
        match self {
            Self::QuotasUnknown => Severity::Note,
            Self::BrokerUnclear
            | Self::OffsetRetention
            | Self::ReplicasLagging
            | Self::RecordRoom
            | Self::ClockDiffers
            | Self::Throttled
            | Self::InputExpiring
            | Self::OffsetsUnstable => Severity::Warning,
            _ => Severity::Fault,
        }
    }

    /// Whether `--dev` forgives it: what a cluster of one broker cannot have, and nothing else.
    pub const fn is_waived_by_dev(self) -> bool {
        matches!(
            self,
            Self::BrokersFew
                | Self::InternalDefaults
                | Self::Replication
                | Self::MinIsr
                | Self::UncleanElection
        )
    }

    /// Whether it may pass by itself: brokers that come back mend it.
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::Unanswered | Self::LeaderMissing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_faults_are_waived_or_pass() {
        for code in Code::ALL.iter().filter(|code| code.is_waived_by_dev() || code.may_pass()) {
            assert_eq!(code.severity(), Severity::Fault, "{code}");
            assert!(!(code.is_waived_by_dev() && code.may_pass()), "{code}");
        }
    }
}
