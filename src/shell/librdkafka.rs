//! The calls of librdkafka that the `rdkafka` crate lacks, or makes too slowly.
//!
//! The only module that may be `unsafe`, with its submodules. Each call is one safe function;
//! pointers that librdkafka hands over are owned by a guard from the line that receives them, so that
//! every path frees them.
#![allow(unsafe_code)] // No safe interface to these calls exists; see each function for its reason.

mod acls;
mod describe;
mod members;
mod outgoing;
mod polled;

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::client::{Client, ClientContext};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

pub use acls::{Acl, AclRefused, Operation, Resource, acls_of, create_acls};
pub use describe::{
    GroupDescription, ListedOffset, OffsetSpec, PartitionDescription, TopicDescription, describe_group,
    describe_topics, list_offsets,
};
pub use members::{GroupMember, GroupMembers, group_members};
pub use outgoing::{NotTaken, Outbox, TopicHandle};
pub use polled::Polled;

/// Waits until every message that was sent is delivered or has failed.
///
/// The crate's own `flush` polls in slices of 100 ms that do not return early, which costs each
/// transaction that much. Something else must poll the producer meanwhile, such as the thread of a
/// [`Polled`]; otherwise delivery reports pile up and this times out.
///
/// While it lasts no broker's thread waits for a linger, whichever partition it has records of. It says nothing
/// of how they fared: whoever needs each of them has the transaction's commit, which librdkafka refuses after a
/// delivery that failed.
///
/// # Errors
/// `Flush` with `OperationTimedOut` when messages are still outstanding.
pub fn flush<C: ClientContext>(client: &Client<C>, timeout: Duration) -> KafkaResult<()> {
    // SAFETY: the client outlives the call, and the call is thread-safe.
    let code = unsafe { sys::rd_kafka_flush(client.native_ptr(), millis(timeout)) };
    checked(code, KafkaError::Flush)
}

/// The id that the group's coordinator knows this consumer by; `None` before it joined.
pub fn member_id<C: ClientContext>(client: &Client<C>) -> Option<String> {
    // SAFETY: the client outlives the call; the text that comes back is the caller's, copied here
    // and freed by the allocator that made it.
    unsafe {
        let text = NonNull::new(sys::rd_kafka_memberid(client.native_ptr()))?;
        let id = CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned();
        sys::rd_kafka_mem_free(client.native_ptr(), text.as_ptr().cast());
        (!id.is_empty()).then_some(id)
    }
}

/// The high watermark that the last fetch of this partition brought; negative before the first. The
/// crate has only the call that asks the broker anew.
///
/// # Errors
/// `MetadataFetch` when the client has never heard of the partition.
pub fn fetched_end<C: ClientContext>(client: &Client<C>, topic: &str, partition: i32) -> KafkaResult<i64> {
    let topic = CString::new(topic)?;
    let (mut low, mut high) = (-1, -1);
    // SAFETY: the client and the name outlive the call, which writes both numbers or none.
    let code = unsafe {
        sys::rd_kafka_get_watermark_offsets(
            client.native_ptr(),
            topic.as_ptr(),
            partition,
            &raw mut low,
            &raw mut high,
        )
    };
    checked(code, KafkaError::MetadataFetch)?;
    Ok(high)
}

/// The offset after the last record of this partition that the consumer has handed out, markers that
/// were passed behind it counted; negative before the first since it was assigned. The crate has
/// only a call for all partitions, which asks another thread for their list.
///
/// # Errors
/// `MetadataFetch` when the client has never heard of the partition.
pub fn position<C: ClientContext>(client: &Client<C>, topic: &str, partition: i32) -> KafkaResult<i64> {
    let topic = CString::new(topic)?;
    // SAFETY: the client and the name outlive the calls; the list is owned by a guard, and the
    // element that was added to it stays where it is, because nothing else is added.
    unsafe {
        let list = sys::rd_kafka_topic_partition_list_new(1);
        let list = Guard::new(list, sys::rd_kafka_topic_partition_list_destroy)?;
        let element = sys::rd_kafka_topic_partition_list_add(list.as_ptr(), topic.as_ptr(), partition);
        checked(sys::rd_kafka_position(client.native_ptr(), list.as_ptr()), KafkaError::MetadataFetch)?;
        checked((*element).err, KafkaError::MetadataFetch)?;
        Ok((*element).offset)
    }
}

/// A topic that a client has been told of.
///
/// A reader that is assigned a partition by hand asks for its leader only when librdkafka next looks through its
/// topics, which it does once a second. One that was told before has asked by then.
pub struct KnownTopic(Guard<sys::rd_kafka_topic_t>);

impl KnownTopic {
    /// Tells the client, which asks for the leaders at once and again until it knows them. Give this back before
    /// the client goes.
    ///
    /// # Errors
    /// A name that holds a zero byte, or one that librdkafka refuses.
    pub fn of<C: ClientContext>(client: &Client<C>, name: &str) -> KafkaResult<Self> {
        let name = CString::new(name)?;
        // SAFETY: the client and the name outlive the call.
        unsafe {
            let topic = sys::rd_kafka_topic_new(client.native_ptr(), name.as_ptr(), ptr::null_mut());
            Ok(Self(Guard::new(topic, sys::rd_kafka_topic_destroy)?))
        }
    }

    const fn as_ptr(&self) -> *mut sys::rd_kafka_topic_t {
        self.0.as_ptr()
    }
}

// SAFETY: librdkafka counts and locks its topics itself; no call depends on the thread that makes it.
unsafe impl Send for KnownTopic {}

/// The log of one client, read by whoever wants to know now what has happened to it.
///
/// By default a client's log is one more kind of event on the queue that its poller serves, so that a
/// line may be seen after the call that it explains. What lies here was written before that call
/// returned, and is read by the caller.
pub struct Log(Guard<sys::rd_kafka_queue_t>);

impl Log {
    /// Takes the log of a client from its poller. Lines that were written before go to the poller still.
    ///
    /// # Errors
    /// `Global` when the client's log goes nowhere, which no client of the crate has.
    pub fn of<C: ClientContext>(client: &Client<C>) -> KafkaResult<Self> {
        // SAFETY: the client outlives the calls. It counts its own reference to the queue, so that either
        // may go first.
        unsafe {
            let queue =
                Guard::new(sys::rd_kafka_queue_new(client.native_ptr()), sys::rd_kafka_queue_destroy)?;
            checked(sys::rd_kafka_set_log_queue(client.native_ptr(), queue.as_ptr()), KafkaError::Global)?;
            Ok(Self(queue))
        }
    }

    /// Hands over every line that was written so far: its level, facility and text.
    pub fn drain(&self, mut each: impl FnMut(RDKafkaLogLevel, &str, &str)) {
        // SAFETY: the queue is alive; each event is owned by a guard, and what is read from it is copied
        // before it goes.
        unsafe {
            while let Ok(event) =
                Guard::new(sys::rd_kafka_queue_poll(self.0.as_ptr(), 0), sys::rd_kafka_event_destroy)
            {
                let (mut facility, mut line, mut level) = (ptr::null(), ptr::null(), 0);
                let of_log =
                    sys::rd_kafka_event_log(event.as_ptr(), &raw mut facility, &raw mut line, &raw mut level);
                if of_log == 0 {
                    each(level_of(level), &text(facility), &text(line));
                }
            }
        }
    }
}

// SAFETY: a queue of librdkafka has a lock of its own; no call depends on the thread that makes it.
unsafe impl Send for Log {}

/// # Safety
/// `text` is null or a C string that is alive.
unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: by the caller's word, and not null.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// The levels are those of syslog.
const fn level_of(number: c_int) -> RDKafkaLogLevel {
    use RDKafkaLogLevel as Level;
    match number {
        ..=0 => Level::Emerg,
        1 => Level::Alert,
        2 => Level::Critical,
        3 => Level::Error,
        4 => Level::Warning,
        5 => Level::Notice,
        6 => Level::Info,
        7.. => Level::Debug,
    }
}

fn millis(duration: Duration) -> c_int {
    c_int::try_from(duration.as_millis()).unwrap_or(c_int::MAX)
}

fn checked(
    code: sys::rd_kafka_resp_err_t,
    error: impl FnOnce(RDKafkaErrorCode) -> KafkaError,
) -> KafkaResult<()> {
    match RDKafkaErrorCode::from(code) {
        RDKafkaErrorCode::NoError => Ok(()),
        code => Err(error(code)),
    }
}

/// Owns what librdkafka handed over, and gives it back when dropped.
struct Guard<T> {
    pointer: NonNull<T>,
    destroy: unsafe extern "C" fn(*mut T),
}

impl<T> Guard<T> {
    /// # Errors
    /// `AdminOpCreation` for null, which is how librdkafka says that it could not make the thing.
    fn new(pointer: *mut T, destroy: unsafe extern "C" fn(*mut T)) -> KafkaResult<Self> {
        let refused = || KafkaError::AdminOpCreation("librdkafka returned nothing".to_owned());
        NonNull::new(pointer).map(|pointer| Self { pointer, destroy }).ok_or_else(refused)
    }

    const fn as_ptr(&self) -> *mut T {
        self.pointer.as_ptr()
    }
}

impl<T> Drop for Guard<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from the constructor that this destructor belongs to, and only
        // this guard owns it.
        unsafe { (self.destroy)(self.pointer.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;
    use rdkafka::admin::AdminClient;
    use rdkafka::client::DefaultClientContext;

    use super::*;

    #[test]
    fn what_happened_to_a_client_is_in_its_log() {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", "127.0.0.1:1").set_log_level(RDKafkaLogLevel::Info);
        let client: AdminClient<DefaultClientContext> = config.create().unwrap();
        let log = Log::of(client.inner()).unwrap();
        assert!(client.inner().fetch_metadata(None, Duration::from_millis(500)).is_err());
        let mut lines = Vec::new();
        log.drain(|level, facility, line| lines.push((level as i32, facility.to_owned(), line.to_owned())));
        let refused = |(level, facility, line): &(i32, String, String)| {
            *level == RDKafkaLogLevel::Error as i32
                && facility == "FAIL"
                && line.contains("Connection refused")
        };
        assert!(lines.iter().any(refused), "{lines:?}");
    }

    #[test]
    fn nothing_sent_is_flushed_at_once() {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", "127.0.0.1:1");
        let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
        assert!(flush(admin.inner(), Duration::from_millis(50)).is_ok());
    }
}
