//! What a router may say aloud under which fault, and why. Every other warning or error fails the run.

use crate::loud::{Expected, expect};

/// Whatever happens.
pub const ALWAYS: &[Expected] = &[expect(
    "offsets.retention.minutes is 1",
    "the stage lets offsets expire within a run, and preflight warns of it",
)];

/// A router was started, killed or frozen, and nothing else.
pub const ROUTERS_DIED: &[Expected] = &[
    expect(
        "another concurrent operation on the same transaction was ongoing: retrying",
        "the transaction that the former owner left open is being aborted",
    ),
    expect(
        "no intents are taken: control cannot be read",
        "a lane that has just opened hears of control a second later",
    ),
    expect(
        "no intents are taken: Kafka does not say where control ends",
        "a router that has just started asks for it for the first time, and its lanes are open before the answer",
    ),
];

/// Brokers were killed, frozen or restarted, or the way to them was cut.
pub const BROKERS_DIED: &[Expected] = &[
    expect("facility=\"FAIL\"", "connections are lost, refused and time out, and the client says so"),
    expect("facility=\"REQTMOUT\"", "requests that were under way time out"),
    expect("facility=\"GETPID\"", "a coordinator is away, or has just moved"),
    expect("facility=\"SESSTMOUT\"", "a member cannot reach its coordinator for a session"),
    expect("facility=\"TXNERR\"", "a transaction whose broker is away has failed"),
    expect("facility=\"ADDOFFSETS\"", "a coordinator is away, or has just moved"),
    expect("facility=\"ADDPARTS\"", "a coordinator is away, or has just moved"),
    expect("waiting for Kafka", "a lane that waits says so"),
    expect("no intents are taken", "control cannot be known to its end while its leader is away"),
    expect("transaction: ", "a transaction has no clear end while its brokers are away"),
    expect("reader: ", "a reader has lost its broker"),
    expect("observer: ", "who looks at the inputs has lost its broker"),
    expect("end of control: ", "who looks at control has lost its broker"),
    expect("prices::reader", "the reader of prices has lost its broker"),
    expect("watchdog: a transaction", "a transaction stays open while its coordinator is away"),
    expect("FencedInstanceId", "a static member that was away for a session joins once more"),
    expect("facility=\"METADATAUPDATE\"", "brokers that have just come back know old metadata"),
    expect("Static consumer fenced", "a static member that was away for a session joins once more"),
];

/// A request came late, twice, or its answer was lost.
pub const LATE: &[Expected] =
    &[expect("transaction: ", "a transaction has no clear end when its request is lost")];

/// Topics were made anew or widened.
pub const TOPICS_CHANGED: &[Expected] = &[
    expect("transaction: ", "a transaction has no clear end when its topic is gone"),
    expect("reader: ", "a reader finds its topic gone"),
    expect("no intents are taken", "control is not there for a moment"),
    expect("waiting for Kafka", "a lane that asks for a topic that is gone waits, and says so"),
    expect("end of control: ", "who looks at control finds it gone for a moment"),
];

/// Transactional ids were stolen.
pub const STOLEN: &[Expected] = &[
    expect("transaction: ", "a transaction of a fenced producer says that it was fenced"),
    expect("Fatal error", "librdkafka says that its producer was fenced"),
    expect("fatal: ", "librdkafka says that its producer was fenced"),
    expect("Current transaction failed", "librdkafka says that its producer was fenced"),
    expect("fenced", "librdkafka says that its producer was fenced"),
];

/// The clock was ahead, and went back.
pub const CLOCK: &[Expected] = &[
    expect("lane halted", "CLOCK_UNSAFE is a halt, and ends by itself"),
    expect("session timed out", "librdkafka sleeps by the wall clock, and oversleeps when that is set back"),
    expect("watchdog: a t", "a call of librdkafka that oversleeps holds its thread and its transaction up"),
    expect("transaction: ", "a transaction that was held up for too long has no clear end"),
    expect("waiting for Kafka", "a lane that is opened anew waits for a client that oversleeps"),
];
