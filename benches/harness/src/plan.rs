//! What is measured, in which order: everyone in turn, and again, so that what the machine does meanwhile
//! strikes all of them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use clap::Args;

use crate::broker::Broker;
use crate::orders::Orders;
use crate::peers::{self, Peer, Sizes};
use crate::results::{Begun, Latency, Line, Results, Throughput};
use crate::world::World;
use crate::{Fault, latency, report, restart, throughput};

#[derive(Args)]
pub struct Run {
    /// How often everything is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Intents of the backlog; 0 measures none
    #[arg(long, default_value_t = 1_000_000)]
    backlog: u64,
    /// How often everyone works the backlog off before it counts: each asks other things of a broker, whose compiler
    /// is at work for whoever is the first to ask
    #[arg(long, default_value_t = 2)]
    rehearsals: u32,
    /// Intents a second for latencies
    #[arg(long, value_delimiter = ',', default_value = "500,2000,10000")]
    rates: Vec<u64>,
    /// How long a latency is measured, after the warm-up; 0 measures none
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Partitions, one after the other
    #[arg(long, value_delimiter = ',', default_value = "4,1")]
    partitions: Vec<i32>,
    /// Keys that onefill has decided before it is started again, from its checkpoints and from its trail, one
    /// after the other; ten million take 20 GB of disk meanwhile; 0 measures none
    #[arg(long, value_delimiter = ',', default_value = "1000000,10000000")]
    restart: Vec<u64>,
    /// Only these: onefill, before (with BENCH_BEFORE), bare, bare-one, streams-disk, streams-memory, streams-prompt
    #[arg(long, value_delimiter = ',', value_parser = peer)]
    only: Vec<Peer>,
    /// Add to what was measured before
    #[arg(long)]
    keep: bool,
}

fn peer(name: &str) -> Result<Peer, String> {
    Peer::ALL.into_iter().find(|peer| peer.name() == name).ok_or_else(|| format!("nobody is called {name}"))
}

impl Run {
    pub fn run(self) -> Result<(), Fault> {
        let only = |peer: &Peer| match self.only.as_slice() {
            [] => *peer != Peer::Before,
            only => only.contains(peer),
        };
        let peers: Vec<Peer> = Peer::ALL.into_iter().filter(only).collect();
        peers.iter().try_for_each(|peer| peers::require(*peer))?;
        fs::create_dir_all("target/bench")?;
        let dir = fs::canonicalize("target/bench")?.join("kafka");
        let mut results = Results::open(self.keep)?;
        let sizes = {
            let broker = Broker::start(&dir)?;
            sizes(&broker)?
        };
        results.put(&Line::Begun(begun(sizes)?))?;
        for round in 0..self.rounds {
            for partitions in &self.partitions {
                // A broker of its own for each: what one has left behind is nobody else's burden.
                let broker = Broker::start(&dir)?;
                warm(&broker, *partitions, sizes)?;
                self.backlogs(&mut results, &broker, &peers, round, *partitions, sizes)?;
                self.latencies(&mut results, &broker, &peers, round, *partitions, sizes)?;
            }
            self.restarts(&mut results, &dir, &peers)?;
        }
        report::write()
    }

    fn backlogs(
        &self,
        results: &mut Results,
        broker: &Broker,
        peers: &[Peer],
        round: u32,
        partitions: i32,
        sizes: Sizes,
    ) -> Result<(), Fault> {
        if self.backlog == 0 {
            return Ok(());
        }
        let source = World::make(&broker.bootstrap, "backlog", partitions, None)?;
        source.fill(self.backlog)?;
        let is_measured =
            |peer: &Peer| *peer != Peer::StreamsPrompt && (*peer != Peer::BareOne || partitions > 1);
        let work_off = |stage: &str, peer| -> Result<Throughput, Fault> {
            let name = format!("{stage}-{peer}");
            let world = World::make(&broker.bootstrap, &name, partitions, Some(&source.intents))?;
            sync()?;
            let measured = throughput::measure(broker, &world, peer, self.backlog, sizes)?;
            fs::remove_dir_all(&world.dir)?;
            Ok(measured)
        };
        for rehearsal in 1..=self.rehearsals {
            for peer in in_turn(peers, round).filter(is_measured) {
                work_off(&format!("rehearsal-{rehearsal}"), peer)?;
            }
        }
        for peer in in_turn(peers, round).filter(is_measured) {
            results.put(&Line::Throughput(work_off("throughput", peer)?))?;
        }
        Ok(())
    }

    fn latencies(
        &self,
        results: &mut Results,
        broker: &Broker,
        peers: &[Peer],
        round: u32,
        partitions: i32,
        sizes: Sizes,
    ) -> Result<(), Fault> {
        let is_measured = |peer: &Peer| match peer {
            Peer::StreamsDisk | Peer::StreamsMemory => false,
            Peer::BareOne => partitions > 1,
            _ => true,
        };
        if self.seconds == 0 || !peers.iter().any(is_measured) {
            return Ok(());
        }
        let at = |stage: &str, peer, rate, seconds| -> Result<Latency, Fault> {
            let world = World::make(&broker.bootstrap, &format!("{stage}-{peer}-{rate}"), partitions, None)?;
            let measured = latency::measure(broker, &world, peer, (rate, seconds), sizes)?;
            fs::remove_dir_all(&world.dir)?;
            Ok(measured)
        };
        for peer in in_turn(peers, round).filter(is_measured) {
            at("rehearsal", peer, REHEARSED_RATE, REHEARSED_S)?;
        }
        for rate in &self.rates {
            for peer in in_turn(peers, round).filter(is_measured) {
                results.put(&Line::Latency(at("latency", peer, *rate, self.seconds)?))?;
            }
        }
        Ok(())
    }
}

impl Run {
    /// On as many partitions as come first.
    fn restarts(&self, results: &mut Results, dir: &Path, peers: &[Peer]) -> Result<(), Fault> {
        for keys in self.restart.iter().filter(|keys| **keys > 0) {
            for peer in peers.iter().filter(|peer| [Peer::Onefill, Peer::Before].contains(peer)) {
                let broker = Broker::start(dir)?;
                let name = format!("restart-{peer}");
                let world = World::make(&broker.bootstrap, &name, self.partitions[0], None)?;
                results.put(&Line::Restart(restart::measure(&world, *peer, *keys)?))?;
                fs::remove_dir_all(&world.dir)?;
            }
        }
        Ok(())
    }
}

/// Many small transactions, which other parts of a broker serve than large ones: everyone's once, before any latency
/// counts. Until it has compiled these, its pauses are longer, and each peer asks for other things.
const REHEARSED_RATE: u64 = 2_000;
const REHEARSED_S: u64 = 20;

/// Intents of the work that warms a broker.
const WARM_UP: u64 = 2_000_000;

/// Lets a broker work before anybody is measured on it: its compiler would be at work for whoever comes first.
fn warm(broker: &Broker, partitions: i32, sizes: Sizes) -> Result<(), Fault> {
    let world = World::make(&broker.bootstrap, "warm-up", partitions, None)?;
    world.fill(WARM_UP)?;
    throughput::measure(broker, &world, Peer::Bare, WARM_UP, sizes)?;
    fs::remove_dir_all(&world.dir)?;
    Ok(())
}

/// Whatever was written before is on the disk afterwards: nobody who is measured has to wait for that.
fn sync() -> Result<(), Fault> {
    let ended = Command::new("sync").status()?;
    if ended.success() { Ok(()) } else { Err(format!("sync: {ended}").into()) }
}

/// Everyone, each round another one first.
fn in_turn(peers: &[Peer], round: u32) -> impl Iterator<Item = Peer> {
    peers.iter().cycle().skip(round as usize).take(peers.len()).copied()
}

/// How long the values are that onefill writes for the intents of these measurements.
fn sizes(broker: &Broker) -> Result<Sizes, Fault> {
    const SAMPLE: u64 = 1_000;
    let world = World::make(&broker.bootstrap, "sizes", 1, None)?;
    world.fill(SAMPLE)?;
    let running = Peer::Onefill.start(&world, Sizes { entry: 0, order: 0 })?;
    let mean = |role: &str, skip: u64| -> Result<usize, Fault> {
        let reader = Orders::read(&world, role)?;
        let (mut seen, mut bytes) = (0, 0);
        while seen < skip + SAMPLE {
            let next = reader.next(Duration::from_secs(30))?.ok_or("onefill writes nothing")?;
            seen += 1;
            if seen > skip {
                bytes += next.1;
            }
        }
        Ok(bytes / SAMPLE as usize)
    };
    // Before its first decision the trail has an opening, and an entry for each control record.
    let control = 1 + crate::intents::INSTRUMENTS.len() + 1 + 2 * crate::intents::accounts().len();
    let (entry, order) = (mean("audit", control as u64)?, mean("orders", 0)?);
    running.end()?;
    let key = crate::intents::accounts()[0].len();
    Ok(Sizes { entry: entry - size_of::<i64>(), order: order - key })
}

fn begun(sizes: Sizes) -> Result<Begun, Fault> {
    let field = |path: &str, name: &str| -> Option<String> {
        let text = fs::read_to_string(Path::new("/proc").join(path)).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let kib = field("meminfo", "MemTotal").unwrap_or_default();
    let kib: u64 = kib.trim_end_matches("kB").trim().parse().unwrap_or_default();
    let day = Command::new("date").args(["-u", "+%Y-%m-%d"]).output()?;
    Ok(Begun {
        command: std::env::args().skip(1).collect::<Vec<_>>().join(" "),
        cores: std::thread::available_parallelism()?.get(),
        memory_gib: kib / (1 << 20),
        processor: field("cpuinfo", "model name").unwrap_or_default(),
        day: String::from_utf8(day.stdout)?.trim().to_owned(),
        entry_bytes: sizes.entry,
        order_bytes: sizes.order,
    })
}
