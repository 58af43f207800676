//! The network between routers and brokers: one TCP proxy for each broker, in the test's own process, that passes
//! everything on until it is told otherwise.
//!
//! [`Weather`] is what happens to all of it, or to one client's; a [`Trap`] is for a single request. [`pump`] moves bytes.

pub mod frame;
mod pump;
pub mod trap;
pub mod weather;

use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use frame::{Api, Frame};
use pump::Connection;
use trap::{Trap, Trick, Wish};
use weather::{Way, Weather};

/// How often a connection that nothing gets through looks whether the weather has changed.
const LOOK: Duration = Duration::from_millis(5);

/// The network.
pub struct Net {
    line: Arc<Line>,
    ports: Vec<u16>,
}

/// What all connections share.
#[derive(Default)]
struct Line {
    weather: Mutex<Weather>,
    traps: Mutex<Vec<Arc<Trap>>>,
    connections: Mutex<Vec<Arc<Connection>>>,
    /// Ports of the brokers, of the first one first.
    brokers: Mutex<Vec<u16>>,
    numbers: AtomicU64,
}

impl Net {
    /// Listens for the clients of so many brokers, on ports of its own choice.
    pub fn listen(brokers: u32) -> Self {
        let line = Arc::<Line>::default();
        let ports = (1..=brokers).map(|broker| {
            let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
            let port = listener.local_addr().expect("its address").port();
            let line = Arc::clone(&line);
            pump::spawn(move || pump::accept(&line, broker, &listener));
            port
        });
        let ports = ports.collect();
        Self { line, ports }
    }

    /// Where clients reach the brokers, of the first one first.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    pub fn bootstrap(&self) -> String {
        self.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>().join(",")
    }

    /// Where the brokers are, of the first one first.
    pub fn reach(&self, brokers: Vec<u16>) {
        *held(&self.line.brokers) = brokers;
    }

    /// The weather changes; a cut closes the connections that there are.
    pub fn set(&self, weather: Weather) {
        *held(&self.line.weather) = weather.clone();
        if weather.cut {
            let mut connections = held(&self.line.connections);
            connections.retain(|one| one.is_open());
            connections.iter().filter(|one| one.suffers(&weather)).for_each(|one| one.close());
        }
    }

    /// Everything passes again, and nothing is caught any more.
    pub fn calm(&self) {
        self.set(Weather::default());
        held(&self.line.traps).clear();
    }

    /// Catches the next request of this kind that is about this transactional id.
    pub fn trap(&self, api: Api, id: &str, trick: Trick) -> Arc<Trap> {
        let trap = Arc::new(Trap::new(api, id, trick));
        held(&self.line.traps).push(Arc::clone(&trap));
        trap
    }
}

impl Line {
    fn weather(&self) -> Weather {
        held(&self.weather).clone()
    }

    fn port_of(&self, broker: u32) -> Option<u16> {
        held(&self.brokers).get(broker as usize - 1).copied()
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn enter(&self, connection: &Arc<Connection>) {
        let mut connections = held(&self.connections);
        connections.retain(|one| one.is_open());
        connections.push(Arc::clone(connection));
    }

    /// What a trap wants of a request, and which one.
    fn see(&self, connection: u64, frame: &Frame) -> (Wish, Option<Arc<Trap>>) {
        let traps = held(&self.traps).clone();
        let wishes = traps.into_iter().map(|trap| (trap.see(connection, frame), Some(trap)));
        // Each trap must see it, also those behind the first that wants something.
        let wishes: Vec<_> = wishes.collect();
        wishes.into_iter().find(|(wish, _)| *wish != Wish::Pass).unwrap_or((Wish::Pass, None))
    }

    /// Waits as long as so many bytes need now on this connection. While nothing gets through, that is until it does,
    /// or the connection is closed by a cut.
    fn pass(&self, connection: &Connection, way: Way, bytes: usize) {
        let began = Instant::now();
        loop {
            let weather = self.weather();
            if !connection.suffers(&weather) || !connection.is_open() {
                return;
            }
            let left = weather.passage(bytes).saturating_sub(began.elapsed());
            match (weather.swallows(way), left) {
                (false, Duration::ZERO) => return,
                (false, left) => std::thread::sleep(left.min(LOOK)),
                (true, _) => std::thread::sleep(LOOK),
            }
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
