//! What a router may say aloud, and why. Every other warning or error fails the test that has the router.

/// A piece of a line, and why it is no surprise.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    pub piece: &'static str,
    pub why: &'static str,
}

pub const fn expect(piece: &'static str, why: &'static str) -> Expected {
    Expected { piece, why }
}

/// What would wake an operator.
pub fn loud(log: &str) -> impl Iterator<Item = &str> {
    log.lines().filter(|line| [" WARN ", " ERROR ", "panicked"].iter().any(|mark| line.contains(mark)))
}

/// The lines that nothing explains.
pub fn unexplained<'l>(lines: impl IntoIterator<Item = &'l str>, expected: &[&[Expected]]) -> Vec<&'l str> {
    // A panic is never expected.
    let explained = |line: &&str| {
        !line.contains("panicked") && expected.iter().copied().flatten().any(|one| line.contains(one.piece))
    };
    lines.into_iter().filter(|line| !explained(line)).collect()
}

/// On a machine that does other work as well.
pub const BUSY: &[Expected] = &[
    expect(
        "no intents are taken: ",
        "control is heard of more than a second late, and the lane holds its intents until it was",
    ),
    expect("waiting for Kafka: unanswered: ", "a request of preflight took too long, and was made again"),
    expect("facility=\"REQTMOUT\"", "a request took too long, and was made again"),
    expect("no prices yet", "a request took too long, and was made again"),
    expect(
        "waiting for Kafka to say how the topics stand: the offsets of group ",
        "a broker that stood still for a session has lost the group, and lanes that open wait for over a second",
    ),
];

/// A login has two requests, and librdkafka says of either that it failed when its connection is closed by itself.
const GIVEN_UP: &str = "a coordinator has just become known, and the connection to where it was asked for is given up at its login";

/// The cluster is young: its coordinators are just being made.
pub const YOUNG: &[Expected] = &[
    expect("Coordinator load in progress: retrying", "a coordinator is being made"),
    expect("Not coordinator: retrying", "a coordinator is being made"),
    expect("SaslAuthenticateRequest failed: Local: Broker transport failure", GIVEN_UP),
    expect("mechanism handshake failed: Local: Broker transport failure", GIVEN_UP),
];

/// A router ends with lanes that have halted, as they should.
pub const HALTED_ENDS: &[Expected] = &[expect("ended with halted lanes", "that is how it ends then")];

/// Lanes have halted, as they should.
pub const HALTS: &[Expected] = &[expect("lane halted", "that is how a halt is said, once"), HALTED_ENDS[0]];

/// A router was frozen, and woke up when others had its lanes.
pub const FROZEN: &[Expected] = &[
    expect("transaction: ", "the transaction that was open when it froze is over"),
    expect("fenced", "its lanes were opened by others meanwhile"),
    expect("Current transaction failed", "its lanes were opened by others meanwhile"),
    expect("no intents are taken", "it has not looked at control for that long"),
    expect("Timed out", "what it had asked for when it froze is long overdue"),
    expect("session timed out", "the group has heard nothing of it"),
    expect("watchdog: a t", "its own watchdog notices that a thread or a transaction stood still"),
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

/// Topics were made anew or widened.
pub const TOPICS_CHANGED: &[Expected] = &[
    expect("transaction: ", "a transaction has no clear end when its topic is gone"),
    expect("reader: ", "a reader finds its topic gone"),
    expect("no intents are taken", "control is not there for a moment"),
    expect("waiting for Kafka", "a lane that asks for a topic that is gone waits, and says so"),
    expect("end of control: ", "who looks at control finds it gone for a moment"),
    expect("went to different members", "one of the inputs is wider than the other"),
];

#[test]
fn what_wakes_an_operator_is_loud() {
    let log = "t  INFO onefill: x\nt  WARN onefill: y\nt ERROR onefill: z\nthread 'a' panicked at b\n";
    assert_eq!(loud(log).count(), 3);
}

#[test]
fn a_line_that_nothing_explains_is_found() {
    let known = [expect("WARN b", "it is")];
    assert_eq!(unexplained(["a WARN b", "c WARN d"], &[&known, &[]]), ["c WARN d"]);
    assert_eq!(unexplained(["thread 'a WARN b' panicked"], &[&known]).len(), 1);
    assert!(
        [BUSY, YOUNG, HALTS, FROZEN, BROKERS_DIED, TOPICS_CHANGED]
            .iter()
            .copied()
            .flatten()
            .all(|one| !one.why.is_empty())
    );
}
