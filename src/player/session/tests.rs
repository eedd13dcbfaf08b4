//! Tests of sessions in virtual time.

mod audio;

use super::*;
use crate::{
    media::Kind,
    model::{LinkSpec, RateSpec, Step, Steps},
    player::{
        BufferGrowth, Failure, FullBuffer, Replacement, RequestPolicy, Scheduling, Setup,
        SetupRequest,
        abr::{Fixed, Throughput},
        estimator::Ewma,
        network::{LinkNetwork, NeverEnds, Object, Progress, Request},
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
        scheduling: Scheduling::AtOnce,
        replacement: Replacement::Never,
        discard: None,
        abandon: Abandoning::ToLower,
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
        audio: Vec::new(),
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

/// Takes 100 ms for each segment, and answers the fifth request, which is a replacement, with a status at once.
#[derive(Default)]
struct FailsOnce {
    request: Request,
    asked: Vec<Object>,
}

impl FailsOnce {
    const FAILING: usize = 5;
}

impl Network for FailsOnce {
    fn ask_for(&mut self, request: Request) {
        self.request = request;
    }

    fn download(
        &mut self,
        size: f64,
        _watch: Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Result<Download, NeverEnds> {
        self.asked.push(self.request.object);
        if self.asked.len() == Self::FAILING {
            let progress = Progress { size, received: 0.0, time: 20.0, first_byte: 20.0 };
            let failure = Some(Failure::Status(503));
            return Ok(Download { progress, abandoned: false, failure });
        }
        Ok(Download::whole(Progress { size, received: size, time: 100.0, first_byte: 20.0 }))
    }

    fn wait(&mut self, _time: f64) {}
}

/// The lowest rung for the first segments, then the highest.
#[derive(Debug, Default)]
struct Rises(usize);

impl Abr for Rises {
    fn choose(&mut self, _state: &crate::player::State<'_>) -> Choice {
        self.0 += 1;
        Choice::now(if self.0 < 4 { 0 } else { 1 })
    }
}

/// A replacement that fails leaves what is buffered, is no sample of the throughput, and the next segment comes next.
#[test]
fn a_failed_replacement_leaves_the_buffer_as_it_is() {
    let presentation = Presentation::constant(SEGMENT, vec![100.0, 200.0], 8).unwrap();
    let (mut abr, mut estimator) = (Rises::default(), Ewma::new(&[3000.0], SEGMENT));
    let policy = SessionPolicy { replacement: Replacement::First, ..policy() };
    let network = FailsOnce::default();
    let mut session = Session::new(&presentation, network, &mut abr, &mut estimator, policy);
    let mut reports = Vec::new();
    while let Some(report) = session.step(&mut ()).unwrap() {
        reports.push(report);
    }
    let segment = |segment, rung| Object::Segment { segment, rung };
    let asked = &session.network.asked;
    // The third segment is to be replaced. That fails; the fifth comes next, and the third again after it.
    assert_eq!(
        asked[3..7],
        [segment(3, 0), segment(2, 1), segment(4, 1), segment(2, 1)],
        "{asked:?}"
    );
    let failed = &reports[4];
    assert_eq!((failed.failed.count, failed.replaced), (1, true));
    assert!(failed.download.abandoned);
    assert!(session.estimate().unwrap().throughput.is_finite());
    assert_eq!(reports.iter().filter(|report| !report.replaced).count(), 8);
}

/// The requests of a session whose link falls from 8 Mbit/s to 150 kbit/s while it plays.
fn requests_over_a_fall(abandon: Abandoning) -> Vec<(usize, usize, bool)> {
    let presentation = Presentation::constant(SEGMENT, vec![150.0, 700.0, 2500.0], 20).unwrap();
    let (mut abr, mut estimator) = (Throughput::new(false), Ewma::new(&[3000.0, 8000.0], SEGMENT));
    let network = LinkNetwork::new(&link(&[(8000, 8000), (60_000, 150)]), &[], &[], Seed::new(1));
    let policy = SessionPolicy { abandon, ..policy() };
    let mut session = Session::new(&presentation, network, &mut abr, &mut estimator, policy);
    let mut requests = Vec::new();
    while let Some(report) = session.step(&mut ()).unwrap() {
        requests.push((report.segment, report.rung, report.download.abandoned));
    }
    requests
}

/// A download that was given up is no sample: without more, the same rung would be chosen again, and given up again.
#[test]
fn a_segment_that_was_given_up_is_requested_at_a_lower_rung() {
    let requests = requests_over_a_fall(Abandoning::ToLower);
    let given_up = requests.windows(2).filter(|pair| pair[0].2);
    let pairs: Vec<_> = given_up.map(|pair| (pair[0], pair[1])).collect();
    assert!(!pairs.is_empty(), "{requests:?}");
    for ((segment, rung, _), (next, lower, _)) in pairs {
        assert_eq!(segment, next, "{requests:?}");
        assert!(lower < rung, "{requests:?}");
    }
    // As Sabre does it.
    let anew = requests_over_a_fall(Abandoning::ChooseAnew);
    let again = anew.windows(2).filter(|pair| pair[0].2 && pair[0].1 == pair[1].1).count();
    assert!(again > 5, "{anew:?}");
}
