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

mod api;
mod caching;
mod embed;
mod pages;
mod params;
mod problem;
mod state;
mod wire;

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::Server;
use actix_web::http::Method;
use actix_web::middleware::{Compress, DefaultHeaders};
use actix_web::{App, HttpServer, web};

pub use problem::Problem;
pub use state::State;

use crate::config::{self, Settings};
use crate::index::Snapshot;
use crate::reload::Served;

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
}

impl Application {
    /// Binds the service that answers from `snapshot`, until [`Application::served`] is given
    /// another one.
    ///
    /// # Errors
    ///
    /// Fails when the address cannot be listened on.
    pub fn build(settings: &Settings, snapshot: Snapshot) -> Result<Self, Error> {
        let listener = listen(&settings.server.host, settings.server.port)?;
        let cannot = |source| Error::Listen {
            host: settings.server.host.clone(),
            port: settings.server.port,
            source,
        };
        let address = listener.local_addr().map_err(cannot)?;
        let in_force = Arc::new(Served::new(snapshot));
        let state = web::Data::new(State::new(settings, Arc::clone(&in_force)));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .wrap(Compress::default())
                .wrap(
                    DefaultHeaders::new()
                        .add(("X-Content-Type-Options", "nosniff"))
                        .add(("Referrer-Policy", "same-origin")),
                )
                .wrap(open_to_all())
                .configure(api::routes)
                .configure(pages::routes)
                .configure(embed::routes)
                .default_service(web::to(problem::no_such_page))
        })
        .workers(config::or_cores(settings.server.workers))
        .shutdown_timeout(settings.server.shutdown_timeout_s)
        .client_request_timeout(Duration::from_secs(10))
        .listen(listener)
        .map_err(cannot)?
        .run();
        Ok(Self {
            server,
            address,
            served: in_force,
        })
    }

    /// What it answers from, for keeping it up to date.
    #[must_use]
    pub fn served(&self) -> &Arc<Served> {
        &self.served
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

    /// Serves until the process is told to stop, finishing the requests in flight.
    ///
    /// # Errors
    ///
    /// Fails when the system takes the listening socket away.
    pub async fn run_until_stopped(self) -> io::Result<()> {
        self.server.await
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

/// Any site may read answers; nothing here depends on who asks.
fn open_to_all() -> Cors {
    Cors::default()
        .allow_any_origin()
        .allowed_methods([Method::GET, Method::HEAD, Method::OPTIONS])
        .allow_any_header()
        .expose_headers(["ETag", "Retry-After", "Content-Disposition"])
        .max_age(86_400)
}
