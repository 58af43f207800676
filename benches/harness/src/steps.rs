//! Where the time of a transaction goes, by onefill's own metrics: what each step took, all lanes together.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Fault;

/// The steps in the order in which a transaction takes them, as the metric names them.
pub const STEPS: [&str; 6] = ["fetch", "decide", "produce", "offsets", "flush", "commit"];
const WAIT: Duration = Duration::from_secs(10);

/// What a transaction was, on average.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Steps {
    /// How many there were.
    pub transactions: f64,
    /// Input records of each.
    pub records: f64,
    /// Milliseconds of each step of each.
    pub ms: BTreeMap<String, f64>,
}

/// The counters at one moment.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    transactions: f64,
    /// Input records that were decided.
    pub records: f64,
    seconds: BTreeMap<String, f64>,
    /// How many lanes decide.
    pub lanes_running: usize,
    /// Keys that it remembers.
    pub keys: u64,
    /// Orders that may still be filled.
    pub open_orders: u64,
    /// Entries of trails that it has read.
    pub restored_entries: u64,
}

impl Counters {
    /// Asks the router that serves HTTP there.
    pub fn ask(port: u16) -> Result<Self, Fault> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(WAIT))?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        Ok(Self::read(&page))
    }

    fn read(page: &str) -> Self {
        let mut found = Self::default();
        let lines = page.lines().filter_map(|line| line.rsplit_once(' '));
        for (name, value) in lines.filter_map(|(name, value)| Some((name, value.parse::<f64>().ok()?))) {
            match name {
                "onefill_batch_records_sum" => found.records = value,
                "onefill_batch_records_count" => found.transactions = value,
                "onefill_keys" => found.keys = value as u64,
                "onefill_open_orders" => found.open_orders = value as u64,
                "onefill_restored_entries_total" => found.restored_entries = value as u64,
                name if name.starts_with("onefill_lane_state{") && name.contains("state=\"RUNNING\"") => {
                    found.lanes_running += usize::from(value > 0.5);
                }
                name => {
                    let stage = name.strip_prefix("onefill_stage_seconds_sum{stage=\"");
                    if let Some(stage) = stage.and_then(|rest| rest.strip_suffix("\"}")) {
                        found.seconds.insert(stage.to_owned(), value);
                    }
                }
            }
        }
        found
    }

    /// What has happened since another moment.
    pub fn since(&self, before: &Self) -> Steps {
        let transactions = self.transactions - before.transactions;
        let spent = |stage: &str| {
            let at = |counters: &Self| counters.seconds.get(stage).copied().unwrap_or_default();
            at(self) - at(before)
        };
        let ms = STEPS.map(|stage| (stage.to_owned(), spent(stage) * 1e3 / transactions));
        Steps { transactions, records: (self.records - before.records) / transactions, ms: ms.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_what_was_spent_between_two_moments() {
        let page = |count: u32| {
            format!(
                "HTTP/1.1 200 OK\r\n\r\n# HELP x y\nonefill_batch_records_sum {}\nonefill_batch_records_count {count}\n\
                 onefill_stage_seconds_sum{{stage=\"commit\"}} {}\n\
                 onefill_lane_state{{partition=\"0\",state=\"RUNNING\"}} 1\n\
                 onefill_lane_state{{partition=\"1\",state=\"RUNNING\"}} 0\n\
                 onefill_keys 7\nonefill_open_orders 5\nonefill_restored_entries_total 3\n",
                10 * count,
                0.002 * f64::from(count)
            )
        };
        let Counters { lanes_running, keys, open_orders, restored_entries, .. } = Counters::read(&page(1));
        assert_eq!((lanes_running, keys, open_orders, restored_entries), (1, 7, 5, 3));
        let steps = Counters::read(&page(30)).since(&Counters::read(&page(10)));
        assert_eq!((steps.transactions, steps.records), (20.0, 10.0));
        assert!((steps.ms["commit"] - 2.0).abs() < 1e-9 && steps.ms["flush"] == 0.0);
    }
}
