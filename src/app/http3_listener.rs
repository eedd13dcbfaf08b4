//! The listener of HTTP/3. Without the feature `h3` there is none.

use crate::{
    clock::Clock,
    proxy::{DrainError, Proxy, ProxyConfig},
};
#[cfg(feature = "h3")]
use anyhow::Context as _;
use std::{future::Future, net::SocketAddr, sync::Arc};

/// The listener of HTTP/3, if it is served.
#[derive(Default)]
pub(super) struct Http3Listener {
    #[cfg(feature = "h3")]
    bound: Option<crate::proxy::Http3>,
}

#[cfg(feature = "h3")]
impl Http3Listener {
    /// Binds UDP at `listen` if HTTP/3 is `wanted`, and announces it to players.
    pub(super) fn bind(
        wanted: bool,
        listen: SocketAddr,
        config: &mut ProxyConfig,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let Some(tls) = config.tls.clone().filter(|_| wanted) else { return Ok(Self::default()) };
        let bound = crate::proxy::Http3::bind(listen, tls, clock, config.timeouts.idle);
        let bound = Some(bound.with_context(|| format!("--h3: UDP at {listen}"))?);
        config.alt_svc = Some(format!("h3=\":{}\"; ma=86400", listen.port()).parse()?);
        Ok(Self { bound })
    }

    /// Serves until `stop`, and drains.
    ///
    /// # Errors
    /// When exchanges had to be cut.
    pub(super) async fn serve(
        self,
        proxy: Arc<Proxy>,
        clock: Clock,
        stop: impl Future<Output = ()>,
    ) -> Result<(), DrainError> {
        match self.bound {
            Some(http3) => http3.run(proxy, clock, stop).await,
            None => Ok(()),
        }
    }
}

#[cfg(not(feature = "h3"))]
impl Http3Listener {
    pub(super) fn bind(
        _wanted: bool,
        _listen: SocketAddr,
        _config: &mut ProxyConfig,
        _clock: Clock,
    ) -> anyhow::Result<Self> {
        Ok(Self::default())
    }

    pub(super) async fn serve(
        self,
        _proxy: Arc<Proxy>,
        _clock: Clock,
        _stop: impl Future<Output = ()>,
    ) -> Result<(), DrainError> {
        Ok(())
    }
}
