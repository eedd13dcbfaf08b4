//! The playback of a player, estimated from the segments that it got: buffer, startup and rebuffering.
//!
//! The estimate assumes that playback starts when each stream has its first segment, shows media in real time, and
//! rebuffers until the next segment when a buffer is empty. A player that waits for more shows later, one that was
//! paused has more in its buffer; what the player itself reports (CMCD) is more exact.

use super::{
    shown::Shown,
    stream::{Arrived, Effect, Stream},
};
use crate::{observers::series::Ring, units::SessionTime};
use std::time::Duration;

/// Rebufferings that are kept.
const MOST_REBUFFERS: usize = 256;
/// Streams of one player: video, audio, or both in one.
const MOST_STREAMS: usize = 4;

/// What the playback is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was shown yet, or the viewer has sought.
    Starting,
    /// Media is shown.
    Playing,
    /// A buffer is empty since this time, and media is requested.
    Rebuffering(SessionTime),
    /// A buffer is empty, and nothing was requested: paused, or at the end.
    Idle,
}

/// A rebuffering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rebuffer {
    pub(super) at: SessionTime,
    pub(super) lasts: Duration,
}

/// The estimated playback of a session.
#[derive(Debug, Clone)]
pub(super) struct Playback {
    streams: Vec<(&'static str, Stream)>,
    state: State,
    now: SessionTime,
    /// When playback first started.
    pub(super) startup: Option<SessionTime>,
    pub(super) rebuffers: Ring<Rebuffer>,
    pub(super) rebuffer_count: u64,
    pub(super) rebuffered: Duration,
    pub(super) shown: Shown,
    /// Requests for media under way.
    requested: u64,
    live: bool,
}

impl Default for Playback {
    fn default() -> Self {
        Self {
            streams: Vec::new(),
            state: State::Starting,
            now: SessionTime::ZERO,
            startup: None,
            rebuffers: Ring::new(MOST_REBUFFERS),
            rebuffer_count: 0,
            rebuffered: Duration::ZERO,
            shown: Shown::default(),
            requested: 0,
            live: false,
        }
    }
}

impl Playback {
    /// A segment of `media` is requested at `at`; `live`: its stream has a live edge.
    pub(super) fn request(&mut self, at: SessionTime, media: &'static str, live: bool) {
        self.advance(at);
        self.live |= live;
        self.requested += 1;
        // From now on the stream is needed for playback.
        if counts(media) && !self.streams.iter().any(|(of, _)| *of == media) {
            // The first stream is the one whose quality counts.
            let place = if media == "audio" { self.streams.len() } else { 0 };
            if self.streams.len() < MOST_STREAMS {
                self.streams.insert(place, (media, Stream::default()));
            }
        }
    }

    /// A request for a segment of `media` is over at `at`, with the segment if it arrived whole.
    pub(super) fn finish(
        &mut self,
        at: SessionTime,
        media: &'static str,
        segment: Option<&Arrived>,
    ) {
        self.advance(at);
        self.requested = self.requested.saturating_sub(1);
        let Some(segment) = segment else { return };
        let Some((_, stream)) = self.streams.iter_mut().find(|(of, _)| *of == media) else {
            return;
        };
        let sought = stream.add(segment) == Effect::Sought;
        if sought {
            self.end_rebuffer(at);
            self.state = State::Starting;
        }
        if self.level().is_none_or(|level| level <= 0.0) {
            return;
        }
        match self.state {
            State::Playing => {}
            State::Starting | State::Idle => {
                self.startup.get_or_insert(at);
                self.state = State::Playing;
            }
            State::Rebuffering(_) => {
                self.end_rebuffer(at);
                self.state = State::Playing;
            }
        }
    }

    fn end_rebuffer(&mut self, at: SessionTime) {
        if let State::Rebuffering(since) = self.state {
            let lasts = at - since;
            self.rebuffers.push(Rebuffer { at: since, lasts });
            self.rebuffer_count += 1;
            self.rebuffered += lasts;
        }
    }

    /// The time is now `at`.
    pub(super) fn advance(&mut self, at: SessionTime) {
        let span = at - self.now;
        let from = self.now;
        self.now = self.now.max(at);
        if self.state != State::Playing {
            return;
        }
        let level = self.level().unwrap_or_default();
        let played = span.as_secs_f64().min(level);
        let shown = &mut self.shown;
        for (place, (_, stream)) in self.streams.iter_mut().enumerate() {
            stream.play(played, &mut |piece, part, first| {
                if place == 0 {
                    shown.show(piece.bitrate, piece.rung, part, first);
                }
            });
        }
        if span.as_secs_f64() >= level {
            let empty = from + Duration::from_secs_f64(level);
            let waits = self.requested > 0 || self.live;
            self.state = if waits { State::Rebuffering(empty) } else { State::Idle };
        }
    }

    /// How many seconds are buffered of the stream that has the least; `None` = no segment was requested.
    fn level(&self) -> Option<f64> {
        self.streams.iter().map(|(_, stream)| stream.level()).min_by(f64::total_cmp)
    }

    /// The buffer now; `None` = nothing is known of it.
    pub(super) fn buffer(&self) -> Option<Duration> {
        self.startup?;
        self.level().map(Duration::from_secs_f64)
    }

    /// The buffer of `media` now.
    pub(super) fn buffer_of(&self, media: &str) -> Option<Duration> {
        let (_, stream) = self.streams.iter().find(|(of, _)| *of == media)?;
        Some(Duration::from_secs_f64(stream.level()))
    }

    /// The buffer of each stream now; none before playback has started.
    pub(super) fn buffers(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        let started = self.startup.is_some();
        let streams = self.streams.iter().filter(move |_| started);
        streams.map(|(media, stream)| (*media, Duration::from_secs_f64(stream.level())))
    }

    /// Since when a buffer is empty while media is requested, so that nothing is shown.
    pub(super) const fn stands_since(&self) -> Option<SessionTime> {
        match self.state {
            State::Rebuffering(since) => Some(since),
            State::Starting | State::Playing | State::Idle => None,
        }
    }

    /// The rebuffering under way, if media was requested.
    pub(super) fn rebuffering(&self) -> Option<Rebuffer> {
        let State::Rebuffering(at) = self.state else { return None };
        (self.requested > 0).then(|| Rebuffer { at, lasts: self.now - at })
    }
}

/// Whether playback waits for this type of media. An unknown one may be both.
fn counts(media: &str) -> bool {
    media != "text"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn at(ms: u64) -> SessionTime {
        SessionTime::from_millis(ms)
    }

    fn segment(start: f64) -> Arrived {
        let (bitrate, rung) = (Some(1e6), Some(1));
        Arrived { start: Some(start), duration: 4.0, number: None, bitrate, rung }
    }

    /// Requests a segment at `from`, which arrives at `to`.
    fn download(playback: &mut Playback, from: u64, to: u64, start: f64) {
        playback.request(at(from), "video", false);
        playback.finish(at(to), "video", Some(&segment(start)));
    }

    #[test]
    fn a_buffer_fills_and_drains() {
        let mut playback = Playback::default();
        download(&mut playback, 0, 1000, 0.0);
        assert_eq!((playback.startup, playback.buffer()), (Some(at(1000)), Some(ms(4000))));
        download(&mut playback, 1000, 2500, 4.0);
        assert_eq!(playback.buffer(), Some(ms(6500)));
        playback.advance(at(4500));
        assert_eq!(playback.buffer(), Some(ms(4500)));
        assert_eq!((playback.rebuffer_count, playback.shown.played), (0, 3.5));
    }

    #[test]
    fn an_empty_buffer_with_a_request_under_way_is_a_rebuffering() {
        let mut playback = Playback::default();
        download(&mut playback, 0, 1000, 0.0);
        playback.request(at(1000), "video", false);
        playback.advance(at(6000));
        assert_eq!(playback.rebuffering(), Some(Rebuffer { at: at(5000), lasts: ms(1000) }));
        playback.finish(at(7500), "video", Some(&segment(4.0)));
        assert_eq!((playback.rebuffer_count, playback.rebuffered), (1, ms(2500)));
        assert_eq!(playback.rebuffering(), None);
    }

    #[test]
    fn a_pause_and_the_end_are_no_rebuffering() {
        let mut playback = Playback::default();
        download(&mut playback, 0, 1000, 0.0);
        playback.advance(at(60_000));
        assert_eq!(playback.rebuffering(), None);
        download(&mut playback, 60_000, 61_000, 4.0);
        assert_eq!((playback.rebuffer_count, playback.buffer()), (0, Some(ms(4000))));
    }

    #[test]
    fn playback_needs_every_stream_that_is_requested() {
        let mut playback = Playback::default();
        playback.request(at(0), "video", false);
        playback.request(at(0), "audio", false);
        playback.request(at(0), "text", false);
        playback.finish(at(1000), "video", Some(&segment(0.0)));
        assert_eq!(playback.startup, None);
        playback.finish(at(1500), "audio", Some(&segment(0.0)));
        assert_eq!(playback.startup, Some(at(1500)));
        assert_eq!(playback.buffer_of("audio"), Some(ms(4000)));
        assert_eq!(playback.buffer_of("text"), None);
    }

    #[test]
    fn a_seek_starts_again_without_a_rebuffering() {
        let mut playback = Playback::default();
        download(&mut playback, 0, 1000, 0.0);
        download(&mut playback, 3000, 4000, 200.0);
        assert_eq!((playback.rebuffer_count, playback.buffer()), (0, Some(ms(4000))));
        assert_eq!(playback.startup, Some(at(1000)));
    }

    /// A live player waits for the next segment to be published: nothing is under way, and yet it rebuffers.
    #[test]
    fn an_empty_live_buffer_is_a_rebuffering() {
        let mut playback = Playback::default();
        playback.request(at(0), "video", true);
        playback.finish(at(500), "video", Some(&segment(0.0)));
        playback.request(at(5500), "video", true);
        playback.finish(at(6000), "video", Some(&segment(4.0)));
        assert_eq!((playback.rebuffer_count, playback.rebuffered), (1, ms(1500)));
    }
}
