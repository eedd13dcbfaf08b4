//! Sessions whose audio has segments of its own.

use crate::{
    media::Kind,
    model::{LinkSpec, RateSpec},
    player::{
        Abandoning, AudioTotals, BufferGrowth, FullBuffer, Presentation, Replacement,
        RequestPolicy, Scheduling, Session, SessionError, SessionPolicy, SessionReport, Setup,
        SetupRequest, Totals,
        abr::Fixed,
        estimator::Ewma,
        network::{
            Answer, EffectSource, LinkNetwork, Object, RequestAttempt, RequestEffects, TwoLimits,
        },
    },
    seed::Seed,
    units::BitRate,
};
use std::{sync::Arc, time::Duration};

const MBIT: f64 = 1_000_000.0;

/// Delays the segments of audio from this one on by so much.
#[derive(Debug)]
struct LateAudio(usize, Duration);

impl EffectSource for LateAudio {
    fn effects(&mut self, attempt: &RequestAttempt) -> RequestEffects {
        let delay = match attempt.request.object {
            Object::Audio(segment) if segment == self.0 => self.1,
            _ => Duration::ZERO,
        };
        RequestEffects { delay, ..RequestEffects::default() }
    }
}

/// Answers each request for this segment of audio with an error.
#[derive(Debug)]
struct NoAudio(usize);

impl EffectSource for NoAudio {
    fn effects(&mut self, attempt: &RequestAttempt) -> RequestEffects {
        let fails = attempt.request.object == Object::Audio(self.0);
        let answer = if fails { Answer::Status(503, 1000) } else { Answer::Object };
        RequestEffects { answer, ..RequestEffects::default() }
    }
}

struct Played {
    reports: Vec<SessionReport>,
    totals: Totals,
    audio: AudioTotals,
    started: Option<f64>,
    capacity: f64,
    ended: Result<(), SessionError>,
}

/// Plays 10 segments of 4 s: 8 Mbit of video and 2 Mbit of audio each, over 8 Mbit/s without latency.
fn play(max_buffer: f64, effects: Option<Box<dyn EffectSource>>) -> Played {
    play_after(Setup::default(), max_buffer, effects, Scheduling::AtOnce)
}

/// The same, after what has to be requested before.
fn play_after(
    setup: Setup,
    max_buffer: f64,
    effects: Option<Box<dyn EffectSource>>,
    scheduling: Scheduling,
) -> Played {
    let rate = RateSpec::Constant(BitRate::from_kilobits_per_second(8000));
    let spec = Arc::new(LinkSpec { rate, ..LinkSpec::default() });
    let presentation = Presentation::constant(4000.0, vec![2000.0], 10).unwrap();
    let presentation = presentation.with_audio(vec![2.0 * MBIT; 10]).unwrap().with_setup(setup);
    let mut network = LinkNetwork::for_two(&spec, &TwoLimits::default(), Seed::new(1));
    if let Some(effects) = effects {
        network = network.with_effects(effects);
    }
    let policy = SessionPolicy {
        max_buffer,
        growth: BufferGrowth::Never,
        full: FullBuffer::WaitForRoom,
        scheduling,
        replacement: Replacement::Never,
        discard: None,
        abandon: Abandoning::Never,
        startup_rebuffers: false,
        seek: None,
        requests: RequestPolicy { falls_back: false, ..crate::player::preset("").requests },
    };
    let (mut abr, mut estimator) = (Fixed::new(0), Ewma::new(&[3000.0, 8000.0], 4000.0));
    let mut session = Session::new(&presentation, network, &mut abr, &mut estimator, policy);
    let mut reports = Vec::new();
    let ended = loop {
        match session.step(&mut ()) {
            Ok(Some(report)) => reports.push(report),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let capacity = session.network.capacity().unwrap();
    session.play_out(&mut ());
    Played {
        reports,
        totals: *session.playback().totals(),
        audio: session.audio(),
        started: session.started_with_audio(),
        capacity,
        ended,
    }
}

fn near(value: f64, expected: f64, by: f64) {
    assert!((value - expected).abs() <= by, "{value}, not {expected}");
}

/// While both are loaded, each has half of the link.
#[test]
fn video_and_audio_share_the_link() {
    let played = play(1e9, None);
    let [first, ..] = &played.reports[..] else { panic!("nothing was played") };
    // 8 Mbit at 4 Mbit/s: the audio goes on with its next segments without a pause.
    near(first.download.progress.time, 2000.0, 15.0);
    near(first.download.progress.throughput(), 4000.0, 30.0);
    // After ten segments of audio, in 5 s, the video has the link to itself.
    let last = played.reports.last().unwrap();
    near(last.download.progress.throughput(), 8000.0, 90.0);
    assert_eq!(played.ended, Ok(()));
    assert_eq!(played.audio, AudioTotals { received: 20.0 * MBIT, wasted: 0.0, failed: 0 });
    // Nothing is carried twice, and nothing is lost: 100 Mbit in all.
    let video: f64 = played.reports.iter().map(|step| step.download.progress.received).sum();
    near(played.capacity, video + played.audio.received, 100_000.0);
    near(played.started.unwrap(), 2000.0, 15.0);
    near(played.totals.time, 42_000.0, 15.0);
    assert_eq!(played.totals.rebuffer, 0.0);
}

/// Audio does not run ahead of the video: each segment of it takes its 2 Mbit from one of the video, or from its neighbour.
#[test]
fn audio_of_players_keeps_to_the_video() {
    let times = |scheduling| {
        let played = play_after(Setup::default(), 1e9, None, scheduling);
        assert_eq!(played.ended, Ok(()), "{scheduling:?}");
        assert_eq!(played.audio.received, 20.0 * MBIT, "{scheduling:?}");
        let time = |step: &SessionReport| step.download.progress.time;
        played.reports.iter().take(4).map(time).collect::<Vec<_>>()
    };
    let expected = [
        (Scheduling::AtOnce, [2000.0, 2000.0, 1500.0, 1000.0]),
        // One at first; then that and one more ahead; then one with each.
        (Scheduling::BesideVideo, [1250.0, 1500.0, 1250.0, 1250.0]),
        (Scheduling::Earliest, [1500.0, 1250.0, 1250.0, 1250.0]),
    ];
    for (scheduling, expected) in expected {
        for (time, expected) in times(scheduling).into_iter().zip(expected) {
            near(time, expected, 20.0);
        }
    }
    // Requested when it looks: at 0 s, 1.5 s, 3 s.
    for time in &times(Scheduling::OneAhead)[..2] {
        near(*time, 1250.0, 20.0);
    }
}

/// The initialization segment of the audio comes before its first segment, beside that of the video.
#[test]
fn what_audio_needs_is_requested_first() {
    let request = |mbit, path: &str| {
        vec![SetupRequest { size: mbit * MBIT, ..SetupRequest::new(0, path, Kind::Init) }]
    };
    let rungs = vec![request(1.0, "/v1/init")];
    let setup = Setup { start: Vec::new(), rungs, audio: request(4.0, "/a1/init") };
    let played = play_after(setup, 4000.0, None, Scheduling::AtOnce);
    // The video's 1 and 8 Mbit share the link with the audio's 4 and 2 Mbit at first: 12 Mbit in 1.5 s, and 3 Mbit of the
    // video alone after that.
    near(played.started.unwrap(), 1875.0, 15.0);
    assert_eq!(played.audio, AudioTotals { received: 20.0 * MBIT, wasted: 0.0, failed: 0 });
    assert_eq!(played.ended, Ok(()));
}

/// The audio fills its buffer of two segments, and leaves the link to the video.
#[test]
fn the_sample_of_the_video_is_lower_while_audio_is_loaded() {
    let played = play(8000.0, None);
    let first = &played.reports[0].download.progress;
    // Two segments of audio of 2 Mbit at 4 Mbit/s take 1 s; the rest of the video has 8 Mbit/s: 1 s + 4 Mbit ÷ 8 Mbit/s.
    near(first.time, 1500.0, 15.0);
    near(first.throughput(), 8.0 * MBIT / 1500.0, 60.0);
    assert_eq!((played.totals.rebuffer, played.ended), (0.0, Ok(())));
}

/// One segment of audio comes 15 s late; the video has all it needs.
#[test]
fn late_audio_alone_makes_playback_stand_still() {
    let late = |by| play(8000.0, Some(Box::new(LateAudio(5, Duration::from_secs(by)))));
    let (on_time, played) = (late(0), late(15));
    assert_eq!(played.ended, Ok(()));
    assert_eq!((on_time.totals.rebuffer_events, played.totals.rebuffer_events), (0, 1));
    // It is requested with 4 s of audio left, and takes 15.25 s or less.
    near(played.totals.rebuffer, 11_250.0, 260.0);
    near(played.totals.time - on_time.totals.time, played.totals.rebuffer, 15.0);
}

/// All retries of a segment of audio fail: what both streams have is shown.
#[test]
fn audio_that_never_comes_ends_the_session() {
    let played = play(8000.0, Some(Box::new(NoAudio(3))));
    let Err(SessionError::FailedAudio { segment, attempts, .. }) = played.ended else {
        panic!("{:?}", played.ended)
    };
    assert_eq!((segment, attempts, played.audio.failed), (3, 4, 4));
    // Three segments, and four bodies of 1000 bytes that say why there is no fourth.
    let wasted = 4.0 * 8000.0;
    assert_eq!((played.audio.received, played.audio.wasted), (6.0 * MBIT + wasted, wasted));
    let shown = played.totals.time - played.started.unwrap() - played.totals.rebuffer;
    near(shown, 12_000.0, 1.0);
}

/// A link that is polled gives the same but for its quanta.
#[test]
fn polled_responses_give_the_same() {
    /// Needs responses to be polled.
    #[derive(Debug)]
    struct Polled;
    impl EffectSource for Polled {
        fn effects(&mut self, _: &RequestAttempt) -> RequestEffects {
            RequestEffects::default()
        }
        fn limits_rates(&self) -> bool {
            true
        }
    }
    let (one, other) = (play(8000.0, None), play(8000.0, Some(Box::new(Polled))));
    assert_eq!(one.reports.len(), other.reports.len());
    for (one, other) in one.reports.iter().zip(&other.reports) {
        near(one.download.progress.time, other.download.progress.time, 20.0);
    }
    near(one.totals.time, other.totals.time, 20.0);
}
