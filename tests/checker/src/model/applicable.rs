//! Section 7: whether a report can be applied at all, where the contract leaves no doubt.

use super::Model;
use crate::avro::Value;
use crate::number::{self, int, is_whole, zero};

/// Beyond this many lots the router's own integers may refuse, which is not judged here.
const LOTS_MAX: i64 = 1_000_000_000_000_000;

/// Whether it can be applied; `None` where that hangs on more than the contract says.
type Applicable = Option<bool>;

impl<'a> Model<'a> {
    pub(super) fn applicable(&self, report: &Value<'a>, key: Option<&[u8]>) -> Applicable {
        let account = report["account_id"].str();
        if key != Some(account.as_bytes()) || !self.is_placed_here(account) {
            return Some(false);
        }
        let Some(instrument) = self.instruments.get(report["instrument_id"].str()) else {
            return Some(false);
        };
        if self.is_known(report) {
            return Some(true);
        }
        let order = self.orders.get(report["order_id"].str());
        let mut needed = Vec::new();
        match report["exec_type"].str() {
            "TRADE" => needed.extend(["last_qty", "last_px"]),
            "TRADE_CORRECT" => needed.extend(["last_qty", "last_px", "exec_ref_id"]),
            "TRADE_CANCEL" => needed.push("exec_ref_id"),
            "REPLACED" if order.is_some() => needed.push("order_qty"),
            "RESTATED" if order.is_some() => needed.extend(["order_qty", "leaves_qty"]),
            "REPLACED" | "RESTATED" => return None,
            _ => {}
        }
        if needed.iter().any(|name| report[*name].is_null()) {
            return Some(false);
        }
        let mut is_small = true;
        for name in needed.into_iter().filter(|name| name.ends_with("_qty")) {
            let text = report[name].str();
            let Some(qty) = number::parse(text) else { return Some(false) };
            if !number::fits(text) || qty < zero() || !is_whole(&qty, &instrument.lot) {
                return Some(false);
            }
            is_small &= qty / &instrument.lot <= int(LOTS_MAX);
        }
        // A correction may contradict its trade, and a report its order.
        let is_plain = report["exec_ref_id"].is_null() && report["leaves_qty"].is_null();
        let fits = order.is_none_or(|order| order.instrument == report["instrument_id"].str());
        (is_small && is_plain && fits).then_some(true)
    }
}
