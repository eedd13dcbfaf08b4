//! Where connections to origins wait for their next request.

use super::{
    h1_connection::H1Connection, http2, read_policy::ReadPolicy, throttled_stream::ThrottledStream,
};
use http::uri::{Authority, Scheme};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

/// Connections kept per origin.
pub(super) const MOST: usize = 256;

/// Kept for so long: many origins close theirs after 5 s or more, and a request that meets such a
/// close fails for no reason that was asked for.
pub(super) const LONGEST: Duration = Duration::from_secs(4);

/// Looks around so often in that time; a connection goes at the last look.
const LOOKS: u32 = 4;

/// Whom a connection leads to, and how it is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PoolKey {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    pub(super) intake: ReadPolicy,
    /// To a public address for certain.
    pub(super) public_only: bool,
}

/// A connection on which nothing is under way.
pub(super) enum Resting {
    /// As hyper left it.
    Whole(Box<H1Connection>),
    /// Whose last body was read without hyper.
    Bare(ThrottledStream),
    /// Of HTTP/2, driven by a task of its own.
    Http2(http2::Sender),
}

/// Connections at rest, the latest last.
#[derive(Default)]
pub(super) struct IdleConnections(Mutex<Rooms>);

#[derive(Default)]
struct Rooms {
    /// With each connection the looks around that it has seen.
    resting: HashMap<PoolKey, Vec<(u32, Resting)>>,
    /// Somebody looks around.
    watched: bool,
}

impl IdleConnections {
    /// The connection that has rested the shortest.
    pub(super) fn take(&self, pool_key: &PoolKey) -> Option<Resting> {
        self.0.lock().resting.get_mut(pool_key)?.pop().map(|(_, resting)| resting)
    }

    /// Keeps a connection, if there is room.
    pub(super) fn put(self: &Arc<Self>, pool_key: PoolKey, resting: Resting) {
        let mut rooms = self.0.lock();
        let room = rooms.resting.entry(pool_key).or_default();
        if room.len() < MOST {
            room.push((0, resting));
        }
        if !std::mem::replace(&mut rooms.watched, true) {
            drop(rooms);
            tokio::spawn(watch(Arc::downgrade(self)));
        }
    }

    /// Closes a connection, to give its place to another; none if none rests.
    pub(super) fn close_one(&self) {
        // Dropped after the lock: to close a connection takes its time.
        let oldest = |room: &mut Vec<_>| (!room.is_empty()).then(|| room.remove(0));
        let closed = self.0.lock().resting.values_mut().find_map(oldest);
        drop(closed);
    }

    /// Closes what has rested for long; whether anything rests still.
    fn look_around(&self) -> bool {
        // Dropped after the lock: to close a connection takes its time.
        let mut closed = Vec::new();
        let mut rooms = self.0.lock();
        rooms.resting.retain(|_, room| {
            room.iter_mut().for_each(|(looks, _)| *looks += 1);
            // The latest are last.
            let old = room.iter().take_while(|(looks, _)| *looks >= LOOKS).count();
            closed.extend(room.drain(..old));
            !room.is_empty()
        });
        rooms.watched = !rooms.resting.is_empty();
        rooms.watched
    }
}

/// Looks around for as long as anything rests.
async fn watch(idle: Weak<IdleConnections>) {
    loop {
        tokio::time::sleep(LONGEST / LOOKS).await;
        if !idle.upgrade().is_some_and(|idle| idle.look_around()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::upstream::stream::Stream;
    use tokio::{
        io::AsyncReadExt as _,
        net::{TcpListener, TcpStream},
        time::sleep,
    };

    fn to(host: &'static str, intake: ReadPolicy) -> PoolKey {
        let (scheme, authority) = (Scheme::HTTP, Authority::from_static(host));
        PoolKey { scheme, authority, intake, public_only: false }
    }

    #[tokio::test(start_paused = true)]
    async fn the_latest_is_taken_first_and_none_rests_for_long() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let idle = Arc::new(IdleConnections::default());
        let pool_key = || to("a", ReadPolicy::FREE);
        let mut peers = Vec::new();
        for _ in 0..=MOST {
            let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            peers.push(listener.accept().await.unwrap().0);
            idle.put(pool_key(), Resting::Bare(ThrottledStream::new(Stream::Tcp(stream), 1)));
        }
        assert_eq!(peers[MOST].read(&mut [0]).await.unwrap(), 0, "more than there is room for");
        assert!(idle.take(&to("b", ReadPolicy::FREE)).is_none());
        assert!(idle.take(&to("a", ReadPolicy::SLOW[0].1)).is_none());
        let taken = idle.take(&pool_key()).unwrap();
        sleep(LONGEST * 3 / 4 - Duration::from_millis(50)).await;
        idle.put(pool_key(), taken);
        let still = peers[MOST - 2].try_read(&mut [0]).unwrap_err();
        assert_eq!(still.kind(), std::io::ErrorKind::WouldBlock);
        sleep(LONGEST / 4 + Duration::from_millis(100)).await;
        for peer in &mut peers[..MOST - 1] {
            assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
        }
        // It rested anew.
        assert!(peers[MOST - 1].try_read(&mut [0]).is_err());
        sleep(LONGEST).await;
        assert_eq!(peers[MOST - 1].read(&mut [0]).await.unwrap(), 0);
        assert!(idle.take(&pool_key()).is_none());
        assert!(!idle.0.lock().watched);
    }
}
