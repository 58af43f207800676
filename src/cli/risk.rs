//! How much of their limits the lanes use, and who may not trade, as routers say it on `/status`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::print::{self, Tone};

/// So many limits are shown; `--output json` has all that the routers say.
const ROWS_MAX: usize = 20;

/// A limit used beyond this is worth a look.
const NEARLY_USED: f64 = 0.9;

/// Prints what there is to say of these lanes, by partition.
pub fn show(lanes: &BTreeMap<i64, Value>) {
    let known: Vec<(i64, &Value)> = lanes
        .iter()
        .map(|(partition, lane)| (*partition, &lane["risk"]))
        .filter(|(_, risk)| risk.is_object())
        .collect();
    show_states(&known);
    show_limits(&known);
    for (partition, risk) in &known {
        if let Some(owed @ 1..) = risk["owed_cancels"].as_u64() {
            print::say(&print::toned(
                &format!("partition {partition}: {owed} cancels are owed"),
                Tone::Doubtful,
            ));
        }
    }
}

fn rows<'v>(known: &[(i64, &'v Value)], name: &'static str) -> Vec<(i64, &'v Value)> {
    let of = |(partition, risk): &(i64, &'v Value)| {
        let (partition, risk): (i64, &'v Value) = (*partition, risk);
        risk[name].as_array().into_iter().flatten().map(move |row| (partition, row))
    };
    known.iter().flat_map(of).collect()
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or("-").to_owned()
}

fn left_out(known: &[(i64, &Value)], name: &str) -> usize {
    known.iter().filter_map(|(_, risk)| risk[name].as_u64()).sum::<u64>() as usize
}

/// Scopes that are not ACTIVE; what a command set is the same in every lane, and shown once.
fn show_states(known: &[(i64, &Value)]) {
    let mut states: Vec<([String; 4], Vec<String>)> = Vec::new();
    for (partition, row) in rows(known, "states") {
        let told = ["scope", "scope_id", "state", "holder"].map(|name| text(row, name));
        match states.iter_mut().find(|(held, _)| *held == told) {
            Some((_, partitions)) => partitions.push(partition.to_string()),
            None => states.push((told, vec![partition.to_string()])),
        }
    }
    if states.is_empty() {
        return;
    }
    print::say("");
    let mut table = print::table(&["SCOPE", "WHOSE", "STATE", "HELD BY", "PARTS"]);
    for ([scope, id, state, holder], partitions) in states {
        let tone = if state == "HALTED" { Tone::Bad } else { Tone::Doubtful };
        let state = print::cell(state, tone);
        table.add_row(vec![scope.into(), id.into(), state, holder.into(), partitions.join(", ").into()]);
    }
    print::show(&table);
    say_left_out(
        left_out(known, "states_left_out"),
        "scope that is not ACTIVE",
        "scopes that are not ACTIVE",
    );
}

fn show_limits(known: &[(i64, &Value)]) {
    let mut limits = rows(known, "limits");
    let ratio = |row: &Value| row["ratio"].as_f64().unwrap_or_default();
    limits.sort_by(|one, other| ratio(other.1).total_cmp(&ratio(one.1)));
    if limits.is_empty() {
        return;
    }
    print::say("");
    let mut table =
        print::table(&["PART", "WHOSE", "INSTRUMENT", "LIMIT", "USED", "OF", "RATIO", "SET BY", "SCOPE"]);
    for (partition, row) in limits.iter().take(ROWS_MAX) {
        let used = ratio(row);
        let shown = format!("{:.1} %", used * 100.0);
        let shown = match used {
            NEARLY_USED.. => print::cell(shown, if used > 1.0 { Tone::Bad } else { Tone::Doubtful }),
            _ => shown.into(),
        };
        let window = row["window_ms"].as_i64().map_or_else(String::new, |millis| format!(" in {millis} ms"));
        table.add_row(vec![
            (*partition).into(),
            text(row, "owner").into(),
            text(row, "instrument_id").into(),
            format!("{}{window}", text(row, "field")).into(),
            text(row, "used").into(),
            text(row, "limit").into(),
            shown,
            text(row, "limit_id").into(),
            text(row, "scope").into(),
        ]);
    }
    print::show(&table);
    let more = limits.len().saturating_sub(ROWS_MAX) + left_out(known, "limits_left_out");
    say_left_out(more, "limit of which no more is used", "limits of which no more is used");
}

fn say_left_out(count: usize, one: &str, many: &str) {
    if count > 0 {
        let text = format!("and {count} {}", if count == 1 { one } else { many });
        print::say(&print::toned(&text, Tone::Faint));
    }
}
