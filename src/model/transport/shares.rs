//! How several responses (HTTP/2 streams) share a connection's window: in equal parts, and the whole window is
//! used.

use super::super::PACKET;
use crate::units::LinkTime;
use smallvec::SmallVec;
use std::time::Duration;

/// A stream that waits for room and was not polled for this long counts as ended.
const FORGOTTEN: Duration = Duration::from_secs(1);

/// One stream's part of the bytes in flight.
#[derive(Debug, Clone)]
struct Share {
    stream: u32,
    in_flight: u64,
    /// When it was last polled for room, if it got none since.
    waits: Option<LinkTime>,
    /// The number of its last turn.
    turn: u64,
}

/// The streams that use a connection now.
#[derive(Debug, Clone, Default)]
pub(super) struct Shares {
    last: u32,
    /// Turns so far.
    turns: u64,
    shares: SmallVec<[Share; 2]>,
}

/// The room in a connection's window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// All of the window, in bytes.
    pub(super) window: u64,
    /// What of it is free.
    pub(super) free: u64,
}

impl Shares {
    /// An identifier for a new stream.
    pub(super) const fn join(&mut self) -> u32 {
        self.last = self.last.wrapping_add(1);
        self.last
    }

    /// How many bytes `stream`, polled at `now`, may send into a window with this room.
    ///
    /// Each stream has an equal part of the window. The remainder, because equal parts are not whole packets,
    /// goes packet by packet to the waiting stream with the least in flight, and among equals to the one whose
    /// last turn is longest ago: so a window of fewer packets than streams is used in full too. `None` = it is
    /// another stream's turn. A stream that was not polled within `patience` loses its turn.
    pub(super) fn room(
        &mut self,
        stream: u32,
        now: LinkTime,
        Room { window, free }: Room,
        patience: Duration,
    ) -> Option<u64> {
        if let [share] = self.shares.as_mut_slice()
            && share.stream == stream
        {
            share.waits = Some(now);
            return Some(free);
        }
        let forgotten = now.saturating_sub(FORGOTTEN);
        self.shares.retain(|share| {
            share.stream == stream
                || share.in_flight > 0
                || share.waits.is_some_and(|since| since >= forgotten)
        });
        let own = self.note_poll(stream, now);
        let part = (window / self.shares.len() as u64).saturating_sub(own.0).min(free);
        if part >= PACKET.min(free) {
            return Some(part);
        }
        let late = now.saturating_sub(patience);
        let before = |share: &Share| {
            share.stream != stream
                && share.waits.is_some_and(|polled| polled >= late)
                && (share.in_flight, share.turn) < own
        };
        (!self.shares.iter().any(before)).then_some(free.min(PACKET))
    }

    /// Whether a stream other than `stream` waits for room and was polled since `late`.
    pub(super) fn others_wait(&self, stream: Option<u32>, late: LinkTime) -> bool {
        let waits = |share: &Share| share.waits.is_some_and(|polled| polled >= late);
        self.shares.iter().any(|share| Some(share.stream) != stream && waits(share))
    }

    /// Records that `stream` was polled; returns its bytes in flight and the number of its last turn.
    fn note_poll(&mut self, stream: u32, now: LinkTime) -> (u64, u64) {
        if let Some(share) = self.shares.iter_mut().find(|share| share.stream == stream) {
            share.waits = Some(now);
            return (share.in_flight, share.turn);
        }
        self.shares.push(Share { stream, in_flight: 0, waits: Some(now), turn: 0 });
        (0, 0)
    }

    /// How many streams use the connection; at least one.
    pub(super) fn count(&self) -> u64 {
        (self.shares.len() as u64).max(1)
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
            self.turns += 1;
            share.turn = self.turns;
        }
    }

    /// `bytes` of `stream` are no longer in flight.
    pub(super) fn acknowledged(&mut self, stream: u32, bytes: u64) {
        if let Some(share) = self.shares.iter_mut().find(|share| share.stream == stream) {
            share.in_flight = share.in_flight.saturating_sub(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_second_stream_halves_the_first_ones_part() {
        let window = 10 * PACKET;
        let room = |shares: &mut Shares, stream, now, room| {
            shares
                .room(stream, LinkTime::new(now), Room { window, free: room }, SECOND)
                .unwrap_or(0)
                / PACKET
        };
        let mut shares = Shares::default();
        let (a, b) = (shares.join(), shares.join());
        assert_eq!(room(&mut shares, a, SECOND, window), 10);
        shares.sent(a, window);
        assert_eq!(room(&mut shares, b, SECOND, 0), 0);
        shares.acknowledged(a, 3 * PACKET);
        assert_eq!(room(&mut shares, a, SECOND, 3 * PACKET), 0);
        assert_eq!(room(&mut shares, b, SECOND, 3 * PACKET), 3);
        // A stream that does not wait is removed once its bytes have arrived.
        shares.sent(b, 3 * PACKET);
        shares.acknowledged(b, 3 * PACKET);
        assert_eq!(room(&mut shares, a, SECOND, 3 * PACKET), 3);
        // A waiting stream is kept until it has not been polled for long.
        assert_eq!(room(&mut shares, b, SECOND, 0), 0);
        assert_eq!(room(&mut shares, a, SECOND, 3 * PACKET), 0);
        assert_eq!(room(&mut shares, a, 3 * SECOND, 3 * PACKET), 3);
    }

    /// Twenty streams take turns with a window of eight packets, and use all of it.
    #[test]
    fn more_streams_than_packets_take_turns() {
        let mut shares = Shares::default();
        let streams: Vec<u32> = (0..20).map(|_| shares.join()).collect();
        let (window, mut room) = (8 * PACKET, 8 * PACKET);
        let mut sent: Vec<u64> = vec![0; 20];
        for stream in &streams {
            shares.room(*stream, LinkTime::new(SECOND), Room { window, free: 0 }, SECOND);
        }
        for round in 1..=50 {
            for _ in 0..2 {
                for (n, stream) in streams.iter().enumerate() {
                    let now = LinkTime::new(SECOND * round);
                    while shares.room(*stream, now, Room { window, free: room }, SECOND)
                        >= Some(PACKET)
                    {
                        shares.sent(*stream, PACKET);
                        (room, sent[n]) = (room - PACKET, sent[n] + 1);
                    }
                }
            }
            assert_eq!(room, 0, "round {round}");
            for stream in &streams {
                let under_way = shares.shares.iter().find(|share| share.stream == *stream);
                let bytes = under_way.map_or(0, |share| share.in_flight);
                shares.acknowledged(*stream, bytes);
                room += bytes;
            }
        }
        assert_eq!(sent.iter().sum::<u64>(), 400);
        assert!(sent.iter().all(|turns| (19..=21).contains(turns)), "{sent:?}");
    }
}
