//! One viewing of a presentation: request after request, until everything was shown.

mod requests;
mod waits;

use self::requests::Received;
use super::{
    abr::{Abr, Choice},
    audio_buffer::EMPTY,
    audio_stream::{AudioStream, AudioTotals, BesideAudio},
    estimate_error::EstimateError,
    estimator::{Estimate, Estimator},
    network::{Download, Network},
    playback::{Observer, Playback, WaitCause, count},
    presentation::Presentation,
    rate_control::RateControl,
    replacement::Replacement,
    return_point::ReturnPoint,
    session_error::SessionError,
    session_policy::{Abandoning, SessionPolicy},
    session_report::SessionReport,
};

/// A player, from its first request to its last.
#[derive(Debug)]
pub struct Session<'a, N, A: ?Sized, E: ?Sized> {
    presentation: &'a Presentation,
    /// What lies between the player and its origin.
    pub network: N,
    control: RateControl<&'a Presentation, &'a mut A, &'a mut E>,
    policy: SessionPolicy,
    playback: Playback,
    /// How much of the setup of each rung has arrived.
    set_up: Vec<usize>,
    error: EstimateError,
    /// The rung that was requested last.
    last: usize,
    next: usize,
    startup: f64,
    /// Where requests go back to in the buffer.
    back: ReturnPoint,
    /// Whether a replacement has failed since the last segment was added: none is tried until the next one is.
    keeps_buffer: bool,
    /// Its separate audio, if it has that.
    audio: Option<AudioStream>,
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
        mut network: N,
        abr: &'a mut A,
        estimator: &'a mut E,
        policy: SessionPolicy,
    ) -> Self {
        let two = presentation.has_audio() && network.concurrent().is_some();
        let audio = two.then(|| AudioStream::new(&policy));
        let control = RateControl::new(presentation, abr, Some(estimator));
        let anew = policy.abandon == Abandoning::ChooseAnew;
        Self {
            presentation,
            network,
            control: if anew { control.choosing_anew() } else { control },
            policy,
            playback: Playback::new(presentation),
            set_up: vec![0; presentation.setup().rungs.len()],
            error: EstimateError::default(),
            last: 0,
            next: 0,
            startup: 0.0,
            back: ReturnPoint::default(),
            keeps_buffer: false,
            audio,
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
        self.control.failure()
    }

    /// How good the estimates were.
    #[must_use]
    pub const fn estimate_error(&self) -> &EstimateError {
        &self.error
    }

    /// What separate audio has received; nothing if there is none.
    #[must_use]
    pub fn audio(&self) -> AudioTotals {
        self.audio.as_ref().map(|audio| audio.totals).unwrap_or_default()
    }

    /// When playback with separate audio started, in ms since the start of the session.
    #[must_use]
    pub fn started_with_audio(&self) -> Option<f64> {
        self.audio.as_ref()?.buffer.started()
    }

    /// The download time of the first segment without its latency, in ms.
    #[must_use]
    pub const fn startup(&self) -> f64 {
        self.startup
    }

    /// The newest estimate.
    #[must_use]
    pub const fn estimate(&self) -> Option<Estimate> {
        self.control.estimate()
    }

    /// Makes the next request and waits for its end; `None` when all segments were requested.
    ///
    /// # Errors
    /// When the session cannot go on.
    pub fn step(
        &mut self,
        observer: &mut impl Observer,
    ) -> Result<Option<SessionReport>, SessionError> {
        if self.control.is_new() {
            return self.first(observer).map(Some);
        }
        let thrown_away = self.discard();
        if self.next >= self.presentation.count() {
            if let Some(mut beside) = self.beside_audio() {
                beside.complete(observer)?;
            }
            return Ok(None);
        }
        self.seek(observer);
        let full_wait = self.wait_for_room(observer)?;
        let (choice, replaced) = self.choose();
        let segment = self.next - replaced.unwrap_or(0);
        self.size(segment, choice.rung)?;
        self.wait(WaitCause::Algorithm, choice.wait, observer)?;
        let received = self.fetch(segment, choice.rung, replaced, observer)?;
        let level = self.playback.level();
        let discarded = self.add(received.rung, &received.download, replaced, observer);
        let discarded = discarded + thrown_away;
        self.sleep_when_full(observer)?;
        let report = SessionReport {
            segment,
            rung: received.rung,
            download: received.download,
            replaced: replaced.is_some(),
            abandoned_to: received.abandoned_to,
            full_wait,
            chosen_wait: choice.wait,
            levels: [received.request, level, self.playback.level()],
            rebuffer: received.rebuffer,
            at: received.at,
            failed: received.failed,
            discarded,
        };
        self.learn(&report)?;
        Ok(Some(report))
    }

    /// The first segment: nothing is shown before it is there.
    fn first(&mut self, observer: &mut impl Observer) -> Result<SessionReport, SessionError> {
        let rung = self.control.choose(0.0, 0, 0.0).rung;
        self.size(0, rung)?;
        let presentation = self.presentation;
        self.request(&presentation.setup().start, observer)?;
        let received = self.fetch(0, rung, None, observer)?;
        let Received { rung, download, at, failed, .. } = received;
        let rebuffer = if self.policy.startup_rebuffers { download.progress.time } else { 0.0 };
        self.append(rung);
        self.next = 1;
        self.startup = download.progress.time - download.progress.first_byte;
        self.sleep_when_full(observer)?;
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
            at,
            failed,
            discarded: 0.0,
        };
        self.control.learn(&report, self.next, self.playback.totals().time);
        Ok(report)
    }

    /// Lets the time of a request pass.
    fn pass(&mut self, time: f64, observer: &mut impl Observer) {
        if self.control.is_new() && !self.policy.startup_rebuffers {
            self.playback.wait_for_start(time);
        } else {
            self.playback.advance(time, observer);
        }
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
        self.back.leave();
        self.control.sought(target);
        observer.sought(self.playback.totals().time);
    }

    /// Throws away what is to be downloaded again; returns the bits.
    fn discard(&mut self) -> f64 {
        let Some(discard) = self.policy.discard else { return 0.0 };
        let (level, now) = (self.playback.level(), self.playback.totals().time);
        let Some(ideal) = self.control.ideal(level, self.next, now) else { return 0.0 };
        let (presentation, held) = (self.presentation, self.playback.buffer());
        let lasts = (presentation.segment(), self.playback.shown());
        let kept = discard.kept(held.iter().copied(), lasts, ideal, presentation.bitrates());
        let mut bits = 0.0;
        while self.playback.buffer().len() > kept
            && let Some(rung) = self.playback.discard_last()
        {
            self.next -= 1;
            bits += presentation.size(self.next, rung).unwrap_or_default();
        }
        if let Some(audio) = &mut self.audio {
            audio.video_goes_back(self.next);
        }
        if let Some(&rung) = self.playback.buffer().back().filter(|_| bits > 0.0) {
            self.control.discarded(rung);
        }
        bits
    }

    /// What time goes on with, where audio is separate.
    fn beside_audio(&mut self) -> Option<BesideAudio<'_>> {
        let Self { presentation, network, playback: video, audio, .. } = self;
        let (audio, network) = audio.as_mut().zip(network.concurrent())?;
        Some(BesideAudio { audio, network, video, presentation })
    }

    /// Puts a segment at `rung` at the end of the buffer.
    fn append(&mut self, rung: usize) {
        self.playback.append(rung);
        if let Some(audio) = &mut self.audio {
            audio.buffer.start(&self.playback);
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
        let (level, now) = (self.playback.level(), self.playback.totals().time);
        let mut choice = self.control.choose(level, self.next, now);
        let segment = self.presentation.segment();
        let buffer = self.playback.buffer();
        let replaced = if self.policy.replacement == Replacement::Onward {
            let shown = buffer.front().map(|rung| (*rung, buffer.len()));
            let held = |from_end| buffer.get(buffer.len().checked_sub(from_end)?).copied();
            self.back.choose(shown, choice.rung, self.last, held)
        } else {
            let (held, shown) = (buffer.iter().copied(), self.playback.shown() / segment);
            let place = self.policy.replacement.choose(held, shown, choice.rung);
            place.map(|place| buffer.len() - place)
        };
        let replaced = replaced.filter(|_| !self.keeps_buffer);
        if replaced.is_some() {
            choice.wait = 0.0;
        }
        (choice, replaced)
    }

    fn size(&self, segment: usize, rung: usize) -> Result<f64, SessionError> {
        self.presentation.size(segment, rung).ok_or(SessionError::NoSegment { segment, rung })
    }

    /// Puts a finished segment where it belongs; returns the bits that are thrown away for it.
    fn add(
        &mut self,
        rung: usize,
        download: &Download,
        replaced: Option<usize>,
        observer: &mut impl Observer,
    ) -> f64 {
        if download.abandoned {
            return 0.0;
        }
        let Some(from_end) = replaced else {
            self.append(rung);
            self.next += 1;
            self.keeps_buffer = false;
            return 0.0;
        };
        self.back.go_on();
        // Shown meanwhile: nothing is left to replace. Where requests go back to what is shown, the rest of it is replaced.
        let onward = self.policy.replacement == Replacement::Onward;
        let begun = self.playback.level() - self.presentation.segment() * count(from_end) < 0.0;
        if begun && !(onward && from_end <= self.playback.buffer().len()) {
            observer.replacement_late();
            return download.progress.received;
        }
        let old = self.playback.replace(from_end, rung);
        let size = old.and_then(|old| self.presentation.size(self.next - from_end, old));
        size.unwrap_or_default()
    }

    /// Tells algorithm and estimator about a download.
    fn learn(&mut self, report: &SessionReport) -> Result<(), SessionError> {
        let before = self.control.estimate();
        let throughput = self.control.learn(report, self.next, self.playback.totals().time);
        // A request that failed is no sample.
        if report.download.failure.is_some() {
            return Ok(());
        }
        if !throughput.is_finite() {
            return Err(SessionError::NotFinite("throughput"));
        }
        if let Some(estimate) = before {
            self.error.push(estimate.throughput, throughput);
        }
        match self.control.estimate() {
            Some(estimate) if !estimate.throughput.is_finite() => {
                Err(SessionError::NotFinite("estimate"))
            }
            _ => Ok(()),
        }
    }

    /// Shows the rest of the buffer.
    pub fn play_out(&mut self, observer: &mut impl Observer) {
        if let Some(audio) = &mut self.audio {
            let level = self.playback.level();
            let left = if audio.is_complete(self.presentation) {
                level
            } else {
                level.min(audio.buffer.level())
            };
            // To the very end, a rounding error would be a standstill.
            audio.buffer.advance((left - EMPTY).max(0.0), &mut self.playback, observer);
            self.playback.clear();
            return;
        }
        self.playback.play_out(observer);
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

#[cfg(test)]
mod tests;
