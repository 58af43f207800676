//! A Chromium without a window, spoken to over a pipe in its own protocol (Chrome DevTools): no driver is
//! needed beside it.

use std::cell::{Cell, RefCell};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take that a person would wait for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser with one tab. Dropped, it ends.
pub struct Browser {
    child: Child,
    to: RefCell<ChildStdin>,
    from: Receiver<Value>,
    session: String,
    number: Cell<u64>,
    /// What the page said or asked for meanwhile.
    events: RefCell<Vec<Value>>,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub fn start(width: u32, height: u32) -> Self {
        let profile = tempfile::tempdir().expect("a directory");
        // The browser reads its orders from descriptor 3, and answers on 4.
        let script = "exec chromium \"$@\" 3<&0 4>&1 >/dev/null";
        let mut child = Command::new("sh")
            .args(["-c", script, "sh", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"])
            .args(["--disable-dev-shm-usage", "--remote-debugging-pipe", "--hide-scrollbars"])
            .arg(format!("--window-size={width},{height}"))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium can be started");
        let (to, answers) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let (say, from) = channel();
        thread::spawn(move || {
            let mut answers = BufReader::new(answers);
            let mut message = Vec::new();
            while answers.read_until(0, &mut message).is_ok_and(|length| length > 0) {
                message.pop();
                let told = serde_json::from_slice(&message).map(|message| say.send(message).is_ok());
                if !told.unwrap_or(false) {
                    return;
                }
                message.clear();
            }
        });
        let mut browser = Self {
            child,
            to: RefCell::new(to),
            from,
            session: String::new(),
            number: Cell::new(0),
            events: RefCell::default(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attached = browser
            .call("Target.attachToTarget", &json!({ "targetId": target["targetId"], "flatten": true }));
        attached["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        browser.call("Emulation.setDeviceMetricsOverride", &size);
        browser
    }

    /// Asks the browser for something; its answer.
    pub fn call(&self, method: &str, parameters: &Value) -> Value {
        let number = self.number.get() + 1;
        self.number.set(number);
        let mut order = json!({ "id": number, "method": method, "params": parameters });
        if !self.session.is_empty() {
            order["sessionId"] = Value::from(self.session.clone());
        }
        let mut bytes = order.to_string().into_bytes();
        bytes.push(0);
        self.to.borrow_mut().write_all(&bytes).expect("the browser lives");
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self.from.recv_timeout(left).unwrap_or_else(|_| panic!("no answer to {method}"));
            if message["id"] == number {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.borrow_mut().push(message);
        }
    }

    pub fn open(&self, address: &str) {
        self.call("Page.navigate", &json!({ "url": address }));
    }

    /// What an expression of the page's language comes to.
    pub fn ask(&self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", &asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn wait(&self, expression: &str) {
        let until = Instant::now() + PATIENCE;
        while self.ask(expression) != true {
            assert!(Instant::now() < until, "never true: {expression}; the page says:\n{}", self.text());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// All text that is shown.
    pub fn text(&self) -> String {
        self.ask("document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Presses a key.
    pub fn press(&self, key: &str, text: Option<&str>) {
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "code": key });
            event["windowsVirtualKeyCode"] = Value::from(if key == "Tab" { 9 } else { 13 });
            if let (Some(text), "keyDown") = (text, kind) {
                event["text"] = Value::from(text);
            }
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// `light` or `dark`, as the system would ask for.
    pub fn scheme(&self, name: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": name });
        self.call("Emulation.setEmulatedMedia", &json!({ "features": [feature] }));
    }

    /// Addresses that the page asked for so far.
    pub fn asked_for(&self) -> Vec<String> {
        self.of("Network.requestWillBeSent", |event| event["request"]["url"].as_str().map(str::to_owned))
    }

    /// Errors and violations of its policy that the page met so far, as the browser words them.
    pub fn complaints(&self) -> Vec<String> {
        let logged = self.of("Log.entryAdded", |event| {
            let entry = &event["entry"];
            (entry["level"] == "error").then(|| format!("{} {}", entry["text"], entry["url"]))
        });
        let thrown = self.of("Runtime.exceptionThrown", |event| Some(event.to_string()));
        logged.into_iter().chain(thrown).collect()
    }

    fn of(&self, method: &str, read: impl Fn(&Value) -> Option<String>) -> Vec<String> {
        let events = self.events.borrow();
        events
            .iter()
            .filter(|event| event["method"] == method)
            .filter_map(|event| read(&event["params"]))
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let (_killed, _ended) = (self.child.kill(), self.child.wait());
    }
}
