//! One proxy: a listener, its upstream server, and its toxics.

use super::{
    counters::Counters,
    environment::Environment,
    error::ApiError,
    listen_address::resolve,
    relay::{self, Relay},
    toxics::Toxics,
};
use crate::listen::{AcceptLoop, OpenConnections, open_listener, place};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// A proxy, listening or not.
#[derive(Debug)]
pub(super) struct Proxy {
    pub name: String,
    /// Where it listens; as it was written until it has started, then the address.
    pub listen: String,
    /// Where it connects to, for each connection.
    pub upstream: String,
    pub toxics: Toxics,
    pub counters: Arc<Counters>,
    running: Option<Running>,
}

/// The listener of a proxy and its connections.
#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<OpenConnections>,
}

impl Proxy {
    pub(super) fn new(name: String, listen: String, upstream: String) -> Self {
        Self {
            name,
            listen,
            upstream,
            toxics: Toxics::default(),
            counters: Arc::default(),
            running: None,
        }
    }

    pub(super) const fn is_enabled(&self) -> bool {
        self.running.is_some()
    }

    /// Starts listening; nothing changes if it does so already.
    pub(super) async fn start(&mut self, environment: &Environment) -> Result<(), ApiError> {
        if self.is_enabled() {
            return Ok(());
        }
        let listener = listen(&self.listen).await.map_err(ApiError::system)?;
        let address = listener.local_addr().map_err(|error| ApiError::system(error.to_string()))?;
        self.listen = address.to_string();
        let (stop, stopped) = oneshot::channel();
        let relay = Relay {
            upstream: self.upstream.clone(),
            toxics: self.toxics.follow(),
            counters: Arc::clone(&self.counters),
            clock: environment.clock,
            seed: environment.seed.named(&self.name),
        };
        let (relay, places) = (Arc::new(relay), Arc::clone(&environment.places));
        let accepting = tokio::spawn(async move {
            let accepting = AcceptLoop::new(listener, "clients");
            let stopped = async { drop(stopped.await) };
            let find_place = || place(Arc::clone(&places));
            accepting
                .run(stopped, find_place, |client, peer, place| {
                    relay::serve(Arc::clone(&relay), client, peer, place)
                })
                .await
        });
        self.running = Some(Running { stop, accepting });
        tracing::info!(
            proxy = self.name,
            listen = self.listen,
            upstream = self.upstream,
            "started"
        );
        Ok(())
    }

    /// Stops listening and closes all connections.
    pub(super) async fn stop(&mut self) {
        self.drain(Duration::ZERO).await;
    }

    /// Stops listening, and closes the connections that are still open after `most`.
    pub(super) async fn drain(&mut self, most: Duration) {
        let Some(Running { stop, accepting }) = self.running.take() else { return };
        // An error means that the loop has ended already.
        let _ = stop.send(());
        if let Ok(open) = accepting.await {
            // An error means that connections were closed, which was asked for.
            let _ = open.drain(most).await;
        }
        tracing::info!(proxy = self.name, "stopped");
    }

    /// Whether `listen` and `upstream` ask for something else than it does now.
    pub(super) async fn differs(&self, listen: &str, upstream: &str) -> Result<bool, ApiError> {
        let address = resolve(listen).await.map_err(ApiError::system)?;
        Ok(self.listen != address.to_string() || self.upstream != upstream)
    }

    /// Becomes what an update asks for. A change of addresses closes all connections.
    pub(super) async fn update(
        &mut self,
        listen: String,
        upstream: String,
        enabled: bool,
        environment: &Environment,
    ) -> Result<(), ApiError> {
        if self.differs(&listen, &upstream).await? {
            self.stop().await;
            (self.listen, self.upstream) = (listen, upstream);
        }
        if enabled {
            return self.start(environment).await;
        }
        self.stop().await;
        Ok(())
    }
}

/// Listens on `text`.
///
/// # Errors
/// A message as toxiproxy's runtime writes it.
async fn listen(text: &str) -> Result<TcpListener, String> {
    let address = resolve(text).await.map_err(|problem| format!("listen tcp: {problem}"))?;
    let bound = open_listener(address);
    let no_ipv6 = address.is_ipv6() && address.ip().is_unspecified();
    let bound = match bound {
        // All addresses, on a machine without IPv6.
        Err(error) if no_ipv6 && error.kind() != io::ErrorKind::AddrInUse => {
            open_listener(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())))
        }
        bound => bound,
    };
    bound.map_err(|error| format!("listen tcp {address}: bind: {}", reason(&error)))
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "address already in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "cannot assign requested address".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
