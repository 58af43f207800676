//! Limits, and the groups in which they speak, from narrow to wide.

use onefill::core::amount::Numeral;
use onefill::core::control::{AnomalyPolicy, ControlResult, LimitScope, MarketOrders, RiskLimit, Scope};
use onefill::core::ids::Id;

use super::model::Model;
use super::number::{Amount, Rat, int, zero};
use super::sums::Whose;

/// A limit record in force.
#[derive(Clone, Debug)]
pub struct Limit {
    pub version: i64,
    pub scope: LimitScope,
    pub scope_id: String,
    /// Or `*`.
    pub instrument: String,
    pub max_order_qty: Option<Rat>,
    pub max_order_notional: Option<Rat>,
    pub max_long_qty: Option<Rat>,
    pub max_short_qty: Option<Rat>,
    /// With its currency.
    pub max_gross_notional: Option<(Rat, String)>,
    pub max_open_orders: Option<Rat>,
    pub collar_bps: Option<Rat>,
    pub collar_abs: Option<Rat>,
    pub ref_max_age_ms: Option<Rat>,
    /// Most orders, and the window in milliseconds.
    pub rate: Option<(Rat, Rat)>,
    pub dup_window_ms: Option<Rat>,
    pub max_intent_age_ms: Option<Rat>,
    pub market_orders: Option<MarketOrders>,
    pub on_anomaly: Option<AnomalyPolicy>,
}

/// The limits of one scope, for one instrument or for all.
#[derive(Debug)]
pub struct Group<'m> {
    pub scope: Scope,
    /// Whose own measure counts.
    pub whose: Whose,
    /// The instrument that is named; `None` for `*`.
    pub instrument: Option<String>,
    pub limits: Vec<&'m Limit>,
}

impl Group<'_> {
    /// The smallest of what is set here.
    pub fn smallest(&self, field: impl Fn(&Limit) -> Option<Rat>) -> Option<Rat> {
        self.limits.iter().filter_map(|limit| field(limit)).min()
    }
}

/// The first group whose smallest value refuses.
pub fn first_refusal(
    groups: &[Group<'_>],
    field: impl Fn(&Limit) -> Option<Rat>,
    refuses: impl Fn(&Group<'_>, &Rat) -> bool,
) -> Option<(Scope, Rat)> {
    groups.iter().find_map(|group| {
        let limit = group.smallest(&field)?;
        refuses(group, &limit).then_some((group.scope, limit))
    })
}

/// The smallest value of all groups.
pub fn strictest(groups: &[Group<'_>], field: impl Fn(&Limit) -> Option<Rat>) -> Option<Rat> {
    groups.iter().filter_map(|group| group.smallest(&field)).min()
}

impl Model {
    /// The groups that count for an account, a strategy and an instrument.
    pub(super) fn groups(&self, account: &str, strategy: Option<&str>, instrument: &str) -> Vec<Group<'_>> {
        let of_strategy = strategy.map(|strategy| {
            let whose = Whose::strategy(account, strategy);
            (Scope::Strategy, LimitScope::Strategy, format!("{account}/{strategy}"), whose)
        });
        let of_account = (Scope::Account, LimitScope::Account, account.to_owned(), Whose::account(account));
        let of_all = (Scope::Global, LimitScope::Global, String::new(), Whose::account(account));
        let mut groups = Vec::new();
        for (scope, limit_scope, scope_id, whose) in
            [of_strategy, Some(of_account), Some(of_all)].into_iter().flatten()
        {
            for name in [instrument, "*"] {
                let counts = |limit: &&Limit| {
                    limit.scope == limit_scope && limit.scope_id == scope_id && limit.instrument == name
                };
                groups.push(Group {
                    scope,
                    whose: whose.clone(),
                    instrument: (name != "*").then(|| name.to_owned()),
                    limits: self.limits.values().filter(counts).collect(),
                });
            }
        }
        groups
    }

    /// Whether a limit of its own names the account.
    pub(super) fn is_known(&self, account: &str) -> bool {
        self.limits.values().any(|limit| limit.scope == LimitScope::Account && limit.scope_id == account)
    }

    /// A limit record.
    pub(super) fn limit(&mut self, record: &RiskLimit<'_>) -> ControlResult {
        let Some(limit) = read(record) else { return ControlResult::Invalid };
        let known = self.limits.get(record.limit_id.as_str());
        if known.is_some_and(|known| limit.version <= known.version) {
            return ControlResult::StaleVersion;
        }
        self.limits.insert(record.limit_id.to_string(), limit);
        ControlResult::Applied
    }
}

/// `None` where the record can be decoded, but cannot be.
fn read(record: &RiskLimit<'_>) -> Option<Limit> {
    let rate = match (record.max_orders, record.orders_window_ms) {
        (None, None) => None,
        (Some(most), Some(window)) => Some((count(most)?, window_of(window)?)),
        _ => return None,
    };
    let max_gross_notional = match (amount(record.max_gross_notional)?, record.currency) {
        (None, _) => None,
        (Some(_), None) => return None,
        (Some(most), Some(currency)) => Some((most, currency.to_string())),
    };
    let fits = fits(record.scope_type, record.scope_id);
    let named = record.instrument_id == "*" || Id::parse(record.instrument_id).is_some();
    let dup_window_ms = record.dup_window_ms.map(window_of);
    (fits && named).then_some(())?;
    Some(Limit {
        version: record.version,
        scope: record.scope_type,
        scope_id: record.scope_id.to_owned(),
        instrument: record.instrument_id.to_owned(),
        max_order_qty: amount(record.max_order_qty)?,
        max_order_notional: amount(record.max_order_notional)?,
        max_long_qty: amount(record.max_long_qty)?,
        max_short_qty: amount(record.max_short_qty)?,
        max_gross_notional,
        max_open_orders: optional(record.max_open_orders.map(count))?,
        collar_bps: optional(record.price_collar_bps.map(count))?,
        collar_abs: amount(record.price_collar_abs)?,
        ref_max_age_ms: optional(record.ref_max_age_ms.map(count))?,
        rate,
        dup_window_ms: optional(dup_window_ms)?,
        max_intent_age_ms: optional(record.max_intent_age_ms.map(count))?,
        market_orders: record.market_orders,
        on_anomaly: record.on_anomaly,
    })
}

/// Turned inside out: an absent value is fine, an impossible one is not.
#[expect(clippy::option_option, reason = "absent and impossible are two things")]
fn optional<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(None) => None,
        Some(found) => Some(found),
    }
}

#[expect(clippy::option_option, reason = "absent and impossible are two things")]
fn amount(numeral: Option<Numeral<'_>>) -> Option<Option<Rat>> {
    optional(numeral.map(|numeral| Amount::of(numeral).exact().filter(|value| **value >= zero()).cloned()))
}

fn count(number: i64) -> Option<Rat> {
    (number >= 0).then(|| int(number))
}

fn window_of(milliseconds: i64) -> Option<Rat> {
    (0..=3_600_000).contains(&milliseconds).then(|| int(milliseconds))
}

fn fits(scope: LimitScope, scope_id: &str) -> bool {
    match scope {
        LimitScope::Global => scope_id.is_empty(),
        LimitScope::Account => Id::parse(scope_id).is_some(),
        LimitScope::Strategy => is_strategy(scope_id),
    }
}

/// `account/strategy`.
pub fn is_strategy(scope_id: &str) -> bool {
    let is_id = |text| Id::parse(text).is_some();
    scope_id.split_once('/').is_some_and(|(account, strategy)| is_id(account) && is_id(strategy))
}
