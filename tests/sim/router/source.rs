//! A lane's inputs, read where the trail says.

use std::collections::VecDeque;
use std::rc::Rc;

use onefill::core::entry::Cursors;
use onefill::core::halt::{Halt, HaltCode};
use onefill::wire::schema::{RecordType, Schemas};

use super::Process;
use super::mutant::Mutant;
use crate::client::{Client, expect};
use crate::engine::{MS, Moment, SECOND};
use crate::kafka::log::Record;
use crate::kafka::request::{Answer, Code, Fetched, Place, Request, Topic};

/// Records of one answer.
const FETCH_MOST: usize = 10;
/// How long a lane may not have read control to its end before it takes no intents.
const BEHIND_MAX: Moment = SECOND;

struct Input {
    place: Place,
    queue: VecDeque<Record>,
    /// Where the next fetch begins: ahead of what was taken, and over markers.
    position: i64,
}

pub struct Source {
    process: Rc<Process>,
    client: Client,
    /// In the order in which they are taken: control, executions, intents.
    inputs: [Input; 3],
    /// What the next record of each input should be; `None` where it stands nowhere.
    next: Option<Cursors>,
    /// When the end of control was last seen.
    saw_control_end: Option<Moment>,
}

/// How far down the order of inputs a batch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Reports,
    Intents,
}

impl Source {
    pub fn new(process: &Rc<Process>, partition: i32) -> Self {
        let input = |place| Input { place, queue: VecDeque::new(), position: 0 };
        Self {
            client: Client::new(&process.network, process.id),
            process: Rc::clone(process),
            inputs: [
                input((Topic::Control, 0)),
                input((Topic::Executions, partition)),
                input((Topic::Intents, partition)),
            ],
            next: None,
            saw_control_end: None,
        }
    }

    /// Makes the next record of each input the one that the cursors name.
    pub fn stand_at(&mut self, cursors: Cursors) {
        if self.next == Some(cursors) {
            return;
        }
        for (input, at) in self.inputs.iter_mut().zip([cursors.control, cursors.executions, cursors.intents])
        {
            input.queue.clear();
            input.position = at;
        }
        self.next = Some(cursors);
        self.saw_control_end = None;
    }

    /// Asks for more of each input that has nothing queued.
    pub async fn fill(&mut self) -> Result<(), Halt> {
        let uncommitted = self.process.is(Mutant::UncommittedInputs);
        let requests = [0, 1, 2].map(|index: usize| {
            let Input { place, position, queue } = &self.inputs[index];
            let most = if queue.is_empty() { FETCH_MOST } else { 0 };
            Request::Fetch { place: *place, from: *position, most, uncommitted }
        });
        let asked = self.process.sim.now();
        let replies = self.client.call_all(requests, asked + SECOND).await;
        for (index, reply) in replies.into_iter().enumerate() {
            let read = |answer| if let Answer::Fetched(fetched) = answer { Some(fetched) } else { None };
            match expect(reply, read) {
                Ok(Fetched { mut records, next, stable }) if self.inputs[index].queue.is_empty() => {
                    if index == 2 && self.process.is(Mutant::PoisonSkipped) {
                        records.retain(|record| !is_poison(record));
                    }
                    self.inputs[index].queue.extend(records);
                    self.inputs[index].position = next;
                    if index == 0 && next >= stable {
                        self.saw_control_end = Some(asked);
                    }
                }
                Ok(_) => {}
                Err(Code::OffsetOutOfRange) => return Err(self.gone(index)),
                Err(_) => self.process.sim.count("readers that waited"),
            }
        }
        Ok(())
    }

    fn gone(&self, index: usize) -> Halt {
        let code = if index == 0 { HaltCode::ControlInvalid } else { HaltCode::InputLost };
        Halt::new(code, format!("{:?}: its next record is gone", self.inputs[index].place))
    }

    /// The next record within reach.
    pub fn take(&mut self, reach: Reach) -> Option<(Place, Record)> {
        let now = self.process.sim.now();
        let knows_control = self.saw_control_end.is_some_and(|seen| now - seen <= BEHIND_MAX)
            && self.inputs[0].queue.is_empty();
        let last = if reach == Reach::Intents && knows_control { 3 } else { 2 };
        let input = self.inputs[..last].iter_mut().find(|input| !input.queue.is_empty())?;
        let record = input.queue.pop_front()?;
        let place = input.place;
        let next = self.next.as_mut().expect("a source stands somewhere before it is read");
        match place.0 {
            Topic::Control => next.control = record.offset + 1,
            Topic::Executions => next.executions = record.offset + 1,
            _ => next.intents = record.offset + 1,
        }
        Some((place, record))
    }

    /// Where the readers of executions and intents stand: over markers, and ahead of what was answered.
    pub const fn positions(&self) -> (i64, i64) {
        (self.inputs[2].position, self.inputs[1].position)
    }

    /// How long to rest when nothing is there.
    pub async fn rest(&self) {
        self.process.sim.sleep(25 * MS).await;
    }
}

/// Whether a strategy's record cannot be read at all.
fn is_poison(record: &Record) -> bool {
    let value = record.payload.value.as_deref();
    value.is_none_or(|value| Schemas::compiled().open(RecordType::OrderIntent, value).is_err())
}
