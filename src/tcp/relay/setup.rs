//! What the connections of a proxy need.

use crate::{
    clock::Clock,
    names::Lookups,
    seed::Seed,
    tcp::{counters::Counters, routes::Route, toxics::ToxicList},
};
use std::sync::Arc;
use tokio::sync::watch;

/// What the connections of a proxy need.
#[derive(Debug)]
pub(in crate::tcp) struct Relay {
    /// The address to connect to.
    pub upstream: String,
    pub toxics: watch::Receiver<ToxicList>,
    pub counters: Arc<Counters>,
    pub clock: Clock,
    /// The seed of the proxy.
    pub seed: Seed,
    /// From its listener to the upstream server.
    pub route: Route,
    /// Of the upstream server's name.
    pub lookups: Lookups,
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::tcp::toxics::Toxics;
    use tokio::net::{TcpListener, TcpStream};

    /// The set-up of a proxy with `toxics`.
    pub(crate) fn relay(toxics: &Toxics) -> Relay {
        Relay {
            upstream: "127.0.0.1:9".to_owned(),
            toxics: toxics.follow(),
            counters: Arc::default(),
            clock: Clock::start(),
            seed: Seed::new(1),
            route: Route::new(&Arc::default(), ([127, 0, 0, 1], 8).into()),
            lookups: Lookups::default(),
        }
    }

    /// Both ends of a connection.
    pub(crate) async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        let (near, far) = tokio::join!(connecting, listener.accept());
        (near.unwrap(), far.unwrap().0)
    }
}
