//! The requests of a session: made again where they fail, and at lower rungs, as the policy says.

use super::Session;
use crate::player::{
    abr::Abr,
    attempts::Attempts,
    audio_stream::{BesideAudio, VideoWatch},
    estimator::Estimator,
    failure::Failure,
    network::{Download, Network, Object, Progress, Request},
    playback::Observer,
    preset::preset,
    replacement::Replacement,
    session_error::SessionError,
    session_policy::Abandoning,
    session_report::FailedRequests,
    setup::SetupRequest,
};

/// A segment that was received, or given up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received {
    pub(super) rung: usize,
    pub(super) download: Download,
    pub(super) abandoned_to: Option<usize>,
    /// When it was requested, and the buffer then.
    pub(super) at: f64,
    pub(super) request: f64,
    pub(super) rebuffer: f64,
    pub(super) failed: FailedRequests,
}

impl<N, A, E> Session<'_, N, A, E>
where
    N: Network,
    A: Abr + ?Sized,
    E: Estimator + ?Sized,
{
    /// Requests a segment, again where that fails, and at lower rungs, as the policy says.
    pub(super) fn fetch(
        &mut self,
        segment: usize,
        rung: usize,
        replaced: Option<usize>,
        observer: &mut impl Observer,
    ) -> Result<Received, SessionError> {
        let (policy, presentation) = (self.policy.requests, self.presentation);
        let mut attempts = Attempts::new(policy, segment, rung);
        loop {
            let rung = attempts.rung;
            let size = self.size(segment, rung)?;
            self.last = rung;
            if let Some(audio) = &mut self.audio {
                let more = self.policy.growth.beyond(presentation, rung);
                audio.allow(self.policy.max_buffer + more);
            }
            let unprepared = match self.prepare(rung, observer) {
                Ok(()) => None,
                Err(SessionError::NoSetup(failure)) => Some(failure),
                Err(error) => return Err(error),
            };
            let (at, request) = (self.playback.totals().time, self.playback.level());
            let asked = Request {
                object: Object::Segment { segment, rung },
                name: presentation.name(segment, rung),
                deadlines: policy.deadlines(Some(presentation.segment()), rung == 0),
                held: 0.0,
            };
            let rebuffer = self.playback.totals().rebuffer;
            let (mut download, abandoned_to) = match unprepared {
                Some(failure) => (never_requested(size, failure), None),
                None => self.download(asked, (size, rung), replaced, observer)?,
            };
            let rebuffer = self.playback.totals().rebuffer - rebuffer;
            let received = |download, failed| {
                Ok(Received { rung, download, abandoned_to, at, request, rebuffer, failed })
            };
            let Some(failure) = download.failure else {
                return received(download, attempts.failed);
            };
            // What was to be replaced is still there: it is shown as it is.
            if replaced.is_some() {
                download.abandoned = true;
                self.keeps_buffer = true;
                self.back.leave();
                let count = attempts.failed.count + 1;
                return received(download, FailedRequests { count, ..attempts.failed });
            }
            if unprepared.is_none() {
                let wait = attempts.fail(failure, &download)?;
                self.hold(wait, observer)?;
            } else if !attempts.fall_back() {
                return Err(SessionError::NoSetup(failure));
            }
        }
    }

    /// Waits `time` ms between two requests.
    fn hold(&mut self, time: f64, observer: &mut impl Observer) -> Result<(), SessionError> {
        if let Some(mut beside) = self.beside_audio() {
            return beside.wait(time, observer);
        }
        self.pass(time, observer);
        self.network.wait(time);
        self.note_changes(observer);
        Ok(())
    }

    /// Requests what a rung needs before its first segment, as far as it has not arrived.
    fn prepare(&mut self, rung: usize, observer: &mut impl Observer) -> Result<(), SessionError> {
        let presentation = self.presentation;
        let Some(needed) = presentation.setup().rungs.get(rung) else { return Ok(()) };
        while let Some(next) = needed.get(self.set_up[rung]) {
            self.request(std::slice::from_ref(next), observer)?;
            self.set_up[rung] += 1;
        }
        Ok(())
    }

    /// Requests what is no segment.
    pub(super) fn request(
        &mut self,
        requests: &[SetupRequest],
        observer: &mut impl Observer,
    ) -> Result<(), SessionError> {
        let policy = preset("").requests;
        for SetupRequest { size, name, kind } in requests {
            let mut attempts = 1;
            loop {
                let asked = Request {
                    object: Object::Other(*kind),
                    name: *name,
                    deadlines: policy.deadlines(None, true),
                    held: 0.0,
                };
                let download = match self.beside_audio() {
                    Some(mut beside) => beside.download(asked, *size, None, observer)?,
                    None => {
                        self.network.ask_for(asked);
                        let download = self.network.download(*size, None)?;
                        self.note_changes(observer);
                        self.pass(download.progress.time, observer);
                        download
                    }
                };
                let Some(failure) = download.failure else { break };
                let Some(wait) = policy.retry(failure, attempts) else {
                    return Err(SessionError::NoSetup(failure));
                };
                self.hold(wait, observer)?;
                attempts += 1;
            }
        }
        Ok(())
    }

    /// Downloads, and lets the time of it pass; gives up where the algorithm, or a replacement that comes too late,
    /// says so.
    fn download(
        &mut self,
        request: Request,
        (size, rung): (f64, usize),
        replaced: Option<usize>,
        observer: &mut impl Observer,
    ) -> Result<(Download, Option<usize>), SessionError> {
        let (level, now) = (self.playback.level(), self.playback.totals().time);
        let mut wanted = None;
        let (control, number) = (&mut self.control, self.next - replaced.unwrap_or(0));
        let segment = self.presentation.segment();
        let onward = self.policy.replacement == Replacement::Onward;
        let mut watch = |progress: &Progress, level: f64| match replaced.filter(|_| !onward) {
            Some(from_end) => {
                let left = (level - progress.time).max(0.0);
                Replacement::is_late(from_end, segment, left)
            }
            None => {
                wanted = control.abandon(rung, progress, level, number, now);
                wanted.is_some()
            }
        };
        let watched = self.policy.abandon != Abandoning::Never && self.next > 0;
        if let Some((audio, network)) = self.audio.as_mut().zip(self.network.concurrent()) {
            let (video, presentation) = (&mut self.playback, self.presentation);
            let mut beside = BesideAudio { audio, network, video, presentation };
            let watch: Option<VideoWatch<'_>> = if watched { Some(&mut watch) } else { None };
            let download = beside.download(request, size, watch, observer)?;
            return Ok((download, wanted));
        }
        let mut watch = |progress: &Progress| watch(progress, level);
        let watch: Option<&mut dyn FnMut(&Progress) -> bool> =
            if watched { Some(&mut watch) } else { None };
        self.network.ask_for(request);
        let download = self.network.download(size, watch)?;
        self.note_changes(observer);
        self.pass(download.progress.time, observer);
        Ok((download, wanted))
    }
}

/// A segment of `size` bits that was not requested, since what is needed before it failed.
const fn never_requested(size: f64, failure: Failure) -> Download {
    let progress = Progress { size, received: 0.0, time: 0.0, first_byte: 0.0 };
    Download { progress, abandoned: false, failure: Some(failure) }
}
