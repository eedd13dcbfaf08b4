//! One of the streams that are played, with its buffer: the main one, or audio.

use super::{
    clock::Clock,
    error::PlayError,
    feed::Feed,
    http::per_second,
    ladder::bitrate,
    purpose::{Object, Purpose},
    requester::Requester,
};
use crate::{
    media::{ListedSegment, Location, MediaType},
    player::{AudioTurn, BufferGrowth, BufferedSegment, Progress, Scheduling},
};
use std::sync::Arc;

/// As many initialisation segments are kept.
const MOST_INITS: usize = 50;
/// Audio that waits for the video looks again after this many ms.
const LOOK: f64 = 20.0;

/// How much is buffered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// The maximum buffer level in ms, and how it grows.
    pub(super) most: f64,
    pub(super) growth: BufferGrowth,
    pub(super) scheduling: Scheduling,
}

/// A stream, and what its requests need.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    pub(super) requester: &'a Requester,
    pub(super) feed: &'a Feed,
    /// Its number among the buffers.
    pub(super) number: usize,
    room: Room,
    /// The initialisation segments that were fetched: each is fetched once.
    inits: Vec<Arc<Location>>,
    /// The position from which the next segment is looked for.
    from: Option<f64>,
}

impl<'a> Stream<'a> {
    pub(super) const fn new(
        requester: &'a Requester,
        feed: &'a Feed,
        number: usize,
        room: Room,
    ) -> Self {
        Self { requester, feed, number, room, inits: Vec::new(), from: None }
    }

    pub(super) fn level(&self) -> f64 {
        self.requester.shared.now().playout.level(self.number)
    }

    pub(super) fn now(&self) -> f64 {
        self.requester.shared.clock.now()
    }

    /// The next segment of a track; `None` at its end.
    pub(super) async fn next(&self, track: usize) -> Result<Option<ListedSegment>, PlayError> {
        self.feed.segment(track, self.from).await
    }

    /// Where the segment after `segment` is, if it is listed, for those who report it.
    pub(super) async fn following(
        &self,
        track: usize,
        segment: &ListedSegment,
    ) -> Option<Location> {
        self.requester.reporter.as_ref()?;
        self.feed.listed_after(track, segment.position + segment.step / 2.0).await
    }

    /// What a request for a segment is for.
    pub(super) fn purpose<'n>(
        &self,
        track: usize,
        segment: &ListedSegment,
        next: Option<&'n Location>,
    ) -> Purpose<'n> {
        let rendition = &self.feed.tracks[track].rendition;
        let media = match rendition.media {
            MediaType::Video => "v",
            MediaType::Audio => "a",
            _ => "av",
        };
        Purpose {
            object: Object::Segment { stream: self.number, media },
            bitrate: bitrate(rendition),
            duration: Some(segment.duration * 1000.0),
            lowest: true,
            next,
        }
    }

    /// Sleeps until a segment of `duration` ms fits; returns the time.
    pub(super) async fn wait_for_room(&self, duration: f64) -> f64 {
        let level = self.level();
        // A segment that never fits is let in when the buffer is empty.
        let Room { most, growth, scheduling } = self.room;
        let more = {
            let viewing = self.requester.shared.lock();
            let presentation = viewing.presentation.as_ref();
            presentation.map_or(0.0, |presentation| growth.beyond(presentation, viewing.requested))
        };
        let over = (level + duration - most - more).min(level).max(0.0);
        let over = scheduling.wait(over);
        if over > 0.0 {
            Clock::sleep(over).await;
        }
        over
    }

    /// Sleeps until a segment of audio of `duration` ms is wanted.
    async fn wait_for_audio(&self, duration: f64) {
        if self.number == 0 {
            self.wait_for_room(duration).await;
            return;
        }
        let turn = || {
            let now = self.now();
            let viewing = self.requester.shared.now();
            let (audio, video) = (viewing.playout.level(self.number), viewing.playout.level(0));
            let places = viewing.places.at(now);
            self.room.scheduling.audio_turn(audio, video, duration, &places)
        };
        let mut has_waited = false;
        loop {
            match turn() {
                AudioTurn::Now => return,
                AudioTurn::LooksAgain(wait) => Clock::sleep(wait).await,
                AudioTurn::AfterVideo(wait) => Clock::sleep(wait.min(LOOK)).await,
                // It waits for room once: while playback waits for this audio, there is never more.
                AudioTurn::WhenItFits if has_waited => return,
                AudioTurn::WhenItFits => {
                    has_waited = true;
                    if self.wait_for_room(duration).await <= 0.0 {
                        return;
                    }
                }
            }
        }
    }

    /// Sleeps while the main stream is too far ahead of the audio; returns the time.
    pub(super) async fn wait_for_late_audio(&self, duration: f64) -> f64 {
        let mut slept = 0.0;
        loop {
            let wait = {
                let now = self.now();
                let viewing = self.requester.shared.lock();
                let places = viewing.places;
                self.room.scheduling.video_wait(duration, &places.at(now), places.audio_ended)
            };
            if wait <= 0.0 {
                return slept;
            }
            Clock::sleep(wait).await;
            slept += wait;
        }
    }

    /// A segment of the main stream of `duration` ms is requested now.
    pub(super) fn begin(&self, duration: f64) {
        let places = &mut self.requester.shared.lock().places;
        places.requested = Some(places.video + duration);
    }

    /// Fetches the initialisation segment, if it was not fetched before.
    pub(super) async fn initialise(&mut self, segment: &ListedSegment) -> Result<(), PlayError> {
        let Some(init) = segment.init.clone().filter(|init| !self.inits.contains(init)) else {
            return Ok(());
        };
        let purpose = Purpose::of(Object::Init);
        self.requester.fetch(&init, purpose, &mut |_: &Progress| false).await?;
        if self.inits.len() == MOST_INITS {
            self.inits.remove(0);
        }
        self.inits.push(init);
        Ok(())
    }

    /// A downloaded segment, as it is buffered.
    pub(super) fn buffered(
        &self,
        segment: &ListedSegment,
        rung: usize,
        bitrate: Option<f64>,
        bits: f64,
    ) -> BufferedSegment {
        let duration = segment.duration * 1000.0;
        let clock = self.requester.shared.clock;
        BufferedSegment {
            rung,
            bitrate: bitrate.unwrap_or_else(|| per_second(bits / duration)),
            duration,
            found_from: segment.position - segment.step / 2.0,
            live_at: segment.date.map(|date| clock.since_start(date)),
        }
    }

    /// Puts a downloaded segment into the buffer.
    pub(super) fn append(
        &mut self,
        segment: &ListedSegment,
        rung: usize,
        bitrate: Option<f64>,
        bits: f64,
    ) {
        let buffered = self.buffered(segment, rung, bitrate, bits);
        let now = self.now();
        let mut viewing = self.requester.shared.now();
        viewing.append(self.number, buffered, now);
        viewing.downloads.segments += 1;
        if self.number == 0 {
            viewing.requested = rung;
        }
        self.from = Some(segment.position + segment.step / 2.0);
    }

    pub(super) fn end(&self) {
        let mut viewing = self.requester.shared.now();
        viewing.playout.end(self.number, self.now());
        let places = &mut viewing.places;
        let ended =
            if self.number == 0 { &mut places.video_ended } else { &mut places.audio_ended };
        *ended = true;
    }

    /// Plays one track to its end.
    pub(super) async fn run_single(mut self, track: usize) -> Result<(), PlayError> {
        let bitrate = bitrate(&self.feed.tracks[track].rendition);
        while let Some(segment) = self.next(track).await? {
            let duration = segment.duration * 1000.0;
            self.wait_for_audio(duration).await;
            self.initialise(&segment).await?;
            let next = self.following(track, &segment).await;
            let purpose = self.purpose(track, &segment, next.as_ref());
            let watch = &mut |_: &Progress| false;
            let fetched = self.requester.fetch(&segment.location, purpose, watch).await?;
            self.append(&segment, 0, bitrate, fetched.progress.received);
        }
        self.end();
        Ok(())
    }
}
