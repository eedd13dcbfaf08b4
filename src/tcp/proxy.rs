//! One proxy: a listener, its upstream server, and its toxics.

use super::{
    counters::Counters,
    environment::Environment,
    error::ApiError,
    listen_address::Addresses,
    relay::{self, Relay},
    routes::Route,
    toxics::Toxics,
};
use crate::listen::{AcceptLoop, OpenConnections, open_listener};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, oneshot},
    task::JoinHandle,
};

/// The files that a connection takes: its two sockets.
const SOCKETS: u32 = 2;

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
    /// All addresses were asked for, on a machine without IPv6.
    no_ipv6: bool,
    running: Option<Running>,
}

/// The listener of a proxy and its connections.
#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<OpenConnections>,
    /// Held until the listener is closed.
    _file: OwnedSemaphorePermit,
}

impl Proxy {
    pub(super) fn new(name: String, listen: String, upstream: String) -> Self {
        Self {
            name,
            listen,
            upstream,
            toxics: Toxics::default(),
            counters: Arc::default(),
            no_ipv6: false,
            running: None,
        }
    }

    pub(super) const fn is_enabled(&self) -> bool {
        self.running.is_some()
    }

    /// Starts listening; nothing changes if it does so already.
    pub(super) fn start(
        &mut self,
        addresses: &Addresses,
        environment: &Environment,
    ) -> Result<(), ApiError> {
        if self.is_enabled() {
            return Ok(());
        }
        let asked = addresses.get(&self.listen);
        let asked = asked.map_err(|problem| ApiError::system(format!("listen tcp: {problem}")))?;
        let failed = |reason| ApiError::system(format!("listen tcp {asked}: bind: {reason}"));
        let file = Arc::clone(&environment.files).try_acquire_owned();
        let file = file.map_err(|_| failed("too many open files".to_owned()))?;
        let opened = listen(asked).and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = opened.map_err(|error| failed(reason(&error)))?;
        self.listen = address.to_string();
        self.no_ipv6 = asked.is_ipv6() && address.is_ipv4();
        let (stop, stopped) = oneshot::channel();
        let relay = Relay {
            upstream: self.upstream.clone(),
            toxics: self.toxics.follow(),
            counters: Arc::clone(&self.counters),
            clock: environment.clock,
            seed: environment.seed.named(&self.name),
            route: Route::new(&environment.routes, address),
            lookups: environment.lookups.clone(),
        };
        let (relay, files) = (Arc::new(relay), Arc::clone(&environment.files));
        let accepting = tokio::spawn(async move {
            let accepting = AcceptLoop::new(listener, "clients");
            let stopped = async { drop(stopped.await) };
            let find_place = || {
                let files = Arc::clone(&files);
                // The semaphore is never closed.
                async move { files.acquire_many_owned(SOCKETS).await.ok() }
            };
            accepting
                .run(stopped, find_place, |client, peer, place| {
                    relay::serve(Arc::clone(&relay), client, peer, place)
                })
                .await
        });
        self.running = Some(Running { stop, accepting, _file: file });
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
        let Some(Running { stop, accepting, _file }) = self.running.take() else { return };
        // An error means that the loop has ended already.
        let _ = stop.send(());
        if let Ok(open) = accepting.await {
            // An error means that connections were closed, which was asked for.
            let _ = open.drain(most).await;
        }
        tracing::info!(proxy = self.name, "stopped");
    }

    /// Whether it would do something else with the address `listen` and with `upstream` than now.
    pub(super) fn differs(&self, listen: SocketAddr, upstream: &str) -> bool {
        let bound = if self.no_ipv6 { all_of_ipv4(listen).unwrap_or(listen) } else { listen };
        self.listen != bound.to_string() || self.upstream != upstream
    }

    /// Listens on and connects to other addresses, once it is started. All connections are closed.
    pub(super) async fn move_to(&mut self, listen: String, upstream: String) {
        self.stop().await;
        (self.listen, self.upstream, self.no_ipv6) = (listen, upstream, false);
    }
}

/// Listens on `address`.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    match (open_listener(address), all_of_ipv4(address)) {
        // On a machine without IPv6.
        (Err(error), Some(address)) if error.kind() != io::ErrorKind::AddrInUse => {
            open_listener(address)
        }
        (opened, _) => opened,
    }
}

/// In place of all addresses of both families, all of IPv4.
fn all_of_ipv4(address: SocketAddr) -> Option<SocketAddr> {
    let all = address.is_ipv6() && address.ip().is_unspecified();
    all.then(|| SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())))
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "address already in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "cannot assign requested address".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_on_a_machine_without_ipv6_is_the_same_when_asked_for_again() {
        let all = "[::]:80".parse().unwrap();
        let mut proxy = Proxy::new("p".into(), "0.0.0.0:80".into(), "x:1".into());
        assert!(proxy.differs(all, "x:1"), "it was asked to listen on IPv4 only");
        proxy.no_ipv6 = true;
        assert!(!proxy.differs(all, "x:1"));
        for (listen, upstream) in [("[::]:81", "x:1"), ("[::1]:80", "x:1"), ("[::]:80", "y:1")] {
            assert!(proxy.differs(listen.parse().unwrap(), upstream), "{listen} {upstream}");
        }
    }
}
