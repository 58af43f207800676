//! The settings that decide. They are recorded by every opening, and in force from there on.

use std::collections::BTreeMap;

/// Version of the rules of deciding and applying: raised when the same inputs would give another
/// entry or another ledger, or the same ledger another hash.
pub const RULES_VERSION: i32 = 4;

/// The first version whose rules decide and apply as these do: later ones, if any, gave the ledger another hash alone.
pub const DECIDES_SINCE: i32 = 4;

/// Whether rules of this version decide and apply as these do.
pub const fn decides_alike(rules_version: i32) -> bool {
    DECIDES_SINCE <= rules_version && rules_version <= RULES_VERSION
}

/// The settings that a verdict depends on, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Oldest intent that is taken; 0 for no bound.
    pub max_intent_age_ms: i64,
    /// How far ahead of the router's clock an intent may be created.
    pub skew_ms: i64,
    /// Oldest reference price that is used; 0 for no bound.
    pub ref_max_age_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_intent_age_ms: 5_000, skew_ms: 1_000, ref_max_age_ms: 2_000 }
    }
}

impl Settings {
    /// As an opening records them.
    pub fn to_map(self) -> BTreeMap<String, String> {
        let Self { max_intent_age_ms, skew_ms, ref_max_age_ms } = self;
        [("max_intent_age_ms", max_intent_age_ms), ("skew_ms", skew_ms), ("ref_max_age_ms", ref_max_age_ms)]
            .map(|(name, value)| (name.to_owned(), value.to_string()))
            .into()
    }

    /// As an opening recorded them.
    ///
    /// # Errors
    /// The setting that is missing or no number of milliseconds.
    pub fn from_map<K: AsRef<str> + Ord, V: AsRef<str>>(map: &BTreeMap<K, V>) -> Result<Self, String> {
        let millis = |name: &str| {
            map.iter()
                .find(|(key, _)| key.as_ref() == name)
                .and_then(|(_, value)| value.as_ref().parse::<i64>().ok())
                .filter(|millis| *millis >= 0)
                .ok_or_else(|| format!("setting {name} is missing or no number of milliseconds"))
        };
        Ok(Self {
            max_intent_age_ms: millis("max_intent_age_ms")?,
            skew_ms: millis("skew_ms")?,
            ref_max_age_ms: millis("ref_max_age_ms")?,
        })
    }
}

super::saved::saved!(Settings { max_intent_age_ms, skew_ms, ref_max_age_ms });
