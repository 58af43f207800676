//! Judging a command: whether it is obeyed here, and why not.

use super::{APPLIED, Taken};
use crate::core::amount::Overflow;
use crate::core::control::{Command, CommandType, ControlResult};
use crate::core::ids::{Id, OrderId, placement};
use crate::core::intent::Side;
use crate::core::ledger::Ledger;
use crate::core::ledger::commands::Aim;
use crate::core::ledger::owner::Owner;
use crate::core::ledger::states::{ScopeKey, TradingState};

/// What a command does here. An id that was answered before is answered so, whatever else it says:
/// a command that is sent again must never be obeyed twice.
pub(super) fn take(ledger: &Ledger, command: &Command<'_>) -> Taken {
    if ledger.knows_command(command.command_id) {
        let detail = format!("command {} was answered before", command.command_id);
        return (ControlResult::DuplicateCommand, Some(detail));
    }
    let judged = match command.command {
        CommandType::ForceRelease => judge_release(ledger, command),
        CommandType::PositionAdjust => judge_adjustment(ledger, command),
        CommandType::Halt | CommandType::Reduce | CommandType::Resume | CommandType::CancelAll => {
            judge_scoped(ledger, command)
        }
    };
    judged.unwrap_or_else(|detail| (ControlResult::Invalid, Some(detail)))
}

/// What comes of it, or why it cannot be obeyed by anybody.
type Judged = Result<Taken, String>;

fn judge_scoped(ledger: &Ledger, command: &Command<'_>) -> Judged {
    let (aim, at) = (Aim::of(command)?, ledger.placement());
    if let Aim::Lane(partition) = aim {
        if partition >= at.count {
            return Err(format!("scope_id: there are {} lanes, from 0", at.count));
        }
        if partition != at.partition {
            return Ok((ControlResult::OtherLane, None));
        }
    }
    let scope = aim.key(|text| ledger.name(text));
    Ok(match command.command {
        CommandType::Reduce | CommandType::Resume => loosen(ledger, command, scope),
        _ => APPLIED,
    })
}

/// Whoever loosens a state must have seen it: two operators who resume at once, one of them after
/// a fresh halt, must not undo what one of them has not seen.
fn loosen(ledger: &Ledger, command: &Command<'_>, scope: ScopeKey) -> Taken {
    let held = ledger.state_of(scope);
    let loosens = match command.command {
        CommandType::Reduce => held.is_some_and(|row| row.state > TradingState::Reducing),
        _ => true,
    };
    let named = command.resumes.map(Id::as_str);
    match held {
        _ if !loosens => APPLIED,
        Some(row) if named == Some(&*row.holder) => APPLIED,
        Some(row) => {
            let detail = format!("it is {}, held by {}: name that in resumes", row.state, row.holder);
            (ControlResult::StaleResume, Some(detail))
        }
        None => (ControlResult::StaleResume, Some("it is ACTIVE: there is nothing to resume".to_owned())),
    }
}

fn judge_release(ledger: &Ledger, command: &Command<'_>) -> Judged {
    let account = command.account_id.ok_or("account_id: missing")?;
    let text = command.order_id.ok_or("order_id: missing")?;
    let order_id = OrderId::parse(text).ok_or("order_id: not 32 lower-case hex digits")?;
    if is_elsewhere(ledger, account) {
        return Ok((ControlResult::OtherLane, None));
    }
    let order = ledger.order(order_id).filter(|order| ledger.text(order.account) == account.as_str());
    Ok(match order {
        Some(_) => APPLIED,
        None => (ControlResult::NotFound, Some(format!("account {account} has no order {order_id}"))),
    })
}

fn judge_adjustment(ledger: &Ledger, command: &Command<'_>) -> Judged {
    let is_elsewhere = is_elsewhere(ledger, command.account_id.ok_or("account_id: missing")?);
    if let Some(instrument) = command.instrument_id
        && ledger.instrument(instrument.as_str()).is_none()
    {
        return Ok(match is_elsewhere {
            true => (ControlResult::OtherLane, None),
            false => (ControlResult::NotFound, Some(format!("instrument {instrument} is not known"))),
        });
    }
    let (account, instrument, lots) = ledger.adjustment_of(command)?;
    if is_elsewhere {
        return Ok((ControlResult::OtherLane, None));
    }
    let (account, instrument) = (ledger.name(account.as_str()), ledger.name(instrument.as_str()));
    let strategy = command.strategy_id.map(|strategy| ledger.name(strategy.as_str()));
    let own = strategy.map(|strategy| Owner::strategy(account, strategy));
    for owner in std::iter::once(Owner::account(account)).chain(own) {
        let held = ledger.held(owner, instrument);
        held.moving(Side::Buy, lots).map_err(|Overflow| "qty: the position would not fit")?;
    }
    Ok(APPLIED)
}

fn is_elsewhere(ledger: &Ledger, account: Id<'_>) -> bool {
    let at = ledger.placement();
    placement(account.as_str().as_bytes(), at.count.unsigned_abs()) != at.partition.unsigned_abs()
}
