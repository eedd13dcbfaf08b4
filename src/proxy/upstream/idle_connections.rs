//! Idle connections to origins, kept for the next request.

use super::{
    h1_connection::H1Connection, http2, places::Places, read_policy::ReadPolicy,
    throttled_stream::ThrottledStream,
};
use foldhash::fast::RandomState;
use http::uri::{Authority, Scheme};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::{Arc, Weak},
    time::Duration,
};

/// Idle connections kept per key.
pub(super) const MOST: usize = 256;

/// How long an idle connection is kept. Many origins close theirs after 5 s or more, and a request at that time would
/// fail although no rule made it fail.
pub(super) const LONGEST: Duration = Duration::from_secs(4);

/// The number of sweeps in that time. A connection is closed by the last one.
const SWEEPS: u32 = 4;

/// The pool key: the origin, how the connection is read, and which addresses are allowed.
#[derive(Debug, Clone, Eq)]
pub(super) struct PoolKey {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    pub(super) read_policy: ReadPolicy,
    /// Only connections that are known to be to a public address.
    pub(super) public_only: bool,
}

/// As text: an origin's authority is in lower case, and its own comparison goes letter by letter.
impl PartialEq for PoolKey {
    fn eq(&self, other: &Self) -> bool {
        self.authority.as_str() == other.authority.as_str()
            && self.scheme == other.scheme
            && self.read_policy == other.read_policy
            && self.public_only == other.public_only
    }
}

impl Hash for PoolKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.authority.as_str().hash(state);
    }
}

/// A connection without an exchange.
pub(super) enum IdleConnection {
    /// In the state that hyper left it in.
    Whole(Box<H1Connection>),
    /// Its last body was read without hyper.
    Bare(ThrottledStream),
    /// HTTP/2, driven by its own task.
    Http2(http2::Sender),
}

/// The idle connections of each key, the most recent last.
pub(super) struct IdleConnections {
    idle: Mutex<IdleByKey>,
    /// The permits of all connections.
    places: Places,
}

#[derive(Default)]
struct IdleByKey {
    /// Each connection with the number of sweeps since it became idle.
    by_key: HashMap<PoolKey, Vec<(u32, IdleConnection)>, RandomState>,
    /// The sweeping task is running.
    sweeping: bool,
}

impl IdleConnections {
    fn new(places: Places) -> Self {
        Self { idle: Mutex::default(), places }
    }

    /// Takes the connection that became idle last.
    pub(super) fn take(&self, pool_key: &PoolKey) -> Option<IdleConnection> {
        self.idle.lock().by_key.get_mut(pool_key)?.pop().map(|(_, connection)| connection)
    }

    /// Keeps a connection, up to the limit. It is closed if a request waits for its permit.
    pub(super) fn put(self: &Arc<Self>, pool_key: PoolKey, connection: IdleConnection) {
        if self.places.are_waited_for() {
            return;
        }
        let mut idle = self.idle.lock();
        let list = idle.by_key.entry(pool_key).or_default();
        if list.len() < MOST {
            list.push((0, connection));
        }
        if !std::mem::replace(&mut idle.sweeping, true) {
            drop(idle);
            tokio::spawn(keep_sweeping(Arc::downgrade(self)));
        }
    }

    /// Closes an idle connection to free its permit. Returns whether there was one.
    pub(super) fn close_one(&self) -> bool {
        // Dropped after the lock is released: closing a connection takes time.
        let oldest = |list: &mut Vec<_>| (!list.is_empty()).then(|| list.remove(0));
        let closed = self.idle.lock().by_key.values_mut().find_map(oldest);
        closed.is_some()
    }

    /// Closes connections that have been idle for too long. Returns whether any are left.
    fn sweep(&self) -> bool {
        // Dropped after the lock is released: closing a connection takes time.
        let mut closed = Vec::new();
        let mut idle = self.idle.lock();
        idle.by_key.retain(|_, list| {
            list.iter_mut().for_each(|(sweeps, _)| *sweeps += 1);
            // The most recent are last.
            let old = list.iter().take_while(|(sweeps, _)| *sweeps >= SWEEPS).count();
            closed.extend(list.drain(..old));
            !list.is_empty()
        });
        idle.sweeping = !idle.by_key.is_empty();
        idle.sweeping
    }
}

/// The idle connections of all workers. Each worker uses its own; they are together only where a limit is reached.
pub(super) struct WorkerPools {
    all: Mutex<Vec<Weak<IdleConnections>>>,
    places: Places,
}

impl WorkerPools {
    /// Those of no worker, whose permits are `places`.
    pub(super) fn new(places: Places) -> Self {
        Self { all: Mutex::default(), places }
    }

    /// Those of one more worker.
    pub(super) fn add(&self) -> Arc<IdleConnections> {
        let new = Arc::new(IdleConnections::new(self.places.clone()));
        let mut all = self.all.lock();
        all.retain(|idle| idle.strong_count() > 0);
        all.push(Arc::downgrade(&new));
        new
    }

    /// Closes an idle connection of any worker, to free its permit.
    pub(super) fn close_one(&self) {
        let all: Vec<_> = self.all.lock().iter().filter_map(Weak::upgrade).collect();
        // The search ends with the first one that had a connection.
        let _ = all.iter().any(|idle| idle.close_one());
    }
}

/// Sweeps while there are idle connections.
async fn keep_sweeping(idle: Weak<IdleConnections>) {
    loop {
        tokio::time::sleep(LONGEST / SWEEPS).await;
        if !idle.upgrade().is_some_and(|idle| idle.sweep()) {
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

    fn to(host: &'static str, read_policy: ReadPolicy) -> PoolKey {
        let (scheme, authority) = (Scheme::HTTP, Authority::from_static(host));
        PoolKey { scheme, authority, read_policy, public_only: false }
    }

    #[tokio::test(start_paused = true)]
    async fn the_latest_is_taken_first_and_none_rests_for_long() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let idle = Arc::new(IdleConnections::new(Places::new(999)));
        let pool_key = || to("a", ReadPolicy::FREE);
        let mut peers = Vec::new();
        for _ in 0..=MOST {
            let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            peers.push(listener.accept().await.unwrap().0);
            idle.put(
                pool_key(),
                IdleConnection::Bare(ThrottledStream::new(Stream::Tcp(stream), 1)),
            );
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
        // It was idle again.
        assert!(peers[MOST - 1].try_read(&mut [0]).is_err());
        sleep(LONGEST).await;
        assert_eq!(peers[MOST - 1].read(&mut [0]).await.unwrap(), 0);
        assert!(idle.take(&pool_key()).is_none());
        assert!(!idle.idle.lock().sweeping);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_closed_for_a_request_that_waits_for_its_permit() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let places = Places::new(1);
        let idle = Arc::new(IdleConnections::new(places.clone()));
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let place = places.take(|| ()).await.unwrap();
        let stream = ThrottledStream::new(Stream::Tcp(stream), 1).at(place);
        let becomes_idle = async {
            sleep(Duration::from_millis(500)).await;
            idle.put(to("a", ReadPolicy::FREE), IdleConnection::Bare(stream));
        };
        let (taken, ()) = tokio::join!(places.take(|| ()), becomes_idle);
        assert!(taken.is_ok());
        assert!(idle.take(&to("a", ReadPolicy::FREE)).is_none());
        assert!(!places.are_waited_for());
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_closed_for_a_request() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let places = Places::new(1);
        let idle = Arc::new(IdleConnections::new(places.clone()));
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let place = places.take(|| ()).await.unwrap();
        let stream = ThrottledStream::new(Stream::Tcp(stream), 1).at(place);
        idle.put(to("a", ReadPolicy::FREE), IdleConnection::Bare(stream));
        assert!(places.take(|| assert!(idle.close_one())).await.is_ok());
    }
}
