//! One request, caught on its way, and delivered to its broker long after its sender has sent it again.
//!
//! That is what a network can do that loses a connection, but not what was sent on it; nobody can tell such a request
//! from a new one but by what stands in it (KAFKA-17754). It is delivered at the worst moment: while a later transaction
//! of the same transactional id has written all it has, right before that one's own end.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::frame::{Api, Frame};

/// What is done to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trick {
    /// It does not arrive before its sender has sent it again, since its connection was lost.
    Late,
    /// The same, but the connection stands, and the sender gives up by itself.
    LateUnnoticed,
    /// It arrives, its answer is lost with the connection, and it arrives once more after it was sent again.
    Twice,
    /// It arrives, and its answer is lost with the connection.
    Unanswered,
}

/// What is to be done with a request that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It goes on.
    Pass,
    /// It is the one.
    Catch,
    /// It ends the later transaction: first the caught one is delivered.
    Deliver,
}

#[derive(Debug, Default)]
struct Story {
    /// The connection it was caught on.
    caught: Option<u64>,
    /// It was sent again, or its sender took a new epoch instead.
    sent_again: bool,
    /// The later transaction has its records.
    later_began: bool,
    due: bool,
    delivered: Option<Instant>,
    answer: Option<Vec<u8>>,
}

/// A trap for one request.
#[derive(Debug)]
pub struct Trap {
    api: Api,
    /// The transactional id that it is about.
    id: String,
    pub trick: Trick,
    story: Mutex<Story>,
    changed: Condvar,
}

impl Trap {
    pub fn new(api: Api, id: &str, trick: Trick) -> Self {
        let (story, changed) = (Mutex::default(), Condvar::new());
        Self { api, id: id.to_owned(), trick, story, changed }
    }

    /// A request passes by on a connection.
    pub fn see(&self, connection: u64, frame: &Frame) -> Wish {
        if !frame.mentions(&self.id) {
            return Wish::Pass;
        }
        let mut wish = Wish::Pass;
        self.tell(|story| match story.caught {
            None if frame.is(self.api) => {
                story.caught = Some(connection);
                wish = Wish::Catch;
            }
            Some(caught) if caught != connection => {
                let ends = frame.is(Api::EndTxn);
                if story.later_began && ends && !story.due && self.trick != Trick::Unanswered {
                    wish = Wish::Deliver;
                }
                story.later_began |= story.sent_again && frame.is(Api::Produce);
                story.sent_again |= frame.is(self.api) || frame.is(Api::InitProducerId);
            }
            _ => {}
        });
        wish
    }

    /// Lets the caught request go, and waits until its broker has answered it.
    pub fn deliver(&self) {
        self.tell(|story| story.due = true);
        self.wait(Duration::from_secs(3), |story| story.answer.is_some());
    }

    /// Whether the caught request is to be delivered now; waits for it as long as the test can last.
    pub fn wait_due(&self) -> bool {
        self.wait(Duration::from_secs(120), |story| story.due)
    }

    pub fn delivered(&self) {
        self.tell(|story| story.delivered = Some(Instant::now()));
    }

    pub fn answered(&self, answer: &Frame) {
        self.tell(|story| story.answer = Some(answer.bytes().to_vec()));
    }

    /// Whether, within this time, all has happened: the request was caught and sent again, and where the trick wants it,
    /// the broker has answered what came late.
    pub fn is_sprung(&self, within: Duration) -> bool {
        let late = self.trick != Trick::Unanswered;
        self.wait(within, |story| if late { story.answer.is_some() } else { story.sent_again })
    }

    /// What has happened so far, for a message.
    pub fn told(&self) -> String {
        format!("{:?} of {}, {:?}: {:?}", self.api, self.id, self.trick, self.story.lock())
    }

    fn tell(&self, change: impl FnOnce(&mut Story)) {
        change(&mut self.story.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    fn wait(&self, within: Duration, until: impl Fn(&Story) -> bool) -> bool {
        let story = self.story.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(story, within, |story| !until(story));
        until(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

#[test]
fn what_was_caught_is_delivered_before_the_end_of_a_later_transaction() {
    let frame = |api: Api| {
        let body = [&(api as i16).to_be_bytes()[..], &[0, 1, 0, 0, 0, 1, 0, 1], b"c", b"tx-0"].concat();
        let length = u32::try_from(body.len()).expect("short").to_be_bytes();
        Frame::read(&mut &[&length[..], &body].concat()[..]).expect("a whole frame")
    };
    let trap = Trap::new(Api::EndTxn, "tx-0", Trick::Late);
    let other = Trap::new(Api::EndTxn, "tx-1", Trick::Late);
    assert_eq!(other.see(1, &frame(Api::EndTxn)), Wish::Pass, "it is about another id");
    let story = [
        (1, Api::Produce, Wish::Pass),
        (1, Api::EndTxn, Wish::Catch),
        // The same once more is no other request, and what comes on the lost connection is nothing new.
        (1, Api::EndTxn, Wish::Pass),
        (2, Api::Produce, Wish::Pass),
        (2, Api::EndTxn, Wish::Pass),
        (2, Api::Produce, Wish::Pass),
        (2, Api::EndTxn, Wish::Deliver),
    ];
    for (connection, api, wish) in story {
        assert_eq!(trap.see(connection, &frame(api)), wish, "{api:?} on {connection}: {}", trap.told());
    }
    assert!(!trap.is_sprung(Duration::ZERO), "the broker has not answered it yet");
    trap.answered(&frame(Api::EndTxn));
    assert!(trap.is_sprung(Duration::ZERO));
}
