//! What each error code of librdkafka says of a producer's call: one table, of all that there are.

use rdkafka::error::RDKafkaErrorCode as Code;

use crate::core::symbols::symbols;

symbols! {
    /// What an error code says of a producer's call. None says that a commit has happened.
    pub enum Failure {
        /// Another producer was initialised under the same id.
        Fence = "fence",
        /// The group does not count on this member any more: its offsets are refused.
        Membership = "membership",
        /// The id still has a transaction to settle: it can be asked again.
        Unsettled = "unsettled",
        /// Nobody knows whether the request was taken, or it was not because of how the cluster stands
        /// now: a later one may be.
        Unanswered = "unanswered",
        /// A record is larger than its topic takes.
        Oversized = "oversized",
        /// The router has not the right, or has not proved who it is.
        Forbidden = "forbidden",
        /// The call, the client's state or the broker's contradicts what was expected.
        Contradiction = "contradiction",
        /// Nothing that a producer is told.
        Foreign = "foreign",
    }
}

/// The failure that a code means; `None` for one that this version of librdkafka does not have.
pub fn failure(code: Code) -> Option<Failure> {
    FAILURES.iter().find(|(_, codes)| codes.contains(&code)).map(|(failure, _)| *failure)
}

const FAILURES: &[(Failure, &[Code])] = &[
    // The epoch of the producer is no longer the newest. `TransactionCoordinatorFenced` is of the
    // coordinator's own replication, but reaches a client only when its epoch was judged by it.
    (
        Failure::Fence,
        &[Code::Fenced, Code::ProducerFenced, Code::InvalidProducerEpoch, Code::TransactionCoordinatorFenced],
    ),
    // The offsets of a transaction carry the member's generation; a rebalance has made it old.
    (
        Failure::Membership,
        &[
            Code::IllegalGeneration,
            Code::UnknownMemberId,
            Code::RebalanceInProgress,
            Code::FencedInstanceId,
            Code::FencedMemberEpoch,
            Code::StaleMemberEpoch,
            Code::UnreleasedInstanceId,
            Code::MemberIdRequired,
            Code::AssignmentLost,
            Code::PollExceeded,
        ],
    ),
    // The coordinator is still writing the markers of the id's last transaction.
    (Failure::Unsettled, &[Code::ConcurrentTransactions]),
    // Connections that broke, requests without an answer.
    (
        Failure::Unanswered,
        &[
            Code::BrokerTransportFailure,
            Code::NetworkException,
            Code::OperationTimedOut,
            Code::TimedOutQueue,
            Code::RequestTimedOut,
            Code::MessageTimedOut,
            Code::AllBrokersDown,
            Code::Resolve,
            Code::BrokerDestroy,
            Code::DestroyBroker,
            Code::Interrupted,
            Code::Retry,
            Code::InProgress,
            Code::PreviousInProgress,
            Code::Outdated,
            Code::RebootstrapRequired,
            Code::ThrottlingQuotaExceeded,
        ],
    ),
    // Leaders and coordinators that move, replicas that are away.
    (
        Failure::Unanswered,
        &[
            Code::LeaderNotAvailable,
            Code::NotLeaderForPartition,
            Code::BrokerNotAvailable,
            Code::ReplicaNotAvailable,
            Code::CoordinatorLoadInProgress,
            Code::CoordinatorNotAvailable,
            Code::NotCoordinator,
            Code::WaitingForCoordinator,
            Code::NotEnoughReplicas,
            Code::NotEnoughReplicasAfterAppend,
            Code::ISRInsufficient,
            Code::FencedLeaderEpoch,
            Code::UnknownLeaderEpoch,
            Code::StaleBrokerEpoch,
            Code::NotController,
            Code::StaleControllerEpoch,
            Code::KafkaStorageError,
            Code::LogDirNotFound,
            Code::OffsetNotAvailable,
            Code::UnstableOffsetCommit,
            Code::ListenerNotFound,
            Code::UnknownBroker,
            Code::NodeUpdate,
            Code::WaitCache,
            Code::ReassignmentInProgress,
        ],
    ),
    // A broker that has just started may not know a topic yet; whether it is gone, the watch over the
    // topics finds out.
    (
        Failure::Unanswered,
        &[Code::UnknownTopicOrPartition, Code::UnknownTopic, Code::UnknownPartition, Code::UnknownTopicId],
    ),
    (Failure::Oversized, &[Code::MessageSizeTooLarge, Code::MessageBatchTooLarge, Code::InvalidMessageSize]),
    (
        Failure::Forbidden,
        &[
            Code::TopicAuthorizationFailed,
            Code::GroupAuthorizationFailed,
            Code::ClusterAuthorizationFailed,
            Code::TransactionalIdAuthorizationFailed,
            Code::DelegationTokenAuthorizationFailed,
            Code::DelegationTokenAuthDisabled,
            Code::DelegationTokenExpired,
            Code::DelegationTokenNotFound,
            Code::DelegationTokenOwnerMismatch,
            Code::DelegationTokenRequestNotAllowed,
            Code::Authentication,
            Code::SaslAuthenticationFailed,
            Code::UnsupportedSASLMechanism,
            Code::IllegalSASLState,
            Code::SSL,
            Code::SecurityDisabled,
            Code::PolicyViolation,
            Code::UnacceptableCredential,
            Code::PrincipalDeserializationFailure,
            Code::InvalidPrincipalType,
        ],
    ),
    // The producer's state at the broker is not what the client thinks: lost, expired, out of order.
    (
        Failure::Contradiction,
        &[
            Code::InvalidTransactionalState,
            Code::InvalidProducerIdMapping,
            Code::UnknownProducerId,
            Code::OutOfOrderSequenceNumber,
            Code::DuplicateSequenceNumber,
            Code::GaplessGuarantee,
            Code::Inconsistent,
            Code::Fatal,
            Code::State,
            Code::Conflict,
        ],
    ),
    // The call or its settings are wrong, or the broker does not speak this protocol.
    (
        Failure::Contradiction,
        &[
            Code::InvalidArgument,
            Code::InvalidRequest,
            Code::InvalidConfig,
            Code::InvalidRequiredAcks,
            Code::InvalidTransactionTimeout,
            Code::InvalidTimestamp,
            Code::InvalidTopic,
            Code::InvalidGroupId,
            Code::InvalidCommitOffsetSize,
            Code::OffsetMetadataTooLarge,
            Code::InvalidMessage,
            Code::BadMessage,
            Code::BadCompression,
            Code::InvalidRecord,
            Code::UnsupportedVersion,
            Code::UnsupportedFeature,
            Code::UnsupportedForMessageFormat,
            Code::UnsupportedCompressionType,
            Code::NotImplemented,
            Code::NotConfigured,
            Code::InvalidType,
            Code::UnknownProtocol,
            Code::Underflow,
            Code::Partial,
            Code::ReadOnly,
        ],
    ),
    // The client or the machine failed.
    (
        Failure::Contradiction,
        &[
            Code::Fail,
            Code::Unknown,
            Code::Application,
            Code::CriticalSystemResource,
            Code::FileSystem,
            Code::QueueFull,
            Code::PurgeQueue,
            Code::PurgeInflight,
            Code::KeySerialization,
            Code::ValueSerialization,
            Code::OperationNotAttempted,
        ],
    ),
    // Words of consumers, of administration, of no error at all.
    (
        Failure::Foreign,
        &[
            Code::NoError,
            Code::Noop,
            Code::NoEnt,
            Code::PartitionEOF,
            Code::UnknownGroup,
            Code::ExistingSubscription,
            Code::AssignPartitions,
            Code::RevokePartitions,
            Code::NoOffset,
            Code::KeyDeserialization,
            Code::ValueDeserialization,
            Code::AutoOffsetReset,
            Code::LogTruncation,
            Code::InvalidDifferentRecord,
            Code::OffsetOutOfRange,
            Code::InconsistentGroupProtocol,
            Code::InvalidSessionTimeout,
            Code::TopicAlreadyExists,
            Code::InvalidPartitions,
            Code::InvalidReplicationFactor,
            Code::InvalidReplicaAssignment,
            Code::NonEmptyGroup,
            Code::GroupIdNotFound,
            Code::FetchSessionIdNotFound,
            Code::InvalidFetchSessionEpoch,
            Code::TopicDeletionDisabled,
            Code::PreferredLeaderNotAvailable,
            Code::GroupMaxSizeReached,
            Code::EligibleLeadersNotAvailable,
            Code::ElectionNotNeeded,
            Code::NoReassignmentInProgress,
            Code::GroupSubscribedToTopic,
            Code::ResourceNotFound,
            Code::DuplicateResource,
            Code::InconsistentVoterSet,
            Code::InvalidUpdateVersion,
            Code::FeatureUpdateFailed,
            Code::UnsupportedAssignor,
            Code::UnknownSubscriptionId,
            Code::TelemetryTooLarge,
        ],
    ),
];

#[cfg(test)]
pub(super) mod tests {
    use rdkafka::types::RDKafkaRespErr;

    use super::*;

    /// Every code that librdkafka may return, by its own table.
    pub fn every_code() -> Vec<Code> {
        let known = (-200..1000).filter_map(|number| RDKafkaRespErr::try_from(number).ok());
        let bounds = [Code::Begin, Code::End, Code::EndAll];
        known.map(Code::from).filter(|code| !bounds.contains(code)).collect()
    }

    #[test]
    fn every_code_of_librdkafka_is_one_kind_of_failure() {
        let codes = every_code();
        assert!(codes.len() > 150, "{}", codes.len());
        let kinds = |code: &Code| FAILURES.iter().filter(|(_, codes)| codes.contains(code)).count();
        let odd: Vec<_> = codes.iter().filter(|code| kinds(code) != 1).collect();
        assert!(odd.is_empty(), "{odd:?}");
    }
}
