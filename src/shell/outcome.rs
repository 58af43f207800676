//! What an error of the transaction means for its outcome: one exhaustive function.
//!
//! Never assume either way. Before the commit is asked for, nothing can have been committed; once
//! it is, only the broker's own word that it refused counts as an abort.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::failure::{Failure, failure};
use crate::core::lane::Outcome;

/// How far the transaction had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Before the commit was asked for.
    Writing,
    /// The commit was asked for.
    Committing,
}

/// The outcome of a transaction that met this error at this step.
///
/// `fatal` is what the producer can go on no more for: from then on most of its calls only say that
/// something was.
///
/// `overdue` says that it was open for longer than the broker allows: the broker then aborts it and
/// fences its producer by itself, which is no other owner's doing.
pub fn outcome(error: &KafkaError, fatal: Option<RDKafkaErrorCode>, step: Step, overdue: bool) -> Outcome {
    let fenced = error.rdkafka_error_code().is_some_and(is_fence) || fatal.is_some_and(is_fence);
    match (fenced, overdue, step) {
        (true, true, _) => Outcome::Unknown,
        (true, false, _) => Outcome::Fenced,
        // EndTxn was never sent, and the producers are replaced: the broker can only abort it.
        (false, _, Step::Writing) => Outcome::Aborted,
        (false, _, Step::Committing) if refused(error) => Outcome::Aborted,
        (false, _, Step::Committing) => Outcome::Unknown,
    }
}

/// Whether the same call may simply be made again.
pub fn is_retriable(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Transaction(error) if error.is_retriable())
}

/// librdkafka asks for an abort when the commit was not sent, or was refused. Only of some refusals is it
/// certain that they left nothing: a broker that failed on the way says so with an error of its own.
fn refused(error: &KafkaError) -> bool {
    let KafkaError::Transaction(error) = error else { return false };
    let certain = [Failure::Membership, Failure::Oversized, Failure::Forbidden].map(Some);
    error.txn_requires_abort() && !error.is_fatal() && certain.contains(&failure(error.code()))
}

fn is_fence(code: RDKafkaErrorCode) -> bool {
    failure(code) == Some(Failure::Fence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::failure::tests::every_code;

    fn produce_error(code: RDKafkaErrorCode) -> KafkaError {
        KafkaError::MessageProduction(code)
    }

    /// The outcome of a code at each step, in time; and at the commit when overdue.
    fn outcomes(code: RDKafkaErrorCode) -> [Outcome; 3] {
        let error = produce_error(code);
        [(Step::Writing, false), (Step::Committing, false), (Step::Committing, true)]
            .map(|(step, overdue)| outcome(&error, None, step, overdue))
    }

    #[test]
    fn each_code_has_its_outcome_at_each_step_and_none_is_ever_taken_for_a_commit() {
        for code in every_code() {
            let due = match failure(code) {
                Some(Failure::Fence) => [Outcome::Fenced, Outcome::Fenced, Outcome::Unknown],
                _ => [Outcome::Aborted, Outcome::Unknown, Outcome::Unknown],
            };
            assert_eq!(outcomes(code), due, "{code:?}");
        }
    }

    #[test]
    fn before_the_commit_nothing_can_have_been_committed() {
        for code in [
            RDKafkaErrorCode::BrokerTransportFailure,
            RDKafkaErrorCode::MessageTimedOut,
            RDKafkaErrorCode::OperationTimedOut,
            RDKafkaErrorCode::IllegalGeneration,
            RDKafkaErrorCode::UnknownMemberId,
        ] {
            assert_eq!(
                outcome(&produce_error(code), None, Step::Writing, false),
                Outcome::Aborted,
                "{code:?}"
            );
        }
    }

    #[test]
    fn an_error_of_the_commit_is_unknown_whatever_it_is_called() {
        for code in [
            RDKafkaErrorCode::OperationTimedOut,
            RDKafkaErrorCode::BrokerTransportFailure,
            RDKafkaErrorCode::RequestTimedOut,
            RDKafkaErrorCode::InvalidTransactionalState,
            RDKafkaErrorCode::Unknown,
        ] {
            assert_eq!(
                outcome(&produce_error(code), None, Step::Committing, false),
                Outcome::Unknown,
                "{code:?}"
            );
        }
    }

    #[test]
    fn a_fence_is_a_fence_unless_the_broker_gave_up_on_an_overdue_transaction() {
        for code in [
            RDKafkaErrorCode::Fenced,
            RDKafkaErrorCode::ProducerFenced,
            RDKafkaErrorCode::InvalidProducerEpoch,
        ] {
            for step in [Step::Writing, Step::Committing] {
                assert_eq!(outcome(&produce_error(code), None, step, false), Outcome::Fenced, "{code:?}");
                assert_eq!(outcome(&produce_error(code), None, step, true), Outcome::Unknown, "{code:?}");
            }
        }
    }

    #[test]
    fn a_fence_that_a_call_only_calls_fatal_is_a_fence() {
        let error = produce_error(RDKafkaErrorCode::Fatal);
        let told = |fatal| outcome(&error, fatal, Step::Writing, false);
        assert_eq!(told(Some(RDKafkaErrorCode::Fenced)), Outcome::Fenced);
        assert_eq!(told(Some(RDKafkaErrorCode::InvalidTransactionTimeout)), Outcome::Aborted);
        assert_eq!(told(None), Outcome::Aborted);
    }
}
