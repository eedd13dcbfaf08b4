//! Permits for tunnels in the streams of one HTTP/2 connection.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU32, Ordering},
};

/// The most concurrent streams of an HTTP/2 connection: as many as RFC 9113 recommends.
pub(in crate::proxy) const MOST_STREAMS: u32 = 100;

/// A permit for a tunnel in a stream of HTTP/2.
pub(in crate::proxy) struct TunnelPermit(Arc<AtomicU32>);

impl Drop for TunnelPermit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many tunnels a connection carries.
#[derive(Debug, Default)]
pub(in crate::proxy) struct Tunnels(OnceLock<Arc<AtomicU32>>);

impl Tunnels {
    /// A permit for a tunnel in one of the streams; `None` = there are as many tunnels as may be streams. A stream that
    /// the player has cancelled does not count as a stream, but its tunnel may still be open.
    pub(in crate::proxy) fn permit(&self) -> Option<TunnelPermit> {
        // Created first: it is given back if it is one too many.
        let open = self.0.get_or_init(Arc::default);
        let before = open.fetch_add(1, Ordering::Relaxed);
        let permit = TunnelPermit(Arc::clone(open));
        (before < MOST_STREAMS).then_some(permit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tunnels_are_as_many_as_streams_and_permits_are_given_back() {
        let tunnels = Tunnels::default();
        let mut permits: Vec<_> = (0..MOST_STREAMS).map(|_| tunnels.permit()).collect();
        assert!(permits.iter().all(Option::is_some));
        assert!(tunnels.permit().is_none() && tunnels.permit().is_none());
        permits.pop();
        assert!(tunnels.permit().is_some());
    }
}
