//! How a fault of a trail is shown, to people and to scripts.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cli::print::{self, Tone};
use crate::shell::audit::fault::{Fault, Faults};

/// Where it is, what stands there, what should.
pub(super) fn show_fault(fault: &Fault) {
    let seq = fault.seq.map(|seq| format!(", entry {seq}")).unwrap_or_default();
    let offset = fault.offset.map(|offset| format!(" at offset {offset}")).unwrap_or_default();
    let field = fault.field.as_ref().map(|field| format!("{field} ")).unwrap_or_default();
    let (code, topic, partition) = (fault.code.name(), &fault.topic, fault.partition);
    print::say("");
    print::say(&format!("{} {topic}[{partition}]{offset}{seq}", print::toned(code, Tone::Bad)));
    print::say(&format!("  {field}is: {}", fault.found));
    print::say(&format!("  {field}should be: {}", fault.due));
}

/// The same for a script.
pub(super) fn fault_to_json(fault: &Fault) -> Value {
    json!({
        "code": fault.code.name(),
        "topic": fault.topic,
        "partition": fault.partition,
        "offset": fault.offset,
        "seq": fault.seq,
        "field": fault.field,
        "is": fault.found,
        "should_be": fault.due,
        "page": format!("onefill explain {}", fault.code),
    })
}

/// The pages that say what to do about these.
pub(super) fn what_to_do<'f>(faults: impl Iterator<Item = &'f Faults>) -> String {
    let codes: BTreeSet<_> = faults.flat_map(|faults| faults.counts.keys()).collect();
    let pages: Vec<_> = codes.iter().map(|code| format!("onefill explain {code}")).collect();
    format!("what to do: {}", pages.join(", "))
}
