//! Rights: what clients may be allowed to do, and the ACLs by which brokers allow it. The crate has no such calls.
#![allow(unsafe_code)]

use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::ptr;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::{KafkaResult, RDKafkaErrorCode};
use sys::rd_kafka_AclOperation_t as NativeOperation;
use sys::rd_kafka_AclPermissionType_t::RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW as ALLOW;
use sys::rd_kafka_ResourcePatternType_t as Pattern;
use sys::rd_kafka_ResourceType_t as Kind;

use super::describe::{answered, ask, listed};
use super::{Guard, text};

/// What a client may be allowed to do, as far as the router needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// To read records, or to be a member of a group.
    Read,
    /// To write records, or to use a transactional id.
    Write,
    /// To learn that it is there.
    Describe,
    /// To read its settings.
    DescribeConfigs,
}

impl Operation {
    /// As Kafka's own tools write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Describe => "Describe",
            Self::DescribeConfigs => "DescribeConfigs",
        }
    }

    const fn native(self) -> NativeOperation {
        match self {
            Self::Read => NativeOperation::RD_KAFKA_ACL_OPERATION_READ,
            Self::Write => NativeOperation::RD_KAFKA_ACL_OPERATION_WRITE,
            Self::Describe => NativeOperation::RD_KAFKA_ACL_OPERATION_DESCRIBE,
            Self::DescribeConfigs => NativeOperation::RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS,
        }
    }

    /// `None` for one that the router does not need.
    pub(super) fn of(native: NativeOperation) -> Option<Self> {
        let all = [Self::Read, Self::Write, Self::Describe, Self::DescribeConfigs];
        all.into_iter().find(|operation| operation.native() == native)
    }
}

/// What a right is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// A topic of this name.
    Topic(String),
    /// The group of this name.
    Group(String),
    /// The transactional ids that begin so.
    TransactionalIds(String),
    /// The cluster itself.
    Cluster,
}

/// What Kafka calls the cluster as a resource.
const CLUSTER: &str = "kafka-cluster";

impl Resource {
    fn native(&self) -> (Kind, Pattern, &str) {
        let literal = Pattern::RD_KAFKA_RESOURCE_PATTERN_LITERAL;
        match self {
            Self::Topic(name) => (Kind::RD_KAFKA_RESOURCE_TOPIC, literal, name),
            Self::Group(name) => (Kind::RD_KAFKA_RESOURCE_GROUP, literal, name),
            Self::TransactionalIds(beginning) => (
                Kind::RD_KAFKA_RESOURCE_TRANSACTIONAL_ID,
                Pattern::RD_KAFKA_RESOURCE_PATTERN_PREFIXED,
                beginning,
            ),
            Self::Cluster => (Kind::RD_KAFKA_RESOURCE_BROKER, literal, CLUSTER),
        }
    }

    /// `None` for one that the router does not need.
    fn of(kind: Kind, pattern: Pattern, name: String) -> Option<Self> {
        let resource = match kind {
            Kind::RD_KAFKA_RESOURCE_TOPIC => Self::Topic(name),
            Kind::RD_KAFKA_RESOURCE_GROUP => Self::Group(name),
            Kind::RD_KAFKA_RESOURCE_TRANSACTIONAL_ID => Self::TransactionalIds(name),
            Kind::RD_KAFKA_RESOURCE_BROKER => Self::Cluster,
            _ => return None,
        };
        (resource.native().1 == pattern).then_some(resource)
    }
}

/// One entry of Kafka's access control lists: it allows this, from every host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acl {
    /// Who, as brokers know him: `User:NAME`.
    pub principal: String,
    /// With what.
    pub resource: Resource,
    /// What.
    pub operation: Operation,
}

const EVERY_HOST: &CStr = c"*";

/// The ACLs of this principal, as far as the router may need such.
///
/// None are told to a client that may not ask for them, and by a broker that has no authorizer: librdkafka drops
/// the error of such an answer. What [`create_acls`] is then told, it does not.
///
/// # Errors
/// `AdminOp` when the cluster does not answer in time.
pub fn acls_of<C: ClientContext>(
    client: &Client<C>,
    principal: &str,
    timeout: Duration,
) -> KafkaResult<BTreeSet<Acl>> {
    let principal = CString::new(principal)?;
    let op = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBEACLS;
    // SAFETY: the principal and the filter, which is owned by a guard, live to the end of this function, and
    // librdkafka copies both. The event is alive to the end, and everything read from it is copied before it goes.
    unsafe {
        let filter = sys::rd_kafka_AclBindingFilter_new(
            Kind::RD_KAFKA_RESOURCE_ANY,
            ptr::null(),
            Pattern::RD_KAFKA_RESOURCE_PATTERN_ANY,
            principal.as_ptr(),
            EVERY_HOST.as_ptr(),
            NativeOperation::RD_KAFKA_ACL_OPERATION_ANY,
            ALLOW,
            ptr::null_mut(),
            0,
        );
        let filter = Guard::new(filter, sys::rd_kafka_AclBinding_destroy)?;
        let event = ask(client, op, timeout, |options, queue| {
            sys::rd_kafka_DescribeAcls(client.native_ptr(), filter.as_ptr(), options, queue);
        })?;
        let result = answered(sys::rd_kafka_event_DescribeAcls_result(event.as_ptr()))?;
        Ok(listed(result, sys::rd_kafka_DescribeAcls_result_acls)
            .iter()
            .filter_map(|one| acl(*one))
            .collect())
    }
}

/// Why one ACL was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclRefused {
    /// The code.
    pub code: RDKafkaErrorCode,
    /// The broker's words.
    pub reason: String,
}

/// Makes these ACLs, each for itself, and says of each, in the same order, what became of it. One that exists
/// stays as it is.
///
/// # Errors
/// `AdminOp` when the cluster does not answer in time.
pub fn create_acls<C: ClientContext>(
    client: &Client<C>,
    acls: &[Acl],
    timeout: Duration,
) -> KafkaResult<Vec<Result<(), AclRefused>>> {
    let bindings = acls.iter().map(binding).collect::<KafkaResult<Vec<_>>>()?;
    let mut pointers: Vec<_> = bindings.iter().map(Guard::as_ptr).collect();
    let op = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_CREATEACLS;
    // SAFETY: `pointers` holds as many bindings as it says, each of which is owned by a guard that lives to the end
    // of this function; librdkafka copies them. The event is alive to the end, and everything read from it is
    // copied before it goes.
    unsafe {
        let event = ask(client, op, timeout, |options, queue| {
            let native = client.native_ptr();
            sys::rd_kafka_CreateAcls(native, pointers.as_mut_ptr(), pointers.len(), options, queue);
        })?;
        let result = answered(sys::rd_kafka_event_CreateAcls_result(event.as_ptr()))?;
        Ok(listed(result, sys::rd_kafka_CreateAcls_result_acls).iter().map(|one| created(*one)).collect())
    }
}

/// # Errors
/// `AdminOpCreation` for what librdkafka takes for none, and `Nul` for a name that is no text of C's.
fn binding(acl: &Acl) -> KafkaResult<Guard<sys::rd_kafka_AclBinding_t>> {
    let (kind, pattern, name) = acl.resource.native();
    let (name, principal) = (CString::new(name)?, CString::new(acl.principal.as_str())?);
    // SAFETY: all texts live to the end of this function, and librdkafka copies them; the guard owns what is made.
    unsafe {
        let made = sys::rd_kafka_AclBinding_new(
            kind,
            name.as_ptr(),
            pattern,
            principal.as_ptr(),
            EVERY_HOST.as_ptr(),
            acl.operation.native(),
            ALLOW,
            ptr::null_mut(),
            0,
        );
        Guard::new(made, sys::rd_kafka_AclBinding_destroy)
    }
}

/// # Safety
/// `found` is an ACL of a result that is alive.
unsafe fn acl(found: *const sys::rd_kafka_AclBinding_t) -> Option<Acl> {
    // SAFETY: by the caller's word; every accessor returns memory of the same ACL.
    unsafe {
        let name = text(sys::rd_kafka_AclBinding_name(found));
        let kind = sys::rd_kafka_AclBinding_restype(found);
        let pattern = sys::rd_kafka_AclBinding_resource_pattern_type(found);
        Some(Acl {
            principal: text(sys::rd_kafka_AclBinding_principal(found)),
            resource: Resource::of(kind, pattern, name)?,
            operation: Operation::of(sys::rd_kafka_AclBinding_operation(found))?,
        })
    }
}

/// # Safety
/// `found` says what became of an ACL, and is of a result that is alive.
unsafe fn created(found: *const sys::rd_kafka_acl_result_t) -> Result<(), AclRefused> {
    // SAFETY: by the caller's word; the error belongs to the same result, and is null where there was none.
    unsafe {
        let error = sys::rd_kafka_acl_result_error(found);
        match RDKafkaErrorCode::from(sys::rd_kafka_error_code(error)) {
            RDKafkaErrorCode::NoError => Ok(()),
            code => Err(AclRefused { code, reason: text(sys::rd_kafka_error_string(error)) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;
    use rdkafka::admin::AdminClient;
    use rdkafka::client::DefaultClientContext;
    use rdkafka::error::KafkaError;

    use super::*;

    fn router(resource: Resource) -> Acl {
        Acl { principal: "User:router".to_owned(), resource, operation: Operation::Write }
    }

    #[test]
    fn what_is_asked_for_is_what_is_read_back() {
        for resource in [
            Resource::Topic("t".to_owned()),
            Resource::Group("g".to_owned()),
            Resource::TransactionalIds("t-".to_owned()),
            Resource::Cluster,
        ] {
            let wanted = router(resource);
            let made = binding(&wanted).unwrap();
            // SAFETY: the guard lives to the end of the loop's body.
            let found = unsafe { acl(made.as_ptr()) };
            assert_eq!(found, Some(wanted));
        }
        let kind = Kind::RD_KAFKA_RESOURCE_TOPIC;
        assert_eq!(Resource::of(kind, Pattern::RD_KAFKA_RESOURCE_PATTERN_PREFIXED, "t".to_owned()), None);
    }

    #[test]
    fn a_principal_that_is_no_text_is_refused_before_anybody_is_asked() {
        let odd = Acl { principal: "User:\0".to_owned(), ..router(Resource::Cluster) };
        assert!(matches!(binding(&odd).err(), Some(KafkaError::Nul(_))));
    }

    #[test]
    fn a_cluster_that_is_not_there_is_a_timeout_and_frees_everything() {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", "127.0.0.1:1");
        let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
        let wait = Duration::from_millis(200);
        let found = acls_of(admin.inner(), "User:router", wait);
        assert!(matches!(found, Err(KafkaError::AdminOp(_))), "{found:?}");
        let found = create_acls(admin.inner(), &[router(Resource::Cluster)], wait);
        assert!(matches!(found, Err(KafkaError::AdminOp(_))), "{found:?}");
    }
}
