//! One viewing under way: playback and counters, shared by the streams and by its observers.

use super::clock::Clock;
use crate::player::{
    BufferedSegment, DownloadTotals, Playout, PlayoutPolicy, PlayoutState, Presentation, Qoe,
    SessionReport, StreamPlaces,
};
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;

/// The most downloads that are logged: a week of segments of 6 s.
const LONGEST_LOG: usize = 100_000;

/// What is known of a viewing.
#[derive(Debug)]
pub(super) struct Viewing {
    pub(super) playout: Playout,
    pub(super) downloads: DownloadTotals,
    /// The estimate of the throughput in bit/s.
    pub(super) throughput: Option<f64>,
    /// The ladder in bit/s, lowest first.
    pub(super) ladder: Vec<f64>,
    /// What is played, once it is known, and the rung of the main stream that was requested last.
    pub(super) presentation: Option<Presentation>,
    pub(super) requested: usize,
    /// How far main stream and audio are.
    pub(super) places: Places,
    pub(super) live: bool,
    /// Whether the manifest was read, so that `live` and `ladder` are known.
    pub(super) is_ready: bool,
    /// CMCD's name of the format, if it is known.
    pub(super) format: Option<&'static str>,
    /// Downloads of the main stream, if they are logged.
    pub(super) log: Option<Vec<SessionReport>>,
}

/// How far main stream and audio are, in ms of media since the first segment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Places {
    pub(super) video: f64,
    pub(super) audio: f64,
    /// The end of the segment of the main stream that is requested, until it has arrived.
    pub(super) requested: Option<f64>,
    /// When the last one arrived, in ms.
    pub(super) arrived: f64,
    pub(super) video_ended: bool,
    pub(super) audio_ended: bool,
}

impl Places {
    /// At the time `now`.
    pub(super) fn at(&self, now: f64) -> StreamPlaces {
        let &Self { audio, video, requested, arrived, video_ended, .. } = self;
        let idle = if requested.is_some() { 0.0 } else { now - arrived };
        StreamPlaces { audio, video, requested, idle, video_ended }
    }

    /// A segment of `duration` ms of a stream has arrived.
    fn arrive(&mut self, stream: usize, duration: f64, now: f64) {
        if stream == 0 {
            self.video += duration;
            (self.requested, self.arrived) = (None, now);
        } else {
            self.audio += duration;
        }
    }
}

impl Viewing {
    /// Puts a segment into the buffer of a stream.
    pub(super) fn append(&mut self, stream: usize, segment: BufferedSegment, now: f64) {
        self.places.arrive(stream, segment.duration, now);
        self.playout.append(stream, segment, now);
    }

    /// Logs a download.
    pub(super) fn note(&mut self, report: &SessionReport) {
        if let Some(log) = self.log.as_mut().filter(|log| log.len() < LONGEST_LOG) {
            log.push(*report);
        }
    }
}

/// A viewing and its clock.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) clock: Clock,
    viewing: Arc<Mutex<Viewing>>,
}

impl Shared {
    pub(super) fn new(clock: Clock) -> Self {
        let viewing = Viewing {
            playout: Playout::new(1, PlayoutPolicy::default()),
            downloads: DownloadTotals::default(),
            throughput: None,
            ladder: Vec::new(),
            presentation: None,
            requested: 0,
            places: Places::default(),
            live: false,
            is_ready: false,
            format: None,
            log: None,
        };
        Self { clock, viewing: Arc::new(Mutex::new(viewing)) }
    }

    /// The viewing as it is now.
    pub(super) fn now(&self) -> MutexGuard<'_, Viewing> {
        let mut viewing = self.viewing.lock();
        viewing.playout.advance(self.clock.now());
        viewing
    }

    /// The viewing, without the time that has passed.
    pub(super) fn lock(&self) -> MutexGuard<'_, Viewing> {
        self.viewing.lock()
    }

    pub(super) fn qoe(&self) -> Qoe {
        let viewing = self.now();
        let mut qoe = Qoe::new(viewing.playout.totals(), &viewing.downloads, self.clock.now());
        if !viewing.live {
            qoe.live_latency_seconds = None;
        }
        qoe
    }
}

/// Looks on while players play.
#[derive(Debug, Clone, Default)]
pub struct Monitor(Arc<Mutex<Vec<Shared>>>);

/// What a player looks like at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlayerView {
    /// What its playback is doing.
    pub state: PlayoutState,
    /// What is buffered, in seconds.
    pub buffer: f64,
    /// The rung that is shown, from 1, and how many there are.
    pub rung: Option<(usize, usize)>,
    /// Its bitrate in bit/s.
    pub bitrate: Option<f64>,
    /// The estimate of the throughput in bit/s.
    pub throughput: Option<f64>,
    /// How often playback has stood still.
    pub rebuffer_count: u64,
    /// For how long, in seconds.
    pub rebuffer: f64,
    /// How much was shown, in seconds.
    pub played: f64,
}

impl Monitor {
    /// Adds a player; returns its number.
    pub(super) fn add(&self, shared: &Shared) -> usize {
        let mut players = self.0.lock();
        players.push(shared.clone());
        players.len() - 1
    }

    /// All players so far.
    #[must_use]
    pub fn players(&self) -> Vec<PlayerView> {
        self.0.lock().iter().map(view).collect()
    }
}

fn view(shared: &Shared) -> PlayerView {
    let viewing = shared.now();
    let totals = viewing.playout.totals();
    let rung = viewing.playout.rung();
    PlayerView {
        state: viewing.playout.state(),
        buffer: viewing.playout.level(0) / 1000.0,
        rung: rung.map(|rung| (rung + 1, viewing.ladder.len())),
        bitrate: rung.and_then(|rung| viewing.ladder.get(rung)).copied(),
        throughput: viewing.throughput,
        rebuffer_count: totals.rebuffer_count,
        rebuffer: totals.rebuffer / 1000.0,
        played: totals.played / 1000.0,
    }
}
