//! Who may use a connection's window when several responses share it (HTTP/2 streams): each as
//! much as the others.

use smallvec::SmallVec;
use std::time::Duration;

/// A stream that waits for room and has not asked for this long is gone.
const FORGOTTEN: Duration = Duration::from_secs(1);

/// One stream's part of what is under way.
#[derive(Debug, Clone)]
struct Share {
    stream: u32,
    in_flight: u64,
    /// When it last asked for room, if it got none since.
    waits: Option<Duration>,
}

/// The streams that use a connection now.
#[derive(Debug, Clone, Default)]
pub(super) struct Shares {
    last: u32,
    shares: SmallVec<[Share; 2]>,
}

impl Shares {
    /// A name for a new stream.
    pub(super) const fn join(&mut self) -> u32 {
        self.last = self.last.wrapping_add(1);
        self.last
    }

    /// What `stream`, which asks at `now`, may send of a window that has room for `room` in all and
    /// holds `window`.
    pub(super) fn room(&mut self, stream: u32, now: Duration, window: u64, room: u64) -> u64 {
        if let [share] = self.shares.as_mut_slice()
            && share.stream == stream
        {
            share.waits = Some(now);
            return room;
        }
        let (forgotten, own) = (now.saturating_sub(FORGOTTEN), self.of(stream));
        self.shares.retain(|share| {
            share.stream != stream
                && (share.in_flight > 0 || share.waits.is_some_and(|since| since >= forgotten))
        });
        self.shares.push(Share { stream, in_flight: own.unwrap_or(0), waits: Some(now) });
        room.min((window / self.shares.len() as u64).saturating_sub(own.unwrap_or(0)))
    }

    /// Whether more than one stream uses the connection.
    pub(super) fn several(&self) -> bool {
        self.shares.len() > 1
    }

    /// `stream` has sent `bytes`.
    pub(super) fn sent(&mut self, stream: u32, bytes: u64) {
        if let Some(share) = self.shares.iter_mut().find(|share| share.stream == stream) {
            share.in_flight += bytes;
            share.waits = None;
        }
    }

    /// `bytes` of `stream` are under way no more.
    pub(super) fn acknowledged(&mut self, stream: u32, bytes: u64) {
        if let Some(share) = self.shares.iter_mut().find(|share| share.stream == stream) {
            share.in_flight = share.in_flight.saturating_sub(bytes);
        }
    }

    fn of(&self, stream: u32) -> Option<u64> {
        self.shares.iter().find(|share| share.stream == stream).map(|share| share.in_flight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_stream_halves_the_first_ones_part() {
        let second = Duration::from_secs(1);
        let mut shares = Shares::default();
        let (a, b) = (shares.join(), shares.join());
        assert_eq!(shares.room(a, second, 1000, 1000), 1000);
        shares.sent(a, 1000);
        assert_eq!(shares.room(b, second, 1000, 0), 0);
        shares.acknowledged(a, 300);
        assert_eq!(shares.room(a, second, 1000, 300), 0);
        assert_eq!(shares.room(b, second, 1000, 300), 300);
        // What waits for nothing is forgotten once its bytes have arrived.
        shares.sent(b, 300);
        shares.acknowledged(b, 300);
        assert_eq!(shares.room(a, second, 1000, 300), 300);
        // What waits is not, until it has not asked for long.
        assert_eq!(shares.room(b, second, 1000, 0), 0);
        assert_eq!(shares.room(a, second, 1000, 300), 0);
        assert_eq!(shares.room(a, 3 * second, 1000, 300), 300);
    }
}
