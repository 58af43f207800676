//! G6: entries are numbered without gaps from 0, and each links to the exact bytes of the one before.

use std::collections::{BTreeMap, BTreeSet};

use crate::avro::ENTRY;
use crate::identity::{hex, leaf, shown};
use crate::lane::Lane;
use crate::log::Role;
use crate::report::{Guarantee::G6, Report};

pub fn check(lane: &Lane<'_>, report: &mut Report) {
    let audit = lane.of(Role::Audit);
    let mut prev = [0; 32];
    let mut leaves = BTreeMap::<i64, BTreeSet<[u8; 32]>>::new();
    for (seq, entry) in (0_i64..).zip(&lane.entries) {
        let place = lane.entry_place(entry);
        let value = &entry.value;
        report.equal(G6, &place, "seq", seq, value["seq"].long().unwrap_or(-1));
        report.equal(G6, &place, "prev", hex(&prev), hex(value["prev"].bytes().unwrap_or_default()));
        let due = shown(Some(&seq.to_be_bytes()));
        report.equal(G6, &place, "key", due, shown(entry.record.key.as_deref()));
        let is_first = value["kind"].str() == "GENESIS";
        if is_first != (seq == 0) {
            let due = if seq == 0 { "GENESIS" } else { "another kind than GENESIS" };
            report.violation(G6, &place, "kind", due, &value["kind"]);
        }
        prev = leaf(entry.record.bytes());
        leaves.entry(seq).or_default().insert(prev);
    }
    if audit.start != 0 {
        report.violation(G6, &lane.place(Role::Audit, audit.start), "log start", 0, audit.start);
    }
    aborted(lane, leaves, report);
    report.count(G6, "entries", lane.entries.len());
    report.count(G6, "trails", usize::from(!lane.entries.is_empty()));
}

/// What was aborted was decided upon the trail too: each entry links to one that there is, or to an aborted one.
fn aborted(lane: &Lane<'_>, mut leaves: BTreeMap<i64, BTreeSet<[u8; 32]>>, report: &mut Report) {
    let records = &lane.of(Role::Audit).aborted;
    let entries: Vec<_> =
        records.iter().filter_map(|record| Some((record, ENTRY.decode(record.bytes())?))).collect();
    for (record, entry) in &entries {
        leaves.entry(entry["seq"].long().unwrap_or(-1)).or_default().insert(leaf(record.bytes()));
    }
    for (record, entry) in &entries {
        let seq = entry["seq"].long().unwrap_or(-1);
        let prev = entry["prev"].bytes().unwrap_or_default();
        let links = match seq {
            0 => prev == [0; 32],
            _ => leaves.get(&(seq - 1)).is_some_and(|known| known.iter().any(|leaf| leaf == prev)),
        };
        if !links {
            let place = lane.place(Role::Audit, record.offset);
            let due = format!("the leaf of an entry {}", seq - 1);
            report.violation(G6, &place, "prev of an aborted entry", due, hex(prev));
        }
    }
    report.count(G6, "aborted entries", entries.len());
    report.count(G6, "aborted records that are no entries", records.len() - entries.len());
}
