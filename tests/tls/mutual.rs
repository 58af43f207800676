//! Certificates of both sides.

use crate::sasl::routes;
use crate::secured::{Secured, mutual};

#[test]
fn a_router_routes_by_its_certificate() {
    let secured = Secured::shared();
    let own = secured.authority.sign("mutual", "10 years");
    routes(&secured.world("mutual", "mutual", mutual(&own, &secured.authority.certificate())));
}
