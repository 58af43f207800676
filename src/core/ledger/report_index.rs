//! The index of reports: what each id of a venue stands for, for ever.

use sha2::{Digest as _, Sha256};

use super::Ledger;
use super::names::Name;
use crate::core::amount::Lots;
use crate::core::execution::Execution;
use crate::core::ids::{Fingerprint, OrderId, first_half};
use crate::core::intent::Side;
use crate::core::saved::{Damaged, Loading, Saved};

/// A venue's report id, as 128 bits of SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExecId([u8; 16]);

/// What a report id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecRow {
    /// A trade.
    Trade {
        /// Of the report.
        content: Fingerprint,
        /// Where it counts, and how much.
        counted: Counted,
    },
    /// A bust or correction of this trade. A later one may name it instead of the trade (FIX 19
    /// names the last report of the chain).
    Restates {
        /// Of the report.
        content: Fingerprint,
        /// The report that it is about.
        of: ExecId,
    },
    /// A report that says nothing of a trade.
    Other {
        /// Of the report.
        content: Fingerprint,
    },
    /// Nothing has come under this id, but a bust or correction has spoken of it.
    Awaited(Claim),
}

/// What a bust or correction says of a trade that has not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose trade.
    pub account: Name,
    /// To which side.
    pub side: Side,
    /// The order that it filled, where one is named; it need not be known.
    pub order_id: Option<OrderId>,
    /// What the trade is worth.
    pub worth: Lots,
    /// What is left of the order with that, where it is said.
    pub leaves: Option<Lots>,
}

/// A trade, as it stands after busts and corrections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Whose position it moved.
    pub account: Name,
    /// In what.
    pub instrument: Name,
    /// To which side.
    pub side: Side,
    /// The order that it filled; `None` when no such order was known then.
    pub order_id: Option<OrderId>,
    /// How much it adds to position and order.
    pub worth: Lots,
}

impl Counted {
    /// Whose trade it is, to which side, of which order.
    pub const fn said(&self) -> (Name, Side, Option<OrderId>) {
        (self.account, self.side, self.order_id)
    }
}

impl Claim {
    /// As [`Counted::said`].
    pub const fn said(&self) -> (Name, Side, Option<OrderId>) {
        (self.account, self.side, self.order_id)
    }
}

impl ExecId {
    /// As rows keep it.
    pub(super) const fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// The id of a row.
    pub(super) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl ExecRow {
    /// Of the report; `None` while it has not come.
    pub const fn content(&self) -> Option<Fingerprint> {
        match self {
            Self::Trade { content, .. } | Self::Restates { content, .. } | Self::Other { content } => {
                Some(*content)
            }
            Self::Awaited(_) => None,
        }
    }
}

impl Ledger {
    /// The first report of the chain that this one belongs to. It ends: a report that would close a
    /// circle is not applied.
    pub(super) fn first_of_chain(&self, id: ExecId) -> ExecId {
        let mut first = id;
        while let Some(ExecRow::Restates { of, .. }) = self.executions.find(&first, &self.decided) {
            first = of;
        }
        first
    }
}

impl ExecId {
    /// The id of the report that this execution names so.
    pub(super) fn of(execution: &Execution<'_>, exec_id: &str) -> Self {
        let mut hash = Sha256::new().chain_update(b"onefill/execution/v1");
        for name in [execution.venue.as_str(), execution.instrument_id.as_str(), exec_id] {
            feed(&mut hash, Some(name));
        }
        Self(first_half(hash.finalize().into()))
    }
}

/// The fingerprint of everything that a report says.
pub(super) fn content_of(execution: &Execution<'_>) -> Fingerprint {
    let Execution {
        venue,
        exec_id,
        exec_type,
        order_id,
        client_order_id,
        venue_order_id,
        account_id,
        instrument_id,
        side,
        last_qty,
        last_px,
        order_qty,
        cum_qty,
        leaves_qty,
        exec_ref_id,
        reject_code,
        text,
        transact_time,
    } = execution;
    let mut hash = Sha256::new();
    let names = [
        venue.as_str(),
        exec_id,
        exec_type.name(),
        order_id,
        account_id.as_str(),
        instrument_id.as_str(),
        side.name(),
    ];
    names.into_iter().for_each(|name| feed(&mut hash, Some(name)));
    [client_order_id, venue_order_id, exec_ref_id, text].into_iter().for_each(|text| feed(&mut hash, *text));
    for number in [last_qty, last_px, order_qty, cum_qty, leaves_qty] {
        feed(&mut hash, number.map(|number| number.to_string()).as_deref());
    }
    feed(&mut hash, reject_code.map(|code| code.to_string()).as_deref());
    hash.update(transact_time.0.to_be_bytes());
    Fingerprint(first_half(hash.finalize().into()))
}

fn feed(hash: &mut Sha256, text: Option<&str>) {
    hash.update(text.map_or(u32::MAX, |text| text.len() as u32).to_be_bytes());
    hash.update(text.unwrap_or_default());
}

crate::core::saved::saved!(Counted { account, instrument, side, order_id, worth });
crate::core::saved::saved!(Claim { account, side, order_id, worth, leaves });
crate::core::saved::saved!(ExecId(bytes));

impl Saved for ExecRow {
    fn save(&self, out: &mut Vec<u8>) {
        match self {
            Self::Trade { content, counted } => {
                out.push(0);
                (*content, *counted).save(out);
            }
            Self::Restates { content, of } => {
                out.push(1);
                (*content, *of).save(out);
            }
            Self::Other { content } => {
                out.push(2);
                content.save(out);
            }
            Self::Awaited(claim) => {
                out.push(3);
                claim.save(out);
            }
        }
    }

    fn load(from: &mut Loading<'_>) -> Result<Self, Damaged> {
        Ok(match u8::load(from)? {
            0 => <(Fingerprint, Counted)>::load(from)
                .map(|(content, counted)| Self::Trade { content, counted })?,
            1 => <(Fingerprint, ExecId)>::load(from).map(|(content, of)| Self::Restates { content, of })?,
            2 => Self::Other { content: Saved::load(from)? },
            3 => Self::Awaited(Saved::load(from)?),
            _ => return Err(Damaged),
        })
    }
}
