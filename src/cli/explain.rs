//! `onefill explain CODE`: the page of a halt or of a reason.

use clap::Args;

use super::print::{self, Tone};
use super::{Failure, Status};
use crate::core::halt::HaltCode;
use crate::core::verdict::Reason;
use crate::shell::closest;

/// Print what a halt or a reason means, and what to do.
#[derive(Args, Debug)]
pub(super) struct Explain {
    /// The code, such as CURSOR_MISMATCH or INTENT_TOO_OLD; without one, all codes are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

impl Explain {
    pub(super) fn run(&self) -> Result<Status, Failure> {
        match &self.code {
            None => list(),
            Some(code) => show(page(&code.to_uppercase().replace('-', "_"))?),
        }
        Ok(Status::Done)
    }
}

fn page(code: &str) -> Result<&'static str, Failure> {
    let halt = HaltCode::parse(code).map(halt_page);
    halt.or_else(|| Reason::parse(code).map(reason_page)).ok_or_else(|| {
        let close = closest(code, codes().map(|(code, _)| code.to_owned()));
        let remedy = close.map(|close| format!("did you mean {close}?"));
        Failure::usage(
            format!("{code} is neither a halt nor a reason"),
            remedy.unwrap_or_else(|| "`onefill explain` lists all of them".to_owned()),
        )
    })
}

fn codes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let halts = HaltCode::ALL.iter().map(|code| (code.name(), halt_page(*code)));
    halts.chain(Reason::ALL.iter().map(|reason| (reason.name(), reason_page(*reason))))
}

/// Every code with the first sentence of its page.
fn list() {
    let mut table = print::table(&["CODE", "MEANS"]);
    for (code, page) in codes() {
        table.add_row(vec![code, summary(page)]);
    }
    print::show(&table);
}

/// The first line below the title.
fn summary(page: &'static str) -> &'static str {
    page.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or_default()
}

fn show(page: &str) {
    for line in page.lines() {
        let title = line.starts_with('#');
        print::say(&if title { print::toned(line, Tone::Doubtful) } else { line.to_owned() });
    }
}

const fn halt_page(code: HaltCode) -> &'static str {
    match code {
        HaltCode::ChainBroken => include_str!("../../docs/halts/CHAIN_BROKEN.md"),
        HaltCode::CursorMismatch => include_str!("../../docs/halts/CURSOR_MISMATCH.md"),
        HaltCode::OutputMismatch => include_str!("../../docs/halts/OUTPUT_MISMATCH.md"),
        HaltCode::InputLost => include_str!("../../docs/halts/INPUT_LOST.md"),
        HaltCode::TopologyChanged => include_str!("../../docs/halts/TOPOLOGY_CHANGED.md"),
        HaltCode::StateDiverged => include_str!("../../docs/halts/STATE_DIVERGED.md"),
        HaltCode::OutcomeUnresolved => include_str!("../../docs/halts/OUTCOME_UNRESOLVED.md"),
        HaltCode::Fenced => include_str!("../../docs/halts/FENCED.md"),
        HaltCode::UnsafeTopic => include_str!("../../docs/halts/UNSAFE_TOPIC.md"),
        HaltCode::AuditUnreadable => include_str!("../../docs/halts/AUDIT_UNREADABLE.md"),
        HaltCode::ClockUnsafe => include_str!("../../docs/halts/CLOCK_UNSAFE.md"),
        HaltCode::ControlInvalid => include_str!("../../docs/halts/CONTROL_INVALID.md"),
    }
}

const fn reason_page(reason: Reason) -> &'static str {
    match reason {
        Reason::MalformedIntent => include_str!("../../docs/reasons/MALFORMED_INTENT.md"),
        Reason::WrongPartition => include_str!("../../docs/reasons/WRONG_PARTITION.md"),
        Reason::IdempotencyKeyConflict => include_str!("../../docs/reasons/IDEMPOTENCY_KEY_CONFLICT.md"),
        Reason::UnknownOrder => include_str!("../../docs/reasons/UNKNOWN_ORDER.md"),
        Reason::TooLateToCancel => include_str!("../../docs/reasons/TOO_LATE_TO_CANCEL.md"),
        Reason::OrderPendingReplace => include_str!("../../docs/reasons/ORDER_PENDING_REPLACE.md"),
        Reason::OrderPendingCancel => include_str!("../../docs/reasons/ORDER_PENDING_CANCEL.md"),
        Reason::TimestampInFuture => include_str!("../../docs/reasons/TIMESTAMP_IN_FUTURE.md"),
        Reason::IntentTooOld => include_str!("../../docs/reasons/INTENT_TOO_OLD.md"),
        Reason::IntentExpired => include_str!("../../docs/reasons/INTENT_EXPIRED.md"),
        Reason::TradingHalted => include_str!("../../docs/reasons/TRADING_HALTED.md"),
        Reason::UnknownAccount => include_str!("../../docs/reasons/UNKNOWN_ACCOUNT.md"),
        Reason::UnknownInstrument => include_str!("../../docs/reasons/UNKNOWN_INSTRUMENT.md"),
        Reason::RestrictedInstrument => include_str!("../../docs/reasons/RESTRICTED_INSTRUMENT.md"),
        Reason::UnsupportedOrder => include_str!("../../docs/reasons/UNSUPPORTED_ORDER.md"),
        Reason::InvalidQuantity => include_str!("../../docs/reasons/INVALID_QUANTITY.md"),
        Reason::InvalidPrice => include_str!("../../docs/reasons/INVALID_PRICE.md"),
        Reason::InvalidPriceIncrement => include_str!("../../docs/reasons/INVALID_PRICE_INCREMENT.md"),
        Reason::InvalidQuantityIncrement => include_str!("../../docs/reasons/INVALID_QUANTITY_INCREMENT.md"),
        Reason::MinNotional => include_str!("../../docs/reasons/MIN_NOTIONAL.md"),
        Reason::NumericOverflow => include_str!("../../docs/reasons/NUMERIC_OVERFLOW.md"),
        Reason::LimitNotConfigured => include_str!("../../docs/reasons/LIMIT_NOT_CONFIGURED.md"),
        Reason::MaxOrderQtyExceeded => include_str!("../../docs/reasons/MAX_ORDER_QTY_EXCEEDED.md"),
        Reason::ReferencePriceNotAvailable => {
            include_str!("../../docs/reasons/REFERENCE_PRICE_NOT_AVAILABLE.md")
        }
        Reason::ReferencePriceStale => include_str!("../../docs/reasons/REFERENCE_PRICE_STALE.md"),
        Reason::ReferencePriceInvalid => include_str!("../../docs/reasons/REFERENCE_PRICE_INVALID.md"),
        Reason::PriceCollarBreached => include_str!("../../docs/reasons/PRICE_COLLAR_BREACHED.md"),
        Reason::MaxOrderNotionalExceeded => include_str!("../../docs/reasons/MAX_ORDER_NOTIONAL_EXCEEDED.md"),
        Reason::DuplicateOrderSuspected => include_str!("../../docs/reasons/DUPLICATE_ORDER_SUSPECTED.md"),
        Reason::RateLimitExceeded => include_str!("../../docs/reasons/RATE_LIMIT_EXCEEDED.md"),
        Reason::ReduceOnlyViolation => include_str!("../../docs/reasons/REDUCE_ONLY_VIOLATION.md"),
        Reason::MaxOpenOrdersExceeded => include_str!("../../docs/reasons/MAX_OPEN_ORDERS_EXCEEDED.md"),
        Reason::PositionLimitExceeded => include_str!("../../docs/reasons/POSITION_LIMIT_EXCEEDED.md"),
        Reason::GrossNotionalExceeded => include_str!("../../docs/reasons/GROSS_NOTIONAL_EXCEEDED.md"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_begins_with_its_code_and_says_what_it_means() {
        for (code, page) in codes() {
            assert_eq!(page.lines().next(), Some(format!("# {code}").as_str()));
            assert!(summary(page).len() > 10, "{code}");
        }
    }

    #[test]
    fn a_slip_is_corrected() {
        assert_eq!(page("CURSOR_MISSMATCH").unwrap_err().remedy, "did you mean CURSOR_MISMATCH?");
        assert!(page("XYZZY").unwrap_err().remedy.contains("lists all"));
    }
}
