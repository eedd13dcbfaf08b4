//! The server of the API, with all proxies.

use super::{environment::Environment, error::ApiError, http, state::State};
use crate::{
    clock::Clock,
    listen::{HttpServer, open_listener},
    names::Lookups,
    profiles::Catalog,
    seed::Seed,
};
use anyhow::Context as _;
use axum::response::IntoResponse as _;
use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{Mutex, Semaphore},
};

/// How long requests of the API under way have to end.
const END: Duration = Duration::from_secs(1);
/// The time-out for the headers of a request, and for the next request: as long as toxiproxy's.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);

/// What a server is made with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the API is served.
    pub listen: SocketAddr,
    /// All random numbers derive from it.
    pub seed: Seed,
    /// The profiles of toxics of type `vsps`.
    pub catalog: Arc<Catalog>,
    /// The most files of all proxies: a listener has one, a connection two. Further connections wait in the kernel.
    pub files: usize,
    /// The most connections of clients of the API.
    pub clients: usize,
    /// The most look-ups of names of upstream servers at the same time, of those that were found before and of others.
    pub lookups: usize,
    /// How long connections may stay open when the server stops.
    pub drain: Duration,
}

/// The API, bound but not yet serving, and the proxies.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    state: Arc<State>,
    clients: usize,
    drain: Duration,
}

impl Server {
    /// Binds the address of the API.
    ///
    /// # Errors
    /// If it can't be bound.
    pub fn bind(settings: Settings) -> anyhow::Result<Self> {
        let Settings { listen, seed, catalog, files, clients, lookups, drain } = settings;
        let listener = open_listener(listen).with_context(|| format!("--listen {listen}"))?;
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            tracing::warn!(
                "the API has no password: every machine that reaches {address} can open listeners here"
            );
        }
        let environment = Environment {
            clock: Clock::start(),
            seed,
            catalog,
            files: Arc::new(Semaphore::new(files.min(Semaphore::MAX_PERMITS))),
            routes: Arc::default(),
            lookups: Lookups::at_most(lookups),
        };
        let state = State { environment, proxies: Mutex::default() };
        Ok(Self { listener, address, state: Arc::new(state), clients, drain })
    }

    /// Where the API is served.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes the proxies of a list in JSON, as `POST /populate` does.
    ///
    /// # Errors
    /// If the list can't be read, or an address can't be listened on.
    pub async fn populate(&self, list: &[u8]) -> Result<(), ApiError> {
        self.state.populate(list).await?.2
    }

    /// The proxies: name, listening address, upstream server.
    pub async fn proxies(&self) -> Vec<(String, String, String)> {
        let proxies = self.state.proxies.lock().await;
        let shown = |proxy: &super::proxy::Proxy| {
            (proxy.name.clone(), proxy.listen.clone(), proxy.upstream.clone())
        };
        proxies.iter().map(shown).collect()
    }

    /// Serves until `stop`; then connections have time to end.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let server = HttpServer {
            name: "the API",
            most: self.clients,
            header_timeout: HEADER_TIMEOUT,
            probes: &[http::VERSION],
            busy: || ApiError::busy().into_response(),
            drain: END,
        };
        let router = http::router(Arc::clone(&self.state), self.address.ip());
        server.serve(self.listener, router, stop).await;
        let proxies = std::mem::take(&mut *self.state.proxies.lock().await);
        proxies.drain(self.drain).await;
    }
}
