//! What the venue's reports do to orders and positions (section 7 of the contract).
//!
//! A report is applied once per venue, instrument and id, for ever. Deciding names the anomaly,
//! applying carries the effect out; both read the same [`Report`].

use super::Ledger;
use super::holdings::Reserve;
use super::names::Name;
use super::order::OrderRow;
use super::owner::Owner;
use super::report_index::{Claim, Counted, ExecId, ExecRow, content_of};
use crate::core::amount::{Decimal, Lots, Numeral, Overflow, StepError};
use crate::core::entry::{Anomaly, ExecutionTaken};
use crate::core::execution::{ExecType, Execution};
use crate::core::ids::OrderId;
use crate::core::intent::Side;
use crate::core::order::Terms;

/// A report whose quantities are whole lots.
#[derive(Debug)]
struct Report<'a> {
    execution: &'a Execution<'a>,
    order_id: Option<OrderId>,
    about: About,
    order_qty: Option<Lots>,
    leaves_qty: Option<Lots>,
}

/// What a report says of trades.
#[derive(Clone, Copy, Debug)]
enum About {
    /// Nothing.
    Nothing,
    /// It is one.
    Trade(Reckoning),
    /// The trade of this id is worth something else.
    Restated { first: ExecId, before: Before, now: Reckoning },
}

/// What a trade is worth in the end, and what is left of its order with that. A bust or correction that came
/// before has the last word.
#[derive(Clone, Copy, Debug)]
struct Reckoning {
    worth: Lots,
    left: Left,
    /// The order that is named, by the report or by what came before it.
    order_id: Option<OrderId>,
}

/// What is left of an order.
#[derive(Clone, Copy, Debug)]
enum Left {
    /// Nobody says it.
    Computed,
    /// The report says it.
    Said(Lots),
    /// A report that came before says it, and cannot know what came meanwhile: it only adds.
    AtLeast(Lots),
}

/// What was known of a trade before it was busted or corrected.
#[derive(Clone, Copy, Debug)]
enum Before {
    /// How it stood.
    Counted(Counted),
    /// It has not come, and this was said of it.
    Claimed(Claim),
    /// It has not come, or the id is not that of a trade.
    Nothing,
}

/// The anomaly of a report, and for people why it is not applied.
///
/// # Errors
/// Why the report cannot be applied at all: `EXECUTION_UNAPPLIED`.
pub fn judge(ledger: &Ledger, execution: &Execution<'_>) -> Result<Option<Anomaly>, String> {
    let known = ledger.executions.find(&ExecId::of(execution, execution.exec_id), &ledger.decided);
    if let Some(content) = known.as_ref().and_then(ExecRow::content) {
        let same = content == content_of(execution);
        return Ok(Some(if same { Anomaly::DuplicateExec } else { Anomaly::ExecIdConflict }));
    }
    let report = Report::of(ledger, execution)?;
    if let Some(order) = report.order_id.and_then(|id| ledger.order(id)) {
        if ledger.text(order.account) != execution.account_id.as_str() {
            return Ok(Some(Anomaly::AccountMismatch));
        }
        if ledger.text(order.instrument) != execution.instrument_id.as_str() {
            return Err("instrument_id: not the instrument of its order".to_owned());
        }
    }
    report.agree(ledger)?;
    report.rehearse(ledger)?;
    Ok(report.anomaly(ledger))
}

/// Carries out what the entry says of its report.
pub(super) fn apply(ledger: &mut Ledger, seq: u64, taken: &ExecutionTaken<'_>) -> Result<(), String> {
    carry_out(ledger, taken)?;
    ledger.react(seq, taken);
    Ok(())
}

fn carry_out(ledger: &mut Ledger, taken: &ExecutionTaken<'_>) -> Result<(), String> {
    let Ok(execution) = &taken.report else { return Ok(()) };
    match taken.anomaly {
        Some(Anomaly::ExecutionUnapplied | Anomaly::AccountMismatch) => return Ok(()),
        Some(Anomaly::DuplicateExec | Anomaly::ExecIdConflict) => return Ok(()),
        Some(_) | None => {}
    }
    let report = Report::of(ledger, execution)?;
    let change = report.fill_change()?;
    let changed = report.changed_order(ledger);
    let strategy = changed.and_then(|id| ledger.order(id)).map(|order| order.strategy);
    let account = ledger.names.intern(execution.account_id.as_str());
    let instrument = ledger.names.intern(execution.instrument_id.as_str());
    ledger
        .move_position(account, strategy, instrument, execution.side, change)
        .map_err(|Overflow| "a position that does not fit")?;
    if let Some(order_id) = changed {
        ledger.change_order(order_id, |row| report.change(row, change))?;
    }
    report.remember(ledger)
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
        let last_qty = lots("last_qty", execution.last_qty)?;
        let leaves_qty = lots("leaves_qty", execution.leaves_qty)?;
        Ok(Self {
            execution,
            order_id: OrderId::parse(execution.order_id),
            about: About::of(ledger, execution, last_qty, leaves_qty)?,
            order_qty: lots("order_qty", execution.order_qty)?,
            leaves_qty,
        })
    }

    /// How much the report adds to what is filled: below zero for a bust.
    fn fill_change(&self) -> Result<i64, String> {
        match self.about {
            About::Trade(Reckoning { worth, .. }) => Ok(worth.0),
            About::Restated { before: Before::Counted(counted), now, .. } => now
                .worth
                .0
                .checked_sub(counted.worth.0)
                .ok_or_else(|| "a quantity that does not fit".to_owned()),
            About::Restated { .. } | About::Nothing => Ok(0),
        }
    }

    /// The order that the report changes. A bust or correction changes the order that its trade
    /// filled, if it filled one: never an order that was accepted after the fill.
    fn changed_order(&self, ledger: &Ledger) -> Option<OrderId> {
        match self.about {
            About::Restated { before: Before::Counted(counted), .. } => counted.order_id,
            About::Restated { .. } => None,
            About::Trade(_) | About::Nothing => self.order_id.filter(|id| ledger.has_order(*id)),
        }
    }

    /// Whether a bust or correction says of its trade what the trade said, or another one before it came.
    fn agree(&self, ledger: &Ledger) -> Result<(), String> {
        let About::Restated { before, now, .. } = self.about else { return Ok(()) };
        let Some(said) = before.said() else { return Ok(()) };
        contradiction(ledger, (self.execution, now.order_id), said)
            .map_or(Ok(()), |field| Err(format!("{field} of its trade")))
    }

    /// Whether every sum that applying will need fits.
    fn rehearse(&self, ledger: &Ledger) -> Result<(), String> {
        self.kept_leaves()?;
        let change = self.fill_change()?;
        let execution = self.execution;
        let order = self.changed_order(ledger).and_then(|id| ledger.order(id));
        let account = Owner::account(ledger.name(execution.account_id.as_str()));
        let own = order.as_ref().map(|order| Owner::strategy(account.account, order.strategy));
        let instrument = ledger.name(execution.instrument_id.as_str());
        for owner in std::iter::once(account).chain(own) {
            let held = ledger.held(owner, instrument);
            held.moving(execution.side, change).map_err(|Overflow| "the position would not fit")?;
        }
        let Some(row) = order else { return Ok(()) };
        let mut changed = row.clone().into_owned();
        self.change(&mut changed, change)?;
        let reserving = || {
            let held = ledger.held(account, instrument);
            held.reserving(row.side(), Reserve::of(&row)?, Reserve::of(&changed)?)
        };
        reserving().map_err(|Overflow| "the sum of reservations would not fit")?;
        Ok(())
    }

    fn anomaly(&self, ledger: &Ledger) -> Option<Anomaly> {
        let order = self.order_id.and_then(|id| ledger.order(id));
        match self.about {
            About::Restated { before: Before::Counted(_), .. } => None,
            About::Restated { .. } => Some(Anomaly::UnknownExecRef),
            About::Trade(Reckoning { worth, .. }) => {
                let Some(quantity) = order.map(|order| order.quantity) else {
                    return Some(Anomaly::UnknownOrderFill);
                };
                let filled = i128::from(quantity.filled.0) + i128::from(worth.0);
                match quantity.dead {
                    true => Some(Anomaly::LateFill),
                    false => (filled > i128::from(quantity.total.0)).then_some(Anomaly::Overfill),
                }
            }
            About::Nothing => {
                let refused = [ExecType::CancelRejected, ExecType::ReplaceRejected];
                let unknown =
                    refused.contains(&self.execution.exec_type) && self.execution.reject_code == Some(1);
                (unknown && order.is_some()).then_some(Anomaly::VenueUnknownOrder)
            }
        }
    }

    /// What is left of the order by what this says of a trade.
    const fn left(&self) -> Left {
        match self.about {
            About::Trade(now) | About::Restated { now, .. } => now.left,
            About::Nothing => Left::Computed,
        }
    }

    /// The order's new total, in lots and as the venue says it.
    fn total(&self) -> Result<(Lots, Decimal), String> {
        let order_qty = self.execution.order_qty.and_then(|number| number.exact().ok());
        Ok(self.order_qty.zip(order_qty).ok_or("order_qty: missing")?)
    }

    /// What the report does to its order.
    fn change(&self, row: &mut OrderRow, fill_change: i64) -> Result<(), String> {
        let too_much = |_| "a quantity of the order that does not fit".to_owned();
        let last_day = row.ends_with_the_day();
        let quantity = &mut row.quantity;
        match self.execution.exec_type {
            ExecType::New | ExecType::PendingCancel | ExecType::PendingReplace => {}
            ExecType::Trade => {
                quantity.fill(Lots(fill_change)).map_err(too_much)?;
                quantity.leaves = self.left().or_computed(|| Ok(quantity.leaves))?;
            }
            ExecType::TradeCancel | ExecType::TradeCorrect => {
                quantity.filled.0 = quantity
                    .filled
                    .0
                    .checked_add(fill_change)
                    .ok_or("a filled quantity that does not fit")?;
                quantity.leaves = self.left().or_computed(|| {
                    let left = quantity.leaves.0.checked_sub(fill_change);
                    Ok(Lots(left.ok_or("leaves that do not fit")?.max(0)))
                })?;
            }
            ExecType::Canceled | ExecType::Expired | ExecType::Rejected => quantity.dead = true,
            ExecType::DoneForDay => quantity.dead |= last_day,
            // The total is the venue's, whatever was asked for: a later REPLACE without a quantity
            // must not bring an older one back.
            ExecType::Replaced => {
                let (total, order_qty) = self.total()?;
                quantity.replaced(total);
                row.terms = Terms { order_qty, ..row.pending_terms.take().unwrap_or(row.terms) };
                row.valuation = row.pending_valuation.take().unwrap_or(row.valuation);
            }
            ExecType::Restated => {
                let (total, order_qty) = self.total()?;
                quantity.total = total;
                quantity.leaves = self.leaves_qty.ok_or("leaves_qty: missing")?;
                row.terms.order_qty = order_qty;
            }
            ExecType::CancelRejected => row.cancel_pending = false,
            ExecType::ReplaceRejected => {
                quantity.pending_total = None;
                row.pending_terms = None;
                row.pending_valuation = None;
            }
        }
        Ok(())
    }

    /// What is left of the order of a trade that has not come, as this report or one before says it. One that says
    /// nothing of it moves what was said by the difference.
    fn kept_leaves(&self) -> Result<Option<Lots>, String> {
        let About::Restated { before, now, .. } = self.about else { return Ok(None) };
        match (now.left, before) {
            (Left::Said(leaves) | Left::AtLeast(leaves), _) => Ok(Some(leaves)),
            (Left::Computed, Before::Claimed(Claim { leaves: Some(leaves), worth, .. })) => {
                let moved = now.worth.0.checked_sub(worth.0).and_then(|change| leaves.0.checked_sub(change));
                Ok(Some(Lots(moved.ok_or("leaves that do not fit")?.max(0))))
            }
            (Left::Computed, _) => Ok(None),
        }
    }

    /// What is known of a trade that has not come, once this report has.
    fn claim(&self, ledger: &mut Ledger, before: Before, now: Reckoning) -> Result<Claim, String> {
        let account = ledger.names.intern(self.execution.account_id.as_str());
        let order_id = named(ledger, now.order_id, before.said().and_then(|(.., order_id)| order_id));
        let leaves = self.kept_leaves()?;
        Ok(Claim { account, side: self.execution.side, order_id, worth: now.worth, leaves })
    }

    /// Binds the report's id, and lets a bust or correction take hold of its trade.
    fn remember(&self, ledger: &mut Ledger) -> Result<(), String> {
        let own = ExecId::of(self.execution, self.execution.exec_id);
        let content = content_of(self.execution);
        let row = match self.about {
            About::Nothing => ExecRow::Other { content },
            About::Trade(Reckoning { worth, .. }) => {
                let account = ledger.names.intern(self.execution.account_id.as_str());
                let instrument = ledger.names.intern(self.execution.instrument_id.as_str());
                let (side, order_id) = (self.execution.side, self.changed_order(ledger));
                ExecRow::Trade { content, counted: Counted { account, instrument, side, order_id, worth } }
            }
            About::Restated { first, before, now } => {
                let claim = self.claim(ledger, before, now)?;
                match ledger.executions.edit(first, &ledger.decided, || ExecRow::Awaited(claim)) {
                    ExecRow::Trade { counted, .. } => counted.worth = now.worth,
                    ExecRow::Awaited(before) => *before = claim,
                    // Of what is no trade, nothing is kept but this report's own id.
                    ExecRow::Other { .. } | ExecRow::Restates { .. } => {}
                }
                ExecRow::Restates { content, of: first }
            }
        };
        ledger.executions.put(own, row);
        Ok(())
    }
}

impl About {
    fn of(
        ledger: &Ledger,
        execution: &Execution<'_>,
        last_qty: Option<Lots>,
        leaves_qty: Option<Lots>,
    ) -> Result<Self, String> {
        let left = leaves_qty.map_or(Left::Computed, Left::Said);
        let (worth, left) = match execution.exec_type {
            // What is left of its order with a fill is computed.
            ExecType::Trade => (last_qty.ok_or("last_qty: missing")?, Left::Computed),
            ExecType::TradeCorrect => (last_qty.ok_or("last_qty: missing")?, left),
            ExecType::TradeCancel => (Lots(0), left),
            _ => return Ok(Self::Nothing),
        };
        let said = Reckoning { worth, left, order_id: OrderId::parse(execution.order_id) };
        let own = ExecId::of(execution, execution.exec_id);
        if execution.exec_type == ExecType::Trade {
            return Ok(Self::Trade(said.netted(ledger, execution, own, Before::Nothing)));
        }
        let reference = execution.exec_ref_id.ok_or("exec_ref_id: missing")?;
        let first = ledger.first_of_chain(ExecId::of(execution, reference));
        if first == own {
            return Err("exec_ref_id: leads back to this report".to_owned());
        }
        let before = match ledger.executions.find(&first, &ledger.decided) {
            Some(ExecRow::Trade { counted, .. }) => Before::Counted(counted),
            Some(ExecRow::Awaited(claim)) => Before::Claimed(claim),
            Some(_) | None => Before::Nothing,
        };
        Ok(Self::Restated { first, before, now: said.netted(ledger, execution, own, before) })
    }
}

impl Reckoning {
    /// The same, with what was said of this report before it came. What contradicts it, or the trade that it is
    /// about, is about something else, whatever it names: the report counts as it stands.
    fn netted(self, ledger: &Ledger, execution: &Execution<'_>, own: ExecId, before: Before) -> Self {
        let Some(ExecRow::Awaited(claim)) = ledger.executions.find(&own, &ledger.decided) else {
            return self;
        };
        let order_id = named(ledger, self.order_id, claim.order_id);
        let mut others = std::iter::once(claim.said()).chain(before.said());
        if others.any(|other| contradiction(ledger, (execution, order_id), other).is_some()) {
            return self;
        }
        Self { worth: claim.worth, left: claim.leaves.map_or(Left::Computed, Left::AtLeast), order_id }
    }
}

impl Left {
    /// What is left, if it is so much when it is computed.
    fn or_computed(self, compute: impl FnOnce() -> Result<Lots, String>) -> Result<Lots, String> {
        match self {
            Self::Said(leaves) => Ok(leaves),
            Self::AtLeast(leaves) => Ok(compute()?.max(leaves)),
            Self::Computed => compute(),
        }
    }
}

impl Before {
    /// Whose trade it is, to which side, of which order, where that is known.
    const fn said(self) -> Option<(Name, Side, Option<OrderId>)> {
        match self {
            Self::Counted(counted) => Some(counted.said()),
            Self::Claimed(claim) => Some(claim.said()),
            Self::Nothing => None,
        }
    }
}

/// Which order is meant, of two that are named: one that is known says more than one that is not.
fn named(ledger: &Ledger, later: Option<OrderId>, earlier: Option<OrderId>) -> Option<OrderId> {
    let known = |order_id: Option<OrderId>| order_id.filter(|id| ledger.has_order(*id));
    known(later).or_else(|| known(earlier)).or(later).or(earlier)
}

/// What a report says otherwise than another one of the same trade did, of account, side and order. Of an order,
/// only where both are known.
fn contradiction(
    ledger: &Ledger,
    (execution, named): (&Execution<'_>, Option<OrderId>),
    (account, side, order_id): (Name, Side, Option<OrderId>),
) -> Option<&'static str> {
    let is_known = |id: &OrderId| ledger.has_order(*id);
    let orders = order_id.filter(is_known).zip(named.filter(is_known));
    if ledger.text(account) != execution.account_id.as_str() {
        return Some("account_id: not the account");
    }
    if side != execution.side {
        return Some("side: not the side");
    }
    orders.is_some_and(|(other, own)| other != own).then_some("order_id: not the order")
}
