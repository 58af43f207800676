//! Reference prices are read beside the lanes: what cannot be used is dropped and counted, and no lane waits for ever.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rdkafka::producer::{BaseRecord, Producer as _};
use serde_json::json;

use crate::ask::ask;
use crate::checker::check;
use crate::http::{free, metrics};
use crate::loud::expect;
use crate::producer::transactional;
use crate::reader::eventually;
use crate::records::{INSTRUMENT, PRICE, new_intent};
use crate::strangers::widen;
use crate::world::World;

const WAIT: Duration = Duration::from_secs(30);

/// A price of some milliseconds ago; less than none for one that is to come.
pub fn price(instrument: &str, number: &str, age_ms: i64) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    let as_of = i64::try_from(now.as_nanos()).expect("it is before 2262") - age_ms * 1_000_000;
    PRICE.encode(&json!({
        "instrument_id": instrument, "price": number, "source": "MARK", "as_of": as_of,
        "publisher": "feed", "quality": "GOOD",
    }))
}

/// The prices that were dropped, by reason.
pub fn dropped(address: &str) -> BTreeMap<String, u64> {
    let reason = |name: &str| {
        Some(name.strip_prefix("onefill_prices_dropped_total{reason=\"")?.strip_suffix("\"}")?.to_owned())
    };
    let counts = metrics(address).into_iter();
    counts.filter_map(|(name, count)| Some((reason(&name)?, count))).filter(|(_, count)| *count > 0).collect()
}

/// The age of the oldest price that is held, in seconds.
pub fn age(address: &str) -> Option<f64> {
    let (_, text) = ask(address, "/metrics").expect("an answer");
    let value = text.lines().find_map(|line| line.strip_prefix("onefill_price_age_seconds "))?;
    Some(value.parse().expect("a number"))
}

#[test]
fn prices_of_all_partitions_are_held_and_what_cannot_be_used_is_dropped_and_counted() {
    let (world, address) = (World::new("prices", 1), free());
    let put = |partition: i32, key: &str, value: &[u8]| {
        world.produce("prices", partition, Some(key.as_bytes()), Some(value));
    };
    put(0, "OTHER.XTST", &price("OTHER.XTST", "7", 60_000));
    let useless = expect("prices dropped", "it says of what cannot be used that it is dropped");
    let router = world.router_at(&address, &[]).saying(&[useless]);
    world.wait_openings(1);
    // What was there before the lane opened is held when it does.
    let oldest = age(&address).expect("a price is held");
    assert!((60.0..120.0).contains(&oldest), "{oldest}");

    put(0, INSTRUMENT, &price(INSTRUMENT, "100.00", 0));
    put(0, INSTRUMENT, &price("OTHER.XTST", "8", 0));
    put(0, INSTRUMENT, b"no price");
    world.produce("prices", 0, Some(INSTRUMENT.as_bytes()), None);
    put(0, INSTRUMENT, &price(INSTRUMENT, "100.00", -60_000));
    put(0, INSTRUMENT, &price(INSTRUMENT, "1234567890123456789012345678901234567890", 0));
    let due = [("ahead", 1), ("misplaced", 1), ("overlong", 1), ("undecodable", 2)];
    let due = due.map(|(reason, count)| (reason.to_owned(), count));
    eventually("each is counted", || (dropped(&address) == BTreeMap::from(due.clone())).then_some(()));
    assert!(age(&address) > Some(60.0), "the oldest price is still the one of before");

    put(0, "OTHER.XTST", &price("OTHER.XTST", "9", 0));
    eventually("the newer price is held", || (age(&address) < Some(60.0)).then_some(()));

    widen(&world, "prices", 2);
    put(1, INSTRUMENT, &price("OTHER.XTST", "8", 0));
    eventually("the partition that was added is read", || {
        (dropped(&address).get("misplaced") == Some(&2)).then_some(())
    });
    router.end_cleanly();
}

#[test]
fn a_lane_waits_for_the_end_of_prices_and_opens_without_it_after_10_s() {
    let world = World::new("prices-open", 1);
    let feed = transactional(&world.bootstrap, &world.topic("feed"));
    feed.begin_transaction().expect("a transaction");
    let (topic, value) = (world.topic("prices"), price(INSTRUMENT, "100.00", 0));
    let record = BaseRecord::to(&topic).partition(0).key(INSTRUMENT).payload(&value);
    feed.send(record).map_err(|(error, _)| error).expect("the queue has room");
    feed.flush(WAIT).expect("the broker takes records");
    let says = "prices are not read to their end";
    let router = world.router(&[]).saying(&[expect(says, "the feed keeps its transaction open")]);
    world.send(&new_intent("A1", "I0", "C0"));
    router.wait_logged(says);
    world.wait_answered(&router);
    router.end_cleanly();

    feed.commit_transaction(WAIT).expect("a commit");
    let router = world.router(&[]);
    world.wait_openings(2);
    assert!(!router.log().contains("prices are not read to their end"), "{}", router.log());
    router.end_cleanly();
    check(&world);
}
