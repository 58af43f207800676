//! What a router may say aloud under which fault, and why. Every other warning or error fails the run.

pub use crate::loud::{BROKERS_DIED, TOPICS_CHANGED};
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

/// A request came late, twice, or its answer was lost.
pub const LATE: &[Expected] =
    &[expect("transaction: ", "a transaction has no clear end when its request is lost")];

/// Transactional ids were stolen.
pub const STOLEN: &[Expected] = &[
    expect("transaction: ", "a transaction of a fenced producer says that it was fenced"),
    expect("Fatal error", "librdkafka says that its producer was fenced"),
    expect("fatal: ", "librdkafka says that its producer was fenced"),
    expect("Current transaction failed", "librdkafka says that its producer was fenced"),
    expect("fenced", "librdkafka says that its producer was fenced"),
];

/// The clock was ahead, and went back.
pub const CLOCK: &[Expected] = &[expect("lane halted", "CLOCK_UNSAFE is a halt, and ends by itself")];
