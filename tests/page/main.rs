//! The page at `/`, in a real Chromium: what it shows, in which state, to whom, and that it asks nobody else.
//!
//! The router behind it is only its HTTP server, with lanes as these tests make them. Without a Chromium
//! these tests fail; `make page-test` says where one comes from.
#![allow(missing_docs)] // Tests say what they claim in their names.

mod browser;

use std::net::SocketAddr;
use std::sync::Arc;

use browser::Browser;
use onefill::core::control::Scope;
use onefill::core::entry::Cursors;
use onefill::core::halt::{Halt, HaltCode};
use onefill::core::lane::Stage;
use onefill::core::ledger::states::TradingState;
use onefill::core::ledger::usage::Measured;
use onefill::core::time::Time;
use onefill::shell::config::Config;
use onefill::shell::http::Server;
use onefill::shell::lane::Shared;
use onefill::shell::risk::{LimitView, RiskView, StateView};
use onefill::shell::status::{Backlog, Holdings, LagView, RestoringView};
use onefill::wire::schema::Schemas;

fn shared(http: SocketAddr) -> Arc<Shared> {
    let config = Config { http, ..Config::default() };
    Arc::new(Shared::new(config, Schemas::compiled()))
}

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Lane 0 is halted, lane 1 runs, lane 2 restores.
fn three_lanes(shared: &Shared) {
    let status = &shared.status;
    (0..3).for_each(|partition| status.begin(partition));
    status.halt(0, &Halt::new(HaltCode::InputLost, "the log starts at 9, <b>the cursor</b> is 7"));
    status.enter(1, Stage::Running);
    status.stand(1, 12_345, Cursors { intents: 7_000, executions: 8, control: 9 }, Time(0));
    let lag = Some(LagView { intents: 41, executions: 0 });
    status.observe(1, Backlog { lag, blocked: Some(vec!["executions"]), ..Backlog::default() });
    status.hold(1, Holdings::default(), risk());
    status.enter(2, Stage::Restoring);
    status.restore(2, Some(RestoringView { next: 250, end: 1_000 }));
}

fn risk() -> RiskView {
    let text = str::to_owned;
    RiskView {
        limits: vec![LimitView {
            limit_id: text("DESK"),
            scope: Scope::Account.name(),
            owner: text("ACC-07"),
            instrument_id: text("*"),
            field: Measured::OpenOrders.name(),
            window_ms: None,
            limit: text("4"),
            used: Some(text("3")),
            ratio: 0.75,
        }],
        limits_left_out: 3,
        states: vec![StateView {
            scope: Scope::Account.name(),
            scope_id: text("ACC-09"),
            state: TradingState::Halted.name(),
            holder: text("anomaly-1-7"),
        }],
        states_left_out: 0,
        owed_cancels: 2,
        worst: [None, None, Some(0.75), None],
        strictest: [TradingState::Active; Scope::ALL.len()],
    }
}

/// A browser that shows the page of this server.
fn shown(server: &Server) -> Browser {
    let browser = Browser::start(1200, 900);
    browser.open(&format!("http://{}/", server.address()));
    browser.wait("document.getElementById('when')?.textContent.startsWith('as of')");
    browser
}

#[test]
fn a_process_without_lanes_says_so() {
    let server = Server::start(shared(anywhere())).unwrap();
    let browser = shown(&server);
    let text = browser.text();
    for said in ["no lanes", "owns no lane", "Nothing was decided", "Everybody may"] {
        assert!(text.contains(said), "{said}:\n{text}");
    }
    assert!(!text.contains("NaN") && !text.contains("undefined") && !text.contains("null"), "{text}");
}

#[test]
fn lanes_are_shown_with_what_stands_in_their_way() {
    let shared = shared(anywhere());
    three_lanes(&shared);
    let server = Server::start(Arc::clone(&shared)).unwrap();
    let browser = shown(&server);
    let text = browser.text();
    for said in [
        "1 of 3 lanes halted",
        "INPUT_LOST",
        // What comes from outside is text, whatever it looks like.
        "<b>the cursor</b>",
        "12\u{202f}345",
        "a transaction is left open on executions",
        "read up to 250 of 1\u{202f}000, 25 %",
        "ACC-07",
        "3 of 4",
        "ACCOUNT ACC-09",
        "2 cancels are owed",
    ] {
        assert!(text.contains(said), "{said}:\n{text}");
    }
    let remedy = onefill::shell::pages::remedy(HaltCode::InputLost);
    assert!(text.contains(remedy.lines().next().unwrap()), "{text}");
    assert_eq!(browser.ask("document.title"), "✖ onefill: 1 of 3 lanes halted");

    // It follows by itself.
    shared.status.resume(0);
    shared.status.enter(0, Stage::Running);
    shared.status.enter(2, Stage::Running);
    browser.wait("document.getElementById('verdict').textContent === 'running'");
    assert!(!browser.text().contains("INPUT_LOST"));
}

#[test]
fn a_router_that_is_gone_is_told_and_so_is_its_return() {
    let first = shared(anywhere());
    three_lanes(&first);
    let server = Server::start(first).unwrap();
    let (address, browser) = (server.address(), shown(&server));
    drop(server);
    browser.wait("!document.getElementById('trouble').hidden");
    let text = browser.text();
    assert!(text.contains("The router does not answer") && text.contains("What is shown is of"), "{text}");
    let second = shared(address);
    second.status.begin(0);
    second.status.enter(0, Stage::Running);
    let _server = Server::start(second).unwrap();
    browser.wait("document.getElementById('trouble').hidden");
    browser.wait("document.getElementById('verdict').textContent === 'running'");
}

#[test]
fn it_asks_nobody_but_its_own_process_and_breaks_no_policy() {
    let shared = shared(anywhere());
    three_lanes(&shared);
    let server = Server::start(shared).unwrap();
    let browser = shown(&server);
    browser.wait("performance.getEntriesByType('resource').length >= 4");
    let own = format!("http://{}/", server.address());
    let asked = browser.asked_for();
    let elsewhere: Vec<_> =
        asked.iter().filter(|url| !url.starts_with(&own) && !url.starts_with("data:")).collect();
    assert!(asked.len() >= 3 && elsewhere.is_empty(), "{asked:?}");
    assert_eq!(browser.complaints(), [""; 0]);
    // The policy is in force: what it forbids is refused.
    let refused = "fetch('http://127.0.0.2:1/').then(() => 'sent', error => error.name)";
    assert_eq!(browser.ask(refused), "TypeError");
    assert!(browser.complaints().iter().any(|one| one.contains("Content Security Policy")));
}

#[test]
fn it_can_be_used_by_keyboard() {
    let server = Server::start(shared(anywhere())).unwrap();
    let browser = shown(&server);
    browser.press("Tab", None);
    assert_eq!(browser.ask("document.activeElement.id"), "pause");
    browser.press("Enter", Some("\r"));
    assert_eq!(browser.ask("document.activeElement.getAttribute('aria-pressed')"), "true");
    let told = browser.ask("document.getElementById('when').textContent");
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    assert_eq!(browser.ask("document.getElementById('when').textContent"), told, "it is paused");
    browser.press("Enter", Some("\r"));
    browser.wait(&format!("document.getElementById('when').textContent !== {told}"));
    assert_eq!(browser.ask("document.activeElement.id"), "pause", "the focus stays where it was");
}

/// The least contrast of any shown text against what lies behind it, as WCAG 2 has it, and which text it is.
const LEAST_CONTRAST: &str = "(() => {
    const rgb = text => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(one => one / 255)
        .map(one => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, index) => sum + one * [0.2126, 0.7152, 0.0722][index], 0);
    const behind = element => {
        for (let one = element; one; one = one.parentElement) {
            const colour = rgb(getComputedStyle(one).backgroundColor);
            if (colour.length < 4 || colour[3] > 0) return colour;
        }
        return [255, 255, 255];
    };
    const texts = [...document.querySelectorAll('body *')].filter(element => element.checkVisibility()
        && [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()));
    const contrasts = texts.map(element => {
        const [one, other] = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
        return [(Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), element.textContent.trim()];
    });
    return contrasts.sort((one, other) => one[0] - other[0])[0];
})()";

#[test]
fn it_can_be_read_in_light_and_in_the_dark() {
    let shared = shared(anywhere());
    three_lanes(&shared);
    let server = Server::start(shared).unwrap();
    let browser = shown(&server);
    let grounds = ["light", "dark"].map(|scheme| {
        browser.scheme(scheme);
        let least = browser.ask(LEAST_CONTRAST);
        assert!(least[0].as_f64().unwrap() >= 4.5, "{scheme}: {least}");
        browser.ask("getComputedStyle(document.body).backgroundColor")
    });
    assert_ne!(grounds[0], grounds[1]);
}

#[test]
fn it_fits_a_small_screen() {
    let shared = shared(anywhere());
    three_lanes(&shared);
    let server = Server::start(shared).unwrap();
    let browser = Browser::start(390, 800);
    browser.open(&format!("http://{}/", server.address()));
    browser.wait("document.getElementById('when')?.textContent.startsWith('as of')");
    assert_eq!(browser.ask("document.documentElement.scrollWidth <= innerWidth"), true);
}
