//! Section 4: what becomes of an intent.

use onefill::core::decide::Arrival;
use onefill::core::entry::{EntryKind, Prior};
use onefill::core::ids::OrderId;
use onefill::core::intent::{Intent, IntentType};
use onefill::core::time::Time;
use onefill::core::verdict::{Reason, Verdict};

use super::expected::{Expected, Failed, Seen};
use super::model::{Decided, Model};
use super::number::{Amount, Rat, excess, text};
use super::orders::{Acceptance, Order, Pending, Terms};
use super::sums::Whose;

/// A NEW or REPLACE on its way through the checks.
pub struct Proposal {
    /// Whose measures and limits count: of a REPLACE, the order's.
    pub whose: Whose,
    pub strategy: String,
    /// Whose trading states count.
    pub strategies: Vec<String>,
    pub instrument: String,
    pub created_at: Time,
    pub expires_at: Option<Time>,
    /// Complete, as they would be in force.
    pub terms: Terms,
    /// The order that is to be replaced.
    pub replaces: Option<usize>,
    /// Whether it asks for nothing that cannot change.
    pub keeps_what_cannot_change: bool,
    /// What it adds to the reservations at worst.
    pub added: Rat,
}

/// What the checks say.
struct Judged {
    failed_checks: Vec<Failed>,
    of: Option<Prior>,
    references: Vec<Seen>,
    becomes: Option<Becomes>,
}

/// What an accepted intent does.
enum Becomes {
    Order(Box<Proposal>, Rat),
    Cancel { index: usize, converted: bool },
}

impl Judged {
    fn refused(failed: Failed) -> Self {
        Self { failed_checks: vec![failed], of: None, references: Vec::new(), becomes: None }
    }

    fn cancel(index: usize, converted: bool) -> Self {
        let becomes = Some(Becomes::Cancel { index, converted });
        Self { failed_checks: Vec::new(), of: None, references: Vec::new(), becomes }
    }
}

impl Model {
    pub(super) fn intent(&mut self, arrival: &Arrival<'_>, intent: Option<&Intent<'_>>) -> Expected {
        let bare = self.bare(EntryKind::Decision);
        let refused = |reason| Expected {
            verdict: Some(Verdict::Rejected),
            failed_checks: vec![Failed::plain(reason)],
            ..bare.clone()
        };
        let Some(intent) = intent else { return refused(Reason::MalformedIntent) };
        let account = intent.account_id.as_str();
        if arrival.key != Some(account.as_bytes()) || !self.is_placed_here(account) {
            return refused(Reason::WrongPartition);
        }
        let (key, payload) = ((account.to_owned(), intent.intent_id.to_string()), payload(intent));
        if let Some(known) = self.keys.get(&key) {
            let of = Some(known.of);
            return match known.payload == payload {
                true => Expected { verdict: Some(Verdict::Duplicate), of, ..bare },
                false => Expected { of, ..refused(Reason::IdempotencyKeyConflict) },
            };
        }
        let judged = match intent.intent_type {
            IntentType::New => self.new_order(intent),
            IntentType::Cancel => self.cancel(intent),
            IntentType::Replace => self.replace(intent),
        };
        self.remember(key, payload, intent, &judged);
        self.ruled(intent, judged)
    }

    fn remember(&mut self, key: (String, String), payload: String, intent: &Intent<'_>, judged: &Judged) {
        let reason = judged.failed_checks.first().map(|failed| failed.reason);
        let became = reason.is_none().then(|| OrderId::of(intent.account_id, intent.client_order_id));
        let order_id = became.or(judged.of.and_then(|of| of.order_id));
        let of = Prior { seq: self.seq, reason, order_id };
        self.keys.insert(key, Decided { payload, of });
    }

    fn ruled(&mut self, intent: &Intent<'_>, judged: Judged) -> Expected {
        let Judged { failed_checks, of, references, becomes } = judged;
        let verdict = if becomes.is_some() { Verdict::Accepted } else { Verdict::Rejected };
        let converted_to_cancel = matches!(becomes, Some(Becomes::Cancel { converted: true, .. }));
        match becomes {
            None => {}
            Some(Becomes::Order(proposal, valuation)) => {
                let id = OrderId::of(intent.account_id, intent.client_order_id);
                self.accept(&proposal, &valuation, id, intent.client_order_id.as_str());
                let index = self.find(id).expect("it was accepted");
                self.send(index, intent.intent_type, intent);
            }
            Some(Becomes::Cancel { index, .. }) => {
                self.orders[index].cancel_pending = true;
                self.send(index, IntentType::Cancel, intent);
            }
        }
        let mut after = self.after(intent.account_id.as_str(), intent.instrument_id.as_str());
        if let Some(after) = after.as_mut().filter(|_| verdict == Verdict::Accepted && !references.is_empty())
        {
            let currency = &self.instruments[intent.instrument_id.as_str()].currency;
            let gross = self.gross_by(intent.account_id.as_str(), currency, &references);
            after.gross_notional = gross.and_then(|gross| text(&gross));
        }
        Expected {
            verdict: Some(verdict),
            failed_checks,
            of,
            converted_to_cancel,
            references,
            after,
            ..self.bare(EntryKind::Decision)
        }
    }

    fn new_order(&self, intent: &Intent<'_>) -> Judged {
        let id = OrderId::of(intent.account_id, intent.client_order_id);
        if let Some(index) = self.find(id) {
            let of = Prior { seq: self.orders[index].seq, reason: None, order_id: Some(id) };
            let refused = Judged::refused(Failed::plain(Reason::IdempotencyKeyConflict));
            return Judged { of: Some(of), ..refused };
        }
        let given = &intent.terms;
        let whole = "a NEW that can be decoded is whole";
        let terms = Terms {
            side: given.side.expect(whole),
            order_type: given.order_type.expect(whole),
            qty: Amount::of(given.order_qty.expect(whole)),
            price: given.price.map(Amount::of),
            trigger: given.trigger_price.map(Amount::of),
            time_in_force: given.time_in_force.expect(whole),
            expire_time: given.expire_time,
            post_only: given.post_only,
            reduce_only: given.reduce_only,
        };
        let strategy = intent.strategy_id.to_string();
        self.judge(Proposal {
            whose: Whose::account(intent.account_id.as_str()),
            strategies: vec![strategy.clone()],
            strategy,
            instrument: intent.instrument_id.to_string(),
            created_at: intent.created_at,
            expires_at: intent.expires_at,
            added: terms.qty.value.clone(),
            terms,
            replaces: None,
            keeps_what_cannot_change: true,
        })
    }

    /// The rule of cancels and replaces: the order is there, and not over.
    fn target(&self, intent: &Intent<'_>) -> Result<usize, Failed> {
        let id = OrderId::of(intent.account_id, intent.client_order_id);
        let found =
            self.find(id).filter(|index| self.orders[*index].instrument == intent.instrument_id.as_str());
        let index = found.ok_or_else(|| Failed::plain(Reason::UnknownOrder))?;
        match self.is_open(&self.orders[index]) {
            true => Ok(index),
            false => Err(Failed::plain(Reason::TooLateToCancel)),
        }
    }

    fn cancel(&self, intent: &Intent<'_>) -> Judged {
        if intent.expires_at.is_some_and(|expires_at| self.clock >= expires_at) {
            return Judged::refused(Failed::plain(Reason::IntentExpired));
        }
        match self.target(intent) {
            Ok(index) => Judged::cancel(index, false),
            Err(failed) => Judged::refused(failed),
        }
    }

    fn replace(&self, intent: &Intent<'_>) -> Judged {
        let index = match self.target(intent) {
            Ok(index) => index,
            Err(failed) => return Judged::refused(failed),
        };
        let order = &self.orders[index];
        if order.pending.is_some() {
            return Judged::refused(Failed::plain(Reason::OrderPendingReplace));
        }
        if order.cancel_pending {
            return Judged::refused(Failed::plain(Reason::OrderPendingCancel));
        }
        let terms = replaced(order, intent);
        let filled = self.filled(order);
        // New prices alone keep the order's total.
        if terms.qty.exact().is_some_and(|total| *total <= filled) {
            return Judged::cancel(index, true);
        }
        let given = &intent.terms;
        self.judge(Proposal {
            whose: Whose::account(&order.account),
            strategy: order.strategy.clone(),
            strategies: vec![intent.strategy_id.to_string(), order.strategy.clone()],
            instrument: order.instrument.clone(),
            created_at: intent.created_at,
            expires_at: intent.expires_at,
            added: excess(&terms.qty.value - filled - self.reserved(order)),
            replaces: Some(index),
            keeps_what_cannot_change: given.side.is_none_or(|side| side == terms.side)
                && given.order_type.is_none_or(|order_type| order_type == terms.order_type)
                && given.time_in_force.is_none_or(|life| life == terms.time_in_force)
                && given.expire_time.is_none_or(|end| Some(end) == terms.expire_time),
            terms,
        })
    }

    /// Checks 4 to 20.
    fn judge(&self, proposal: Proposal) -> Judged {
        if let Some(failed) = self.early(&proposal) {
            return Judged::refused(failed);
        }
        let risk = self.risk(&proposal);
        let refused = !risk.failed_checks.is_empty();
        let becomes = (!refused).then(|| {
            let valuation = risk.valuation.expect("an order that passes every check is valued");
            Becomes::Order(Box::new(proposal), valuation)
        });
        Judged { failed_checks: risk.failed_checks, of: None, references: risk.references, becomes }
    }

    /// Makes an order, or a pending replace, of a proposal.
    pub(super) fn accept(&mut self, it: &Proposal, valuation: &Rat, id: OrderId, client_order_id: &str) {
        let (terms, valuation) = (it.terms.clone(), valuation.clone());
        self.acceptances.push(Acceptance {
            at: self.clock,
            account: it.whose.account.clone(),
            strategy: it.strategy.clone(),
            instrument: it.instrument.clone(),
            terms: it.replaces.is_none().then(|| terms.clone()),
        });
        if let Some(index) = it.replaces {
            self.orders[index].pending = Some(Pending { terms, valuation });
            return;
        }
        self.orders.push(Order {
            id,
            account: it.whose.account.clone(),
            strategy: it.strategy.clone(),
            instrument: it.instrument.clone(),
            client_order_id: client_order_id.to_owned(),
            seq: self.seq,
            version: 0,
            last_intent: String::new(),
            leaves: terms.qty.value.clone(),
            terms,
            valuation,
            pending: None,
            cancel_pending: false,
            dead: false,
        });
    }

    /// The ledger as it would be with this proposal accepted.
    pub(super) fn with(&self, it: &Proposal, valuation: &Rat) -> Self {
        let mut with = self.clone();
        with.accept(it, valuation, OrderId([0; 16]), "");
        with
    }
}

/// The terms of an order with what a REPLACE asks for.
fn replaced(order: &Order, intent: &Intent<'_>) -> Terms {
    let given = &intent.terms;
    let terms = order.terms.clone();
    Terms {
        qty: given.order_qty.map_or(terms.qty, Amount::of),
        price: given.price.map(Amount::of).or(terms.price),
        trigger: given.trigger_price.map(Amount::of).or(terms.trigger),
        ..terms
    }
}

/// What tells a retry from a conflict, numbers by their value.
fn payload(intent: &Intent<'_>) -> String {
    let it = &intent.terms;
    let [order_qty, price, trigger] = [it.order_qty, it.price, it.trigger_price]
        .map(|number| number.map(|number| Amount::of(number).value));
    format!(
        "{:?}",
        (
            (intent.intent_type, intent.intent_id, intent.account_id, intent.strategy_id),
            (intent.client_order_id, intent.instrument_id, intent.expires_at),
            (it.side, it.order_type, order_qty, price, trigger),
            (it.time_in_force, it.expire_time, it.post_only, it.reduce_only),
        )
    )
}
