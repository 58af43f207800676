"""The five dashboards. This is their only source: `generate.py` writes the files of the chart."""

from kit import Board, Panel, Query, Row

RATE = "[$__rate_interval]"


def rate(metric: str, by: str = "", labels: str = "") -> str:
    selection = "{" + labels + ",}" if labels else "{}"
    return f"sum{' by (' + by + ')' if by else ''} (rate({metric}{selection}{RATE}))"


def quantile(share: float, metric: str, by: str = "", labels: str = "") -> str:
    selection = "{" + labels + ",}" if labels else "{}"
    by = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({by}) (rate({metric}_bucket{selection}{RATE})))"


STAGES = {
    "0": ("not running", "yellow"), "1": ("RUNNING", "green"), "2": ("HALTED", "red"),
}
STATES = {"0": ("ACTIVE", "green"), "1": ("REDUCING", "yellow"), "2": ("HALTED", "red")}
NO_TLS = "there is no TLS in the run that the check makes"
NO_CHECKPOINT = "the first checkpoint comes later than the check"
NO_REBALANCE = "lanes are assigned before the check looks, and stay where they are"
UNASSIGNED = "there is nothing to look at while no lane is owned"

LATENCY = [
    Query(quantile(0.5, "onefill_intent_to_commit_seconds"), "p50"),
    Query(quantile(0.99, "onefill_intent_to_commit_seconds"), "p99"),
    Query(quantile(0.999, "onefill_intent_to_commit_seconds"), "p99.9"),
]

OVERVIEW = Board("overview", "onefill / Overview", "Whether orders flow, how fast, and whether anything stands in the way.", [
    Row("Now", [
        Panel("Running lanes", "Lanes that decide intents.", "none",
              [Query('sum(onefill_lane_state{state="RUNNING",})')], "stat", 4, 4),
        Panel("Halted lanes", "Lanes that stopped on purpose. Each has a code and a page; see the alert.", "none",
              [Query('sum(onefill_lane_state{state="HALTED",})')], "stat", 4, 4, steps=[(1, "red")]),
        Panel("Intents", "Intents decided and committed, of any verdict.", "cps",
              [Query(rate("onefill_intents_total"))], "stat", 4, 4),
        Panel("Orders", "Records committed to orders: NEW, CANCEL, REPLACE.", "cps",
              [Query(rate("onefill_orders_total"))], "stat", 4, 4),
        Panel("p99 latency", "From the Kafka timestamp of an intent to the commit of its verdict. The objective is 250 ms.",
              "s", [LATENCY[1]], "stat", 4, 4, steps=[(0.25, "orange"), (1, "red")]),
        Panel("Oldest waiting intent", "Age of the oldest committed intent that no entry answers, to the last stable offset.",
              "s", [Query('max(onefill_lag_seconds{topic=~".*intents",})')], "stat", 4, 4, steps=[(5, "orange"), (30, "red")]),
    ]),
    Row("Flow", [
        Panel("Intents by verdict", "What was decided, per second.", "cps",
              [Query(rate("onefill_intents_total", "verdict"), "{{verdict}}")], stacked=True),
        Panel("Orders by command", "What went to the venue, per second; cancels owed by commands are among them, and alone.",
              "cps", [Query(rate("onefill_orders_total", "command"), "{{command}}"),
                      Query(rate("onefill_owed_cancels_total"), "owed cancels")]),
        Panel("Execution reports by type", "What came back from the venue, per second.", "cps",
              [Query(rate("onefill_executions_total", "kind") + " > 0", "{{kind}}")], stacked=True),
    ]),
    Row("Latency", [
        Panel("Intent to commit", "Quantiles, by linear interpolation in the buckets.", "s", LATENCY, width=12),
        Panel("Intent to commit, distribution", "How many intents fell into each bucket.", "s",
              [Query(f"sum by (le) (increase(onefill_intent_to_commit_seconds_bucket{{}}{RATE}))", "{{le}}")],
              "heatmap", 12),
    ]),
    Row("Lanes", [
        Panel("Lanes over time", "Each lane: running, halted, or on its way there.", "none",
              [Query('sum by (partition) (onefill_lane_state{state="RUNNING",}) + 2 * sum by (partition) '
                     '(onefill_lane_state{state="HALTED",})', "lane {{partition}}")], "timeline", 12, states=STAGES),
        Panel("Waiting records", "Offsets from the cursor to the high watermark; markers and aborted records count.", "short",
              [Query("sum by (topic) (onefill_lag_records{})", "{{topic}}", UNASSIGNED)], width=6),
        Panel("Lanes without intents", "Lanes that run but take no intents, because control is not known to its end.", "none",
              [Query("sum(onefill_intents_held{})", "held")], width=6),
    ]),
    Row("Who runs", [
        Panel("Versions", "Processes by version and revision. More than one outside a rollout is version skew.", "none",
              [Query("count by (version, revision) (onefill_build_info{})", "{{version}} {{revision}}")], width=8),
        Panel("Members", "Processes by instance: two of one name fence each other.", "none",
              [Query("count by (instance_id, group) (onefill_instance_info{})", "{{instance_id}} {{group}}")], width=8),
        Panel("Lanes by process", "How many lanes each process owns.", "none",
              [Query("sum by (pod, instance) (onefill_assigned_lanes{})", "{{pod}} {{instance}}")], width=8),
    ]),
])

EXACTLY_ONCE = Board("exactly-once", "onefill / Exactly-once",
                     "How transactions end, who fences whom, and what holds readers back.", [
    Row("Transactions", [
        Panel("Transactions by outcome", "Only `committed` is plain; each other one is followed by new producers.", "cps",
              [Query(rate("onefill_transactions_total", "outcome"), "{{outcome}}")], stacked=True),
        Panel("Share that did not commit", "Aborted, fenced and unknown of all transactions.", "percentunit",
              [Query('sum(rate(onefill_transactions_total{outcome=~"aborted|fenced|unknown",}' + RATE + ")) / "
                     "sum(rate(onefill_transactions_total{}" + RATE + "))", "not committed")]),
        Panel("Batch size", "Input records of a committed batch: a router that falls behind has larger ones.", "short",
              [Query(quantile(0.5, "onefill_batch_records"), "p50"), Query(quantile(0.99, "onefill_batch_records"), "p99")]),
    ]),
    Row("Where a transaction's time goes", [
        Panel("Share of each step", "Seconds per second that lanes spend on each step.", "percentunit",
              [Query(rate("onefill_stage_seconds_sum", "stage"), "{{stage}}")], width=12, stacked=True),
        Panel("Commit, flush and offsets, p99", "The steps that wait for Kafka.", "s",
              [Query(quantile(0.99, "onefill_stage_seconds", "stage", 'stage=~"commit|flush|offsets"'), "{{stage}}")],
              width=12),
    ]),
    Row("Doubts", [
        Panel("Duplicates", "Intents whose key was decided before with the same content: retries of clients, answered once.",
              "cps", [Query(rate("onefill_intents_total", "", 'verdict="DUPLICATE"'), "duplicates")]),
        Panel("Producer replacements by cause", "`opening` is normal; `doubt` follows a slow or disturbed commit.", "short",
              [Query(f"sum by (cause) (increase(onefill_producer_replacements_total{{}}{RATE}))", "{{cause}}")]),
        Panel("Halts by code", "Any is an alert.", "short",
              [Query(f"sum by (code) (increase(onefill_lane_halts_total{{}}{RATE})) > 0", "{{code}}",
                     "no lane halts in the run that the check makes"),
               Query(f"sum(increase(onefill_lane_halts_total{{}}{RATE}))", "all")]),
    ]),
    Row("Readers of the topics", [
        Panel("Held back by open transactions", "Offsets from the last stable one to the high watermark. One that stays is a transaction that hangs.",
              "short", [Query("max by (topic) (onefill_stable_offset_gap_records{})", "{{topic}}", UNASSIGNED)]),
        Panel("Blocked inputs", "Inputs whose stable offset has stood still for 10 s.", "none",
              [Query("sum by (topic) (onefill_input_blocked{})", "{{topic}}", UNASSIGNED)]),
        Panel("Oldest open transaction", "How long the oldest open transaction of the router has been open, and how long it may be.", "s",
              [Query("time() - min(onefill_transaction_start_timestamp_seconds{})", "open for",
                     "no transaction need be open at the moment of a scrape"),
               Query("max(onefill_transaction_timeout_seconds{})", "allowed")]),
        Panel("Since the last commit", "Of any lane; it grows while nothing is to be done, too.", "s",
              [Query("time() - max(onefill_last_commit_timestamp_seconds{})", "last commit")], width=12),
        Panel("Since a lane last advanced", "Restored or committed an entry; with waiting records beside it, it is stuck.", "s",
              [Query("time() - min by (partition) (onefill_last_progress_timestamp_seconds{})", "lane {{partition}}")], width=12),
    ]),
])

RISK = Board("risk", "onefill / Risk", "What is refused, how near limits are, and who may not trade.", [
    Row("Refused", [
        Panel("Rejections by reason", "By the first reason of each.", "cps",
              [Query(rate("onefill_rejections_total", "reason") + " > 0", "{{reason}}")], width=12, stacked=True),
        Panel("Reject ratio", "Rejected of all intents that were decided.", "percentunit",
              [Query('sum(rate(onefill_intents_total{verdict="REJECTED",}' + RATE + ")) / sum(rate(onefill_intents_total{}"
                     + RATE + "))", "rejected")], width=12),
    ]),
    Row("Limits", [
        Panel("Limits used", "The most that any account or strategy uses of a limit of each kind. Whose it is says /status.",
              "percentunit", [Query("max by (limit) (onefill_limit_used_ratio{})", "{{limit}}")], width=12),
        Panel("Trading states", "The strictest state of any scope of each kind.", "none",
              [Query("max by (scope) (onefill_trading_state{})", "{{scope}}")], "timeline", 12, states=STATES),
    ]),
    Row("What decisions rest on", [
        Panel("Oldest price", "Age of the oldest price held, of any instrument.", "s",
              [Query("max(onefill_price_age_seconds{})", "oldest")]),
        Panel("Prices dropped", "By reason: ahead of this machine's clock, overlong, undecodable, misplaced.", "cps",
              [Query(rate("onefill_prices_dropped_total", "reason"), "{{reason}}")]),
        Panel("Anomalies", "Odd execution reports, by kind. Late fills and duplicates happen; others need somebody to look.", "cps",
              [Query(rate("onefill_anomalies_total", "kind"), "{{kind}}")]),
        Panel("Quarantined", "Records kept because they could not be read or applied.", "cps",
              [Query(rate("onefill_quarantined_total", "topic, reason"), "{{topic}} {{reason}}")], width=12),
        Panel("Open orders", "Orders that may still be filled.", "short",
              [Query("sum(onefill_open_orders{})", "open orders")], width=12),
    ]),
])

STATE = Board("state", "onefill / State", "What the ledger holds, how it is restored, and what is kept of it.", [
    Row("Ledger", [
        Panel("Keys", "Intent keys remembered; none is ever forgotten.", "short", [Query("sum(onefill_keys{})", "keys")]),
        Panel("Memory of the ledgers", "What their tables take, and what the process takes as a whole.", "bytes",
              [Query("sum(onefill_ledger_bytes{})", "ledgers"), Query("sum(process_resident_memory_bytes{})", "process")]),
        Panel("Entries", "Growth of the trail, per second.", "cps",
              [Query("sum by (partition) (deriv(onefill_audit_seq{}[1m]))", "lane {{partition}}")]),
    ]),
    Row("Trail", [
        Panel("Head", "The number that the next entry takes.", "short",
              [Query("max by (partition) (onefill_audit_seq{})", "lane {{partition}}")], width=12),
        Panel("Age of the last entry", "Since the last entry of each lane was decided.", "s",
              [Query("time() - max by (partition) (onefill_audit_head_timestamp_seconds{})", "lane {{partition}}")], width=12),
    ]),
    Row("Restore", [
        Panel("Restoring lanes", "Lanes that read their trail now.", "none",
              [Query("sum(onefill_restore_in_progress{})", "restoring")], width=6),
        Panel("Left to read", "Offsets of the trail that restoring lanes still have to read.", "short",
              [Query("sum(onefill_restore_remaining_entries{})", "left")], width=6),
        Panel("Entries read", "By restores, per second.", "cps",
              [Query(rate("onefill_restored_entries_total"), "entries")], width=6),
        # Most restores are over before a new process is scraped for the first time: an increase would miss them.
        Panel("Mean restore", "How long a lane read its trail to its end, since the routers started.", "s",
              [Query("sum(onefill_restore_seconds_sum{}) / sum(onefill_restore_seconds_count{})", "mean")], width=6),
    ]),
    Row("Checkpoints and membership", [
        Panel("Age of the last checkpoint", "Since a checkpoint was last written.", "s",
              [Query("time() - max by (pod, instance) (onefill_checkpoint_last_success_timestamp_seconds{})",
                     "{{pod}} {{instance}}", NO_CHECKPOINT)]),
        Panel("Checkpoints that failed", "A restore then reads more of the trail; nothing is lost.", "short",
              [Query("sum(increase(onefill_checkpoint_failures_total{}[1h]))", "failures")]),
        Panel("Rebalances", "Changes of the partitions of each kind; `lost` is never asked for.", "short",
              [Query("sum by (kind) (increase(onefill_rebalances_total{}[5m]))", "{{kind}}")]),
        Panel("Mean rebalance", "From when partitions were given back, lost or first asked for to the next assignment, over the last hour.",
              "s", [Query("sum(increase(onefill_rebalance_seconds_sum{}[1h])) / "
                          "sum(increase(onefill_rebalance_seconds_count{}[1h]))", "mean", NO_REBALANCE)], width=24, height=5),
    ]),
])

SATURATION = Board("saturation", "onefill / Saturation", "What runs short first: the lanes, Kafka, or the machine.", [
    Row("Backlog", [
        Panel("Lag in seconds", "Age of the oldest committed record that is not answered.", "s",
              [Query("max by (topic, partition) (onefill_lag_seconds{})", "{{topic}} {{partition}}", UNASSIGNED)], width=12),
        Panel("Lag in records", "Offsets from the cursor to the high watermark.", "short",
              [Query("max by (topic, partition) (onefill_lag_records{})", "{{topic}} {{partition}}", UNASSIGNED)], width=12),
    ]),
    Row("Kafka", [
        Panel("Connected brokers", "Brokers that each process is connected to.", "none",
              [Query("min by (pod, instance) (onefill_kafka_connected_brokers{})", "{{pod}} {{instance}}")], width=6),
        Panel("Round trip", "Mean of the producers' last requests, of the slowest broker.", "s",
              [Query("max by (pod, instance) (onefill_kafka_rtt_seconds{})", "{{pod}} {{instance}}")], width=6),
        Panel("Errors", "By what was being done, and what the error says.", "cps",
              [Query(rate("onefill_kafka_errors_total", "api, error") + " > 0", "{{api}} {{error}}",
                     "a broker that is well has no errors"),
               Query(rate("onefill_kafka_errors_total"), "all")], width=6),
        Panel("Throttled", "Seconds per second for which brokers asked this process to wait, by their quotas.", "percentunit",
              [Query(rate("onefill_kafka_throttle_seconds_total"), "throttled")], width=6),
    ]),
    Row("Process", [
        Panel("CPU", "Seconds of CPU per second.", "short",
              [Query("sum by (pod, instance) (rate(process_cpu_seconds_total{}" + RATE + "))", "{{pod}} {{instance}}")], width=6),
        Panel("Memory", "Resident memory.", "bytes",
              [Query("sum by (pod, instance) (process_resident_memory_bytes{})", "{{pod}} {{instance}}")], width=6),
        Panel("Open files", "Of so many that are allowed.", "percentunit",
              [Query("max by (pod, instance) (process_open_fds{} / process_max_fds{})", "{{pod}} {{instance}}")], width=6),
        Panel("Threads at rest", "Since each thread last advanced: one that stands still for a transaction's time fails /livez.", "s",
              [Query("max by (thread) (time() - onefill_watchdog_heartbeat_timestamp_seconds{})", "{{thread}}")], width=6),
    ]),
    Row("What it says", [
        Panel("Log lines", "By level; repeated lines are counted here, and not written.", "cps",
              [Query(rate("onefill_log_events_total", "level", 'level=~"error|warn|info"'), "{{level}}")], width=12),
        Panel("TLS ends", "When the first certificate of ours, or the last authority, expires.", "dateTimeFromNow",
              [Query("1000 * min by (pod, instance) (onefill_certificate_expiry_timestamp_seconds{})",
                     "{{pod}} {{instance}}", NO_TLS)], width=12),
    ]),
])

BOARDS = [OVERVIEW, EXACTLY_ONCE, RISK, STATE, SATURATION]
