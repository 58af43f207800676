//! What stands between a router and brokers: connections, requests, and a transactional producer like
//! librdkafka's.

pub mod producer;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::engine::{MS, Moment, ProcessId, SECOND, Sim};
use crate::kafka::BROKERS;
use crate::kafka::network::{ConnectionId, Network};
use crate::kafka::request::{Answer, Code, Reply, Request};

/// How long one request may go unanswered before its connection is given up.
const REQUEST_MAX: Moment = 2 * SECOND;
/// Between attempts to connect.
const RECONNECT_WAIT: Moment = 50 * MS;

/// The connections of one client.
#[derive(Clone)]
pub struct Client {
    pub sim: Sim,
    network: Network,
    process: ProcessId,
    connections: Rc<RefCell<[Option<ConnectionId>; BROKERS]>>,
    /// Whether a connection ended or a request went unanswered: what librdkafka's log shows.
    disturbed: Rc<Cell<bool>>,
}

impl Client {
    pub fn new(network: &Network, process: ProcessId) -> Self {
        Self {
            sim: network.sim.clone(),
            network: network.clone(),
            process,
            connections: Rc::default(),
            disturbed: Rc::default(),
        }
    }

    pub fn is_disturbed(&self) -> bool {
        self.disturbed.get()
    }

    pub fn calm(&self) {
        self.disturbed.set(false);
    }

    /// One attempt.
    pub async fn call(&self, request: Request, deadline: Moment) -> Reply {
        self.call_for(request, REQUEST_MAX, deadline).await
    }

    /// One attempt, of a request that may take so long.
    pub async fn call_for(&self, request: Request, most: Moment, deadline: Moment) -> Reply {
        let broker = self.network.cluster.broker_of(&request);
        let Some(connection) = self.connect(broker, deadline).await else { return Err(Code::TimedOut) };
        let until = deadline.min(self.sim.now() + most);
        match self.network.send(connection, request).take(&self.sim, until).await {
            Some(Err(Code::Transport)) => {
                self.disturbed.set(true);
                Err(Code::Transport)
            }
            Some(reply) => reply,
            None => {
                self.disturbed.set(true);
                self.network.cut(connection);
                Err(Code::TimedOut)
            }
        }
    }

    /// Sends several at once, and waits for all.
    pub async fn call_all<const N: usize>(&self, requests: [Request; N], deadline: Moment) -> [Reply; N] {
        let mut slots = Vec::new();
        for request in requests {
            let broker = self.network.cluster.broker_of(&request);
            let connection = self.connect(broker, deadline).await;
            slots.push(connection.map(|connection| (connection, self.network.send(connection, request))));
        }
        let mut replies = std::array::from_fn(|_| Err(Code::TimedOut));
        for (reply, sent) in replies.iter_mut().zip(slots) {
            let Some((connection, slot)) = sent else { continue };
            match slot.take(&self.sim, deadline.min(self.sim.now() + REQUEST_MAX)).await {
                Some(answer) => *reply = answer,
                None => self.network.cut(connection),
            }
        }
        replies
    }

    /// Makes the call again, as librdkafka does, while it fails for reasons that pass.
    pub async fn call_again(&self, request: &Request, deadline: Moment) -> Reply {
        loop {
            match self.call(request.clone(), deadline).await {
                Err(
                    Code::Transport | Code::TimedOut | Code::ConcurrentTransactions | Code::UnstableOffset,
                ) if self.sim.now() < deadline => {
                    self.sim.count("requests repeated");
                    self.sim.sleep(20 * MS).await;
                }
                Err(Code::Transport) => return Err(Code::TimedOut),
                reply => return reply,
            }
        }
    }

    async fn connect(&self, broker: usize, deadline: Moment) -> Option<ConnectionId> {
        loop {
            let known = self.connections.borrow()[broker];
            if let Some(known) = known.filter(|id| self.network.is_open(*id)) {
                return Some(known);
            }
            if known.is_some() {
                self.disturbed.set(true);
            }
            let opened = self.network.connect(self.process, broker);
            self.connections.borrow_mut()[broker] = opened;
            if opened.is_some() {
                return opened;
            }
            if self.sim.now() >= deadline {
                return None;
            }
            self.sim.sleep(RECONNECT_WAIT).await;
        }
    }
}

impl Drop for Client {
    /// The last handle closes the connections.
    fn drop(&mut self) {
        if Rc::strong_count(&self.connections) == 1 {
            let open = std::mem::take(&mut *self.connections.borrow_mut());
            open.into_iter().flatten().for_each(|id| self.network.cut(id));
        }
    }
}

/// The answers that a request can have; anything else is the model's own mistake.
pub fn expect<T>(reply: Reply, read: impl FnOnce(Answer) -> Option<T>) -> Result<T, Code> {
    reply.map(|answer| read(answer).expect("a request has its own kind of answer"))
}
