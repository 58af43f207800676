//! Certificates and passwords that are renewed while a router runs under load: nothing is lost, nothing doubled, and
//! nobody restarts it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::authority::Identity;
use crate::broker::Signal;
use crate::loud::{BROKERS_DIED, FROZEN, expect};
use crate::producer::transactional;
use crate::reader::eventually;
use crate::records::new_intent;
use crate::router::Router;
use crate::sasl::ordered;
use crate::secured::{CONNECTIONS, PASSWORD, Secured, login, mutual};
use crate::world::World;

/// How long the first certificate lives: long enough for a busy machine to start a router and renew it.
const LIFE: Duration = Duration::from_secs(40);
/// What the router says then.
pub const RENEWED: &str = "certificates or passwords were renewed";
/// Between two intents of the load.
const PAUSE: Duration = Duration::from_millis(20);

/// A strategy that counts.
struct Strategy<'w> {
    world: &'w World,
    sent: usize,
}

impl<'w> Strategy<'w> {
    /// Sends the first intent, and waits until this router has answered it.
    fn begin(world: &'w World, router: &Router) -> Self {
        let mut strategy = Self { world, sent: 0 };
        strategy.send();
        world.wait_answered(router);
        strategy
    }

    fn send(&mut self) {
        let id = format!("k{:05}", self.sent);
        self.world.send(&new_intent("A1", &id, &id));
        self.sent += 1;
    }

    /// Sends all the time until this has been done.
    fn while_doing(&mut self, work: impl FnOnce() + Send) {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let worker = scope.spawn(|| {
                work();
                done.store(true, Ordering::Release);
            });
            while !done.load(Ordering::Acquire) && !worker.is_finished() {
                self.send();
                thread::sleep(PAUSE);
            }
        });
    }

    /// Each intent has become one order.
    fn is_answered_once(&self) {
        let expected: Vec<String> = (0..self.sent).map(|number| format!("k{number:05}")).collect();
        assert_eq!(ordered(self.world), expected);
    }
}

/// A router that shows a certificate which expires soon, and where that lies.
struct Scene {
    secured: Secured,
    place: Identity,
    world: World,
    expires: Instant,
    router: Router,
}

impl Scene {
    fn new(name: &str) -> Self {
        let secured = Secured::start(&[]);
        let at = |file: &str| secured.cluster.dir().join(file);
        let place = Identity { certificate: at("own.crt"), key: at("own.key") };
        secured.authority.sign("lasting", "10 years").install(&place);
        let world = secured.world(name, "mutual", mutual(&place, &secured.authority.certificate()));
        secured.authority.sign("short", &format!("{} seconds", LIFE.as_secs())).install(&place);
        let expires = Instant::now() + LIFE + Duration::from_secs(2);
        let router = world.router(&[]).saying(CONNECTIONS).saying(BROKERS_DIED);
        Self { secured, place, world, expires, router }
    }

    fn renew(&self) {
        self.secured.authority.sign("renewed", "10 years").install(&self.place);
    }

    /// Waits until the first certificate has expired, and lets every connection be made anew.
    fn outlive_the_first(&self) {
        thread::sleep(self.expires.saturating_duration_since(Instant::now()));
        self.secured.cluster.kill(1, Signal::Term);
        self.secured.cluster.restart(1);
    }
}

#[test]
fn certificates_that_are_renewed_in_time_are_used_without_a_restart() {
    let scene = Scene::new("renewed");
    let mut strategy = Strategy::begin(&scene.world, &scene.router);
    strategy.while_doing(|| {
        scene.renew();
        scene.secured.renew_broker();
        scene.router.wait_logged(RENEWED);
        scene.world.wait_openings(2);
    });
    scene.outlive_the_first();
    strategy.while_doing(|| thread::sleep(PAUSE * 10));
    scene.world.wait_answered(&scene.router);
    strategy.is_answered_once();
    assert_eq!(scene.router.log().matches(RENEWED).count(), 1, "once");
    assert_eq!(scene.router.terminate().code(), Some(0));
}

#[test]
fn a_certificate_that_is_renewed_too_late_is_used_as_soon_as_it_is_there() {
    let scene = Scene::new("late");
    let mut strategy = Strategy::begin(&scene.world, &scene.router);
    scene.outlive_the_first();
    let answered = scene.world.committed("intents");
    strategy.while_doing(|| thread::sleep(Duration::from_secs(5)));
    assert_eq!(
        scene.world.committed("intents"),
        answered,
        "the broker refuses a certificate that has expired"
    );
    let log = scene.router.log();
    assert!(log.contains(" alert "), "the log says why:\n{log}");
    scene.renew();
    scene.router.wait_logged(RENEWED);
    scene.world.wait_answered(&scene.router);
    strategy.is_answered_once();
    assert_eq!(scene.router.terminate().code(), Some(0));
}

#[test]
fn a_password_that_is_renewed_is_used_without_a_restart() {
    // Brokers ask for the password again and again, so that one that is old ends connections.
    let secured = Secured::start(&["listener.name.login.connections.max.reauth.ms=5000"]);
    let password = secured.password_file("password", PASSWORD);
    let world = secured.world(
        "password",
        "login",
        login("SCRAM-SHA-512", &password, &secured.authority.certificate()),
    );
    let router = world.router(&[]).saying(CONNECTIONS).saying(BROKERS_DIED);
    let mut strategy = Strategy::begin(&world, &router);
    strategy.while_doing(|| {
        thread::sleep(Duration::from_secs(7));
        secured.set_password("another-one");
        secured.password_file("password", "another-one");
        router.wait_logged(RENEWED);
        eventually("its lane is open again", || (world.openings() >= 2).then_some(()));
    });
    world.wait_answered(&router);
    strategy.is_answered_once();
    assert!(!router.log().contains("another-one") && !router.log().contains(PASSWORD));
    assert_eq!(router.terminate().code(), Some(0));
}

#[test]
fn while_the_file_of_a_password_is_gone_no_client_is_made_of_what_it_held() {
    let secured = Secured::shared();
    let password = secured.password_file("gone", PASSWORD);
    let kafka = login("SCRAM-SHA-512", &password, &secured.authority.certificate());
    let world = secured.world("gone", "login", kafka);
    let unmade = expect("a client cannot be made", "its lane asks for one again and again");
    let router = world.router(&[]).saying(CONNECTIONS).saying(BROKERS_DIED).saying(FROZEN).saying(&[unmade]);
    let mut strategy = Strategy::begin(&world, &router);
    std::fs::remove_file(&password).expect("it was there");
    // Somebody takes the fence: the lane needs new producers.
    drop(
        ["0", "1"].map(|slot| transactional(&world.bootstrap, &format!("{}-0-{slot}", world.topic("audit")))),
    );
    strategy.send();
    router.wait_logged(&format!("`sasl.password.file` {} cannot be read", password.display()));
    assert_eq!(world.committed("intents"), [(0, 1)].into(), "the lane waits");
    secured.password_file("gone", PASSWORD);
    world.wait_answered(&router);
    strategy.is_answered_once();
    assert!(!router.log().contains(PASSWORD));
    assert_eq!(router.terminate().code(), Some(0));
}
