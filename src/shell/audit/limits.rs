//! The limits that are set, one a line, and how much of each is used.

use crate::core::amount::Decimal;
use crate::core::bounds::{Bounds, Rate};
use crate::core::control::{MarketOrders, Scope};
use crate::core::intent::Side;
use crate::core::ledger::Ledger;
use crate::core::ledger::limits::Level;
use crate::core::ledger::names::Name;
use crate::core::money::quantity_of;
use crate::core::time::Time;

/// One limit of one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitLine {
    /// Whose limit.
    pub scope: Scope,
    /// Whose measure is compared: an account, or `account/strategy`. GLOBAL is a template for each
    /// account.
    pub owner: String,
    /// What it is for; `*` for all instruments.
    pub instrument: String,
    /// Its name in the limit's record.
    pub name: &'static str,
    /// What it allows.
    pub value: String,
    /// How much of it is used; empty where nothing is counted, or only with a price.
    pub uses: Vec<Use>,
}

/// How much of a limit is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// In which instrument, where it is counted for each.
    pub instrument: Option<String>,
    /// As it is compared: a position at worst-case fills towards its side, or a count.
    pub used: Option<Decimal>,
    /// What is left of it.
    pub headroom: Option<Decimal>,
}

/// What counts against a limit without a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Position(Side),
    OpenOrders,
    Accepted { window_ms: i64 },
}

/// A limit that is set.
struct Set {
    name: &'static str,
    value: String,
    measured: Option<(Decimal, Measure)>,
}

/// The limits of these levels, in their order. Their use is left empty.
pub fn lines<'q, 'l: 'q>(
    ledger: &Ledger,
    account: &str,
    levels: impl IntoIterator<Item = &'q Level<'l>>,
) -> Vec<LimitLine> {
    let of_level = |level: &'q Level<'l>| {
        let sets = sets(level.bounds).into_iter();
        sets.map(move |set| line(ledger, account, level, set, Vec::new()))
    };
    levels.into_iter().flat_map(of_level).collect()
}

/// All limits that may count for the account, with their use at this time.
pub fn used(ledger: &Ledger, account: &str, now: Time) -> Vec<LimitLine> {
    let mut lines = Vec::new();
    for level in ledger.levels_of(ledger.name(account)) {
        for set in sets(level.bounds) {
            let uses = set.measured.map(|(limit, measure)| uses(ledger, &level, limit, measure, now));
            lines.push(line(ledger, account, &level, set, uses.unwrap_or_default()));
        }
    }
    lines
}

fn line(ledger: &Ledger, account: &str, level: &Level<'_>, set: Set, uses: Vec<Use>) -> LimitLine {
    let strategy = level.owner.strategy.map(|strategy| format!("/{}", ledger.text(strategy)));
    LimitLine {
        scope: level.scope,
        owner: format!("{account}{}", strategy.unwrap_or_default()),
        instrument: level.instrument.map_or("*", |instrument| ledger.text(instrument)).to_owned(),
        name: set.name,
        value: set.value,
        uses,
    }
}

/// In the order of the checks.
fn sets(bounds: &Bounds) -> Vec<Set> {
    // Exhaustive, so that a new limit cannot be forgotten here.
    let Bounds {
        max_order_qty,
        max_order_notional,
        max_long_qty,
        max_short_qty,
        max_gross_notional,
        max_open_orders,
        price_collar_bps,
        price_collar_abs,
        ref_max_age_ms,
        rates,
        dup_window_ms,
        max_intent_age_ms,
        refuses_market_orders,
        on_anomaly,
    } = bounds;
    let set = |name, value: String| Set { name, value, measured: None };
    let amount = |name, limit: &Option<Decimal>| limit.map(|limit| set(name, limit.to_string()));
    let count = |name, limit: &Option<i64>| limit.map(|limit| set(name, limit.to_string()));
    let position = |name, limit: &Option<Decimal>, side| {
        let measured = |limit: Decimal| Some((limit, Measure::Position(side)));
        limit.map(|limit| Set { measured: measured(limit), ..set(name, limit.to_string()) })
    };
    let rate = |Rate { max_orders, window_ms }: &Rate| {
        let measured = (Decimal::whole(*max_orders), Measure::Accepted { window_ms: *window_ms });
        Set { measured: Some(measured), ..set("max_orders", format!("{max_orders} in {window_ms} ms")) }
    };
    let open_orders = max_open_orders.map(|limit| {
        let measured = Some((Decimal::whole(limit), Measure::OpenOrders));
        Set { measured, ..set("max_open_orders", limit.to_string()) }
    });
    let refused = refuses_market_orders.then(|| set("market_orders", MarketOrders::Reject.to_string()));
    let before =
        [count("max_intent_age_ms", max_intent_age_ms), refused, amount("max_order_qty", max_order_qty)];
    let priced = [
        count("ref_max_age_ms", ref_max_age_ms),
        count("price_collar_bps", price_collar_bps),
        amount("price_collar_abs", price_collar_abs),
        amount("max_order_notional", max_order_notional),
        count("dup_window_ms", dup_window_ms),
    ];
    let counted = [
        open_orders,
        position("max_long_qty", max_long_qty, Side::Buy),
        position("max_short_qty", max_short_qty, Side::Sell),
    ];
    let gross = max_gross_notional
        .iter()
        .map(|(currency, limit)| set("max_gross_notional", format!("{limit} {currency}")));
    let policy = on_anomaly.map(|policy| set("on_anomaly", policy.to_string()));
    let sets = before.into_iter().chain(priced).flatten().chain(rates.iter().map(rate));
    sets.chain(counted.into_iter().flatten()).chain(gross).chain(policy).collect()
}

fn uses(ledger: &Ledger, level: &Level<'_>, limit: Decimal, measure: Measure, now: Time) -> Vec<Use> {
    let of = |instrument, used: Option<Decimal>| {
        let headroom = used.and_then(|used| limit.minus(used));
        Use { instrument, used, headroom }
    };
    match measure {
        Measure::OpenOrders => {
            let open = ledger.open_orders_over(level.owner, level.instrument);
            vec![of(None, Some(Decimal::whole(open.into())))]
        }
        Measure::Accepted { window_ms } => {
            let count = ledger.windows().count((level.owner, level.instrument), now, window_ms);
            vec![of(None, Decimal::new(count.into(), 0).ok())]
        }
        Measure::Position(side) => {
            let worst = |name: Name| {
                let lot_size = ledger.instrument(ledger.text(name))?.lot_size;
                Some(quantity_of(ledger.held(level.owner, name).worst(side), lot_size))
            };
            let instruments: Vec<Name> = match level.instrument {
                Some(instrument) => vec![instrument],
                None => ledger.exposures(level.owner).map(|(name, ..)| name).collect(),
            };
            let one = |name| Some(of(Some(ledger.text(name).to_owned()), worst(name)?));
            instruments.into_iter().filter_map(one).collect()
        }
    }
}
