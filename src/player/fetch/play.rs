//! One player, from its manifest to its figures.

use super::{
    adaptive::Adaptive,
    clock::Clock,
    cmcd::{CmcdOptions, Reporter},
    cmcd_events::EventReporter,
    error::PlayError,
    feed::{Feed, ListShape},
    http::Http,
    ladder::{Chosen, bitrate, presentation},
    requester::Requester,
    stream::{Room, Stream},
    trust::Trust,
    viewing::{Monitor, Shared},
};
use crate::media::CmcdVersion;
use crate::player::{
    BufferGrowth, LiveCatchUp, OwnedRateControl, Playout, PlayoutPolicy, PlayoutState,
    Presentation, Qoe, Replacement, RequestPolicy, Scheduling, SessionReport,
};
use std::{fmt, sync::Arc, time::Duration};
use tokio::sync::watch;
use url::Url;

/// What a player is made of for one presentation.
#[derive(Debug)]
pub struct Controls {
    /// Its algorithm.
    pub control: OwnedRateControl,
    /// The maximum buffer level in ms, and how it grows.
    pub max_buffer: f64,
    /// See [`Self::max_buffer`].
    pub growth: BufferGrowth,
}

/// Makes the controls for what is played; the flag says whether it is live.
pub type MakeControls = Arc<dyn Fn(&Presentation, bool) -> Result<Controls, String> + Send + Sync>;

/// How a player plays.
#[derive(Clone)]
pub struct PlayOptions {
    /// The URL of the manifest.
    pub url: String,
    /// Its algorithm and buffer.
    pub controls: MakeControls,
    /// How long, at most.
    pub duration: Option<Duration>,
    /// How long where the stream is live and nothing is said.
    pub live_duration: Duration,
    /// When playback starts and goes on.
    pub playout: PlayoutPolicy,
    /// How segments are requested.
    pub requests: RequestPolicy,
    /// When the next segment is requested.
    pub scheduling: Scheduling,
    /// Which buffered segments of a presentation that has ended are downloaded again.
    pub replacement: Replacement,
    /// Whether downloads are logged.
    pub log: bool,
    /// How a live stream is caught up with, if it is.
    pub catch_up: Option<LiveCatchUp>,
    /// Which servers are trusted.
    pub trust: Trust,
    /// Where events are reported, if they are.
    pub cmcd_events: Option<Url>,
    /// How CMCD is sent, if it is.
    pub cmcd: Option<CmcdOptions>,
}

impl fmt::Debug for PlayOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlayOptions").field("url", &self.url).finish_non_exhaustive()
    }
}

/// How a viewing ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// All was shown.
    Complete,
    /// The time was up.
    Duration,
    /// It was stopped.
    Stopped,
    /// Playback failed.
    Failed(PlayError),
}

/// What came of a viewing.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The figures.
    pub qoe: Qoe,
    /// How it ended.
    pub ending: Ending,
    /// Each download of a segment of the main stream, in order, if it was to be logged.
    pub downloads: Vec<SessionReport>,
}

/// Plays until the end, for as long as the options say, or until `stop` is true.
pub async fn play(
    options: &PlayOptions,
    monitor: &Monitor,
    mut stop: watch::Receiver<bool>,
) -> Outcome {
    // Before the time starts: the first player of a process reads the certificates of the platform.
    let http = Http::new(&options.trust);
    let clock = Clock::start();
    let shared = Shared::new(clock);
    let number = monitor.add(&shared);
    let reporter =
        options.cmcd.map(|cmcd| Reporter::new(cmcd, number, &options.url, clock.unix_time()));
    let mut events = options.cmcd_events.clone().map(|collector| {
        let cmcd = CmcdOptions { version: CmcdVersion::V2, headers: false };
        let reporter = reporter
            .clone()
            .unwrap_or_else(|| Reporter::new(cmcd, number, &options.url, clock.unix_time()));
        EventReporter::new(reporter, http.clone(), shared.clone(), collector)
    });
    let requester = Requester { http, shared: shared.clone(), reporter, policy: options.requests };
    let ending = tokio::select! {
        played = run(options, &requester) => played.map_or_else(Ending::Failed, |()| Ending::Complete),
        () = time_up(options, &shared) => Ending::Duration,
        _ = stop.wait_for(|stop| *stop) => Ending::Stopped,
        () = report(events.as_mut()) => Ending::Stopped,
    };
    if let Some(events) = &mut events {
        events.end(matches!(ending, Ending::Failed(_))).await;
    }
    let qoe = shared.qoe();
    let downloads = shared.lock().log.take().unwrap_or_default();
    Outcome { qoe, ending, downloads }
}

/// Reports events for ever, if they are reported.
async fn report(events: Option<&mut EventReporter>) {
    match events {
        Some(events) => events.run().await,
        None => std::future::pending().await,
    }
}

/// Waits for the end of the time.
async fn time_up(options: &PlayOptions, shared: &Shared) {
    loop {
        let live = shared.lock().live;
        let most = options.duration.or_else(|| live.then_some(options.live_duration));
        let left = most.map_or(1000.0, |most| most.as_secs_f64() * 1000.0 - shared.clock.now());
        if left <= 0.0 {
            return;
        }
        Clock::sleep(left.min(1000.0)).await;
    }
}

async fn run(options: &PlayOptions, requester: &Requester) -> Result<(), PlayError> {
    let feed = Feed::load(requester.clone(), &options.url).await?;
    let problem = |problem: String| PlayError::Content { url: options.url.clone(), problem };
    let chosen = Chosen::of(feed.tracks.iter().map(|track| &track.rendition))
        .ok_or_else(|| problem("has no video and no audio that could be played".into()))?;
    let Some(&lowest) = chosen.ladder.first() else { return Ok(()) };
    let ListShape { ended, count, segment } = feed.shape(lowest).await?;
    let renditions = || chosen.ladder.iter().map(|track| &feed.tracks[*track].rendition);
    let presentation = presentation(renditions(), segment, ended.then_some(count))
        .map_err(|error| problem(error.to_string()))?;
    let Controls { control, max_buffer, growth } =
        (options.controls)(&presentation, !ended).map_err(problem)?;
    let streams = 1 + usize::from(chosen.audio.is_some());
    {
        let mut viewing = requester.shared.lock();
        let playout = Playout::new(streams, options.playout);
        viewing.playout = match options.catch_up.filter(|_| !ended) {
            Some(catch_up) => playout.catching_up(catch_up),
            None => playout,
        };
        viewing.ladder = renditions().filter_map(bitrate).collect();
        viewing.places.audio_ended = chosen.audio.is_none();
        viewing.live = !ended;
        viewing.is_ready = true;
        viewing.presentation = Some(presentation.clone());
        viewing.log = options.log.then(Vec::new);
    }
    let room = Room { most: max_buffer, growth, scheduling: options.scheduling };
    let stream = |number| Stream::new(requester, &feed, number, room);
    let replacement = if ended { options.replacement } else { Replacement::Never };
    let main = Adaptive::new(stream(0), &chosen.ladder, control, replacement).run();
    match chosen.audio {
        Some(track) => tokio::try_join!(main, stream(1).run_single(track)).map(|_| ())?,
        None => main.await?,
    }
    play_out(&requester.shared).await;
    Ok(())
}

/// Waits until all that is buffered was shown.
async fn play_out(shared: &Shared) {
    loop {
        let left = {
            let viewing = shared.now();
            if viewing.playout.state() == PlayoutState::Ended {
                return;
            }
            viewing.playout.left()
        };
        Clock::sleep(left.max(1.0)).await;
    }
}
