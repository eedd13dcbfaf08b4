//! The data plane: what all exchanges share.

use crate::{
    clock::Clock,
    profiles::Catalog,
    proxy::{
        body::wake_schedule::WakeSchedule,
        config::ProxyConfig,
        downstream::{connections::Connections, shortage::free_on_shortage},
        upstream::OriginClient,
    },
    sessions::{Registry, Session},
};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::runtime::Handle;

/// The data plane: everything that exchanges share. With several workers, each has one.
pub struct Proxy {
    pub(in crate::proxy) registry: Arc<Registry>,
    pub(in crate::proxy) catalog: Arc<Catalog>,
    pub(in crate::proxy) config: ProxyConfig,
    pub(in crate::proxy) upstream: OriginClient,
    pub(in crate::proxy) connections: Arc<Connections>,
    pub(in crate::proxy) wake_schedule: Arc<WakeSchedule>,
}

impl Proxy {
    /// A data plane for the sessions of `registry`. It never fetches from `own`, the proxy's own addresses.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        catalog: Arc<Catalog>,
        config: ProxyConfig,
        own: Vec<SocketAddr>,
    ) -> Self {
        let upstream = OriginClient::new(&config, own);
        let connections = Arc::new(Connections::new(config.limits.connections));
        free_on_shortage(&registry, &connections);
        Self { registry, catalog, config, upstream, connections, wake_schedule: Arc::default() }
    }

    /// The same data plane for another worker: with its own timer and its own pool of connections to origins. Sessions, limits and the
    /// list of connections are shared.
    #[must_use]
    pub fn for_worker(&self) -> Self {
        Self {
            registry: Arc::clone(&self.registry),
            catalog: Arc::clone(&self.catalog),
            config: self.config.clone(),
            upstream: self.upstream.for_worker(),
            connections: Arc::clone(&self.connections),
            wake_schedule: Arc::new(self.wake_schedule.for_worker()),
        }
    }

    /// Sends bytes at the exact time, by a timer for tasks of `runtime`: the runtime's own timers have a resolution of a
    /// millisecond. Only for real time: the timer does not follow a paused clock.
    ///
    /// # Errors
    /// When the timer can't be started.
    pub fn use_precise_timer(&self, clock: Clock, runtime: &Handle) -> io::Result<()> {
        self.wake_schedule.use_precise_timer(clock, runtime)
    }

    /// Waits for `wait` in session time.
    pub(in crate::proxy) async fn pause(&self, session: &Session, wait: Duration) {
        self.wake_schedule.pause(session, wait).await;
    }
}
