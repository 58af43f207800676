//! Requests and answers of Kafka's protocol, as far as somebody on the line has to understand them: where one ends,
//! what it asks, who sent it, and what it is about.

use std::io::{self, Read};

/// Larger than any answer that a client here asks for.
const FRAME_BYTES_MAX: usize = 128 << 20;

/// What a request asks for, of what is played with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum Api {
    Produce = 0,
    InitProducerId = 22,
    AddPartitionsToTxn = 24,
    AddOffsetsToTxn = 25,
    EndTxn = 26,
    TxnOffsetCommit = 28,
}

/// A request or an answer, with the four bytes of its length in front.
#[derive(Clone, Debug)]
pub struct Frame(Vec<u8>);

impl Frame {
    /// The next one; an error where the stream ends.
    pub fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut bytes = vec![0; 4];
        from.read_exact(&mut bytes)?;
        let length = u32::from_be_bytes(bytes[..4].try_into().expect("four bytes")) as usize;
        if length > FRAME_BYTES_MAX {
            return Err(io::Error::other("no frame of Kafka's is so long"));
        }
        bytes.resize(4 + length, 0);
        from.read_exact(&mut bytes[4..])?;
        Ok(Self(bytes))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn is(&self, api: Api) -> bool {
        self.short(4) == Some(api as i16)
    }

    /// The number by which a request's answer names it.
    pub fn number(&self) -> Option<i32> {
        self.int(8)
    }

    /// The number of the request that an answer answers.
    pub fn answers(&self) -> Option<i32> {
        self.int(4)
    }

    /// The `client.id` of a request.
    pub fn client(&self) -> &str {
        let length = self.short(12).and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        self.0.get(14..14 + length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// Whether this name stands in it.
    pub fn mentions(&self, name: &str) -> bool {
        self.0.windows(name.len()).any(|window| window == name.as_bytes())
    }

    fn short(&self, at: usize) -> Option<i16> {
        Some(i16::from_be_bytes(self.0.get(at..at + 2)?.try_into().ok()?))
    }

    fn int(&self, at: usize) -> Option<i32> {
        Some(i32::from_be_bytes(self.0.get(at..at + 4)?.try_into().ok()?))
    }
}

#[test]
fn a_request_is_read_as_kafkas_protocol_lays_it_out() {
    let body = [&[0, 26, 0, 1, 0, 0, 0, 7, 0, 2][..], b"r1", &[0, 5], b"tx-00", &[0; 11]].concat();
    let length = u32::try_from(body.len()).expect("short").to_be_bytes();
    let stream = [&length[..], &body, &[0, 0]].concat();
    let frame = Frame::read(&mut &stream[..]).expect("a whole frame");
    assert_eq!(frame.bytes(), &stream[..4 + body.len()]);
    assert_eq!((frame.is(Api::EndTxn), frame.is(Api::Produce)), (true, false));
    assert_eq!((frame.number(), frame.client()), (Some(7), "r1"));
    assert_eq!((frame.mentions("tx-00"), frame.mentions("tx-01")), (true, false));
    assert!(Frame::read(&mut &stream[4 + body.len()..]).is_err(), "half a length is no frame");
}
