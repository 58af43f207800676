//! Section 8: what a control record does, and what its answer must be.

use super::Model;
use super::limits::{Instrument, Limit};
use super::states::State;
use crate::avro::Value;

impl<'a> Model<'a> {
    /// Applies a record, and says the result; `None` is what cannot be decoded.
    pub fn control(&mut self, offset: i64, record: Option<&Value<'a>>) -> &'static str {
        let result = match record {
            None => "INVALID",
            Some(record) => match record["record"].record_name() {
                "Instrument" => self.instrument(&record["record"]),
                "RiskLimit" => self.limit(offset, &record["record"]),
                _ => self.command(offset, &record["record"]),
            },
        };
        if result == "INVALID" {
            // A lost HALT must not pass for none.
            self.states.tighten(("GLOBAL", String::new()), State::Halted, &format!("control-{offset}"));
        }
        result
    }

    fn instrument(&mut self, record: &Value<'a>) -> &'static str {
        let Some(instrument) = Instrument::of(record) else { return "INVALID" };
        let name = record["instrument_id"].str();
        match self.instruments.get(name) {
            Some(known) if !known.is_same(&instrument) => "IMMUTABLE_FIELD",
            Some(known) if instrument.version <= known.version => "STALE_VERSION",
            _ => {
                self.instruments.insert(name, instrument);
                "APPLIED"
            }
        }
    }

    fn limit(&mut self, offset: i64, record: &Value<'a>) -> &'static str {
        let Some(limit) = Limit::of(record) else { return "INVALID" };
        let id = record["limit_id"].str();
        if self.limits.by_id.get(id).is_some_and(|known| limit.version <= known.version) {
            return "STALE_VERSION";
        }
        self.limits.by_id.insert(id, limit);
        self.limits_version = offset;
        "APPLIED"
    }
}
