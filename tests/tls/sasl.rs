//! A user and a password behind TLS.

use crate::reader::Isolation;
use crate::records::{ORDER, new_intent};
use crate::secured::{CONNECTIONS, PASSWORD, Secured, login};
use crate::world::World;

/// A router that comes by a secured listener answers, once each, and ends in order.
pub fn routes(world: &World) {
    let router = world.router(&[]).saying(CONNECTIONS);
    world.send_all(&["k1", "k2", "k1"].map(|key| new_intent("A1", key, key)));
    world.wait_answered(&router);
    router.end_cleanly();
    assert_eq!(ordered(world), ["k1", "k2"]);
}

/// The client's ids of the orders that lie there, committed, in order.
pub fn ordered(world: &World) -> Vec<String> {
    let orders = world.read("orders", Isolation::Committed);
    let value = |bytes: Option<Vec<u8>>| ORDER.decode(&bytes.expect("an order"));
    let id =
        |record: crate::reader::Record| value(record.value)["client_order_id"].as_str().map(str::to_owned);
    orders.into_iter().map(|record| id(record).expect("an id")).collect()
}

fn by_password(name: &str, mechanism: &str) {
    let secured = Secured::shared();
    let password = secured.password_file(name, PASSWORD);
    let kafka = login(mechanism, &password, &secured.authority.certificate());
    routes(&secured.world(name, "login", kafka));
}

#[test]
fn a_router_routes_by_scram_sha_512() {
    by_password("scram-512", "SCRAM-SHA-512");
}

#[test]
fn a_router_routes_by_scram_sha_256() {
    by_password("scram-256", "SCRAM-SHA-256");
}

#[test]
fn a_router_routes_by_plain() {
    by_password("plain", "PLAIN");
}
