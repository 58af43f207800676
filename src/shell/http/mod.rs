//! What the process says of itself: `/metrics`, `/livez`, `/readyz`, `/status`, on one port, and a page for
//! people at `/`.
//!
//! It runs on a thread of its own and only looks: it never asks Kafka, and changes nothing. What
//! the answers mean is in [`health`]; the schema of `/status` is `schemas/status.schema.json`.

pub mod health;
mod page;
mod site;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use prometheus::TEXT_FORMAT;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::config::HTTP_DEFAULT;
use super::lane::Shared;
pub use page::Page;

/// How long answers under way may take when the process ends.
const CLOSE_WAIT: Duration = Duration::from_secs(1);
const PLAIN: &str = "text/plain; charset=utf-8";

/// The server; dropped, it stops.
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Takes the port of the configuration, and serves.
    ///
    /// # Errors
    /// A port that is taken, or may not be taken.
    pub fn start(shared: Arc<Shared>) -> io::Result<Self> {
        let listener = listen(shared.config.http)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop, stopped) = watch::channel(false);
        let serve = move || serve(&runtime, listener, shared, stopped);
        let thread = thread::Builder::new().name("http".to_owned()).spawn(serve)?;
        tracing::info!(%address, "serving a page at /, and /metrics, /livez, /readyz, /status");
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// Where it serves: the port that the system chose, where port 0 was asked for.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Listens where it was told to. Nobody chose the default: a second router on one machine that finds
/// it taken lets the system choose.
fn listen(wanted: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(wanted);
    let taken = |error: &io::Error| error.kind() == io::ErrorKind::AddrInUse && wanted == HTTP_DEFAULT;
    match listener {
        Err(error) if taken(&error) => {
            tracing::info!("{wanted} is taken: the system chooses a port; name one with --http");
            TcpListener::bind((wanted.ip(), 0))
        }
        listener => listener,
    }
    .map_err(|error| io::Error::new(error.kind(), format!("HTTP on {wanted}: {error}")))
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the HTTP server broke an invariant");
        }
    }
}

fn serve(runtime: &Runtime, listener: TcpListener, shared: Arc<Shared>, stopped: watch::Receiver<bool>) {
    let wait = |mut stopped: watch::Receiver<bool>| async move {
        // An error is a server that is gone, which ends this just as well.
        let _gone = stopped.wait_for(|stopped| *stopped).await.is_err();
    };
    let served = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let server = axum::serve(listener, router(shared)).with_graceful_shutdown(wait(stopped.clone()));
        tokio::select! {
            served = async { server.await } => served,
            () = async { wait(stopped).await; tokio::time::sleep(CLOSE_WAIT).await } => Ok(()),
        }
    });
    if let Err(error) = served {
        tracing::error!("HTTP: {error}");
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(site::site))
        .route("/metrics", get(metrics))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/status", get(status))
        .with_state(shared)
}

async fn metrics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    match shared.metrics.render(&shared.status, &shared.heartbeats, &shared.prices) {
        Ok(text) => (StatusCode::OK, [(CONTENT_TYPE, TEXT_FORMAT)], text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, [(CONTENT_TYPE, PLAIN)], format!("{error}\n")),
    }
}

async fn livez(State(shared): State<Arc<Shared>>) -> Response {
    let bound = health::still_max(shared.config.transaction_timeout_ms);
    let faults = health::liveness(&shared.heartbeats.pulses(), &shared.status.lanes(), bound);
    verdict("alive", &faults)
}

async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    verdict("ready", &health::readiness(&shared.status.lanes()))
}

async fn status(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    Json(Page::of(&shared.config, shared.status.lanes(), shared.metrics.recent.views()))
}

fn verdict(good: &str, faults: &[String]) -> Response {
    let (code, text) = match faults {
        [] => (StatusCode::OK, format!("{good}\n")),
        faults => (StatusCode::SERVICE_UNAVAILABLE, faults.join("\n") + "\n"),
    };
    (code, [(CONTENT_TYPE, PLAIN)], text).into_response()
}

#[cfg(test)]
mod tests;
