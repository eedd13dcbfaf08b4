//! What happens while all connections of players are in use: idle ones are closed, and after a while new ones are
//! answered 503, since nothing may become free for long.

use super::protocol_detect;
use crate::{
    clock::Clock,
    descriptors::REFUSALS,
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
/// When connections have waited for this long, one after another, further ones are refused.
const WAIT: Duration = Duration::from_secs(10);
/// A connection that is accepted later than this after another got its place has not waited for it.
const NEXT: Duration = Duration::from_millis(5);
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
    queue: Mutex<Queue>,
    warning: RareWarning,
}

/// The connections that wait for a place, one after another.
#[derive(Debug, Default)]
struct Queue {
    /// Since when one has waited at any time; `None` = a place was free.
    since: Option<ProcessTime>,
    /// When the last one got its place. One that comes later begins a new queue.
    moved: Option<ProcessTime>,
}

impl Queue {
    /// A connection begins to wait at `now`. Returns since when there is a queue.
    fn join(&mut self, now: ProcessTime) -> ProcessTime {
        if self.moved.is_some_and(|moved| now >= moved + NEXT) {
            self.since = None;
        }
        self.moved = None;
        *self.since.get_or_insert(now)
    }

    /// A connection that waited got a place at `now`.
    const fn advance(&mut self, now: ProcessTime) {
        self.moved = Some(now);
    }
}

impl PlayerPlaces {
    pub(super) fn new(most: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            most,
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            queue: Mutex::default(),
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
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            *self.queue.lock() = Queue::default();
            return Some(place);
        }
        if self.warning.is_due() {
            let most = self.most;
            tracing::warn!(
                "all {most} connections of players are in use (--max-connections): new ones wait, and are \
                 answered 503 if none becomes free"
            );
        }
        let since = self.queue.lock().join(clock.now());
        loop {
            let now = clock.now();
            let closing = make_room(now);
            if may_refuse
                && !closing
                && now >= since + WAIT
                && let Ok(place) = Arc::clone(&self.refusals).try_acquire_owned()
            {
                return Some(place);
            }
            let place = timeout(LOOK, Arc::clone(&self.places).acquire_owned()).await;
            if let Ok(place) = place {
                self.queue.lock().advance(clock.now());
                // The semaphore is never closed.
                return place.ok();
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
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::time::{Instant, sleep};

    fn take_all(places: &PlayerPlaces) -> Vec<OwnedSemaphorePermit> {
        let free = || Arc::clone(&places.places).try_acquire_owned().ok();
        std::iter::from_fn(free).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_closes_makes_room_at_once() {
        let (places, clock) = (PlayerPlaces::new(20), Clock::start());
        let open = Mutex::new(take_all(&places));
        let (start, mut served) = (Instant::now(), Vec::new());
        for _ in 0..20 {
            let found = places.find(clock, true, |_| open.lock().pop().is_some()).await.unwrap();
            assert!(!places.refuses(&found));
            served.push(found);
        }
        assert!(start.elapsed() < LOOK, "{:?}", start.elapsed());
    }

    /// One place becomes free in three seconds: those that wait longer and longer are refused after a while.
    #[tokio::test(start_paused = true)]
    async fn a_long_queue_is_refused_although_it_moves() {
        let (places, clock) = (PlayerPlaces::new(9), Clock::start());
        let mut open = take_all(&places);
        let one = Duration::from_secs(3);
        for _ in 0..3 {
            let closes = async {
                sleep(one).await;
                drop(open.pop());
            };
            let (found, ()) = tokio::join!(places.find(clock, true, |_| false), closes);
            open.extend(found);
            assert!(!places.refuses(&open[8]), "the queue is short");
        }
        for most in [WAIT - 3 * one + LOOK, Duration::ZERO] {
            let start = Instant::now();
            let found = places.find(clock, true, |_| false).await.unwrap();
            assert!(places.refuses(&found));
            assert!(start.elapsed() <= most, "{:?}", start.elapsed());
        }
        // Nobody waits for a while.
        places.queue.lock().advance(clock.now());
        sleep(one).await;
        let found = timeout(WAIT - LOOK, places.find(clock, true, |_| false)).await;
        assert!(found.is_err(), "a new queue");
    }

    /// While the places for refusals are in use too, connections are not looked at all the time.
    #[tokio::test(start_paused = true)]
    async fn a_full_list_is_searched_ten_times_a_second() {
        let (places, clock) = (PlayerPlaces::new(1), Clock::start());
        let _all = take_all(&places);
        let _refusals = Arc::clone(&places.refusals).try_acquire_many_owned(REFUSALS as u32);
        let looks = AtomicU32::new(0);
        let look = |_| {
            looks.fetch_add(1, Ordering::Relaxed);
            false
        };
        assert!(timeout(2 * WAIT, places.find(clock, true, look)).await.is_err());
        assert!(looks.load(Ordering::Relaxed) <= 201);
    }

    #[test]
    fn the_refusal_has_the_length_that_it_declares() {
        let text = std::str::from_utf8(REFUSAL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
    }
}
