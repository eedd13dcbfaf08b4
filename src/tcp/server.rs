//! The server of the API, with all proxies.

use super::{environment::Environment, error::ApiError, http, state::State};
use crate::{
    clock::Clock,
    listen::{AcceptLoop, place},
    profiles::Catalog,
    seed::Seed,
};
use anyhow::Context as _;
use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{Mutex, Semaphore},
};

/// How long requests of the API under way have to end.
const END: Duration = Duration::from_secs(1);
/// The most connections of clients of the API.
const CLIENTS: usize = 256;

/// What a server is made with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the API is served.
    pub listen: SocketAddr,
    /// All random numbers derive from it.
    pub seed: Seed,
    /// The profiles of toxics of type `vsps`.
    pub catalog: Arc<Catalog>,
    /// The most connections through all proxies at the same time. Further ones wait in the kernel.
    pub connections: usize,
    /// How long connections may stay open when the server stops.
    pub drain: Duration,
}

/// The API, bound but not yet serving, and the proxies.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    state: Arc<State>,
    drain: Duration,
}

impl Server {
    /// Binds the address of the API.
    ///
    /// # Errors
    /// If it can't be bound.
    pub async fn bind(settings: Settings) -> anyhow::Result<Self> {
        let Settings { listen, seed, catalog, connections, drain } = settings;
        let listener =
            TcpListener::bind(listen).await.with_context(|| format!("--listen {listen}"))?;
        let address = listener.local_addr()?;
        let places = Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS)));
        let environment = Environment { clock: Clock::start(), seed, catalog, places };
        let state = State { environment, proxies: Mutex::default() };
        Ok(Self { listener, address, state: Arc::new(state), drain })
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
        self.state.proxies.lock().await.populate(list, &self.state.environment).await.1
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
        let router = http::router(Arc::clone(&self.state));
        let places = Arc::new(Semaphore::new(CLIENTS));
        let open = AcceptLoop::new(self.listener, "clients of the API")
            .run(
                stop,
                || place(Arc::clone(&places)),
                |stream, _, place| http::connection(&router, stream, place),
            )
            .await;
        self.state.proxies.lock().await.drain(self.drain).await;
        // An error means that idle connections were closed.
        let _ = open.drain(END).await;
    }
}
