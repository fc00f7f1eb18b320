//! Serves searches over HTTP: the API under `/api/v1`, plain pages for readers, and the widget that
//! other sites embed under `/embed`.
//!
//! The wire types are twins of the domain's, made here, so that a change inside never changes an
//! answer by accident. Every refusal is a problem detail (RFC 9457) with a stable `code`; this is
//! the only place that chooses statuses. Searching happens off the async workers, a bounded number
//! at a time, so that a slow query never holds up the rest.
//!
//! Invariants: no query string is answered with a 5xx (`tests/hostile.rs`); whole answers are
//! held by snapshots (`tests/api.rs`, `tests/refusals.rs`).

mod access;
mod address;
mod admission;
mod api;
mod assets;
mod bodies;
mod caching;
mod client;
mod connections;
mod counting;
mod discovery;
mod embed;
mod gate;
mod intake;
mod journal;
mod manners;
mod mcp;
mod meili;
mod meter;
mod openapi;
mod pace;
mod pages;
mod params;
mod problem;
mod process;
mod rates;
mod shield;
mod state;
mod trace;
mod views;
mod wire;
mod xml;

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::Server;
use actix_web::http::Method;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer, web};
use tokio::signal::unix::{SignalKind, signal};

pub use intake::Intake;
pub use problem::Problem;
pub use state::State;
pub use wire::{KeyAnswer, KeyCreated, KeysAnswer};

use crate::config::{self, SearchAccess, Settings};
use crate::index::Snapshot;
use crate::key::Keyring;
use crate::reload::Served;
use crate::search;

/// Connections of one worker beyond the most of all, for telling those that are turned away.
const SPARE_CONNECTIONS: usize = 1024;
/// How long a client may take to close a connection that was ended.
const GOODBYE: Duration = Duration::from_secs(2);

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another program listens there.
    #[error("端口 {port} 已被占用；请停掉占用它的程序，或用 --port（设置 server.port）换一个端口")]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// The address cannot be listened on.
    #[error("不能监听 {host}:{port}：{source}；请检查 server.host 和 server.port")]
    Listen {
        /// The host as it was set.
        host: String,
        /// The port.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
}

/// The service, bound to its address and not yet running.
pub struct Application {
    server: Server,
    address: SocketAddr,
    served: Arc<Served>,
    state: web::Data<State>,
    drain: Duration,
    is_open: bool,
}

impl Application {
    /// Binds the service that answers from `snapshot`, until [`Application::served`] is given
    /// another one, to whoever `keys` and the settings let in. Reports that are sent go where
    /// `intake` says; without one, none are taken.
    ///
    /// # Errors
    ///
    /// Fails when the address cannot be listened on.
    pub fn build(
        settings: &Settings,
        snapshot: Snapshot,
        keys: Arc<Keyring>,
        intake: Option<Intake>,
    ) -> Result<Self, Error> {
        let listener = listen(&settings.server.host, settings.server.port)?;
        let cannot = |source| Error::Listen {
            host: settings.server.host.clone(),
            port: settings.server.port,
            source,
        };
        let address = listener.local_addr().map_err(cannot)?;
        let is_open = match settings.keys.search {
            SearchAccess::Open => true,
            SearchAccess::Required => false,
            SearchAccess::Auto => address.ip().is_loopback(),
        };
        // So that no reader waits for it. What cannot be read fails the search that needs it.
        if let Err(error) = search::prepare(&snapshot, None) {
            tracing::warn!(%error, "索引没有预备好，首次检索会慢一些");
        }
        let in_force = Arc::new(Served::new(snapshot));
        let state = State::new(settings, Arc::clone(&in_force), keys, is_open, intake);
        let state = web::Data::new(state);
        let shared = state.clone();
        let write_timeout = Duration::from_secs(settings.server.write_timeout_s);
        connections::prepare(&listener, write_timeout).map_err(cannot)?;
        let open = Arc::clone(&state.connections);
        let most = open.most();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .wrap(Compress::default())
                .wrap(from_fn(access::keep_apart))
                .wrap(from_fn(admission::admit))
                .wrap(from_fn(shield::cover))
                .wrap(open_to_all())
                .wrap(from_fn(manners::observe))
                .configure(api::routes)
                .configure(meili::routes)
                .configure(openapi::routes)
                .configure(mcp::routes)
                .configure(manners::routes)
                .configure(pages::routes)
                .configure(discovery::routes)
                .configure(assets::routes)
                .configure(embed::routes)
                .default_service(web::to(problem::no_such_page))
        })
        .workers(config::or_cores(settings.server.workers))
        .disable_signals()
        .shutdown_timeout(settings.server.shutdown_timeout_s)
        // Our own count decides, so that who comes too late is told and not left waiting.
        .max_connections(most + SPARE_CONNECTIONS)
        .on_connect(move |io, kept| open.begin(io, kept))
        .tcp_nodelay(true)
        .keep_alive(Duration::from_secs(settings.server.keep_alive_s))
        .client_request_timeout(Duration::from_secs(settings.server.header_timeout_s))
        .client_disconnect_timeout(GOODBYE)
        // Who has gone is not searched for.
        .h1_allow_half_closed(false)
        .listen(listener)
        .map_err(cannot)?
        .run();
        Ok(Self {
            server,
            address,
            served: in_force,
            state: shared,
            drain: Duration::from_millis(settings.server.shutdown_drain_ms),
            is_open,
        })
    }

    /// What it answers from, for keeping it up to date.
    #[must_use]
    pub fn served(&self) -> &Arc<Served> {
        &self.served
    }

    /// Whether one may search without a key.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// The address it listens on, with the port that the system chose where none was set.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stops it from elsewhere.
    #[must_use]
    pub fn handle(&self) -> actix_web::dev::ServerHandle {
        self.server.handle()
    }

    /// Serves until the process is told to stop. Told so by another program (SIGTERM), `/readyz`
    /// says no for a while before no more connections are taken, so that whoever sends requests here
    /// can send them elsewhere; by a person (SIGINT), there is nobody to wait for. Requests in flight
    /// are finished.
    ///
    /// # Errors
    ///
    /// Fails when the system takes the listening socket away, or tells of no signals.
    pub async fn run_until_stopped(self) -> io::Result<()> {
        let Self {
            server,
            state,
            drain,
            ..
        } = self;
        let handle = server.handle();
        let counted = state.analytics().cloned();
        let mut told = signal(SignalKind::terminate())?;
        let stopping = async move {
            let drain = tokio::select! {
                _ = told.recv() => drain,
                _ = tokio::signal::ctrl_c() => Duration::ZERO,
            };
            state.stop();
            tracing::info!("收到停止信号：不再接受新的连接，完成手上的请求后退出");
            tokio::time::sleep(drain).await;
            handle.stop(true).await;
        };
        // Stopped from elsewhere, the server ends by itself.
        actix_web::rt::spawn(stopping);
        let ended = server.await;
        if let Some(analytics) = counted {
            analytics.close();
        }
        ended
    }
}

/// Whether the service could listen where it is set to, for saying so before a long build.
///
/// # Errors
///
/// As [`Application::build`].
pub fn check_free(settings: &Settings) -> Result<(), Error> {
    listen(&settings.server.host, settings.server.port).map(drop)
}

/// What is wrong with a filter of the Meilisearch-compatible API, in Chinese; nothing where it can
/// be read. Whoever keeps filters, or tries the grammar on any string, need not start a service.
#[must_use]
pub fn filter_fault(filter: &str) -> Option<String> {
    meili::filter_fault(filter)
}

fn listen(host: &str, port: u16) -> Result<TcpListener, Error> {
    let cannot = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortTaken { port },
        _ => Error::Listen {
            host: host.to_owned(),
            port,
            source,
        },
    };
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs().map_err(cannot)?.collect();
    TcpListener::bind(addresses.as_slice()).map_err(cannot)
}

/// Any site may read answers. Who asks is told by a key, which only a page that was given it can
/// send, and never by what a browser sends by itself; whether the key is for that site is looked at
/// in [`access`].
fn open_to_all() -> Cors {
    Cors::default()
        .allow_any_origin()
        .allowed_methods([
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_any_header()
        .expose_headers([
            "ETag",
            "Retry-After",
            "Content-Disposition",
            "WWW-Authenticate",
            "Location",
        ])
        .expose_headers(manners::EXPOSED)
        .max_age(86_400)
}
