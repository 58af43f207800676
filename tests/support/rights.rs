//! Taking rights away, in Kafka's own protocol: Kafka's tools take seconds for each, and onefill takes none away.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// An ACL that allows something, in Kafka's numbers.
#[derive(Clone, Copy, Debug)]
pub struct Allowed<'a> {
    /// `Topic`, `Group`, `TransactionalId` or `Cluster`.
    pub kind: &'a str,
    pub name: &'a str,
    pub principal: &'a str,
    /// `Read`, `Write`, `Describe` or `DescribeConfigs`.
    pub operation: &'a str,
}

const DELETE_ACLS: [u8; 4] = [0, 31, 0, 1];
const LITERAL: u8 = 3;
const PREFIXED: u8 = 4;
const ALLOW: u8 = 3;

/// Removes exactly this ACL, and fails the test where it is not there.
pub fn revoke(bootstrap: &str, allowed: Allowed<'_>) {
    let (kind, pattern) = match allowed.kind {
        "Topic" => (2, LITERAL),
        "Group" => (3, LITERAL),
        "Cluster" => (4, LITERAL),
        "TransactionalId" => (5, PREFIXED),
        other => panic!("no such kind: {other}"),
    };
    let operation = match allowed.operation {
        "Read" => 3,
        "Write" => 4,
        "Describe" => 8,
        "DescribeConfigs" => 10,
        other => panic!("no such operation: {other}"),
    };
    let mut request = DELETE_ACLS.to_vec();
    request.extend(7_i32.to_be_bytes());
    request.extend((-1_i16).to_be_bytes());
    request.extend(1_i32.to_be_bytes());
    request.push(kind);
    push_text(&mut request, allowed.name);
    request.push(pattern);
    push_text(&mut request, allowed.principal);
    push_text(&mut request, "*");
    request.extend([operation, ALLOW]);
    let answer = ask(bootstrap, &request);
    // After the correlation and the throttle: one result, its error, no message, and how many ACLs it removed.
    let (results, rest) = answer[8..].split_at(4);
    let (error, rest) = rest.split_at(2);
    assert_eq!((results, error), (&[0, 0, 0, 1][..], &[0, 0][..]), "{allowed:?}: {answer:?}");
    assert_eq!(rest[..6], [255, 255, 0, 0, 0, 1], "{allowed:?}: one ACL is removed: {answer:?}");
}

fn push_text(request: &mut Vec<u8>, text: &str) {
    request.extend(i16::try_from(text.len()).expect("a short text").to_be_bytes());
    request.extend(text.as_bytes());
}

fn ask(bootstrap: &str, request: &[u8]) -> Vec<u8> {
    let mut broker = TcpStream::connect(bootstrap).expect("the broker answers");
    let length = i32::try_from(request.len()).expect("a short request");
    broker.write_all(&length.to_be_bytes()).and_then(|()| broker.write_all(request)).expect("it is sent");
    let mut length = [0; 4];
    broker.read_exact(&mut length).expect("an answer");
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    broker.read_exact(&mut answer).expect("a whole answer");
    answer
}
