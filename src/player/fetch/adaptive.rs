//! The main stream: an algorithm chooses the rung of each segment.

use super::{
    clock::Clock, error::PlayError, http::Fetched, ladder::bitrate, purpose::Purpose,
    stream::Stream,
};
use crate::{
    media::ListedSegment,
    player::{
        BufferedSegment, Choice, Download, FailedRequests, OwnedRateControl, Progress, Replacement,
        ReturnPoint, SessionReport,
    },
};
use std::collections::VecDeque;

/// Requests go back by this many segments at most.
const MOST_ADDED: usize = 1000;

/// A buffered segment that is to be downloaded again: at which rung, how far from the end of the buffer it is, and the level
/// and the time, in ms, at which that is decided.
struct Again<'a> {
    segment: &'a ListedSegment,
    rung: usize,
    from_end: usize,
    level: f64,
    at: f64,
}

/// The main stream, whose rungs an algorithm chooses.
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
    /// Which buffered segments are downloaded again.
    replacement: Replacement,
    /// How far requests go back, where that is the player's way, and where the last segments in the buffer are found from.
    back: ReturnPoint,
    added: VecDeque<f64>,
    /// Whether that has failed since the last segment was added: then the next one comes first.
    keeps_buffer: bool,
}

impl<'a> Adaptive<'a> {
    pub(super) fn new(
        stream: Stream<'a>,
        ladder: &'a [usize],
        control: OwnedRateControl,
        replacement: Replacement,
    ) -> Self {
        Self {
            stream,
            ladder,
            control,
            count: 0,
            last: 0,
            full_wait: 0.0,
            replacement,
            back: ReturnPoint::default(),
            added: VecDeque::new(),
            keeps_buffer: false,
        }
    }

    /// Plays to the end.
    pub(super) async fn run(mut self) -> Result<(), PlayError> {
        // A live segment is waited for before its rung is chosen.
        while let Some(coming) = self.stream.next(self.ladder[self.last]).await? {
            let lasts = coming.duration * 1000.0;
            self.full_wait = self.stream.wait_for_room(lasts).await;
            self.full_wait += self.stream.wait_for_late_audio(lasts).await;
            if self.full_wait > 0.0 {
                self.control.waited(self.full_wait);
            }
            let choice = self.choose();
            if let Some(problem) = self.control.failure() {
                return Err(PlayError::Algorithm(problem.to_owned()));
            }
            if let Some((found_from, from_end)) = self.replaced_by(choice.rung) {
                self.replace(found_from, from_end, choice.rung).await?;
                continue;
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

    /// Where the segment is found from that is to be downloaded again if `rung` was chosen, and how many are buffered from
    /// it on.
    fn replaced_by(&mut self, rung: usize) -> Option<(f64, usize)> {
        let viewing = self.stream.requester.shared.now();
        let found = if self.replacement == Replacement::Onward {
            let shown = viewing.playout.shown();
            let held = |from_end| viewing.playout.held_rung(from_end);
            let left = self.back.choose(shown, rung, self.last, held)?;
            Some((*self.added.get(self.added.len().checked_sub(left)?)?, left))
        } else {
            let found = viewing.playout.to_replace(self.replacement, rung);
            found.map(|(held, from_end)| (held.found_from, from_end))
        };
        found.filter(|_| !self.keeps_buffer)
    }

    /// What is buffered is not downloaded again before the next segment was added.
    const fn keep_buffer(&mut self) {
        self.keeps_buffer = true;
        self.back.leave();
    }

    /// Downloads a buffered segment again, at `rung`. Where that fails, what is buffered is kept.
    async fn replace(
        &mut self,
        found_from: f64,
        from_end: usize,
        rung: usize,
    ) -> Result<(), PlayError> {
        let track = self.ladder[rung];
        let feed = self.stream.feed;
        let Some(segment) = feed.segment(track, Some(found_from)).await? else {
            self.keep_buffer();
            return Ok(());
        };
        self.last = rung;
        let bitrate = bitrate(&feed.tracks[track].rendition);
        let (level, at) = (self.stream.level(), self.stream.now());
        let rebuffer = self.stream.requester.shared.lock().playout.totals().rebuffer;
        let again = Again { segment: &segment, rung, from_end, level, at };
        let (download, abandoned_to) = self.download_again(&again).await?;
        let received = self.stream.level();
        let bits = download.progress.received;
        let mut discarded = 0.0;
        if download.failure.is_some() {
            self.keep_buffer();
        } else if !download.abandoned {
            self.back.go_on();
            let better = self.stream.buffered(&segment, rung, bitrate, bits);
            let better = BufferedSegment { found_from, ..better };
            let now = self.stream.now();
            let mut viewing = self.stream.requester.shared.now();
            viewing.downloads.segments += 1;
            viewing.requested = rung;
            let old = viewing.playout.replace(better, now);
            discarded = old.map_or(bits, |old| old.bitrate * old.duration / 1000.0);
        }
        let rebuffer = self.stream.requester.shared.lock().playout.totals().rebuffer - rebuffer;
        self.learn(&SessionReport {
            segment: self.number(from_end),
            rung,
            download,
            replaced: true,
            abandoned_to,
            full_wait: self.full_wait,
            chosen_wait: 0.0,
            levels: [level, received, self.stream.level()],
            rebuffer,
            at,
            failed: FailedRequests { count: download.failure.is_some().into(), received: 0.0 },
            discarded,
        });
        Ok(())
    }

    /// The number of the segment that is so far from the end of the buffer.
    fn number(&self, from_end: usize) -> usize {
        self.count - from_end.min(self.count)
    }

    /// Downloads a buffered segment with one request; where that fails, nothing was received that is used. It is given up
    /// where the algorithm says so, with the rung to which it goes, or where it comes too late to be shown.
    async fn download_again(
        &mut self,
        again: &Again<'_>,
    ) -> Result<(Download, Option<usize>), PlayError> {
        let &Again { segment, rung, from_end, level, at } = again;
        let purpose = self.stream.purpose(self.ladder[rung], segment, None);
        let purpose = Purpose { lowest: rung == 0, ..purpose };
        let (number, onward) = (self.number(from_end), self.replacement == Replacement::Onward);
        let (control, lasts) = (&mut self.control, segment.duration * 1000.0);
        let mut wanted = None;
        let mut watch = |progress: &Progress| {
            if onward {
                wanted = control.abandon(rung, progress, level, number, at);
                return wanted.is_some();
            }
            Replacement::is_late(from_end, lasts, (level - progress.time).max(0.0))
        };
        let fetched = match self.stream.initialise(segment).await {
            Ok(()) => {
                let requester = self.stream.requester;
                requester.fetch_once(&segment.location, purpose, &mut watch).await
            }
            Err(error) => Err(error),
        };
        match fetched {
            Ok(Fetched { progress, abandoned, .. }) => {
                Ok((Download { progress, abandoned, failure: None }, wanted))
            }
            Err(PlayError::Fetch { error, .. }) => {
                let time = self.stream.now() - at;
                let size = segment.duration * purpose.bitrate.unwrap_or_default();
                let progress = Progress { size, received: 0.0, time, first_byte: time };
                let failure = Some(error.failure);
                Ok((Download { progress, abandoned: true, failure }, None))
            }
            Err(error) => Err(error),
        }
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
        self.stream.begin(segment.duration * 1000.0);
        let rebuffer = self.stream.requester.shared.lock().playout.totals().rebuffer;
        let (fetched, abandoned_to) = self.download(&segment, rung, level, at).await?;
        let received = self.stream.level();
        let segment_index = self.count;
        if !fetched.abandoned {
            self.stream.append(&segment, rung, bitrate, fetched.progress.received);
            self.count += 1;
            if self.added.len() == MOST_ADDED {
                self.added.pop_front();
            }
            self.added.push_back(segment.position - segment.step / 2.0);
            self.keeps_buffer = false;
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
        self.learn(&report);
        Ok(())
    }

    /// Passes a download to the algorithm, and logs it.
    fn learn(&mut self, report: &SessionReport) {
        let (next, now) = (self.count, self.stream.now());
        self.control.learn(report, next, now);
        let mut viewing = self.stream.requester.shared.lock();
        viewing.throughput = self.control.throughput();
        viewing.note(report);
    }

    /// Downloads a segment from the time `at` on, with `level` ms buffered; gives it up where the algorithm says so.
    async fn download(
        &mut self,
        segment: &ListedSegment,
        rung: usize,
        level: f64,
        at: f64,
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
