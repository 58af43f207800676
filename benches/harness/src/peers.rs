//! Who is measured, and how each is started: as a process of its own, on the same topics.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Fault;
use crate::steps::Counters;
use crate::world::World;

/// Where Maven puts the peer on Kafka Streams, with all that it needs.
const STREAMS_CLASSES: &str = "benches/peers/streams/target/classes";
const STREAMS_LIBRARIES: &str = "benches/peers/streams/target/libraries";
/// The variable that names the build before a change.
pub const BEFORE: &str = "BENCH_BEFORE";
/// A process that does not end when asked is killed.
const END_WAIT: Duration = Duration::from_secs(20);

/// One who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The router, every check on.
    Onefill,
    /// Another build of the router, to see what a change has brought: `BENCH_BEFORE` names it.
    Before,
    /// The bare client in a loop, one loop for each partition, as the router has lanes.
    Bare,
    /// The same, one loop for all partitions.
    BareOne,
    /// Kafka Streams, stores on disk, set for throughput.
    StreamsDisk,
    /// Kafka Streams, stores in memory, set for throughput.
    StreamsMemory,
    /// Kafka Streams, stores in memory, set for latency.
    StreamsPrompt,
}

/// How many bytes of value the bare loop writes for each record that it reads.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// For `audit`.
    pub entry: usize,
    /// For `orders`.
    pub order: usize,
}

/// A peer at work; killed when dropped.
pub struct Running {
    child: Child,
    /// Where it serves metrics, if it does.
    port: Option<u16>,
}

impl Peer {
    /// Everyone.
    pub const ALL: [Self; 7] = [
        Self::Onefill,
        Self::Before,
        Self::Bare,
        Self::BareOne,
        Self::StreamsDisk,
        Self::StreamsMemory,
        Self::StreamsPrompt,
    ];

    /// As it stands in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Onefill => "onefill",
            Self::Before => "before",
            Self::Bare => "bare",
            Self::BareOne => "bare-one",
            Self::StreamsDisk => "streams-disk",
            Self::StreamsMemory => "streams-memory",
            Self::StreamsPrompt => "streams-prompt",
        }
    }

    /// Starts it; its log lies in the world's directory.
    pub fn start(self, world: &World, sizes: Sizes) -> Result<Running, Fault> {
        let command = match self {
            Self::Onefill | Self::Before => return self.start_router(world, None),
            Self::Bare => bare(world, sizes, false)?,
            Self::BareOne => bare(world, sizes, true)?,
            Self::StreamsDisk => streams(world, "disk", "throughput"),
            Self::StreamsMemory => streams(world, "memory", "throughput"),
            Self::StreamsPrompt => streams(world, "memory", "latency"),
        };
        self.spawn(command, world, None)
    }

    /// Starts a router, which keeps its ledgers in this folder if there is one.
    pub fn start_router(self, world: &World, checkpoints: Option<&Path>) -> Result<Running, Fault> {
        let binary = match self {
            Self::Before => std::env::var(BEFORE)?,
            _ => crate::world::ONEFILL.to_owned(),
        };
        let port = free_port()?;
        let mut command = Self::mortal(binary);
        command.args(["run", "--http", &format!("127.0.0.1:{port}"), "--config"]).arg(world.config());
        if let Some(dir) = checkpoints {
            command.arg("--checkpoint-dir").arg(dir);
        }
        self.spawn(command, world, Some(port))
    }

    fn spawn(self, mut command: Command, world: &World, port: Option<u16>) -> Result<Running, Fault> {
        let log = File::create(world.dir.join(format!("{self}.log")))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(Running { child: command.spawn()?, port })
    }

    /// A command that runs a program which the system ends with this process, where there is `setpriv`.
    fn mortal(program: impl AsRef<OsStr>) -> Command {
        const SETPRIV: &str = "/usr/bin/setpriv";
        if !Path::new(SETPRIV).exists() {
            return Command::new(program);
        }
        let mut command = Command::new(SETPRIV);
        command.args(["--pdeathsig", "KILL"]).arg(program);
        command
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

/// A port that nobody listened at just now.
fn free_port() -> Result<u16, Fault> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn bare(world: &World, sizes: Sizes, one: bool) -> Result<Command, Fault> {
    let mut command = Peer::mortal(std::env::current_exe()?);
    command.args(["bare", "--bootstrap", &world.bootstrap, "--intents", &world.intents]);
    command.args(["--prefix", &world.prefix, "--partitions", &world.partitions.to_string()]);
    command.args(["--entry-bytes", &sizes.entry.to_string(), "--order-bytes", &sizes.order.to_string()]);
    command.args(one.then_some("--one"));
    Ok(command)
}

fn streams(world: &World, stores: &str, aim: &str) -> Command {
    let mut command = Peer::mortal("java");
    // The heap that it needs, so that its memory is not what it could take.
    command.args(["-Xms512m", "-Xmx512m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"]);
    command.arg("-Dorg.apache.avro.specific.use_custom_coders=true");
    command.arg("-cp").arg(format!("{STREAMS_CLASSES}:{STREAMS_LIBRARIES}/*"));
    command.arg("io.onefill.bench.Router");
    command.args([&world.bootstrap, &world.intents, &world.topic("orders"), &world.topic("audit")]);
    command.args([&format!("{}streams", world.prefix), stores, aim]);
    command.arg(world.dir.join("stores"));
    command
}

/// Whether what is measured has been built.
pub fn require(peer: Peer) -> Result<(), Fault> {
    let path = match peer {
        Peer::Onefill => crate::world::ONEFILL,
        Peer::Before if std::env::var(BEFORE).is_err() => return Err(format!("{BEFORE} is not set").into()),
        Peer::Before | Peer::Bare | Peer::BareOne => return Ok(()),
        Peer::StreamsDisk | Peer::StreamsMemory | Peer::StreamsPrompt => STREAMS_LIBRARIES,
    };
    if Path::new(path).exists() { Ok(()) } else { Err(format!("{path} is not built: make bench").into()) }
}

impl Running {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its counters, if it has some.
    pub fn counters(&self) -> Result<Option<Counters>, Fault> {
        self.port.map(Counters::ask).transpose()
    }

    /// Asks it to end, and waits.
    pub fn end(mut self) -> Result<(), Fault> {
        self.ask_to_end(END_WAIT).map(drop)
    }

    /// Asks it to end, and waits until it has done so in order: one that must be killed, or fails, has not.
    pub fn end_in_order(mut self, within: Duration) -> Result<(), Fault> {
        match self.ask_to_end(within)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("it did not end in order: {status}").into()),
            None => Err(format!("it has not ended within {} s", within.as_secs()).into()),
        }
    }

    fn ask_to_end(&mut self, within: Duration) -> Result<Option<ExitStatus>, Fault> {
        Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status()?;
        let began = Instant::now();
        loop {
            let status = self.child.try_wait()?;
            if status.is_some() || began.elapsed() > within {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let (_killed, _ended) = (self.child.kill(), self.child.wait());
    }
}
