//! How trading states and limits are shown, to people and to scripts.

use comfy_table::Table;
use serde_json::{Value, json};

use crate::cli::print;
use crate::core::amount::Decimal;
use crate::shell::audit::limits::{LimitLine, Use};
use crate::shell::audit::scopes::StateLine;

/// A number for a script, as text; null where there is none.
pub(in crate::cli) fn text(number: Option<Decimal>) -> Option<String> {
    number.map(|number| number.to_string())
}

/// `ACCOUNT A1 HALTED by halt-7, GLOBAL ACTIVE`.
pub(in crate::cli) fn states_in_words(states: &[StateLine]) -> String {
    states.iter().map(StateLine::to_string).collect::<Vec<_>>().join(", ")
}

/// The same for a script.
pub(in crate::cli) fn state_to_json(line: &StateLine) -> Value {
    json!({
        "scope": line.scope.name(),
        "id": line.id,
        "state": line.state.name(),
        "holder": line.holder,
    })
}

/// One limit a line, with what is used of it where that is counted.
pub(in crate::cli) fn limits_table(lines: &[LimitLine]) -> Table {
    let has_uses = lines.iter().any(|line| !line.uses.is_empty());
    let header = ["SCOPE", "OF", "INSTRUMENT", "LIMIT", "VALUE", "USED", "HEADROOM"];
    let mut table = print::table(&header[..if has_uses { 7 } else { 5 }]);
    for line in lines {
        let cells = |instrument: &str| {
            [line.scope.name(), &line.owner, instrument, line.name, &line.value].map(str::to_owned).to_vec()
        };
        if line.uses.is_empty() {
            table.add_row(cells(&line.instrument));
        }
        for one in &line.uses {
            // What `*` allows for each instrument is used in each on its own.
            let counted = one.instrument.as_ref().filter(|counted| **counted != line.instrument);
            let instrument =
                counted.map_or(line.instrument.clone(), |counted| format!("{}: {counted}", line.instrument));
            let numbers = [one.used, one.headroom].map(|number| text(number).unwrap_or_default());
            table.add_row(cells(&instrument).into_iter().chain(numbers));
        }
    }
    table
}

/// The same for a script.
pub(in crate::cli) fn limit_to_json(line: &LimitLine) -> Value {
    let one = |one: &Use| {
        json!({
            "instrument_id": one.instrument,
            "used": text(one.used),
            "headroom": text(one.headroom),
        })
    };
    json!({
        "scope": line.scope.name(),
        "of": line.owner,
        "instrument_id": line.instrument,
        "limit": line.name,
        "value": line.value,
        "uses": line.uses.iter().map(one).collect::<Vec<_>>(),
    })
}
