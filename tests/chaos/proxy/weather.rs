//! What the network does to everybody, or to the connections of one client or one broker, until it clears up.

use std::time::Duration;

/// The state of the network.
#[derive(Clone, Debug, Default)]
pub struct Weather {
    /// Only connections of this client; all when empty.
    pub client: String,
    /// Only connections to this broker, numbered from 1; all when 0.
    pub broker: u32,
    /// Connections are closed, and new ones too.
    pub cut: bool,
    /// Nothing arrives at the brokers, and nobody is told.
    pub no_requests: bool,
    /// Nothing arrives at the clients, and nobody is told.
    pub no_answers: bool,
    /// Each request and each answer is so late.
    pub delay: Duration,
    /// What a connection carries in a second, in each direction; no bound when 0.
    pub bytes_per_s: u64,
}

/// Which way something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    ToBroker,
    ToClient,
}

impl Weather {
    pub fn concerns(&self, client: &str, broker: u32) -> bool {
        (self.client.is_empty() || self.client == client) && (self.broker == 0 || self.broker == broker)
    }

    /// Whether nothing gets through this way.
    pub fn swallows(&self, way: Way) -> bool {
        match way {
            Way::ToBroker => self.no_requests,
            Way::ToClient => self.no_answers,
        }
    }

    /// How long so many bytes take.
    pub fn passage(&self, bytes: usize) -> Duration {
        let millis = (bytes as u64 * 1000).checked_div(self.bytes_per_s).unwrap_or_default();
        self.delay + Duration::from_millis(millis)
    }
}

#[test]
fn weather_is_for_those_whom_it_names() {
    let everywhere = Weather::default();
    let one = Weather { client: "r1".to_owned(), broker: 2, ..Weather::default() };
    assert!(everywhere.concerns("r2", 1) && one.concerns("r1", 2));
    assert!(!one.concerns("r2", 2) && !one.concerns("r1", 1));
    let slow = Weather { bytes_per_s: 1_000, delay: Duration::from_millis(5), ..Weather::default() };
    assert_eq!(slow.passage(500), Duration::from_millis(505));
    assert_eq!(everywhere.passage(500), Duration::ZERO);
}
