//! What must be true after every step of every history, whatever the answers were.
//!
//! `Ledger::validate` runs after each step of the other tests: one verdict per key, positions and
//! reservations that are sums, nothing reserved by the dead. Here is what it cannot see, because it
//! sees one moment only: fills against the worst case, limits against what was accepted, and that a
//! batch that is dropped has never been.

use std::collections::BTreeMap;

use onefill::core::amount::{Lots, Numeral};
use onefill::core::batch::Batch;
use onefill::core::control::{ControlRecord, ControlResult, LimitScope, RiskLimit};
use onefill::core::decide::{Arrival, Content};
use onefill::core::entry::{Body, Decision, Entry, Ruling};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::OrderId;
use onefill::core::intent::{Intent, IntentType, Side};
use onefill::core::ledger::Ledger;
use onefill::core::ledger::hash::ledger_hash;
use onefill::core::ledger::holdings::Holding;
use onefill::core::ledger::owner::Owner;
use onefill::core::prices::PriceBook;
use onefill::core::time::{MILLISECOND, Time};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::records::{PLACEMENT, opening};
use crate::reference::{Act, Turn, happen, histories};
use crate::world::leaf;

/// A lane, and what the test remembers of it besides.
struct Watched {
    ledger: Ledger,
    prices: &'static PriceBook,
    /// In force, by `limit_id`.
    limits: BTreeMap<String, RiskLimit<'static>>,
    /// Accepted NEW and REPLACE: account, strategy, instrument, time.
    accepted: Vec<(String, String, String, Time)>,
    /// How often each claim was put to the test.
    tried: Tried,
}

#[derive(Debug, Default)]
struct Tried {
    fills: usize,
    limits: usize,
    dropped: usize,
}

impl Watched {
    fn new(tried: Tried) -> Self {
        Self {
            ledger: Ledger::new(PLACEMENT),
            prices: Box::leak(Box::default()),
            limits: BTreeMap::new(),
            accepted: Vec::new(),
            tried,
        }
    }

    fn play(&mut self, acts: &[Act]) {
        for act in acts {
            if let Some(settings) = act.opens {
                let mut batch = Batch::open(&mut self.ledger, self.prices, act.clock);
                let entry = batch.open_lane(opening(settings));
                batch.link(leaf(&entry));
                batch.settle();
            }
            let mut prices = self.prices.clone();
            for (price, partition, offset) in &act.prices {
                prices.take(price, *partition, *offset, act.clock);
            }
            self.prices = Box::leak(Box::new(prices));
            self.drop_once(act);
            act.turns.iter().for_each(|turn| self.take(turn, act.clock));
        }
    }

    /// A batch that is dropped leaves no trace.
    fn drop_once(&mut self, act: &Act) {
        let before = (ledger_hash(&self.ledger), self.ledger.head().clone(), self.ledger.keys_len());
        let mut batch = Batch::open(&mut self.ledger, self.prices, act.clock);
        for turn in &act.turns {
            if let Some(leaf) = taken(&mut batch, turn).as_ref().map(leaf) {
                batch.link(leaf);
            }
        }
        drop(batch);
        let after = (ledger_hash(&self.ledger), self.ledger.head().clone(), self.ledger.keys_len());
        assert_eq!(before, after, "a batch that was dropped left a trace");
        self.tried.dropped += 1;
    }

    fn take(&mut self, turn: &Turn, clock: Time) {
        let before = match turn {
            Turn::Arrival(arrival) => self.before(arrival),
            Turn::Owed => None,
        };
        let mut batch = Batch::open(&mut self.ledger, self.prices, clock);
        let Some(entry) = taken(&mut batch, turn) else { return };
        batch.link(leaf(&entry));
        let (body, decided_at) = (entry.body.clone(), entry.decided_at);
        batch.settle();
        match &body {
            Body::Control(taken) if taken.result == ControlResult::Applied => {
                if let (Ok(ControlRecord::RiskLimit(_)), Turn::Arrival(arrival)) = (&taken.record, turn) {
                    self.learn(arrival);
                }
            }
            Body::Decision(Decision {
                ruling: Ruling::Accepted { intent, converted_to_cancel: false, .. },
                ..
            }) if intent.intent_type != IntentType::Cancel => self.limits_hold(intent, decided_at),
            Body::Execution(taken) if taken.anomaly.is_none() => {
                if let (Ok(execution), Some(before)) = (&taken.report, before) {
                    self.worst_case_moved_on_the_other_side(execution, &before);
                }
            }
            _ => {}
        }
    }
}

/// What a fill finds: the account in the instrument, and what its order reserves on which side.
struct Before {
    holding: Holding,
    reserved: Lots,
    side: Side,
}

impl Watched {
    fn before(&self, arrival: &Arrival<'_>) -> Option<Before> {
        let Content::Execution(Ok(execution)) = &arrival.content else { return None };
        let order = self.ledger.order(OrderId::parse(execution.order_id)?)?;
        let holding = self.holding(execution);
        Some(Before { holding, reserved: order.quantity.reserved(), side: order.side() })
    }

    fn holding(&self, execution: &Execution<'_>) -> Holding {
        let [account, instrument] =
            [execution.account_id, execution.instrument_id].map(|id| self.ledger.name(id.as_str()));
        self.ledger.held(Owner::account(account), instrument)
    }

    /// What a fill adds to the position, its order no longer reserves: on its own side the worst case
    /// stays, on the other it gets better by just that.
    fn worst_case_moved_on_the_other_side(&mut self, execution: &Execution<'_>, before: &Before) {
        let after = self.holding(execution);
        let moved = i128::from(after.position.0) - i128::from(before.holding.position.0);
        let filled = if before.side == Side::Buy { moved } else { -moved };
        let in_order = execution.exec_type == ExecType::Trade
            && execution.side == before.side
            && (1..=i128::from(before.reserved.0)).contains(&filled);
        if !in_order {
            return;
        }
        let other = if before.side == Side::Buy { Side::Sell } else { Side::Buy };
        assert_eq!(after.worst(before.side), before.holding.worst(before.side), "{execution:?}");
        assert_eq!(after.worst(other), before.holding.worst(other) - filled, "{execution:?}");
        self.tried.fills += 1;
    }

    fn learn(&mut self, arrival: &Arrival<'static>) {
        let Content::Control(Ok(ControlRecord::RiskLimit(limit))) = &arrival.content else {
            return;
        };
        self.limits.insert(limit.limit_id.to_string(), limit.clone());
    }

    /// Right after an accept every limit of quantity, position, number and pace holds (`G5`).
    fn limits_hold(&mut self, intent: &Intent<'_>, now: Time) {
        let order = self.ledger.order(OrderId::of(intent.account_id, intent.client_order_id));
        let order = order.expect("it was accepted just now");
        let (account, strategy, instrument) =
            (intent.account_id.as_str(), self.ledger.text(order.strategy), intent.instrument_id.as_str());
        self.accepted.push((account.to_owned(), strategy.to_owned(), instrument.to_owned(), now));
        let counted = |limit: &&RiskLimit<'static>| {
            let own = match limit.scope_type {
                LimitScope::Global => true,
                LimitScope::Account => limit.scope_id == account,
                LimitScope::Strategy => limit.scope_id == format!("{account}/{strategy}"),
            };
            own && ["*", instrument].contains(&limit.instrument_id)
        };
        let limits: Vec<_> = self.limits.values().filter(counted).cloned().collect();
        let (side, strategy) = (order.side(), strategy.to_owned());
        let quantity = order.published_terms().order_qty;
        for limit in &limits {
            let most = limit.max_order_qty.map(|most| most.exact().expect("an applied limit is exact"));
            assert!(most.is_none_or(|most| quantity <= most), "{quantity} of {limit:?}");
            self.position_holds(limit, account, &strategy, instrument, side);
            self.pace_holds(limit, account, &strategy, instrument, now, intent.intent_type);
            self.tried.limits += 1;
        }
    }

    fn owner(&self, limit: &RiskLimit<'_>, account: &str, strategy: &str) -> Owner {
        let account = self.ledger.name(account);
        match limit.scope_type {
            LimitScope::Strategy => Owner::strategy(account, self.ledger.name(strategy)),
            LimitScope::Account | LimitScope::Global => Owner::account(account),
        }
    }

    fn position_holds(
        &self,
        limit: &RiskLimit<'_>,
        account: &str,
        strategy: &str,
        instrument: &str,
        side: Side,
    ) {
        let most = if side == Side::Buy { limit.max_long_qty } else { limit.max_short_qty };
        let Some(most) = most.map(Numeral::exact) else { return };
        let held = self.ledger.held(self.owner(limit, account, strategy), self.ledger.name(instrument));
        let lot = self.ledger.instrument(instrument).expect("an order has an instrument").lot_size;
        let worst = held.worst(side).checked_mul(lot.units()).expect("lots of the histories fit");
        assert!(worst <= most.expect("an applied limit is exact").units(), "{worst} of {limit:?}");
    }

    fn pace_holds(
        &self,
        limit: &RiskLimit<'_>,
        account: &str,
        strategy: &str,
        instrument: &str,
        now: Time,
        intent_type: IntentType,
    ) {
        let all = limit.instrument_id == "*";
        let owner = self.owner(limit, account, strategy);
        if let (Some(most), IntentType::New) = (limit.max_open_orders, intent_type) {
            let open = match all {
                true => self.ledger.open_orders_of(owner),
                false => self.ledger.held(owner, self.ledger.name(instrument)).open_orders,
            };
            assert!(i64::from(open) <= most, "{open} of {limit:?}");
        }
        if let Some((most, window_ms)) = limit.max_orders.zip(limit.orders_window_ms) {
            let recent = self.accepted.iter().filter(|(whose, who, what, at)| {
                whose == account
                    && (owner.strategy.is_none() || who == strategy)
                    && (all || what == instrument)
                    && now.since(*at) < i128::from(window_ms) * i128::from(MILLISECOND)
            });
            let recent = recent.count();
            assert!(recent as i64 <= most, "{recent} of {limit:?}");
        }
    }
}

/// The entry of one turn, where it comes to one.
pub fn taken(batch: &mut Batch<'_, 'static>, turn: &Turn) -> Option<Entry<'static>> {
    match turn {
        Turn::Arrival(arrival) => {
            let owed = batch.next_owed().is_some();
            let is_intent = matches!(arrival.content, Content::Intent(_));
            (!(owed && is_intent)).then(|| batch.take(arrival))
        }
        Turn::Owed => {
            let owing = Box::leak(Box::new(batch.next_owed()?));
            Some(batch.take_owed(owing))
        }
    }
}

#[test]
fn limits_hold_after_each_accept_fills_move_the_other_side_and_dropped_batches_leave_nothing() {
    let (mut runner, mut tried) = (TestRunner::deterministic(), Tried::default());
    for _ in 0..200 {
        let history = histories().new_tree(&mut runner).expect("a history").current();
        let mut watched = Watched::new(tried);
        watched.play(&happen(&history).0);
        tried = watched.tried;
    }
    // A claim that was never put to the test would hold, too.
    assert!(tried.fills > 100 && tried.limits > 100 && tried.dropped > 1000, "{tried:?}");
}
