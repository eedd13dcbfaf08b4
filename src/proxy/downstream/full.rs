//! What happens while all connections of players are in use: idle ones are closed, and after a while new ones are
//! answered 503, since nothing may become free for long.

use super::protocol_detect;
use crate::{
    clock::Clock,
    listen::{Place, RareWarning},
    units::ProcessTime,
};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// How often a connection to close is searched for.
const LOOK: Duration = Duration::from_millis(100);
/// New connections wait until nothing has become free for this long.
const WAIT: Duration = Duration::from_secs(10);
/// How long one is waited for then.
const SHORT_LOOK: Duration = Duration::from_millis(1);
/// The most connections that are being answered 503.
const REFUSALS: usize = 16;
/// How long a player has to send a request, and to read the answer.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    vsps-error: internal; connections\r\n\
    retry-after: 1\r\n\
    cache-control: no-store\r\n\
    access-control-allow-origin: *\r\n\
    content-type: text/plain\r\n\
    content-length: 69\r\n\
    connection: close\r\n\r\n\
    all connections of players are in use; try again (--max-connections)\n";

/// The places of connections of players.
#[derive(Debug)]
pub(super) struct PlayerPlaces {
    places: Arc<Semaphore>,
    most: usize,
    /// Of connections that are refused.
    refusals: Arc<Semaphore>,
    /// Since when no place has become free.
    full: Mutex<Option<ProcessTime>>,
    warning: RareWarning,
}

impl PlayerPlaces {
    pub(super) fn new(most: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            most,
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            full: Mutex::default(),
            warning: RareWarning::default(),
        }
    }

    /// Waits for a place for a new connection; with `may_refuse`, it may be one to refuse the connection. `make_room`
    /// closes a connection, and returns whether there was one to close.
    pub(super) async fn find(
        &self,
        clock: Clock,
        may_refuse: bool,
        make_room: impl Fn(ProcessTime) -> bool,
    ) -> Place {
        // Whether a connection is being closed for this one.
        let mut closing = false;
        loop {
            let full = *self.full.lock();
            let lasting = full.is_some_and(|since| clock.now() >= since + WAIT);
            let look = if lasting && !closing { SHORT_LOOK } else { LOOK };
            let place = timeout(look, Arc::clone(&self.places).acquire_owned()).await;
            if let Ok(place) = place {
                *self.full.lock() = None;
                // The semaphore is never closed.
                return place.ok();
            }
            let now = clock.now();
            self.full.lock().get_or_insert(now);
            if self.warning.is_due() {
                let most = self.most;
                tracing::warn!(
                    "all {most} connections of players are in use (--max-connections): new ones wait, and are \
                     answered 503 if none becomes free"
                );
            }
            let made_room = make_room(now);
            let waited = std::mem::replace(&mut closing, made_room);
            if may_refuse
                && lasting
                && (waited || !made_room)
                && let Ok(place) = Arc::clone(&self.refusals).try_acquire_owned()
            {
                return Some(place);
            }
        }
    }

    /// Whether the connection with `place` is to be refused.
    pub(super) fn refuses(&self, place: &OwnedSemaphorePermit) -> bool {
        Arc::ptr_eq(place.semaphore(), &self.refusals)
    }
}

/// Answers 503, if the player uses HTTP/1.1 without TLS, and closes.
pub(super) async fn refuse(mut stream: TcpStream) {
    let answering = async {
        if protocol_detect::is_tls(&stream).await || protocol_detect::is_http2(&stream).await {
            return;
        }
        // An error means that the player is gone.
        let _ = stream.write_all(REFUSAL).await;
        let _ = stream.shutdown().await;
        // A close with unread bytes would be a reset, which can overtake the answer.
        let mut scratch = [0; 4096];
        while stream.read(&mut scratch).await.is_ok_and(|bytes| bytes > 0) {}
    };
    // An error means that the player was slow.
    let _ = timeout(REFUSAL_TIMEOUT, answering).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_has_the_length_that_it_declares() {
        let text = std::str::from_utf8(REFUSAL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
    }
}
