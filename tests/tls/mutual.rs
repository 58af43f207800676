//! Certificates of both sides.

use crate::sasl::routes;
use crate::secured::{PASSWORD, Secured, locked, mutual};

#[test]
fn a_router_routes_by_its_certificate() {
    let secured = Secured::shared();
    let own = secured.authority.sign("mutual", "10 years");
    routes(&secured.world("mutual", "mutual", mutual(&own, &secured.authority.certificate())));
}

#[test]
fn a_router_routes_by_a_key_whose_password_is_in_a_file() {
    let secured = Secured::shared();
    let own = secured.authority.lock(&secured.authority.sign("locked", "10 years"), PASSWORD);
    let password = secured.password_file("key-password", PASSWORD);
    routes(&secured.world("locked", "mutual", locked(&own, &password, &secured.authority.certificate())));
}
