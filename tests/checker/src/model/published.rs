//! G1: the terms of each order are those that its entry accepted, or those of the order that it changes.

use super::Model;
use super::orders::Terms;
use crate::avro::Value;
use crate::number::show;
use crate::report::{Guarantee::G1, Place, Report};

impl<'a> Model<'a> {
    /// Publishes the next version of an order, as this entry must have done.
    pub fn publish(&mut self, entry: &Value<'a>, order: Option<(&Value<'a>, Place)>, report: &mut Report) {
        let id = entry["order_id"].str();
        let is_owed = entry["kind"].str() == "OWED_CANCEL";
        let Some(known) = self.orders.get_mut(id) else { return };
        known.version += 1;
        let before = known.last_intent;
        if !is_owed {
            known.last_intent = entry["intent_id"].str();
        }
        let Some((found, place)) = order else { return };
        let version = known.version;
        report.equal(G1, &place, "order_version", version, found["order_version"].long().unwrap_or(-1));
        report.equal(G1, &place, "orig_intent_id", before, found["orig_intent_id"].str());
        let expires_at = entry["intent"]["expires_at"].long();
        let shown = |time: Option<i64>| time.map_or_else(|| "null".to_owned(), |time| time.to_string());
        report.equal(G1, &place, "expires_at", shown(expires_at), shown(found["expires_at"].long()));
        same(known.published(), &Terms::of(found), &place, report);
        report.count(G1, "terms compared", 1);
    }
}

fn same(due: &Terms<'_>, found: &Terms<'_>, place: &Place, report: &mut Report) {
    let Terms { side, order_type, qty, price, trigger, time_in_force, expire_time, post_only, reduce_only } =
        due;
    report.equal(G1, place, "side", side.name(), found.side.name());
    report.equal(G1, place, "order_type", *order_type, found.order_type);
    report.equal(G1, place, "order_qty", show(qty), show(&found.qty));
    let number = |it: &Option<_>| it.as_ref().map_or_else(|| "null".to_owned(), show);
    report.equal(G1, place, "price", number(price), number(&found.price));
    report.equal(G1, place, "trigger_price", number(trigger), number(&found.trigger));
    report.equal(G1, place, "time_in_force", *time_in_force, found.time_in_force);
    report.equal(G1, place, "expire_time", format!("{expire_time:?}"), format!("{:?}", found.expire_time));
    report.equal(G1, place, "post_only", *post_only, found.post_only);
    report.equal(G1, place, "reduce_only", *reduce_only, found.reduce_only);
}
