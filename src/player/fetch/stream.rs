//! The loops that fill the buffers: the main stream, whose rungs an algorithm chooses, and sound.

use super::{
    clock::Clock,
    error::PlayError,
    feed::Feed,
    http::{Fetched, per_second},
    ladder::bitrate,
    purpose::{Object, Purpose},
    requester::Requester,
};
use crate::{
    media::{ListedSegment, Location, MediaType},
    player::{
        BufferGrowth, BufferedSegment, Choice, Download, FailedRequests, OwnedRateControl,
        Progress, SessionReport,
    },
};
use std::sync::Arc;

/// As many initialisation segments are kept.
const MOST_INITS: usize = 50;

/// What both loops need.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    pub(super) requester: &'a Requester,
    pub(super) feed: &'a Feed,
    /// Its number among the buffers.
    pub(super) number: usize,
    /// The maximum buffer level in ms, and how it grows.
    buffer: (f64, BufferGrowth),
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
        buffer: (f64, BufferGrowth),
    ) -> Self {
        Self { requester, feed, number, buffer, inits: Vec::new(), from: None }
    }

    fn level(&self) -> f64 {
        self.requester.shared.now().playout.level(self.number)
    }

    fn now(&self) -> f64 {
        self.requester.shared.clock.now()
    }

    /// The next segment of a track; `None` at its end.
    async fn next(&self, track: usize) -> Result<Option<ListedSegment>, PlayError> {
        self.feed.segment(track, self.from).await
    }

    /// Where the segment after `segment` is, if it is listed, for those who report it.
    async fn following(&self, track: usize, segment: &ListedSegment) -> Option<Location> {
        self.requester.reporter.as_ref()?;
        self.feed.listed_after(track, segment.position + segment.step / 2.0).await
    }

    /// What a request for a segment is for.
    fn purpose<'n>(
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
    async fn wait_for_room(&self, duration: f64) -> f64 {
        let level = self.level();
        // A segment that never fits is let in when the buffer is empty.
        let (most, growth) = self.buffer;
        let more = {
            let viewing = self.requester.shared.lock();
            let presentation = viewing.presentation.as_ref();
            presentation.map_or(0.0, |presentation| growth.beyond(presentation, viewing.requested))
        };
        let over = (level + duration - most - more).min(level).max(0.0);
        if over > 0.0 {
            Clock::sleep(over).await;
        }
        over
    }

    /// Fetches the initialisation segment, if it was not fetched before.
    async fn initialise(&mut self, segment: &ListedSegment) -> Result<(), PlayError> {
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

    /// Puts a downloaded segment into the buffer.
    fn append(&mut self, segment: &ListedSegment, rung: usize, bitrate: Option<f64>, bits: f64) {
        let duration = segment.duration * 1000.0;
        let clock = self.requester.shared.clock;
        let buffered = BufferedSegment {
            rung,
            bitrate: bitrate.unwrap_or_else(|| per_second(bits / duration)),
            duration,
            live_at: segment.date.map(|date| clock.of_epoch(date)),
        };
        let mut viewing = self.requester.shared.now();
        viewing.playout.append(self.number, buffered, clock.now());
        viewing.downloads.segments += 1;
        if self.number == 0 {
            viewing.requested = rung;
        }
        self.from = Some(segment.position + segment.step / 2.0);
    }

    fn end(&self) {
        let mut viewing = self.requester.shared.now();
        viewing.playout.end(self.number, self.now());
    }

    /// Plays one track to its end.
    pub(super) async fn run_single(mut self, track: usize) -> Result<(), PlayError> {
        let bitrate = bitrate(&self.feed.tracks[track].rendition);
        while let Some(segment) = self.next(track).await? {
            let duration = segment.duration * 1000.0;
            self.wait_for_room(duration).await;
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

/// The main stream.
#[derive(Debug)]
pub(super) struct Adaptive<'a> {
    pub(super) stream: Stream<'a>,
    /// The tracks of the ladder, lowest first.
    pub(super) ladder: &'a [usize],
    pub(super) control: OwnedRateControl,
    /// How many segments were put into the buffer.
    count: usize,
    /// The rung of the last request.
    last: usize,
    /// What the wait for room took before this request.
    full_wait: f64,
}

impl<'a> Adaptive<'a> {
    pub(super) const fn new(
        stream: Stream<'a>,
        ladder: &'a [usize],
        control: OwnedRateControl,
    ) -> Self {
        Self { stream, ladder, control, count: 0, last: 0, full_wait: 0.0 }
    }

    /// Plays to the end.
    pub(super) async fn run(mut self) -> Result<(), PlayError> {
        // A live segment is waited for before its rung is chosen.
        while let Some(coming) = self.stream.next(self.ladder[self.last]).await? {
            self.full_wait = self.stream.wait_for_room(coming.duration * 1000.0).await;
            if self.full_wait > 0.0 {
                self.control.waited(self.full_wait);
            }
            let choice = self.choose();
            if let Some(problem) = self.control.failure() {
                return Err(PlayError::Algorithm(problem.to_owned()));
            }
            Clock::sleep(choice.wait).await;
            self.request(choice).await?;
        }
        self.stream.end();
        Ok(())
    }

    fn choose(&mut self) -> Choice {
        let now = self.stream.now();
        let viewing = self.stream.requester.shared.now();
        let playout = &viewing.playout;
        self.control.live_latency = playout.latency().unwrap_or_default();
        self.control.playback_rate = playout.rate();
        self.control.choose(playout.level(0), self.count, now)
    }

    /// Downloads the next segment; at a lower rung where the one chosen fails.
    async fn request(&mut self, choice: Choice) -> Result<(), PlayError> {
        let mut rung = choice.rung;
        loop {
            self.last = rung;
            let error = match self.attempt(rung, choice.wait).await {
                Ok(()) => return Ok(()),
                Err(error @ PlayError::Fetch { .. }) => error,
                Err(error) => return Err(error),
            };
            let falls_back = self.stream.requester.policy.falls_back;
            rung = rung.checked_sub(1).filter(|_| falls_back).ok_or(error)?;
        }
    }

    async fn attempt(&mut self, rung: usize, chosen_wait: f64) -> Result<(), PlayError> {
        let Some(segment) = self.stream.next(self.ladder[rung]).await? else { return Ok(()) };
        self.stream.initialise(&segment).await?;
        let rendition = &self.stream.feed.tracks[self.ladder[rung]].rendition;
        let bitrate = bitrate(rendition);
        let (level, at) = (self.stream.level(), self.stream.now());
        let rebuffer = self.stream.requester.shared.lock().playout.totals().rebuffer;
        let (fetched, abandoned_to) = self.download(&segment, rung, (level, at)).await?;
        let received = self.stream.level();
        let segment_index = self.count;
        if !fetched.abandoned {
            self.stream.append(&segment, rung, bitrate, fetched.progress.received);
            self.count += 1;
        }
        let rebuffer = self.stream.requester.shared.lock().playout.totals().rebuffer - rebuffer;
        let report = SessionReport {
            segment: segment_index,
            rung,
            download: Download {
                progress: fetched.progress,
                abandoned: fetched.abandoned,
                failure: None,
            },
            replaced: false,
            abandoned_to,
            full_wait: self.full_wait,
            chosen_wait,
            levels: [level, received, self.stream.level()],
            rebuffer,
            at,
            failed: FailedRequests::default(),
            discarded: 0.0,
        };
        let (next, now) = (self.count, self.stream.now());
        self.control.learn(&report, next, now);
        let mut viewing = self.stream.requester.shared.lock();
        viewing.throughput = self.control.throughput();
        viewing.note(&report);
        Ok(())
    }

    /// Downloads a segment; gives it up where the algorithm says so.
    async fn download(
        &mut self,
        segment: &ListedSegment,
        rung: usize,
        (level, at): (f64, f64),
    ) -> Result<(Fetched, Option<usize>), PlayError> {
        let index = self.count;
        let mut wanted = None;
        let control = &mut self.control;
        let mut watch = |progress: &Progress| {
            wanted = control.abandon(rung, progress, level, index, at);
            wanted.is_some()
        };
        let next = self.stream.following(self.ladder[rung], segment).await;
        let purpose = self.stream.purpose(self.ladder[rung], segment, next.as_ref());
        let purpose = Purpose { lowest: rung == 0, ..purpose };
        let fetched = self.stream.requester.fetch(&segment.location, purpose, &mut watch).await?;
        Ok((fetched, wanted))
    }
}
