//! Intents are taken only while control is known to its end.

use std::time::Instant;

use super::LaneThread;

impl LaneThread {
    /// Whether intents may be decided now. When that changes, it is said, once.
    pub(super) fn may_take_intents(&mut self) -> bool {
        let (partition, shared, now) = (self.placement.partition, &self.shared, Instant::now());
        let (ends, read) = (&shared.control_ends, self.source.control_read());
        let doubt = match self.without_intents_since {
            None => ends.doubt(read, now),
            Some(_) => ends.doubt_still(read, now),
        };
        match (&doubt, self.without_intents_since) {
            (Some(doubt), None) => {
                tracing::warn!(partition, "no intents are taken: {doubt}");
                self.without_intents_since = Some(now);
            }
            (None, Some(since)) => {
                let seconds = (now - since).as_secs_f64();
                tracing::info!(partition, seconds, "intents are taken again: control is read to its end");
                self.without_intents_since = None;
                shared.status.hold_intents(partition, None);
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        if let Some(doubt) = &doubt {
            shared.status.hold_intents(partition, Some(doubt.to_string()));
        }
        doubt.is_none()
    }
}
