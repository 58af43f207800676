//! G5: what an entry says of the account after it is what follows from all entries.

use super::Model;
use super::prices::Prices;
use crate::avro::Value;
use crate::number::{Number, show};
use crate::report::{Guarantee::G5, Place, Report};

impl<'a> Model<'a> {
    pub fn after(&self, entry: &Value<'a>, place: &Place, report: &mut Report) {
        let (account, instrument) = (entry["account_id"].str(), entry["instrument_id"].str());
        let after = &entry["after"];
        if after.is_null() {
            // Of what is not known there is nothing to say.
            let is_due = entry["verdict"].str() == "ACCEPTED" || entry["kind"].str() == "OWED_CANCEL";
            if is_due {
                report.violation(G5, place, "after", "what stands after an accept", "null");
            }
            return;
        }
        let held = self.holdings.of(account, instrument);
        let sums = [
            ("position", &held.position),
            ("reserved_buy_qty", &held.buys),
            ("reserved_sell_qty", &held.sells),
        ];
        for (name, due) in sums {
            if after[name].number().as_ref() != Some(due) {
                report.violation(G5, place, &format!("after.{name}"), show(due), &after[name]);
            }
        }
        let open = self.holdings.open_of(account);
        report.equal(G5, place, "after.open_orders", open, after["open_orders"].long().unwrap_or(-1));
        if !after["gross_notional"].is_null() {
            let due = self.gross_of(account, instrument, &Prices::of(entry));
            if after["gross_notional"].number() != due {
                let due = due.as_ref().map_or_else(|| "null".to_owned(), show);
                report.violation(G5, place, "after.gross_notional", due, &after["gross_notional"]);
            }
            report.count(G5, "gross exposures", 1);
        }
        report.count(G5, "states after an entry", 1);
    }

    /// Every sum, added up anew from all orders.
    pub fn audit_sums(&self, place: &Place, report: &mut Report) {
        let mut anew = super::Holdings::default();
        let orders = || self.accepted.iter().map(|id| &self.orders[id]);
        orders().for_each(|order| anew.reserve(order, 1));
        for order in orders() {
            let [kept, due] = [&self.holdings, &anew].map(|it| it.of(order.account, order.instrument));
            let sums = |it: &super::holdings::Holding| -> [Number; 2] { [it.buys.clone(), it.sells.clone()] };
            if sums(&kept) != sums(&due) || kept.open != due.open {
                report.violation(G5, place, "sums of the checker", show(&due.buys), show(&kept.buys));
            }
        }
        report.count(G5, "orders summed up", self.orders.len());
    }
}
