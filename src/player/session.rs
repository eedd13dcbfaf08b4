//! One viewing of a presentation: request after request, until everything was shown.

use super::{
    abr::{Abr, Choice, State},
    estimator::{Estimate, Estimator},
    network::{Download, Network, NeverEnds, Progress},
    playback::{Observer, Playback, WaitCause, count},
    presentation::Presentation,
    replacement::Replacement,
};

/// When a full buffer holds up the next request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FullBuffer {
    /// The next segment is requested as soon as it fits.
    WaitForRoom,
    /// After a segment was added, the player sleeps in steps of so many ms until the level is within
    /// the maximum.
    SleepInSteps(f64),
}

/// What a player does beside the choice of renditions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SessionPolicy {
    /// The maximum buffer level in ms.
    pub max_buffer: f64,
    /// What happens at that level.
    pub full: FullBuffer,
    /// Which buffered segments are downloaded again.
    pub replacement: Replacement,
    /// Whether downloads may be given up.
    pub abandon: bool,
    /// Whether the time to the first segment counts as rebuffering.
    pub startup_rebuffers: bool,
    /// A jump: when this media time in ms would be requested, go to that one instead.
    pub seek: Option<(f64, f64)>,
}

/// How far estimates of throughput were from the download that followed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EstimateError {
    /// Downloads slower than estimated.
    pub over: usize,
    /// Their mean difference, in kbit/s.
    pub over_mean: f64,
    /// Downloads at least as fast as estimated.
    pub under: usize,
    /// Their mean difference, in kbit/s.
    pub under_mean: f64,
    /// The mean of estimate − throughput over all downloads but the first, in kbit/s.
    pub mean: f64,
}

/// What one request did, for logs and observers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SessionReport {
    /// The 0-based segment.
    pub segment: usize,
    /// The rung asked for.
    pub rung: usize,
    /// How the download went.
    pub download: Download,
    /// Whether the segment replaced a buffered one.
    pub replaced: bool,
    /// The rung that the algorithm wants after an abandonment.
    pub abandoned_to: Option<usize>,
    /// Sleep before the request because the buffer was full, in ms.
    pub full_wait: f64,
    /// Sleep before the request that the algorithm asked for, in ms.
    pub chosen_wait: f64,
    /// Levels in ms: at the request, at the end of the download, after the segment was added.
    pub levels: [f64; 3],
    /// Rebuffering during the download, in ms.
    pub rebuffer: f64,
    /// The session's time at the request, in ms.
    pub at: f64,
}

/// Why a session cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum SessionError {
    /// The network carries nothing.
    #[error(transparent)]
    NeverEnds(#[from] NeverEnds),
    /// A segment was asked for that the presentation does not have.
    #[error("there is no segment {segment} at rung {rung}; the seek leads beyond the end")]
    NoSegment {
        /// The 0-based segment.
        segment: usize,
        /// The 0-based rung.
        rung: usize,
    },
    /// A figure is no number, as after a download that took no time.
    #[error("the {0} is not a finite number: a download took no time or carried nothing")]
    NotFinite(&'static str),
}

/// A player at work.
#[derive(Debug)]
pub struct Session<'a, N, A: ?Sized, E: ?Sized> {
    presentation: &'a Presentation,
    /// What lies between the player and its origin.
    pub network: N,
    abr: &'a mut A,
    estimator: &'a mut E,
    policy: SessionPolicy,
    playback: Playback,
    estimate: Option<Estimate>,
    error: EstimateError,
    next: usize,
    startup: f64,
}

impl<'a, N, A, E> Session<'a, N, A, E>
where
    N: Network,
    A: Abr + ?Sized,
    E: Estimator + ?Sized,
{
    /// A session at its start.
    #[must_use]
    pub fn new(
        presentation: &'a Presentation,
        network: N,
        abr: &'a mut A,
        estimator: &'a mut E,
        policy: SessionPolicy,
    ) -> Self {
        Self {
            presentation,
            network,
            abr,
            estimator,
            policy,
            playback: Playback::new(presentation),
            estimate: None,
            error: EstimateError::default(),
            next: 0,
            startup: 0.0,
        }
    }

    /// Buffer and playback.
    #[must_use]
    pub const fn playback(&self) -> &Playback {
        &self.playback
    }

    /// Why the algorithm cannot go on, if it cannot.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.abr.failure()
    }

    /// How good the estimates were.
    #[must_use]
    pub const fn estimate_error(&self) -> &EstimateError {
        &self.error
    }

    /// The download time of the first segment without its latency, in ms.
    #[must_use]
    pub const fn startup(&self) -> f64 {
        self.startup
    }

    /// The newest estimate.
    #[must_use]
    pub const fn estimate(&self) -> Option<Estimate> {
        self.estimate
    }

    /// Makes the next request and waits for its end; `None` when all segments were requested.
    ///
    /// # Errors
    /// When the session cannot go on.
    pub fn step(
        &mut self,
        observer: &mut impl Observer,
    ) -> Result<Option<SessionReport>, SessionError> {
        if self.next == 0 && self.estimate.is_none() {
            return self.first(observer).map(Some);
        }
        if self.next >= self.presentation.count() {
            return Ok(None);
        }
        self.seek(observer);
        let full_wait = self.wait_for_room(observer);
        let (choice, replaced) = self.choose();
        let segment = self.next - replaced.unwrap_or(0);
        let size = self.size(segment, choice.rung)?;
        self.wait(WaitCause::Algorithm, choice.wait, observer);
        let at = self.playback.totals().time;
        let request = self.playback.level();
        let (download, abandoned_to) = self.download(size, choice.rung, replaced)?;
        self.note_changes(observer);
        let rebuffer = self.playback.totals().rebuffer;
        self.playback.advance(download.progress.time, observer);
        let rebuffer = self.playback.totals().rebuffer - rebuffer;
        let received = self.playback.level();
        self.add(choice.rung, &download, replaced, observer);
        self.sleep_when_full(observer);
        let report = SessionReport {
            segment,
            rung: choice.rung,
            download,
            replaced: replaced.is_some(),
            abandoned_to,
            full_wait,
            chosen_wait: choice.wait,
            levels: [request, received, self.playback.level()],
            rebuffer,
            at,
        };
        self.learn(&report)?;
        Ok(Some(report))
    }

    /// The first segment: nothing is shown before it is there.
    fn first(&mut self, observer: &mut impl Observer) -> Result<SessionReport, SessionError> {
        let rung = self.abr.first();
        let size = self.size(0, rung)?;
        self.note_changes(observer);
        let download = self.network.download(size, None)?;
        self.note_changes(observer);
        let time = download.progress.time;
        let mut rebuffer = 0.0;
        if self.policy.startup_rebuffers {
            self.playback.advance(time, observer);
            rebuffer = time;
        } else {
            self.playback.wait_for_start(time);
        }
        self.playback.append(rung);
        self.next = 1;
        self.startup = download.progress.time - download.progress.first_byte;
        let throughput = download.progress.size / self.startup;
        let latency = download.progress.first_byte;
        self.estimate = Some(self.estimator.push(self.startup, throughput, latency));
        self.sleep_when_full(observer);
        let report = SessionReport {
            segment: 0,
            rung,
            download,
            replaced: false,
            abandoned_to: None,
            full_wait: 0.0,
            chosen_wait: 0.0,
            levels: [0.0, 0.0, self.playback.level()],
            rebuffer,
            at: 0.0,
        };
        self.abr.on_first(&self.state(), &report);
        Ok(report)
    }

    /// Jumps, if it is time for it.
    fn seek(&mut self, observer: &mut impl Observer) {
        let Some((when, target)) = self.policy.seek else { return };
        let segment = self.presentation.segment();
        if count(self.next) * segment < when {
            return;
        }
        self.policy.seek = None;
        self.next = whole(target / segment);
        self.playback.clear();
        self.abr.on_seek(target, self.presentation);
        observer.sought(self.playback.totals().time);
    }

    /// Sleeps until the next segment fits; returns the time.
    fn wait_for_room(&mut self, observer: &mut impl Observer) -> f64 {
        if self.policy.full != FullBuffer::WaitForRoom {
            return 0.0;
        }
        let over = self.playback.level() + self.presentation.segment() - self.policy.max_buffer;
        if over > 0.0 {
            self.wait(WaitCause::FullBuffer, over, observer);
            self.abr.on_wait(over);
        }
        over.max(0.0)
    }

    /// Sleeps in steps while there is too much in the buffer.
    fn sleep_when_full(&mut self, observer: &mut impl Observer) {
        let FullBuffer::SleepInSteps(step) = self.policy.full else { return };
        let over = self.playback.level() - self.policy.max_buffer;
        if over > 0.0 {
            let time = (over / step).ceil() * step;
            self.wait(WaitCause::FullBuffer, time, observer);
        }
    }

    /// Sleeps `time` ms.
    fn wait(&mut self, cause: WaitCause, time: f64, observer: &mut impl Observer) {
        if time > 0.0 {
            self.playback.advance(time, observer);
            self.network.wait(time);
            self.note_changes(observer);
            observer.waited(cause, time, self.playback.level());
        }
    }

    /// Tells the observer about changes of the network's capacity.
    fn note_changes(&mut self, observer: &mut impl Observer) {
        while let Some(change) = self.network.take_change() {
            observer.capacity_changed(&change, self.playback.buffer());
        }
    }

    /// The next rung, and the segment that it replaces, counted from the end of the buffer.
    fn choose(&mut self) -> (Choice, Option<usize>) {
        let state = self.state();
        let mut choice = self.abr.choose(&state);
        let segment = self.presentation.segment();
        let replaced = self.policy.replacement.choose(&self.playback, segment, choice.rung);
        if replaced.is_some() {
            choice.wait = 0.0;
        }
        (choice, replaced)
    }

    fn state(&self) -> State<'a> {
        let (level, now) = (self.playback.level(), self.playback.totals().time);
        State::new(self.presentation, level, self.estimate, self.next, now)
    }

    fn size(&self, segment: usize, rung: usize) -> Result<f64, SessionError> {
        self.presentation.size(segment, rung).ok_or(SessionError::NoSegment { segment, rung })
    }

    /// Downloads; gives up where the algorithm, or a replacement that comes too late, says so.
    fn download(
        &mut self,
        size: f64,
        rung: usize,
        replaced: Option<usize>,
    ) -> Result<(Download, Option<usize>), SessionError> {
        let level = self.playback.level();
        let state = self.state();
        let mut wanted = None;
        let abr = &mut *self.abr;
        let mut watch = |progress: &Progress| {
            let left = (level - progress.time).max(0.0);
            match replaced {
                Some(from_end) => {
                    Replacement::is_late(from_end, state.presentation.segment(), left)
                }
                None => {
                    wanted = abr.abandon(&state, rung, progress, left);
                    wanted.is_some()
                }
            }
        };
        let watch: Option<&mut dyn FnMut(&Progress) -> bool> =
            if self.policy.abandon { Some(&mut watch) } else { None };
        let download = self.network.download(size, watch)?;
        Ok((download, wanted))
    }

    /// Puts a finished segment where it belongs.
    fn add(
        &mut self,
        rung: usize,
        download: &Download,
        replaced: Option<usize>,
        observer: &mut impl Observer,
    ) {
        if download.abandoned {
            return;
        }
        match replaced {
            None => {
                self.playback.append(rung);
                self.next += 1;
            }
            Some(from_end) => {
                // Shown meanwhile: nothing is left to replace.
                if self.playback.level() - self.presentation.segment() * count(from_end) >= 0.0 {
                    self.playback.replace(from_end, rung);
                } else {
                    observer.replacement_late();
                }
            }
        }
    }

    /// Tells algorithm and estimator about a download.
    fn learn(&mut self, report: &SessionReport) -> Result<(), SessionError> {
        let state = self.state();
        self.abr.on_download(&state, report);
        let progress = &report.download.progress;
        let time = progress.time - progress.first_byte;
        let throughput = progress.received / time;
        if !throughput.is_finite() {
            return Err(SessionError::NotFinite("throughput"));
        }
        if let Some(estimate) = self.estimate {
            self.error.push(estimate.throughput, throughput);
        }
        if !report.download.abandoned {
            let estimate = self.estimator.push(time, throughput, progress.first_byte);
            if !estimate.throughput.is_finite() {
                return Err(SessionError::NotFinite("estimate"));
            }
            self.estimate = Some(estimate);
        }
        Ok(())
    }

    /// Shows the rest of the buffer.
    pub fn play_out(&mut self, observer: &mut impl Observer) {
        self.playback.play_out(observer);
    }
}

impl EstimateError {
    /// Compares `estimate` with the `throughput` that came of it.
    fn push(&mut self, estimate: f64, throughput: f64) {
        if estimate > throughput {
            self.over += 1;
            self.over_mean += (estimate - throughput - self.over_mean) / count(self.over);
        } else {
            self.under += 1;
            self.under_mean += (throughput - estimate - self.under_mean) / count(self.under);
        }
        self.mean += (estimate - throughput - self.mean) / count(self.over + self.under);
    }
}

/// The whole part of a number that is not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, which leads beyond the end and is reported there"
)]
fn whole(number: f64) -> usize {
    number.floor() as usize
}
