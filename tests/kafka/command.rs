//! Calling the built binary against a real broker.

use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// What a call printed, and how it ended.
pub struct Called {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Called {
    /// Each line of the output, which is JSON.
    pub fn json(&self) -> Vec<Value> {
        let parsed =
            |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.out.lines().map(parsed).collect()
    }
}

/// One installation: a broker and a prefix of its own.
pub struct Installation {
    bootstrap: String,
    is_dev: bool,
    /// What its topics begin with.
    pub prefix: String,
}

impl Installation {
    /// On this broker; the name keeps it apart from other tests.
    pub fn new(bootstrap: &str, name: &str) -> Self {
        let prefix = format!("{name}-{}.", std::process::id());
        Self { bootstrap: bootstrap.to_owned(), is_dev: true, prefix }
    }

    /// The same, with nothing waived.
    pub fn strict(bootstrap: &str, name: &str) -> Self {
        Self { is_dev: false, ..Self::new(bootstrap, name) }
    }

    /// Calls the binary to its end.
    pub fn call(&self, arguments: &[&str]) -> Called {
        let output = self.command(arguments).output().expect("the binary runs");
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        let status = output.status.code().expect("no signal");
        Called { status, out: text(output.stdout), err: text(output.stderr) }
    }

    /// Calls it, and demands that it is done.
    pub fn done(&self, arguments: &[&str]) -> Called {
        let called = self.call(arguments);
        assert_eq!(called.status, 0, "{arguments:?}\n{}\n{}", called.out, called.err);
        called
    }

    /// Lets an account trade, within limits that hold nobody up.
    pub fn allow(&self, account: &str) {
        let limit = ["control", "limit", "--limit-id", account, "--account", account, "--reason", "test"];
        let most = "1000000000";
        let values = ["--max-order-qty", most, "--max-long-qty", most, "--max-short-qty", most];
        self.done(&[&limit[..], &values].concat());
    }

    /// A router of this installation, killed when it is dropped.
    pub fn router(&self) -> Router {
        self.router_at("127.0.0.1:0")
    }

    /// The same, serving HTTP there.
    pub fn router_at(&self, address: &str) -> Router {
        self.run(&["--http", address])
    }

    /// The same, with further flags.
    pub fn router_with(&self, flags: &[&str]) -> Router {
        self.run(&[&["--http", "127.0.0.1:0"], flags].concat())
    }

    fn run(&self, flags: &[&str]) -> Router {
        let mut command = self.command(&[&["run"], flags].concat());
        Router(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onefill"));
        let ours = std::env::vars_os().map(|(name, _)| name);
        for name in ours.filter(|name| name.to_string_lossy().starts_with("ONEFILL_")) {
            command.env_remove(name);
        }
        command.args(arguments).args(["--bootstrap", &self.bootstrap, "--prefix", &self.prefix]);
        if self.is_dev {
            command.arg("--dev");
        }
        command.stdin(Stdio::null());
        command
    }
}

/// A running router.
pub struct Router(Child);

impl Router {
    /// Whether it has not ended by itself.
    pub fn is_up(&mut self) -> bool {
        self.0.try_wait().expect("it is a child").is_none()
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        let ended = self.0.kill().and_then(|()| self.0.wait());
        assert!(ended.is_ok() || std::thread::panicking(), "{ended:?}");
    }
}
