//! What the venue's reports do to orders and positions (section 7 of the contract).
//!
//! A report is applied once per venue, instrument and id, for ever. Deciding names the anomaly,
//! applying carries the effect out; both read the same [`Report`].

use sha2::{Digest as _, Sha256};

use super::order::OrderRow;
use super::{Holding, Ledger};
use crate::core::amount::{Lots, Numeral, StepError};
use crate::core::entry::{Anomaly, ExecutionTaken};
use crate::core::execution::{ExecType, Execution};
use crate::core::ids::{Fingerprint, OrderId, first_half};
use crate::core::intent::Side;

/// A venue's report id, as 128 bits of SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExecId([u8; 16]);

/// A report that was applied, or a trade that a later report already spoke of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecRow {
    /// Of the report; `None` while only a bust or correction of it has come.
    content: Option<Fingerprint>,
    /// What it added to the order and the position, busts and corrections included.
    quantity: Lots,
}

/// A report whose quantities are whole lots.
#[derive(Debug)]
struct Report<'a> {
    execution: &'a Execution<'a>,
    order_id: Option<OrderId>,
    last_qty: Lots,
    order_qty: Option<Lots>,
    leaves_qty: Option<Lots>,
}

/// The anomaly of a report, and for people why it is not applied.
///
/// # Errors
/// Why the report cannot be applied at all: `EXECUTION_UNAPPLIED`.
pub fn judge(ledger: &Ledger, execution: &Execution<'_>) -> Result<Option<Anomaly>, String> {
    if let Some(known) = ledger.executions.find(&ExecId::of(execution, execution.exec_id))
        && let Some(content) = known.content
    {
        let same = content == content_of(execution);
        return Ok(Some(if same { Anomaly::DuplicateExec } else { Anomaly::ExecIdConflict }));
    }
    let report = Report::of(ledger, execution)?;
    let order = report.order_id.and_then(|id| ledger.order(id));
    if let Some(order) = order {
        if ledger.text(order.account) != execution.account_id.as_str() {
            return Ok(Some(Anomaly::AccountMismatch));
        }
        if ledger.text(order.instrument) != execution.instrument_id.as_str() {
            return Err("instrument_id: not the instrument of its order".to_owned());
        }
    }
    report.rehearse(ledger, order)?;
    Ok(report.anomaly(ledger, order))
}

/// Carries out what the entry says of its report.
pub(super) fn apply(ledger: &mut Ledger, taken: &ExecutionTaken<'_>) -> Result<(), String> {
    let Ok(execution) = &taken.report else { return Ok(()) };
    match taken.anomaly {
        Some(Anomaly::ExecutionUnapplied | Anomaly::AccountMismatch) => return Ok(()),
        Some(Anomaly::DuplicateExec | Anomaly::ExecIdConflict) => return Ok(()),
        Some(_) | None => {}
    }
    let report = Report::of(ledger, execution)?;
    let known = report.order_id.filter(|id| ledger.order(*id).is_some());
    let change = report.fill_change(ledger)?;
    ledger.move_position(execution, change)?;
    if let Some(order_id) = known {
        ledger.change_order(order_id, |row| report.change(row, change))?;
    }
    report.remember(ledger)
}

impl Ledger {
    fn move_position(&mut self, execution: &Execution<'_>, change: i64) -> Result<(), String> {
        if change == 0 {
            return Ok(());
        }
        let account = self.names.intern(execution.account_id.as_str());
        let instrument = self.names.intern(execution.instrument_id.as_str());
        let holding = self.holdings.edit((account, instrument), Default::default);
        holding.position = moved(holding, execution.side, change).ok_or("a position that does not fit")?;
        Ok(())
    }
}

fn moved(holding: &Holding, side: Side, change: i64) -> Option<Lots> {
    let position = holding.position.0;
    match side {
        Side::Buy => position.checked_add(change),
        Side::Sell => position.checked_sub(change),
    }
    .map(Lots)
}

impl<'a> Report<'a> {
    fn of(ledger: &Ledger, execution: &'a Execution<'a>) -> Result<Self, String> {
        let instrument = ledger
            .instrument(execution.instrument_id.as_str())
            .ok_or_else(|| format!("instrument_id: {} is not known", execution.instrument_id))?;
        let lots = |field: &str, number: Option<Numeral<'_>>| {
            let Some(number) = number else { return Ok(None) };
            let quantity = number.exact().map_err(|_| format!("{field}: {number} has too many digits"))?;
            if quantity.signum() < 0 {
                return Err(format!("{field}: {quantity} is below zero"));
            }
            match instrument.lots(quantity) {
                Ok(lots) => Ok(Some(lots)),
                Err(StepError::Fraction) => Err(format!("{field}: {quantity} is no whole number of lots")),
                Err(StepError::Overflow) => {
                    Err(format!("{field}: {quantity} is more lots than can be counted"))
                }
            }
        };
        Ok(Self {
            execution,
            order_id: OrderId::parse(execution.order_id),
            last_qty: lots("last_qty", execution.last_qty)?.unwrap_or_default(),
            order_qty: lots("order_qty", execution.order_qty)?,
            leaves_qty: lots("leaves_qty", execution.leaves_qty)?,
        })
    }

    /// How much the report adds to what is filled: below zero for a bust.
    fn fill_change(&self, ledger: &Ledger) -> Result<i64, String> {
        let too_much = || "a quantity that does not fit".to_owned();
        match self.execution.exec_type {
            // A bust or correction that came first has said what the trade is worth in the end.
            ExecType::Trade => {
                let spoken_of = ledger.executions.find(&ExecId::of(self.execution, self.execution.exec_id));
                Ok(spoken_of.map_or(self.last_qty.0, |row| row.quantity.0))
            }
            ExecType::TradeCancel => Ok(-self.referred(ledger).map_or(0, |row| row.quantity.0)),
            ExecType::TradeCorrect => self
                .referred(ledger)
                .map_or(Ok(0), |row| self.last_qty.0.checked_sub(row.quantity.0).ok_or_else(too_much)),
            _ => Ok(0),
        }
    }

    /// The trade that a bust or correction is about, if it has come.
    fn referred<'l>(&self, ledger: &'l Ledger) -> Option<&'l ExecRow> {
        let trade = ExecId::of(self.execution, self.execution.exec_ref_id?);
        ledger.executions.find(&trade).filter(|row| row.content.is_some())
    }

    /// Whether every sum that applying will need fits.
    fn rehearse(&self, ledger: &Ledger, order: Option<&OrderRow>) -> Result<(), String> {
        let change = self.fill_change(ledger)?;
        let execution = self.execution;
        let holding = ledger.holding(execution.account_id.as_str(), execution.instrument_id.as_str());
        moved(&holding, execution.side, change).ok_or("the position would not fit")?;
        order.map_or(Ok(()), |order| self.change(&mut order.clone(), change))
    }

    fn anomaly(&self, ledger: &Ledger, order: Option<&OrderRow>) -> Option<Anomaly> {
        let about_a_fill = matches!(self.execution.exec_type, ExecType::TradeCancel | ExecType::TradeCorrect);
        if about_a_fill && self.referred(ledger).is_none() {
            return Some(Anomaly::UnknownExecRef);
        }
        let refused =
            matches!(self.execution.exec_type, ExecType::CancelRejected | ExecType::ReplaceRejected);
        if refused && self.execution.reject_code == Some(1) && order.is_some() {
            return Some(Anomaly::VenueUnknownOrder);
        }
        if self.execution.exec_type != ExecType::Trade {
            return None;
        }
        let Some(order) = order else { return Some(Anomaly::UnknownOrderFill) };
        let filled = i128::from(order.quantity.filled.0) + i128::from(self.last_qty.0);
        match order.quantity.dead {
            true => Some(Anomaly::LateFill),
            false => (filled > i128::from(order.quantity.total.0)).then_some(Anomaly::Overfill),
        }
    }

    /// What the report does to its order.
    fn change(&self, row: &mut OrderRow, fill_change: i64) -> Result<(), String> {
        let too_much = |_| "a quantity of the order that does not fit".to_owned();
        let last_day = row.ends_with_the_day();
        let quantity = &mut row.quantity;
        match self.execution.exec_type {
            ExecType::New | ExecType::PendingCancel | ExecType::PendingReplace => {}
            ExecType::Trade => quantity.fill(Lots(fill_change)).map_err(too_much)?,
            ExecType::TradeCancel | ExecType::TradeCorrect => {
                quantity.filled.0 = quantity
                    .filled
                    .0
                    .checked_add(fill_change)
                    .ok_or("a filled quantity that does not fit")?;
                let computed = quantity.leaves.0.checked_sub(fill_change).ok_or("leaves that do not fit")?;
                quantity.leaves = self.leaves_qty.unwrap_or(Lots(computed.max(0)));
            }
            ExecType::Canceled | ExecType::Expired | ExecType::Rejected => quantity.dead = true,
            ExecType::DoneForDay => quantity.dead |= last_day,
            ExecType::Replaced => {
                quantity.replaced(self.order_qty.ok_or("REPLACED without order_qty")?);
                row.terms = row.pending_terms.take().unwrap_or(row.terms);
            }
            ExecType::Restated => {
                quantity.total = self.order_qty.ok_or("RESTATED without order_qty")?;
                quantity.leaves = self.leaves_qty.ok_or("RESTATED without leaves_qty")?;
            }
            ExecType::CancelRejected => row.cancel_pending = false,
            ExecType::ReplaceRejected => {
                quantity.pending_total = None;
                row.pending_terms = None;
            }
        }
        Ok(())
    }

    /// Binds the report's id, and lets a bust or correction take hold of its trade.
    fn remember(&self, ledger: &mut Ledger) -> Result<(), String> {
        let own = ExecId::of(self.execution, self.execution.exec_id);
        let (exec_type, change) = (self.execution.exec_type, self.fill_change(ledger)?);
        let quantity = if exec_type == ExecType::Trade { Lots(change) } else { Lots(0) };
        ledger.executions.put(own, ExecRow { content: Some(content_of(self.execution)), quantity });
        let worth = match exec_type {
            ExecType::TradeCancel => Lots(0),
            ExecType::TradeCorrect => self.last_qty,
            _ => return Ok(()),
        };
        let reference = self.execution.exec_ref_id.ok_or("a bust or correction without exec_ref_id")?;
        let trade = ExecId::of(self.execution, reference);
        ledger.executions.edit(trade, || ExecRow { content: None, quantity: worth }).quantity = worth;
        Ok(())
    }
}

impl ExecId {
    fn of(execution: &Execution<'_>, exec_id: &str) -> Self {
        let mut hash = Sha256::new().chain_update(b"onefill/execution/v1");
        for name in [execution.venue.as_str(), execution.instrument_id.as_str(), exec_id] {
            feed(&mut hash, Some(name));
        }
        Self(first_half(hash.finalize().into()))
    }
}

/// Of everything that a report says.
fn content_of(execution: &Execution<'_>) -> Fingerprint {
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
