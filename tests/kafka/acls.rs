//! Least privilege on brokers that have an authorizer: `onefill init --acls` grants what is enough, and `onefill check`
//! names each right that lacks.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::Value as Json;

use crate::broker::{Cluster, broker};
use crate::command::{Called, Installation};
use crate::login::Login;
use crate::reader::{Isolation, eventually, read_all};
use crate::rights::{Allowed, revoke};

const WAIT: Duration = Duration::from_secs(30);
/// By then a router has noticed that a right is gone.
const SEEN: Duration = Duration::from_secs(3);
/// How long it is left without.
const WITHOUT: Duration = Duration::from_secs(4);

/// A cluster with an authorizer and the address of its users. Each test has logins of its own.
fn cluster() -> &'static (Cluster, String) {
    static SHARED: OnceLock<(Cluster, String)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let users = ["router", "strategy", "gateway", "feed", "operator", "searched", "running", "nobody"];
        Cluster::with_users(&users)
    })
}

/// What one user calls.
struct Caller {
    here: Installation,
    login: Login,
}

impl Caller {
    fn new(name: &str, user: &str) -> Self {
        let users = &cluster().1;
        Self { here: Installation::new(users, name), login: Login::new(users, user) }
    }

    fn call(&self, line: &str) -> Called {
        self.here.call(&[&words(line)[..], &["--config", self.login.config()]].concat())
    }

    fn done(&self, line: &str) -> Called {
        self.here.done(&[&words(line)[..], &["--config", self.login.config()]].concat())
    }

    fn topic(&self, role: &str) -> String {
        format!("{}{role}", self.here.prefix)
    }
}

/// An administrator, who may do everything.
fn admin(name: &str) -> Installation {
    Installation::new(cluster().0.bootstrap(), name)
}

const INSTRUMENT: &str = "control instrument X.SIM --currency USD --tick 1 --lot 1";
const ORDER: &str = "submit --account A1 --strategy S1 --instrument X.SIM --side BUY --order-type LIMIT --qty 1 \
    --price 1 --output json";
const LIMIT: &str = "control limit --limit-id A1 --account A1 --max-order-qty 99 --max-long-qty 99 \
    --max-short-qty 99 --max-intent-age-ms 600000 --reason test";

/// The words of a command.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// What `init --acls` said of each right, in one document with the topics: who, what, with what, and whether it is new.
fn granted(called: &Called) -> Vec<Json> {
    let said = called.json();
    assert!(said.len() == 1 && said[0]["topics"].is_array() && said[0].get("trails").is_none(), "{said:?}");
    said[0]["acls"].as_array().cloned().expect("a list of rights")
}

fn text<'j>(of: &'j Json, field: &str) -> &'j str {
    of[field].as_str().unwrap_or_else(|| panic!("no text {field} in {of}"))
}

/// Takes away a right that was granted. Returns how Kafka's own tool names what it is for.
fn take_away(right: &Json) -> String {
    let [principal, subject, operation] =
        ["principal", "resource", "operation"].map(|field| text(right, field));
    let ids = subject.strip_prefix("transactional ids ").and_then(|ids| ids.strip_suffix('*'));
    let (kind, name, flags) = match (ids, subject.strip_prefix("group ")) {
        (Some(ids), _) => {
            ("TransactionalId", ids, format!("--transactional-id {ids} --resource-pattern-type prefixed"))
        }
        (None, Some(group)) => ("Group", group, format!("--group {group}")),
        (None, None) if subject == "cluster" => ("Cluster", "kafka-cluster", "--cluster".to_owned()),
        (None, None) => ("Topic", subject, format!("--topic {subject}")),
    };
    revoke(cluster().0.bootstrap(), Allowed { kind, name, principal, operation });
    flags
}

/// What a check names as lacking: with what, what lacks, and the remedy.
fn lacking(checked: &Called) -> Vec<[String; 3]> {
    let findings = checked.json()[0]["findings"].as_array().expect("findings").clone();
    let lacking = findings.iter().filter(|finding| finding["code"] == "right-missing");
    let fields = ["subject", "is", "remedy"];
    lacking.map(|one| fields.map(|field| one[field].as_str().expect("a text").to_owned())).collect()
}

/// The codes of what a check calls a fault, and nothing forgives.
fn faults(checked: &Called) -> BTreeSet<String> {
    let findings = checked.json()[0]["findings"].as_array().expect("findings").clone();
    let open = findings.iter().filter(|one| one["severity"] == "fault" && one["waived"] == false);
    open.map(|one| one["code"].as_str().expect("a code").to_owned()).collect()
}

/// Reads the first order, and reports something that nobody can read.
fn carry(gateway: &Caller) {
    let mut client = gateway.login.client();
    client
        .set("group.id", "none")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed");
    let reader: BaseConsumer = client.create().expect("a consumer");
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(&gateway.topic("orders"), 0, Offset::Beginning).expect("a partition");
    reader.assign(&from).expect("an assignment");
    eventually("the gateway reads the order", || {
        let record = reader.poll(Duration::from_millis(100))?.ok()?;
        record.payload().is_some_and(|order| !order.is_empty()).then_some(())
    });
    let writer: BaseProducer = gateway.login.client().create().expect("a producer");
    let executions = gateway.topic("executions");
    let report = BaseRecord::to(&executions).partition(0).key("A1").payload("no report");
    writer.send(report).expect("the queue has room");
    writer.flush(WAIT).expect("it lies in the topic");
}

#[test]
fn what_init_grants_is_enough_for_everybody() {
    let admin = admin("granted");
    let line = "init --partitions 1 --output json --acls --principal User:router --strategy User:strategy \
        --gateway User:gateway --feed User:feed --operator User:operator";
    let grant = words(line);
    let first = granted(&admin.done(&grant));
    assert!(first.iter().all(|acl| acl["created"] == true), "{first:?}");
    let of = |who: &str| first.iter().filter(|acl| acl["principal"] == format!("User:{who}")).count();
    assert_eq!(["router", "strategy", "gateway", "feed", "operator"].map(of), [23, 2, 2, 1, 10]);
    eventually("the rights are there", || {
        let again = granted(&admin.done(&grant));
        again.iter().all(|acl| acl["created"] == false).then_some(())
    });

    let [router, strategy, gateway, feed, operator] =
        ["router", "strategy", "gateway", "feed", "operator"].map(|user| Caller::new("granted", user));
    let checked = router.call("check --output json");
    assert_eq!((checked.status, lacking(&checked)), (0, vec![]), "{}", checked.out);
    let _router = router.here.router_with(&["--config", router.login.config()]);
    operator.done(&format!("{INSTRUMENT} --wait"));
    operator.done(&format!("{LIMIT} --wait"));
    let submitted = strategy.done(&format!("{ORDER} --wait"));
    assert!(submitted.out.contains("ACCEPTED"), "{}\n{}", submitted.out, submitted.err);
    feed.done("prices set X.SIM 1");
    carry(&gateway);
    let held =
        |role: &str| read_all(cluster().0.bootstrap(), &gateway.topic(role), Isolation::Committed).len();
    eventually("what nobody can read lies in quarantine", || (held("quarantine") == 1).then_some(()));
    for look in ["status", "audit verify", "audit show", "state --account A1"] {
        operator.done(look);
    }
    // Nobody may do what others are for.
    let halt = "control halt --global --reason mine";
    for (who, what) in [(&strategy, halt), (&gateway, ORDER), (&feed, ORDER), (&operator, ORDER)] {
        let refused = who.call(what);
        assert_eq!(refused.status, 1, "{what}: {}\n{}", refused.out, refused.err);
    }
    for (role, written) in [("control", 2), ("intents", 1)] {
        assert_eq!(held(role), written, "what was refused is not in {role}");
    }
}

#[test]
fn check_names_each_right_that_lacks_and_no_other() {
    let admin = admin("searched");
    let grant = words("init --partitions 1 --output json --acls --principal User:searched");
    let rights = granted(&admin.done(&grant));
    assert_eq!(rights.len(), 23);
    let router = Caller::new("searched", "searched");
    let check = || router.call("check --output json");
    let passes = || {
        eventually("check passes", || {
            let checked = check();
            (checked.status == 0 && lacking(&checked).is_empty()).then_some(())
        });
    };
    passes();
    for right in &rights {
        let [subject, operation] = ["resource", "operation"].map(|field| text(right, field));
        let flags = take_away(right);
        let remedy = format!(
            "kafka-acls.sh --bootstrap-server {} --add --allow-principal User:searched --operation {operation} {flags}",
            cluster().1
        );
        let due = [subject.to_owned(), format!("without {operation}"), remedy];
        let checked = eventually(&format!("check names {operation} of {subject}"), || {
            let checked = check();
            (!lacking(&checked).is_empty()).then_some(checked)
        });
        assert_eq!((checked.status, lacking(&checked)), (3, vec![due]), "{}", checked.out);
        assert_eq!(
            faults(&checked),
            ["right-missing".to_owned()].into(),
            "{operation} of {subject}: {}",
            checked.out
        );
        let again = granted(&admin.done(&grant));
        let new: Vec<_> = again.iter().filter(|acl| acl["created"] == true).collect();
        assert_eq!(new, [right], "what lacked is granted, and nothing else");
        passes();
    }
}

/// Without a right the router waits, decides nothing and goes on by itself: what waited is answered, once.
#[test]
fn a_right_that_is_taken_from_a_running_router_costs_time_and_nothing_else() {
    let admin = admin("running");
    let grant = words("init --partitions 1 --output json --acls --principal User:running");
    let rights = granted(&admin.done(&grant));
    let user = Caller::new("running", "running");
    eventually("check passes", || (user.call("check").status == 0).then_some(()));
    // Each right that is gone has words of its own: what it does is looked at here, not what it says.
    let mut router = user.here.router_with(&["--config", user.login.config()]).unheard();
    admin.done(&words(INSTRUMENT));
    admin.done(&words(&format!("{LIMIT} --wait")));
    let orders =
        || read_all(cluster().0.bootstrap(), &format!("{}orders", admin.prefix), Isolation::Committed).len();
    admin.done(&words(&format!("{ORDER} --wait")));
    let mut ordered = orders();
    assert_eq!(ordered, 1);
    for (subject, operation) in [
        (format!("{}orders", admin.prefix), "Write"),
        (format!("{}audit", admin.prefix), "Write"),
        (format!("{}intents", admin.prefix), "Read"),
        (format!("{}executions", admin.prefix), "Read"),
        (format!("{}control", admin.prefix), "Read"),
        (format!("group {}router", admin.prefix), "Read"),
        (format!("transactional ids {}audit-*", admin.prefix), "Write"),
    ] {
        // Intents can be answered without reports, until the group has seen that the topic may not be read.
        let may_answer = subject.ends_with("executions");
        let is_it = |one: &&Json| one["resource"] == subject.as_str() && one["operation"] == operation;
        take_away(rights.iter().find(is_it).expect("it was granted"));
        std::thread::sleep(SEEN);
        admin.done(&words(ORDER));
        std::thread::sleep(WITHOUT);
        assert!(may_answer || orders() == ordered, "no order without {operation} of {subject}");
        assert!(router.is_alive(), "it waits without {operation} of {subject}");
        admin.done(&grant);
        ordered += 1;
        eventually(&format!("it goes on with {operation} of {subject}"), || {
            (orders() >= ordered).then_some(())
        });
        assert_eq!(orders(), ordered, "one order for each intent, {operation} of {subject}");
    }
    drop(router);
    admin.done(&["audit", "verify"]);
}

#[test]
fn who_may_not_grant_is_told_who_may_and_without_an_authorizer_there_is_nothing_to_grant() {
    let admin = admin("refused");
    admin.done(&words("init --partitions 1 --acls --principal User:nobody"));
    let nobody = Caller::new("refused", "nobody");
    eventually("the router's rights are there", || (nobody.call("check").status == 0).then_some(()));
    let refused = nobody.call("init --acls --strategy User:nobody");
    assert_eq!(refused.status, 1, "{}\n{}", refused.out, refused.err);
    assert!(refused.err.contains("administrator") && refused.err.contains("--dry-run"), "{}", refused.err);
    let told = nobody.done("init --acls --strategy User:nobody --dry-run");
    let commands: Vec<&str> = told.out.lines().collect();
    let command = |operation: &str, role: &str| {
        let (broker, prefix) = (&cluster().1, &nobody.here.prefix);
        format!(
            "kafka-acls.sh --bootstrap-server {broker} --add --allow-principal User:nobody --operation {operation} \
             --topic {prefix}{role}"
        )
    };
    assert_eq!(commands, [command("Write", "intents"), command("Read", "audit")]);

    let open = Installation::new(broker(), "refused");
    let needless = open.call(&words("init --acls --principal User:nobody"));
    assert_eq!(needless.status, 1, "{}\n{}", needless.out, needless.err);
    assert!(needless.err.contains("authorizer.class.name"), "{}", needless.err);
}
