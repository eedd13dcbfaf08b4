//! One viewing of a presentation: request after request, until everything was shown.

use super::{
    abr::{Abr, Choice},
    buffer_growth::BufferGrowth,
    estimate_error::EstimateError,
    estimator::{Estimate, Estimator},
    failure::Failure,
    network::{Download, Network, NeverEnds, Object, Progress, Request},
    playback::{Observer, Playback, WaitCause, count},
    presentation::Presentation,
    preset::preset,
    rate_control::RateControl,
    replacement::Replacement,
    request_policy::RequestPolicy,
    session_report::{FailedRequests, SessionReport},
    setup::SetupRequest,
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
    /// How much higher it is for what is played.
    pub growth: BufferGrowth,
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
    /// How segments are requested. All else is requested as a plain player does it.
    pub requests: RequestPolicy,
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
    /// Requests for a segment failed, and the player gave up.
    #[error(
        "segment {segment} did not arrive: {failure} at rung {rung}, after {attempts} requests"
    )]
    Failed {
        /// The 0-based segment.
        segment: usize,
        /// The 0-based rung.
        rung: usize,
        /// Why the last request failed.
        failure: Failure,
        /// How many requests failed.
        attempts: u32,
    },
    /// A manifest or an initialization segment did not arrive.
    #[error("a manifest or an initialization segment did not arrive: {0}")]
    NoSetup(Failure),
    /// A figure is no number, as after a download that took no time.
    #[error("the {0} is not a finite number: a download took no time or carried nothing")]
    NotFinite(&'static str),
}

/// A segment that was received, or given up.
#[derive(Debug, Clone, Copy)]
struct Received {
    rung: usize,
    download: Download,
    abandoned_to: Option<usize>,
    /// When it was requested, and the buffer then.
    at: f64,
    request: f64,
    rebuffer: f64,
    failed: FailedRequests,
}

/// A player at work.
#[derive(Debug)]
pub struct Session<'a, N, A: ?Sized, E: ?Sized> {
    presentation: &'a Presentation,
    /// What lies between the player and its origin.
    pub network: N,
    control: RateControl<&'a Presentation, &'a mut A, &'a mut E>,
    policy: SessionPolicy,
    playback: Playback,
    /// The rungs whose setup was requested.
    set_up: Vec<bool>,
    error: EstimateError,
    /// The rung that was requested last.
    last: usize,
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
            control: RateControl::new(presentation, abr, Some(estimator)),
            policy,
            playback: Playback::new(presentation),
            set_up: vec![false; presentation.setup().rungs.len()],
            error: EstimateError::default(),
            last: 0,
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
        self.control.failure()
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
        if self.next >= self.presentation.count() {
            return Ok(None);
        }
        self.seek(observer);
        let full_wait = self.wait_for_room(observer);
        let (choice, replaced) = self.choose();
        let segment = self.next - replaced.unwrap_or(0);
        self.size(segment, choice.rung)?;
        self.wait(WaitCause::Algorithm, choice.wait, observer);
        let received = self.fetch(segment, choice.rung, replaced, observer)?;
        let level = self.playback.level();
        let discarded = self.add(received.rung, &received.download, replaced, observer);
        self.sleep_when_full(observer);
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
        self.playback.append(rung);
        self.next = 1;
        self.startup = download.progress.time - download.progress.first_byte;
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
            at,
            failed,
            discarded: 0.0,
        };
        self.control.learn(&report, self.next, self.playback.totals().time);
        Ok(report)
    }

    /// Requests a segment, again where that fails, and at lower rungs, as the policy says.
    fn fetch(
        &mut self,
        segment: usize,
        mut rung: usize,
        replaced: Option<usize>,
        observer: &mut impl Observer,
    ) -> Result<Received, SessionError> {
        let (policy, presentation) = (self.policy.requests, self.presentation);
        let (mut attempts, mut failed) = (1, FailedRequests::default());
        loop {
            let size = self.size(segment, rung)?;
            self.last = rung;
            self.prepare(rung, observer)?;
            let (at, request) = (self.playback.totals().time, self.playback.level());
            self.network.ask_for(Request {
                object: Object::Segment { segment, rung },
                name: presentation.name(segment, rung),
                deadlines: policy.deadlines(Some(presentation.segment()), rung == 0),
            });
            let (mut download, abandoned_to) = self.download(size, rung, replaced)?;
            self.note_changes(observer);
            let rebuffer = self.playback.totals().rebuffer;
            self.pass(download.progress.time, observer);
            let rebuffer = self.playback.totals().rebuffer - rebuffer;
            let failure = download.failure;
            // What was to be replaced is still there.
            if failure.is_some() && replaced.is_some() {
                download.abandoned = true;
            }
            let Some(failure) = failure.filter(|_| replaced.is_none()) else {
                let received =
                    Received { rung, download, abandoned_to, at, request, rebuffer, failed };
                return Ok(received);
            };
            failed.count += 1;
            failed.received += download.progress.received;
            if let Some(wait) = policy.retry(failure, attempts) {
                self.hold(wait, observer);
                attempts += 1;
            } else if policy.falls_back && rung > 0 {
                (rung, attempts) = (rung - 1, 1);
            } else {
                let attempts = failed.count;
                return Err(SessionError::Failed { segment, rung, failure, attempts });
            }
        }
    }

    /// Waits `time` ms between two requests.
    fn hold(&mut self, time: f64, observer: &mut impl Observer) {
        self.pass(time, observer);
        self.network.wait(time);
        self.note_changes(observer);
    }

    /// Requests what a rung needs before its first segment.
    fn prepare(&mut self, rung: usize, observer: &mut impl Observer) -> Result<(), SessionError> {
        let Some(set_up) = self.set_up.get_mut(rung) else { return Ok(()) };
        if std::mem::replace(set_up, true) {
            return Ok(());
        }
        let presentation = self.presentation;
        self.request(&presentation.setup().rungs[rung], observer)
    }

    /// Requests what is no segment.
    fn request(
        &mut self,
        requests: &[SetupRequest],
        observer: &mut impl Observer,
    ) -> Result<(), SessionError> {
        let policy = preset("").requests;
        for SetupRequest { size, name, kind } in requests {
            let mut attempts = 1;
            loop {
                self.network.ask_for(Request {
                    object: Object::Other(*kind),
                    name: *name,
                    deadlines: policy.deadlines(None, true),
                });
                let download = self.network.download(*size, None)?;
                self.note_changes(observer);
                self.pass(download.progress.time, observer);
                let Some(failure) = download.failure else { break };
                let Some(wait) = policy.retry(failure, attempts) else {
                    return Err(SessionError::NoSetup(failure));
                };
                self.hold(wait, observer);
                attempts += 1;
            }
        }
        Ok(())
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
        self.control.sought(target);
        observer.sought(self.playback.totals().time);
    }

    /// Sleeps until the next segment fits; returns the time.
    fn wait_for_room(&mut self, observer: &mut impl Observer) -> f64 {
        if self.policy.full != FullBuffer::WaitForRoom {
            return 0.0;
        }
        let most = self.policy.max_buffer + self.policy.growth.beyond(self.presentation, self.last);
        let over = self.playback.level() + self.presentation.segment() - most;
        if over > 0.0 {
            self.wait(WaitCause::FullBuffer, over, observer);
            self.control.waited(over);
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
        let (level, now) = (self.playback.level(), self.playback.totals().time);
        let mut choice = self.control.choose(level, self.next, now);
        let segment = self.presentation.segment();
        let replaced = self.policy.replacement.choose(&self.playback, segment, choice.rung);
        if replaced.is_some() {
            choice.wait = 0.0;
        }
        (choice, replaced)
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
        let (level, now) = (self.playback.level(), self.playback.totals().time);
        let mut wanted = None;
        let (control, next) = (&mut self.control, self.next);
        let segment = self.presentation.segment();
        let mut watch = |progress: &Progress| match replaced {
            Some(from_end) => {
                let left = (level - progress.time).max(0.0);
                Replacement::is_late(from_end, segment, left)
            }
            None => {
                wanted = control.abandon(rung, progress, level, next, now);
                wanted.is_some()
            }
        };
        let watch: Option<&mut dyn FnMut(&Progress) -> bool> =
            if self.policy.abandon && next > 0 { Some(&mut watch) } else { None };
        let download = self.network.download(size, watch)?;
        Ok((download, wanted))
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
            self.playback.append(rung);
            self.next += 1;
            return 0.0;
        };
        // Shown meanwhile: nothing is left to replace.
        if self.playback.level() - self.presentation.segment() * count(from_end) < 0.0 {
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
mod tests {
    use super::*;
    use crate::{
        media::Kind,
        model::{LinkSpec, RateSpec, Step, Steps},
        player::{
            Setup,
            abr::{Fixed, Throughput},
            estimator::Ewma,
            network::LinkNetwork,
        },
        seed::{Name, Seed},
        units::BitRate,
    };
    use proptest::prelude::*;
    use std::{sync::Arc, time::Duration};

    const SEGMENT: f64 = 2000.0;

    const fn policy() -> SessionPolicy {
        SessionPolicy {
            max_buffer: 12_000.0,
            growth: BufferGrowth::Never,
            full: FullBuffer::WaitForRoom,
            replacement: Replacement::Never,
            abandon: true,
            startup_rebuffers: false,
            seek: None,
            requests: RequestPolicy::PATIENT,
        }
    }

    /// 1000 bits a ms, and what was asked for.
    #[derive(Default)]
    struct Plain {
        name: Option<Name>,
        asked: Vec<(f64, Option<Name>)>,
    }

    impl Network for Plain {
        fn ask_for(&mut self, request: Request) {
            self.name = request.name;
        }

        fn download(
            &mut self,
            size: f64,
            _watch: Option<&mut dyn FnMut(&Progress) -> bool>,
        ) -> Result<Download, NeverEnds> {
            self.asked.push((size, self.name));
            let progress = Progress { size, received: size, time: size / 1000.0, first_byte: 0.0 };
            Ok(Download::whole(progress))
        }

        fn wait(&mut self, _time: f64) {}
    }

    /// Manifests come first, then what the rung needs, once; their time is part of the startup.
    #[test]
    fn setup_is_requested_once_before_its_segments() {
        let named = |text: &str| Some(Name::new(text));
        let request = |bytes, path: &str| SetupRequest::new(bytes, path, Kind::MediaPlaylist);
        let setup = Setup {
            start: vec![request(1000, "/master")],
            rungs: vec![vec![request(500, "/v1")], vec![request(250, "/v2"), request(125, "/i2")]],
        };
        let presentation = Presentation::constant(SEGMENT, vec![100.0, 200.0], 3)
            .unwrap()
            .with_paths(|segment, rung| format!("/v{}/{segment}", rung + 1))
            .with_setup(setup);
        let (mut abr, mut estimator) = (Fixed::new(1), Ewma::new(&[3000.0], SEGMENT));
        let network = Plain::default();
        let mut session = Session::new(&presentation, network, &mut abr, &mut estimator, policy());
        let mut starts = Vec::new();
        while let Some(report) = session.step(&mut ()).unwrap() {
            starts.push(report.at);
        }
        let asked = &session.network.asked;
        assert_eq!(
            asked[..],
            [
                (8000.0, named("/master")),
                (2000.0, named("/v2")),
                (1000.0, named("/i2")),
                (400_000.0, named("/v2/0")),
                (400_000.0, named("/v2/1")),
                (400_000.0, named("/v2/2")),
            ]
        );
        assert_eq!(starts, [11.0, 411.0, 811.0]);
        assert_eq!(session.playback().totals().rebuffer, 0.0);
    }

    fn link(steps: &[(u64, u64)]) -> Arc<LinkSpec> {
        let step = |&(ms, kbit): &(u64, u64)| Step {
            lasts: Duration::from_millis(ms),
            rate: BitRate::from_kilobits_per_second(kbit),
        };
        let steps = Steps::new(steps.iter().map(step).collect(), true).unwrap();
        Arc::new(LinkSpec { rate: RateSpec::Steps(Arc::new(steps)), ..LinkSpec::default() })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Startup, playback and rebuffering are all the time there is; what was added was shown, or is in
        /// the buffer, or was thrown away by a seek; and the buffer is never below zero.
        #[test]
        fn time_and_media_are_conserved(
            mut steps in prop::collection::vec((100u64..4000, 50u64..6000), 1..6),
            seek in prop::option::of((1u32..30, 1u32..60)),
            seed: u64,
        ) {
            steps.push((500, 800));
            let presentation =
                Presentation::constant(SEGMENT, vec![150.0, 700.0, 2500.0], 60).unwrap();
            let (mut abr, mut estimator) =
                (Throughput::new(true), Ewma::new(&[3000.0, 8000.0], SEGMENT));
            let network = LinkNetwork::new(&link(&steps), &[], &[], Seed::new(seed));
            let ms = |segments: u32| f64::from(segments) * SEGMENT;
            let seek = seek.map(|(when, target)| (ms(when), ms(target)));
            let policy = SessionPolicy { seek, ..policy() };
            let mut session =
                Session::new(&presentation, network, &mut abr, &mut estimator, policy);
            let (mut startup, mut added, mut thrown, mut level) = (None, 0.0, 0.0, 0.0);
            let mut pending = policy.seek;
            loop {
                if pending.is_some_and(|(when, _)| added >= when) {
                    pending = None;
                    thrown = level;
                }
                let report = match session.step(&mut ()) {
                    Ok(Some(report)) => report,
                    Ok(None) => break,
                    // A seek to the end.
                    Err(SessionError::NoSegment { .. }) => break,
                    Err(error) => return Err(TestCaseError::fail(error.to_string())),
                };
                startup.get_or_insert(report.at + report.download.progress.time);
                added += if report.download.abandoned { 0.0 } else { SEGMENT };
                prop_assert!(report.levels.iter().all(|level| *level >= 0.0), "{report:?}");
                level = session.playback().level();
                let totals = session.playback().totals();
                let shown = totals.time - totals.rebuffer - startup.unwrap_or_default();
                prop_assert!((shown + level + thrown - added).abs() < 1e-3, "{report:?}");
            }
        }
    }
}
