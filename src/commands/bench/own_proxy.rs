//! A proxy of the bench's own, on free ports, for real players.

use super::exchanges::Exchanges;
use crate::{
    app::App,
    args::{BoundArgs, ListenAddress, RunArgs},
    commands::Failure,
    config::Config,
    event::Observer,
    profiles::{Catalog, Profile},
    seed::Seed,
    sessions::{ArmingRequest, Registry},
    units::SessionTime,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{sync::oneshot, task::JoinHandle};

/// A session waits for its player's turn, which may be hours away.
const IDLE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The proxy, serving. It stops when this is dropped.
pub(super) struct OwnProxy {
    listen: SocketAddr,
    registry: Arc<Registry>,
    pub(super) exchanges: Arc<Exchanges>,
    serving: JoinHandle<()>,
    _stop: oneshot::Sender<()>,
}

impl OwnProxy {
    /// Starts it at `listen`, in front of `origin` or of the built-in one.
    ///
    /// # Errors
    /// When its addresses cannot be bound.
    pub(super) async fn start(
        listen: ListenAddress,
        origin: Option<String>,
        catalog: &Arc<Catalog>,
    ) -> Result<Self, Failure> {
        let config = config(listen, origin, catalog)?;
        let exchanges = Arc::<Exchanges>::default();
        let observers: Vec<Box<dyn Observer>> = vec![Box::new(Arc::clone(&exchanges))];
        let app = App::bind_with(config, Arc::clone(catalog), observers).await?;
        app.use_precise_timer().map_err(Failure::running)?;
        let (listen, registry) = (app.ready().listen, Arc::clone(app.registry()));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            // The report is for `vsps run`; an error of it is of no interest here.
            let _ = app.run(closed(stopped)).await;
        });
        Ok(Self { listen, registry, exchanges, serving, _stop: stop })
    }

    /// A session of its own: its id, and the address of `path` in it.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn session(
        &self,
        request: ArmingRequest,
        path: &str,
    ) -> Result<(Arc<str>, String), Failure> {
        let session = self.registry.start(None, request).map_err(Failure::running)?;
        let id = Arc::clone(&session.tag.id);
        let url = format!("http://{}/-/s/{id}{path}", self.listen);
        Ok((id, url))
    }

    /// The session's time, if it has begun, and for how long its player has asked for nothing; `None` if it is over.
    pub(super) fn progress(&self, session: &str) -> Option<(Option<Duration>, Duration)> {
        let session = self.registry.find(session).ok()?;
        Some((session.time().map(SessionTime::since_zero), session.idle()))
    }
}

/// Serves at `listen`, and keeps the control plane to itself.
fn config(
    listen: ListenAddress,
    origin: Option<String>,
    catalog: &Arc<Catalog>,
) -> Result<Config, Failure> {
    let args = RunArgs {
        origin,
        listen: Some(listen),
        admin: Some("127.0.0.1:0".parse().map_err(Failure::running)?),
        session_idle: Some(IDLE),
        // The time at which a player gives up is one of the findings.
        bounds: BoundArgs { half_close_timeout: Some(Duration::ZERO), ..BoundArgs::default() },
        ..RunArgs::default()
    };
    Ok(Config::new(args, catalog)?)
}

impl Drop for OwnProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What a session is armed with for a profile and a seed.
pub(super) fn arming(profile: Arc<Profile>, seed: u64) -> ArmingRequest {
    let (profile, seed) = (Some(profile), Some(Seed::new(seed)));
    ArmingRequest { profile, seed, ..ArmingRequest::default() }
}

async fn closed(stopped: oneshot::Receiver<()>) {
    let _ = stopped.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A player that gives up while it waits for a response sends a FIN: that is the time to report.
    #[test]
    fn a_player_that_gives_up_is_noticed_at_once() {
        let config = config("127.0.0.1:0".parse().unwrap(), None, &Arc::default()).unwrap();
        assert_eq!(config.proxy.timeouts.half_closed, Duration::ZERO);
    }
}
