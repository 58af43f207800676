//! Comparisons and refusals in words.

use crate::core::amount::Decimal;
use crate::core::checks::witness::Comparison;
use crate::core::money::farthest;
use crate::core::verdict::{FailedCheck, Reason};

/// A comparison in words: `ACCOUNT 112 of at most 100, headroom -12`.
pub fn compared_text(compared: &Comparison, collar: Option<(Decimal, Decimal)>) -> String {
    let scope = compared.scope.map(|scope| format!("{scope} ")).unwrap_or_default();
    let text = match (compared.reason, compared.observed, compared.limit, collar) {
        (Reason::PriceCollarBreached, observed, Some(limit), Some((price, center))) => {
            collar_text(observed, limit, price, center)
        }
        (Reason::DuplicateOrderSuspected, Some(age), Some(window), _) => {
            format!("an equal order {age} ms ago, suspected within {window}")
        }
        (Reason::PriceCollarBreached, None, Some(limit), None) => format!("more than {limit} bps away"),
        (_, Some(observed), Some(limit), _) => format!("{observed} of at most {limit}"),
        (_, Some(observed), None, _) => format!("{observed}"),
        (_, None, Some(limit), _) => format!("more than can be said, of at most {limit}"),
        (_, None, None, _) => String::new(),
    };
    let headroom = compared.headroom().map(|headroom| format!(", headroom {headroom}")).unwrap_or_default();
    format!("{scope}{text}{headroom}")
}

/// A collar in money has the distance as `observed`; one in hundredths of a percent has none.
fn collar_text(observed: Option<Decimal>, limit: Decimal, price: Decimal, center: Decimal) -> String {
    let away = price.minus(center).map_or("far".to_owned(), |distance| distance.abs().to_string());
    let text = format!("{price} is {away} away from {center}");
    if observed.is_some() {
        return format!("{text}, at most {limit}");
    }
    let most = farthest(center, limit.steps_down(Decimal::ONE));
    let headroom = most.zip(price.minus(center)).and_then(|(most, distance)| most.minus(distance.abs()));
    let most = most.map(|most| format!(", which is {most}")).unwrap_or_default();
    let headroom = headroom.map(|headroom| format!(", headroom {headroom}")).unwrap_or_default();
    format!("{text}, at most {limit} bps{most}{headroom}")
}

/// A failed check in words: `INVALID_PRICE_INCREMENT, 4500.3 against 0.25`.
pub fn said(failed: &FailedCheck) -> String {
    let mut text = failed.reason.to_string();
    if let Some(scope) = failed.scope {
        text += &format!(" of {scope}");
    }
    match (failed.observed, failed.limit) {
        (Some(observed), Some(limit)) => text += &format!(", {observed} against {limit}"),
        (Some(observed), None) => text += &format!(", {observed}"),
        (None, Some(limit)) => text += &format!(", against {limit}"),
        (None, None) => {}
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_check_is_said_with_its_numbers() {
        let decimal = |text| Decimal::parse(text).unwrap();
        let failed =
            FailedCheck::compared(Reason::InvalidPriceIncrement, decimal("0.25"), decimal("4500.30"));
        assert_eq!(said(&failed), "INVALID_PRICE_INCREMENT, 4500.3 against 0.25");
        assert_eq!(said(&FailedCheck::plain(Reason::IntentTooOld)), "INTENT_TOO_OLD");
    }
}
