//! What is about to happen: how long, with whom, on which topics.

use std::path::PathBuf;

use super::dice::Dice;
use crate::core::ids::placement;
use crate::shell::config::Config;
use crate::shell::topics::Topics;

/// Lanes of the router.
pub const PARTITIONS: i32 = 4;
/// Accounts in each lane.
const ACCOUNTS_PER_PARTITION: usize = 2;
/// Strategies that trade for one account, and share its limits.
const STRATEGIES_PER_ACCOUNT: usize = 2;
/// The instruments that are traded, with the price around which they move, in cents.
pub const INSTRUMENTS: [(&str, u64); 4] =
    [("AAPL.XNAS", 23_150), ("MSFT.XNAS", 41_725), ("NVDA.XNAS", 13_480), ("AMZN.XNAS", 20_690)];

/// One run of the demo.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The router's configuration, under a prefix of this run.
    pub config: Config,
    /// What the naive router reads and writes: the same intents, other orders and executions,
    /// another group.
    pub naive: Config,
    /// How long strategies make new intents, in seconds.
    pub seconds: u64,
    /// New intents per second, of all strategies together.
    pub rate: u64,
    /// Of every choice that is left to chance.
    pub seed: u64,
    /// Whether nothing is killed.
    pub spares: bool,
    /// Where the routers' logs go while the demo runs.
    pub logs: PathBuf,
}

/// A strategy, and the account that it trades for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// From 0.
    pub number: usize,
    /// Whose money.
    pub account: String,
    /// The strategy.
    pub strategy_id: String,
}

/// Who leaves something to chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Player {
    /// A strategy, by its number.
    Strategy(usize),
    /// Whoever kills.
    Striker,
    /// The price feed.
    Feed,
    /// Whoever halts.
    Operator,
}

/// Whose orders a venue fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// onefill's.
    Onefill,
    /// The naive router's.
    Naive,
}

impl Desk {
    /// The strategy as the scope of limits and commands.
    pub fn scope_id(&self) -> String {
        format!("{}/{}", self.account, self.strategy_id)
    }
}

impl Plan {
    /// A run on this cluster, under a prefix that no other run has.
    pub fn new(base: Config, seconds: u64, rate: u64, seed: u64) -> Self {
        let name = format!("demo-{}", unique());
        let prefix = format!("{name}.");
        let base = Config { dev: true, topics: Topics::under(&prefix), prefix, ..base };
        let config = Config { group: format!("{}router", base.prefix), ..base.clone() };
        let logs = std::env::temp_dir().join(format!("onefill-{name}"));
        Self { config, naive: Self::naive(base), seconds, rate, seed, spares: false, logs }
    }

    /// What the naive router beside a router of this configuration reads and writes.
    pub fn naive(config: Config) -> Config {
        let prefix = &config.prefix;
        let topics = Topics {
            orders: format!("{prefix}naive-orders"),
            executions: format!("{prefix}naive-executions"),
            ..config.topics.clone()
        };
        Config { group: format!("{prefix}naive"), topics, ..config }
    }

    /// What one side reads and writes.
    pub const fn side(&self, side: Side) -> &Config {
        match side {
            Side::Onefill => &self.config,
            Side::Naive => &self.naive,
        }
    }

    /// The accounts that trade: as many in each lane.
    pub fn accounts() -> Vec<String> {
        let mut left = vec![ACCOUNTS_PER_PARTITION; PARTITIONS as usize];
        let names = (1..).map(|number| format!("ACC-{number:02}"));
        let fits = names.filter(|name| {
            let room = &mut left[placement(name.as_bytes(), PARTITIONS as u32) as usize];
            let taken = *room > 0;
            *room -= usize::from(taken);
            taken
        });
        fits.take(ACCOUNTS_PER_PARTITION * PARTITIONS as usize).collect()
    }

    /// The strategies that trade: as many for each account.
    pub fn desks() -> Vec<Desk> {
        let accounts = Self::accounts();
        let seats = accounts.iter().flat_map(|account| [account; STRATEGIES_PER_ACCOUNT]);
        let desk = |(number, account): (usize, &String)| Desk {
            number,
            account: account.clone(),
            strategy_id: format!("strategy-{number}"),
        };
        seats.enumerate().map(desk).collect()
    }

    /// The chance of one player in this run.
    pub const fn dice(&self, player: Player) -> Dice {
        let number = match player {
            Player::Strategy(number) => number as u64,
            Player::Striker => u64::MAX,
            Player::Feed => u64::MAX - 1,
            Player::Operator => u64::MAX - 2,
        };
        Dice::new(self.seed, number)
    }
}

/// Eight characters that no other run has: the random end of a fresh uuid.
fn unique() -> String {
    let uuid = uuid::Uuid::now_v7().simple().to_string();
    uuid[uuid.len() - 8..].to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_lane_has_as_many_accounts() {
        let mut lanes = vec![0; PARTITIONS as usize];
        for account in Plan::accounts() {
            lanes[placement(account.as_bytes(), PARTITIONS as u32) as usize] += 1;
        }
        assert_eq!(lanes, vec![ACCOUNTS_PER_PARTITION; PARTITIONS as usize]);
    }

    #[test]
    fn every_account_has_as_many_strategies_of_its_own() {
        let desks = Plan::desks();
        for account in Plan::accounts() {
            assert_eq!(desks.iter().filter(|desk| desk.account == account).count(), STRATEGIES_PER_ACCOUNT);
        }
        let names: HashSet<_> = desks.iter().map(|desk| &desk.strategy_id).collect();
        assert_eq!((names.len(), desks[3].scope_id().as_str()), (desks.len(), "ACC-02/strategy-3"));
    }

    #[test]
    fn the_naive_router_reads_the_same_intents_and_writes_elsewhere() {
        let plan = Plan::new(Config::default(), 1, 1, 1);
        assert_eq!(plan.config.topics.intents, plan.naive.topics.intents);
        assert_ne!(plan.config.topics.orders, plan.naive.topics.orders);
        assert_ne!(plan.config.topics.executions, plan.naive.topics.executions);
        assert_ne!(plan.config.group, plan.naive.group);
    }
}
