//! The fingerprint of an intent's payload: what tells a retry from a conflict (`G2`).
//!
//! It covers exactly what the strategy asks for. It must never depend on how that was written
//! (`2` or `2.000`), on the schema's version, or on what only accompanies the request.

use sha2::{Digest as _, Sha256};

use super::amount::Numeral;
use super::canonical::CanonicalText;
use super::ids::{Fingerprint, first_half};
use super::intent::{Intent, IntentTerms};
use super::time::Time;

/// The first 128 bits of SHA-256 over the fields that differ from their default, in order of
/// field name, each as name, `=`, canonical value, newline.
///
/// `created_at`, `correlation_id` and `tags` are left out: a retry may differ in them. A field that
/// a newer schema adds is no conflict while it keeps its default.
pub fn fingerprint(intent: &Intent<'_>) -> Fingerprint {
    // Exhaustive, so that a new field cannot be forgotten here.
    let Intent {
        intent_type,
        intent_id,
        account_id,
        strategy_id,
        client_order_id,
        instrument_id,
        created_at: _,
        expires_at,
        terms,
        correlation_id: _,
        tags: _,
    } = intent;
    let IntentTerms {
        side,
        order_type,
        order_qty,
        price,
        trigger_price,
        time_in_force,
        expire_time,
        post_only,
        reduce_only,
    } = terms;
    // In order of field name: another order would be another fingerprint, and every key of the
    // trail would conflict with its own retry.
    let mut payload = Payload(Sha256::new());
    payload.text("account_id=", account_id.as_str());
    payload.text("client_order_id=", client_order_id.as_str());
    payload.time("expire_time=", *expire_time);
    payload.time("expires_at=", *expires_at);
    payload.text("instrument_id=", instrument_id.as_str());
    payload.text("intent_id=", intent_id.as_str());
    payload.text("intent_type=", intent_type.name());
    payload.numeral("order_qty=", *order_qty);
    payload.symbol("order_type=", order_type.map(|it| it.name()));
    payload.flag("post_only=", *post_only);
    payload.numeral("price=", *price);
    payload.flag("reduce_only=", *reduce_only);
    payload.symbol("side=", side.map(|it| it.name()));
    payload.text("strategy_id=", strategy_id.as_str());
    payload.symbol("time_in_force=", time_in_force.map(|it| it.name()));
    payload.numeral("trigger_price=", *trigger_price);
    Fingerprint(first_half(payload.0.finalize().into()))
}

struct Payload(Sha256);

impl Payload {
    fn text(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.0.update(name);
        self.0.update(value);
        self.0.update(b"\n");
    }

    fn symbol(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    fn flag(&mut self, name: &str, value: bool) {
        if value {
            self.text(name, "true");
        }
    }

    fn time(&mut self, name: &str, value: Option<Time>) {
        if let Some(Time(nanoseconds)) = value {
            self.text(name, CanonicalText::of_integer(nanoseconds).as_bytes());
        }
    }

    fn numeral(&mut self, name: &str, value: Option<Numeral<'_>>) {
        match value {
            None => {}
            Some(Numeral::Exact(decimal)) => self.text(name, decimal.canonical().as_bytes()),
            Some(Numeral::Overlong(text)) => self.text(name, without_trailing_zeros(text)),
        }
    }
}

/// A numeral of too many digits as it came, but for the zeros that end its fraction.
pub(super) fn without_trailing_zeros(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}
