//! A small world for tests: one lane, every record written out, offsets with gaps, links made when it is built.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::avro::{CONTROL, ENTRY, EXECUTION, INTENT, Kind, ORDER, PRICE};
use crate::checks::check;
use crate::identity::{hex, leaf, order_id, sha256};
use crate::log::{Log, Partition, Record, Role};
use crate::report::{Guarantee, Report};

pub const TIME: i64 = 1_700_000_000_000_000_000;
const PREFIX: &str = "t.";

/// An input record, by its key and bytes.
type Input = (String, Vec<u8>);

#[derive(Clone, Debug, Default)]
pub struct World {
    pub entries: Vec<Json>,
    pub orders: Vec<Json>,
    pub intents: Vec<Input>,
    pub executions: Vec<Input>,
    pub control: Vec<Input>,
    pub quarantine: Vec<Record>,
    pub prices: Vec<Json>,
    /// The next offset of each input.
    cursors: [i64; 3],
}

/// Markers take every other offset.
fn offset(index: usize) -> i64 {
    2 * index as i64
}

pub fn with(base: &Json, change: &Json) -> Json {
    let mut whole = base.clone();
    for (name, value) in change.as_object().expect("fields") {
        whole[name] = value.clone();
    }
    whole
}

/// A NEW of 2 at 100, and what a test wants otherwise.
pub fn new_intent(id: &str, order: &str, change: &Json) -> Json {
    let base = json!({
        "intent_type": "NEW", "intent_id": id, "account_id": "A1", "strategy_id": "S1", "client_order_id": order,
        "instrument_id": "X.V", "created_at": TIME, "side": "BUY", "order_type": "LIMIT", "order_qty": "2",
        "price": "100", "time_in_force": "GTC"
    });
    with(&base, change)
}

pub fn cancel_intent(id: &str, order: &str) -> Json {
    json!({"intent_type": "CANCEL", "intent_id": id, "account_id": "A1", "strategy_id": "S1",
        "client_order_id": order, "instrument_id": "X.V", "created_at": TIME})
}

/// Position, reserved buys, reserved sells, open orders.
pub fn after(position: &str, buys: &str, sells: &str, open: i64) -> Json {
    json!({"position": position, "reserved_buy_qty": buys, "reserved_sell_qty": sells, "open_orders": open})
}

pub fn accepted(after: &Json) -> Json {
    json!({"verdict": "ACCEPTED", "after": after})
}

pub fn rejected(reason: &str, after: &Json) -> Json {
    json!({"verdict": "REJECTED", "reason": reason, "failed_checks": [{"reason": reason}], "after": after})
}

impl World {
    /// An entry of this kind, with the cursors before it.
    pub fn entry(&mut self, kind: &str, fields: &Json) -> usize {
        let [intents, executions, control] = self.cursors;
        let seq = self.entries.len();
        let limits_version =
            self.entries.last().map_or(-1, |last| match &last["control"]["record"]["limit_id"] {
                Json::Null => last["limits_version"].as_i64().expect("a version"),
                _ if last["control_result"] == "APPLIED" => {
                    last["input"]["offset"].as_i64().expect("an offset")
                }
                _ => last["limits_version"].as_i64().expect("a version"),
            });
        let base = json!({
            "seq": seq, "kind": kind, "decided_at": TIME + seq as i64, "limits_version": limits_version,
            "as_of": {"intents": intents, "executions": executions, "control": control}
        });
        self.entries.push(with(&base, fields));
        seq
    }

    pub fn opening(&mut self, kind: &str) {
        let settings = json!({"max_intent_age_ms": "5000", "skew_ms": "1000", "ref_max_age_ms": "2000"});
        self.entry(
            kind,
            &json!({"lane": {"router_id": "r", "version": "1", "rules_version": 1, "group": "t.router",
            "partition_count": 1, "topic_ids": {}, "settings": settings}}),
        );
    }

    fn input(&mut self, role: Role, key: &str, bytes: Vec<u8>, kind: &str, fields: &Json) {
        let (list, index) = match role {
            Role::Intents => (&mut self.intents, 0),
            Role::Executions => (&mut self.executions, 1),
            _ => (&mut self.control, 2),
        };
        let at = offset(list.len());
        list.push((key.to_owned(), bytes));
        let input = json!({"topic": format!("{PREFIX}{}", role.name()), "partition": 0, "offset": at, "timestamp": TIME});
        self.entry(kind, &with(fields, &json!({"input": input})));
        self.cursors[index] = at + 1;
    }

    pub fn control(&mut self, record: &Json, result: &str) {
        let record = json!({"record": record});
        let fields = json!({"control": record, "control_result": result});
        self.input(Role::Control, "id", CONTROL.encode(&record), "CONTROL", &fields);
    }

    /// An intent, and what was decided; an accepted one becomes an order with these fields.
    pub fn intent(&mut self, intent: &Json, ruling: &Json, order: Option<&Json>) {
        let bytes = INTENT.encode(intent);
        let print = crate::fingerprint::fingerprint(&INTENT.decode(&bytes).expect("an intent"));
        let mut fields = json!({"fingerprint": hex(&print)});
        for name in ["account_id", "strategy_id", "instrument_id", "intent_id", "client_order_id"] {
            fields[name] = intent[name].clone();
        }
        if ruling["verdict"] != "DUPLICATE" {
            fields["intent"] = intent.clone();
        }
        let id =
            order_id(intent["account_id"].as_str().unwrap(), intent["client_order_id"].as_str().unwrap());
        if ruling["verdict"] == "ACCEPTED" {
            fields["order_id"] = json!(id);
        }
        let account = intent["account_id"].as_str().unwrap().to_owned();
        self.input(Role::Intents, &account, bytes, "DECISION", &with(&fields, ruling));
        if let Some(order) = order {
            let command = intent["intent_type"].clone();
            self.order(&with(&with(intent, &json!({"command": command, "origin": "INTENT"})), order));
        }
    }

    /// A price on its topic, and as an entry records it.
    pub fn price(&mut self, price: &str, change: &Json) -> Json {
        let base = json!({"instrument_id": "X.V", "price": price, "source": "MARK", "as_of": TIME, "publisher": "p",
            "quality": "GOOD"});
        let published = with(&base, change);
        let place = json!({"partition": 0, "offset": offset(self.prices.len())});
        self.prices.push(published.clone());
        let mut seen = with(&published, &place);
        seen.as_object_mut().expect("fields").remove("publisher");
        seen
    }

    /// An order of the last entry.
    pub fn order(&mut self, fields: &Json) {
        let entry = self.entries.last().unwrap();
        let mut order = json!({"audit_seq": entry["seq"], "decided_at": entry["decided_at"], "order_id": entry["order_id"]});
        let known = [
            "command",
            "order_version",
            "intent_id",
            "client_order_id",
            "orig_intent_id",
            "account_id",
            "strategy_id",
            "instrument_id",
            "side",
            "order_type",
            "order_qty",
            "price",
            "trigger_price",
            "time_in_force",
            "expire_time",
            "post_only",
            "reduce_only",
            "expires_at",
            "origin",
        ];
        for name in known {
            order[name] = fields[name].clone();
        }
        self.orders.push(order);
    }

    pub fn execution(&mut self, change: &Json, fields: &Json) {
        let report = with(
            &json!({"venue": "V", "exec_id": "e-1", "exec_type": "TRADE", "order_id": order_id("A1", "o-1"),
                "account_id": "A1", "instrument_id": "X.V", "side": "BUY", "transact_time": TIME}),
            change,
        );
        let mut fields = with(&json!({"execution": report}), fields);
        for name in ["account_id", "instrument_id", "order_id"] {
            fields[name] = report[name].clone();
        }
        let account = report["account_id"].as_str().unwrap().to_owned();
        self.input(Role::Executions, &account, EXECUTION.encode(&report), "EXECUTION", &fields);
    }

    pub fn malformed(&mut self, bytes: &[u8]) {
        let fields =
            json!({"record_key": hex(b"A1"), "raw_sha256": hex(&sha256(&[bytes])), "detail": "no intent"});
        let ruling = json!({"verdict": "REJECTED", "reason": "MALFORMED_INTENT", "failed_checks": [{"reason": "MALFORMED_INTENT"}]});
        let origin = format!("{PREFIX}intents/0/{}", offset(self.intents.len()));
        self.input(Role::Intents, "A1", bytes.to_vec(), "DECISION", &with(&fields, &ruling));
        let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        self.quarantine.push(Record {
            offset: offset(self.quarantine.len()),
            timestamp_ms: 0,
            key: Some(origin.into_bytes().into()),
            value: Some(bytes.into()),
            headers: vec![
                header("reason", "MALFORMED_INTENT"),
                header("detail", "no intent"),
                header("sha256", &hex(&sha256(&[bytes]))),
                header("length", &bytes.len().to_string()),
                header("key", "A1"),
            ],
        });
    }

    /// An instrument, and limits of 10 for an order, 20 for a position, 5 open orders.
    pub fn opened() -> Self {
        let mut world = Self::default();
        world.opening("GENESIS");
        world.control(
            &json!({"instrument_id": "X.V", "venue": "V", "currency": "USD", "tick_size": "0.01",
            "lot_size": "1", "contract_multiplier": "1", "status": "TRADING", "version": 1}),
            "APPLIED",
        );
        world
            .limit(&json!({"limit_id": "all", "scope_type": "GLOBAL", "scope_id": "", "max_order_qty": "10",
            "max_long_qty": "20", "max_short_qty": "20", "max_open_orders": 5}));
        world.limit(&json!({"limit_id": "A1", "scope_type": "ACCOUNT", "scope_id": "A1"}));
        world
    }

    pub fn limit(&mut self, fields: &Json) {
        let base = json!({"version": 1, "instrument_id": "*", "set_by": "ops", "reason": "test"});
        self.control(&with(&base, fields), "APPLIED");
    }

    pub fn command(&mut self, id: &str, command: &str, fields: &Json, result: &str) {
        let base = json!({"command_id": id, "command": command, "scope_type": "GLOBAL", "scope_id": "",
            "issued_by": "ops", "reason": "test"});
        self.control(&with(&base, fields), result);
    }

    /// A bit of everything, as it must be.
    pub fn story() -> Self {
        let mut world = Self::opened();
        let first = new_intent("i-1", "o-1", &json!({}));
        world.intent(&first, &accepted(&after("0", "2", "0", 1)), Some(&json!({"order_version": 1})));
        let id = order_id("A1", "o-1");
        let named = json!({"duplicate_of": 4, "first_verdict": "ACCEPTED", "order_id": id});
        world.intent(&first, &with(&json!({"verdict": "DUPLICATE"}), &named), None);
        let conflict = with(&rejected("IDEMPOTENCY_KEY_CONFLICT", &after("0", "2", "0", 1)), &named);
        world.intent(&new_intent("i-1", "o-1", &json!({"order_qty": "3"})), &conflict, None);
        let trade = json!({"last_qty": "1", "last_px": "100"});
        world.execution(&trade, &json!({"after": after("1", "1", "0", 1)}));
        let standing = after("1", "1", "0", 1);
        let large = new_intent("i-2", "o-2", &json!({"order_qty": "11"}));
        world.intent(&large, &rejected("MAX_ORDER_QTY_EXCEEDED", &standing), None);
        let version =
            |number: i64, orig: &str| with(&first, &json!({"order_version": number, "orig_intent_id": orig}));
        let cancel =
            with(&version(2, "i-1"), &json!({"intent_id": "i-3", "command": "CANCEL", "origin": "INTENT"}));
        world.intent(&cancel_intent("i-3", "o-1"), &accepted(&standing), Some(&cancel));
        world.malformed(b"no intent");
        world.opening("LANE_OPENED");
        world.command("c-1", "CANCEL_ALL", &json!({}), "APPLIED");
        world.owed("c-1", &with(&version(3, "i-3"), &json!({"intent_id": "c-1"})), &standing);
        let taken = with(&rejected("IDEMPOTENCY_KEY_CONFLICT", &standing), &named);
        world.intent(&new_intent("i-4", "o-1", &json!({})), &taken, None);
        world
    }

    /// A cancel that the last control record owes.
    pub fn owed(&mut self, command: &str, order: &Json, after: &Json) {
        let at = offset(self.control.len() - 1);
        let id = order_id("A1", order["client_order_id"].as_str().unwrap());
        let fields = json!({"input": {"topic": "t.control", "partition": 0, "offset": at, "timestamp": TIME},
            "account_id": "A1", "strategy_id": "S1", "instrument_id": "X.V", "intent_id": command,
            "client_order_id": order["client_order_id"], "order_id": id, "after": after});
        self.entry("OWED_CANCEL", &fields);
        self.order(&with(order, &json!({"command": "CANCEL", "origin": "CONTROL"})));
    }

    pub fn log(&self) -> Log {
        let mut log = Log::default();
        for role in Role::ALL {
            let records = match role {
                Role::Intents => inputs(&self.intents),
                Role::Executions => inputs(&self.executions),
                Role::Control => inputs(&self.control),
                Role::Orders => records(&ORDER, &self.orders, "account_id"),
                Role::Audit => self.linked(),
                Role::Quarantine => self.quarantine.clone(),
                Role::Prices => records(&PRICE, &self.prices, "instrument_id"),
            };
            let end = offset(records.len());
            let topic = &mut log.topics[role as usize];
            topic.name = format!("{PREFIX}{}", role.name());
            topic.partitions = vec![Partition { end, committed: records, ..Partition::default() }];
        }
        log.group =
            BTreeMap::from([((Role::Intents, 0), self.cursors[0]), ((Role::Executions, 0), self.cursors[1])]);
        log
    }

    fn linked(&self) -> Vec<Record> {
        let mut prev = [0; 32];
        let mut found = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let bytes = ENTRY.encode(&with(entry, &json!({"prev": hex(&prev)})));
            prev = leaf(&bytes);
            let key = (index as u64).to_be_bytes();
            found.push(record(index, &key, bytes));
        }
        found
    }

    pub fn report(&self) -> Report {
        check(&self.log(), &[], &[])
    }

    /// The violations, as `G1 field: expected E, found F`, in order.
    pub fn violations(&self) -> Vec<String> {
        violations(&self.report())
    }
}

pub fn violations(report: &Report) -> Vec<String> {
    let of = |(guarantee, section): (Guarantee, &crate::report::Section)| {
        let lines = section.violations.iter();
        lines
            .map(|it| format!("{} {}: {}, not {}", guarantee.name(), it.field, it.expected, it.found))
            .collect::<Vec<_>>()
    };
    report.sections().flat_map(of).collect()
}

fn record(index: usize, key: &[u8], bytes: Vec<u8>) -> Record {
    Record {
        offset: offset(index),
        timestamp_ms: TIME / 1_000_000,
        key: Some(key.into()),
        value: Some(bytes.into()),
        headers: Vec::new(),
    }
}

fn inputs(inputs: &[Input]) -> Vec<Record> {
    inputs
        .iter()
        .enumerate()
        .map(|(index, (key, bytes))| record(index, key.as_bytes(), bytes.clone()))
        .collect()
}

fn records(kind: &Kind, all: &[Json], key: &str) -> Vec<Record> {
    let of = |(index, json): (usize, &Json)| {
        record(index, json[key].as_str().unwrap().as_bytes(), kind.encode(json))
    };
    all.iter().enumerate().map(of).collect()
}
