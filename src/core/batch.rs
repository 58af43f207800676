//! A batch: what is decided, but not committed.
//!
//! It borrows the ledger, so that nothing else can move while it is open. [`Batch::settle`] folds
//! it in, once its transaction has committed; dropped in any other way, it leaves no trace. An
//! unknown outcome thus never becomes a fact by mistake (`G4`).

use super::decide::{Arrival, decide};
use super::entry::{After, Body, Cursors, Decision, Entry, Opening, Recovery, Reference, Ruling};
use super::ids::Digest;
use super::ledger::Ledger;
use super::ledger::owed::Owing;
use super::ledger::owner::Owner;
use super::order::Order;
use super::prices::PriceBook;
use super::time::Time;

/// An open batch over a ledger.
#[derive(Debug)]
pub struct Batch<'l, 'p> {
    ledger: &'l mut Ledger,
    prices: &'p PriceBook,
    now: Time,
    linked: bool,
}

impl<'l, 'p> Batch<'l, 'p> {
    /// Opens a batch. All of it is decided at one time: the clock's, but never before the last
    /// entry's, so that times never decrease in a partition.
    pub fn open(ledger: &'l mut Ledger, prices: &'p PriceBook, clock: Time) -> Self {
        let now = clock.max(ledger.head().decided_at);
        Self { ledger, prices, now, linked: true }
    }

    /// Decides an arrival. The entry is complete but for the next one's link: encode it, and say
    /// its leaf hash to [`Batch::link`].
    pub fn take<'e, 'a: 'e>(&mut self, arrival: &Arrival<'a>) -> Entry<'e>
    where
        'p: 'e,
    {
        let body = decide(self.ledger, self.prices, arrival, self.now);
        self.append(body)
    }

    /// The next cancel that a command owes, if one is left: no intent is decided before it.
    pub fn next_owed(&self) -> Option<Owing> {
        self.ledger.next_owed()
    }

    /// Publishes an owed cancel: that of [`Batch::next_owed`].
    pub fn take_owed<'a>(&mut self, owing: &'a Owing) -> Entry<'a> {
        self.append(Body::OwedCancel(owing.cancel()))
    }

    /// Opens the lane: GENESIS where the trail is empty, LANE_OPENED where it is not.
    pub fn open_lane<'a>(&mut self, opening: Opening<'a>) -> Entry<'a> {
        self.open_lane_at(opening, self.ledger.head().cursors)
    }

    /// The same, with the inputs at these cursors from here on: markers and aborted records were passed.
    pub fn open_lane_at<'a>(&mut self, opening: Opening<'a>, cursors: Cursors) -> Entry<'a> {
        let first = self.ledger.head().next_seq == 0;
        self.append_at(if first { Body::Genesis(opening) } else { Body::LaneOpened(opening) }, cursors)
    }

    /// Leads the lane past a halt: from here on the inputs stand at these cursors.
    pub fn recover<'a>(&mut self, recovery: Recovery<'a>, cursors: Cursors) -> Entry<'a> {
        self.append_at(Body::Recovery(recovery), cursors)
    }

    fn append<'a>(&mut self, body: Body<'a>) -> Entry<'a> {
        self.append_at(body, self.ledger.head().cursors)
    }

    fn append_at<'a>(&mut self, body: Body<'a>, as_of: Cursors) -> Entry<'a> {
        assert!(self.linked, "an entry is linked before the next one is made");
        let head = self.ledger.head();
        let mut entry = Entry {
            seq: head.next_seq,
            prev: head.link,
            as_of,
            decided_at: self.now,
            limits_version: head.limits_version,
            body,
        };
        if let Err(contradiction) = self.ledger.stage(&entry) {
            panic!("what was decided now contradicts the ledger it was decided by: {contradiction}");
        }
        self.linked = false;
        say_after(self.ledger, &mut entry.body);
        entry
    }

    /// Says the leaf hash of the last entry's bytes.
    pub fn link(&mut self, leaf: Digest) {
        self.ledger.link(leaf);
        self.linked = true;
    }

    /// The order record that the last entry publishes, if it publishes one.
    pub fn order<'b>(&'b self, entry: &'b Entry<'_>) -> Option<Order<'b>> {
        order_of(self.ledger, entry)
    }

    /// The ledger, this batch included.
    pub const fn ledger(&self) -> &Ledger {
        self.ledger
    }

    /// Folds the batch in: its transaction has committed.
    pub fn settle(self) {
        assert!(self.linked, "a batch is settled with every entry linked");
        self.ledger.settle();
    }
}

/// Drops what is still staged; after [`Batch::settle`] that is nothing.
impl Drop for Batch<'_, '_> {
    fn drop(&mut self) {
        self.ledger.discard();
    }
}

/// The order record that an entry publishes, if it publishes one. The ledger stands right after
/// that entry: whoever replays a trail can thus say what `orders` must hold, byte for byte.
///
/// # Panics
/// When the ledger stands elsewhere.
pub fn order_of<'b>(ledger: &'b Ledger, entry: &'b Entry<'_>) -> Option<Order<'b>> {
    let ids = match &entry.body {
        Body::Decision(Decision { ruling: Ruling::Accepted { intent, .. }, .. }) => intent.ids(),
        Body::OwedCancel(owed) => owed.ids,
        _ => return None,
    };
    let published = ledger.head().published.as_ref().expect("an accepted intent is published");
    assert!(published.audit_seq == entry.seq, "an order is made right after its entry");
    Some(published.order(ids))
}

/// Says in the entry how the account stands after it.
fn say_after(ledger: &Ledger, body: &mut Body<'_>) {
    match body {
        Body::Decision(decision) => match &mut decision.ruling {
            Ruling::Accepted { intent, references, after, .. } => {
                let (account, instrument) = (intent.account_id.as_str(), intent.instrument_id.as_str());
                *after = account_after(ledger, account, instrument, references);
            }
            // Of its references one may be too old to value anything by.
            Ruling::Rejected { intent, after, .. } => {
                let (account, instrument) = (intent.account_id.as_str(), intent.instrument_id.as_str());
                *after = account_after(ledger, account, instrument, &[]);
            }
            Ruling::Malformed { .. } | Ruling::Misplaced { .. } => {}
            Ruling::Duplicate { .. } | Ruling::Conflict { .. } => {}
        },
        Body::Execution(taken) => {
            if let Ok(execution) = &taken.report {
                let (account, instrument) = (execution.account_id.as_str(), execution.instrument_id.as_str());
                taken.after = account_after(ledger, account, instrument, &[]);
            }
        }
        Body::OwedCancel(owed) => {
            let (account, instrument) = (owed.ids.account_id.as_str(), owed.ids.instrument_id.as_str());
            owed.after = account_after(ledger, account, instrument, &[]);
        }
        Body::Genesis(_) | Body::LaneOpened(_) | Body::Control(_) | Body::Recovery(_) => {}
    }
}

/// `None` where the instrument is not known, or a sum has more digits than a decimal may have.
fn account_after(
    ledger: &Ledger,
    account: &str,
    instrument_id: &str,
    references: &[Reference<'_>],
) -> Option<After> {
    let (owner, name) = (Owner::account(ledger.name(account)), ledger.name(instrument_id));
    let instrument = ledger.instrument_named(name)?;
    let holding = ledger.held(owner, name);
    let quantity = |lots| instrument.quantity(lots).ok();
    let gross_notional = match references {
        [] => None,
        _ => ledger.gross(owner, &instrument.currency, references),
    };
    Some(After {
        position: quantity(holding.position)?,
        reserved_buy_qty: quantity(holding.reserved_buys)?,
        reserved_sell_qty: quantity(holding.reserved_sells)?,
        gross_notional,
        open_orders: ledger.open_orders_of(owner),
    })
}
