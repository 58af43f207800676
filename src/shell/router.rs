//! The process: joins the group, serves HTTP, ends in order.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;

use super::admin::ClusterError;
use super::http::Server;
use super::lane::Shared;
use super::membership::{Expelled, Member};
use super::preflight::{self, Finding, Severity};
use super::renewal::{Contents, Renewal};
use super::survey::{Patience, Survey};
use super::worker::Worker;
use super::{checkpoint, freshness, observer, prices, topology, watchdog};
use crate::core::halt::HaltCode;

/// How a run ended, when it ended in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The lanes that were halted then.
    pub halts: Vec<HaltCode>,
}

/// Why a run could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Kafka's word.
    #[error("{0}")]
    Kafka(#[from] KafkaError),
    /// Brokers that are there, and one side that does not trust the other; or nothing to prove itself by.
    #[error("{0}")]
    Untrusted(ClusterError),
    /// Preflight: all that was found, and at least one thing that no promise can be kept with.
    #[error("preflight refuses")]
    Refused(Vec<Finding>),
    /// Where status and metrics were to be served.
    #[error("{0}")]
    Http(io::Error),
    /// No thread for the work beside the lanes.
    #[error("a thread cannot be had: {0}")]
    Thread(io::Error),
    /// The group refuses this member for good.
    #[error("the group has put this process out for good: {0}")]
    Expelled(String),
    /// A partition that the group gave to this process, and no lane on it.
    #[error("a lane cannot be started on a partition that is owned: {0}")]
    Unserved(String),
    /// A broken invariant of this program.
    #[error("a lane broke an invariant of this program and ended; its last words are above")]
    Broken,
}

/// Runs the router until `stop` is set.
///
/// # Errors
/// [`RunError`].
pub fn run(shared: &Arc<Shared>, stop: &AtomicBool) -> Result<Ended, RunError> {
    let config = &shared.config;
    // Before the group is joined: whoever cannot be watched takes no lanes from others.
    let _server = Server::start(Arc::clone(shared)).map_err(RunError::Http)?;
    let contents = Contents::now(&config.kafka);
    shared.checkpoints.read_ahead();
    let Some(partitions) = pass_preflight(shared, stop)? else { return Ok(Ended { halts: Vec::new() }) };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), partitions, group = config.group, "router starts");
    let mut beside = Beside::begin(shared, contents)?;
    let mut member = Member::join(Arc::clone(shared), partitions)?;
    let mut expelled = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        member.serve(SERVED_FOR);
        if member.is_broken() {
            return Err(RunError::Broken);
        }
        if let Some(Expelled { reason, had_lost_session }) = member.expelled() {
            member.leave();
            // It joins once more, as a restart would. Where it was put out although it was heard all the time,
            // another process has its name, and neither may go on so. Without a lane for ever this one must end:
            // whoever watches it would take it for one that works.
            if !had_lost_session {
                expelled.retain(|before: &Instant| before.elapsed() < EXPELLED_WITHIN);
                expelled.push(Instant::now());
            }
            if expelled.len() > EXPELLED_MAX {
                return Err(RunError::Expelled(reason));
            }
            tracing::warn!("the group has put this member out, it joins once more: {reason}");
            member = Member::join(Arc::clone(shared), partitions)?;
        }
        if beside.renewal.is_due() {
            tracing::info!(
                "certificates or passwords were renewed: lanes end in order, and all clients are made anew"
            );
            member.make_way();
            drop(beside);
            shared.forget_cluster();
            let Some(anew) = renewed(shared, stop, partitions)? else {
                return Ok(Ended { halts: shared.status.halts() });
            };
            (beside, member) = anew;
        }
        if let Some(reason) = member.fault() {
            member.leave();
            return Err(RunError::Unserved(reason));
        }
        if shared.config.exit_on_halt && !shared.status.halts().is_empty() {
            break;
        }
    }
    let halts = shared.status.halts();
    member.leave();
    Ok(Ended { halts })
}

/// The threads beside the lanes: what they find out, lanes need from their opening on.
struct Beside {
    renewal: Renewal,
    _workers: [Worker; 6],
}

impl Beside {
    /// Clients are made of what the files hold now, which is not older than `contents`.
    fn begin(shared: &Arc<Shared>, contents: Contents) -> Result<Self, RunError> {
        let prices = prices::reader::Reader::open(Arc::clone(shared))?;
        let started = || -> io::Result<Self> {
            let workers = [
                freshness::watch::start(Arc::clone(shared))?,
                topology::start(Arc::clone(shared))?,
                prices.start()?,
                observer::start(Arc::clone(shared))?,
                watchdog::start(Arc::clone(shared))?,
                checkpoint::start(Arc::clone(shared))?,
            ];
            Ok(Self { renewal: Renewal::start(Arc::clone(shared), contents)?, _workers: workers })
        };
        started().map_err(RunError::Thread)
    }
}

/// All clients, made of what the files hold now; `None` when told to stop before. Files may change once more
/// meanwhile: a certificate without its key makes no client, and is no reason to end.
fn renewed(
    shared: &Arc<Shared>,
    stop: &AtomicBool,
    partitions: i32,
) -> Result<Option<(Beside, Member)>, RunError> {
    while !stop.load(Ordering::Relaxed) {
        let made = Beside::begin(shared, Contents::now(&shared.config.kafka))
            .and_then(|beside| Ok((beside, Member::join(Arc::clone(shared), partitions)?)));
        match made {
            Err(RunError::Kafka(error)) => {
                tracing::warn!("clients cannot be made of the renewed files, and are tried again: {error}");
                thread::sleep(RENEWED_EVERY);
            }
            made => return made.map(Some),
        }
    }
    Ok(None)
}

/// How many lanes there are; `None` when told to stop before that was known.
///
/// Brokers that cannot be reached are waited for, as a lane would. Those that do not trust this process, or
/// are not trusted, are asked again for a while: users are known late to a broker that comes up. So are files that
/// make no client: they may be renewed just now. What may pass by itself, because brokers are coming back, is waited
/// for too, but not for ever: then it refuses like the rest.
fn pass_preflight(shared: &Shared, stop: &AtomicBool) -> Result<Option<i32>, RunError> {
    let mut waiting = false;
    let mut passing_since = None;
    // Since when, and when the last time.
    let mut untrusted = None::<(Instant, Instant)>;
    while !stop.load(Ordering::Relaxed) {
        match examine(shared, stop) {
            Ok((partitions, findings)) => {
                untrusted = None;
                let since = *passing_since.get_or_insert_with(Instant::now);
                match judge(&findings, since.elapsed()) {
                    Verdict::Start => {
                        say_findings(&findings);
                        return Ok(Some(partitions));
                    }
                    Verdict::Refuse => return Err(RunError::Refused(findings)),
                    Verdict::Wait(first) if !waiting => tracing::warn!("waiting for Kafka: {first}"),
                    Verdict::Wait(first) => tracing::debug!("still waiting for Kafka: {first}"),
                }
            }
            Err(error) => {
                // Brokers that are out of reach are waited for as long as it takes.
                passing_since = None;
                // A broker may close the connection so early that it does not say why: that ends no count.
                if matches!(error, ClusterError::Untrusted { .. } | ClusterError::NoClient { .. }) {
                    let now = Instant::now();
                    let counted = untrusted.filter(|(_, last)| now.duration_since(*last) < UNTRUSTED_GAP);
                    let (since, _) = *untrusted.insert((counted.map_or(now, |(since, _)| since), now));
                    if now.duration_since(since) >= UNTRUSTED_MAX {
                        return Err(RunError::Untrusted(error));
                    }
                }
                if waiting {
                    tracing::debug!("still waiting for Kafka: {error}");
                } else {
                    tracing::warn!("waiting for Kafka: {error}");
                }
            }
        }
        waiting = true;
        // A cluster that is coming back may have other brokers than the one that was asked.
        shared.forget_cluster();
        thread::sleep(ASKED_EVERY);
    }
    Ok(None)
}

/// What preflight's findings mean for the start.
#[derive(Debug, PartialEq, Eq)]
enum Verdict<'f> {
    Start,
    Refuse,
    /// This may pass by itself.
    Wait(&'f Finding),
}

/// `waited` is how long it has been waited for what may pass.
fn judge(findings: &[Finding], waited: Duration) -> Verdict<'_> {
    let mut refusing = findings.iter().filter(|finding| finding.refuses());
    let Some(first) = refusing.clone().next() else { return Verdict::Start };
    if refusing.all(Finding::may_pass) && waited < PASSING_MAX {
        Verdict::Wait(first)
    } else {
        Verdict::Refuse
    }
}

/// What is forgiven was asked for by name; what is not, but does not refuse, is worth a line each.
fn say_findings(findings: &[Finding]) {
    let waived: BTreeSet<_> = findings.iter().filter(|one| one.waived).map(|one| one.code).collect();
    if !waived.is_empty() {
        let names = waived.into_iter().collect::<Vec<_>>().join(", ");
        tracing::info!("preflight: --dev waives {names}; `onefill check` says of what");
    }
    for finding in findings.iter().filter(|finding| !finding.waived) {
        match finding.severity {
            Severity::Note => tracing::debug!("preflight: {finding}"),
            Severity::Warning | Severity::Fault => tracing::warn!("preflight: {finding}"),
        }
    }
}

/// How many lanes there are, and what stands against a start. What a lane proves by itself is left to
/// it: one that halts stops no other.
fn examine(shared: &Shared, stop: &AtomicBool) -> Result<(i32, Vec<Finding>), ClusterError> {
    let (config, cluster) = (&shared.config, shared.cluster()?);
    let survey = Survey::take(&cluster, config, Patience::until(stop));
    Ok((survey.lanes(), preflight::findings(config, &survey)))
}

/// How often a member that was put out joins once more within [`EXPELLED_WITHIN`].
const EXPELLED_MAX: usize = 3;
/// How long it counts that a member was put out: as long as a fence does.
const EXPELLED_WITHIN: Duration = Duration::from_secs(15 * 60);
/// How long the group's member is served at a time.
const SERVED_FOR: Duration = Duration::from_millis(100);
/// How often a cluster that does not answer is asked again.
const ASKED_EVERY: Duration = Duration::from_millis(500);
/// How long brokers are asked again that do not trust this process, or are not trusted, and files are read again that
/// make no client.
const UNTRUSTED_MAX: Duration = Duration::from_secs(10);
/// How long nothing may be heard of that, and it still counts as one time.
const UNTRUSTED_GAP: Duration = Duration::from_secs(30);
/// How often clients are tried to be made of renewed files.
const RENEWED_EVERY: Duration = Duration::from_secs(1);
/// How long what may pass by itself is waited for.
const PASSING_MAX: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::super::preflight::Code;
    use super::*;

    #[test]
    fn what_may_pass_is_waited_for_but_not_for_ever() {
        let of = |code| Finding::of(code, "x", "y", 1, 2);
        let (passing, lasting) = (of(Code::Unanswered), of(Code::CleanupPolicy));
        let (warning, soon) = (of(Code::Throttled), Duration::from_secs(1));
        assert_eq!(judge(&[], soon), Verdict::Start);
        assert_eq!(judge(std::slice::from_ref(&warning), PASSING_MAX), Verdict::Start);
        assert_eq!(judge(&[warning, passing.clone()], soon), Verdict::Wait(&passing));
        assert_eq!(judge(std::slice::from_ref(&passing), PASSING_MAX), Verdict::Refuse);
        assert_eq!(judge(&[passing, lasting.clone()], soon), Verdict::Refuse);
        assert_eq!(judge(&[Finding { waived: true, ..lasting }], soon), Verdict::Start);
    }
}
