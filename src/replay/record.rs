//! What all recordings have in common: requests with their times, and samples of a rate.

use super::recorded_fault::Fault;
use crate::media::{Kind, Ladder, MediaType};
use std::time::Duration;

/// The most requests of a recording.
pub(super) const MOST_RECORDS: usize = 200_000;
/// The longest recording: a week. Times further apart are errors of a clock.
pub(super) const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// How a response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// The whole body arrived.
    #[default]
    Complete,
    /// The player gave it up.
    Abandoned,
    /// The connection ended before the body.
    Cut,
    /// The connection was reset, or there was none.
    Reset,
    /// Nothing came any more.
    Silent,
}

/// When the bytes of a response arrived.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Body {
    /// The first byte, since the start of the recording.
    pub start: Duration,
    /// From the first byte to the last.
    pub lasts: Duration,
    /// The part of `lasts` in which the network was what limited it: neither the origin nor a rule did.
    pub limited: Duration,
    /// Bytes of the body.
    pub bytes: u64,
}

/// What is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    /// The role of the resource.
    pub kind: Kind,
    /// What it carries.
    pub media: MediaType,
    /// The position of a segment in its presentation, from 1.
    pub index: Option<u64>,
    /// Whether `kind` is from a manifest or a report; else it is a guess from the URL, which does not tell one HLS
    /// playlist from another.
    pub told: bool,
}

impl Default for Class {
    fn default() -> Self {
        Self { kind: Kind::Other, media: MediaType::Unknown, index: None, told: false }
    }
}

/// One request.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Where it stands in the file, for messages.
    pub place: String,
    /// When it was sent, since the start of the recording.
    pub at: Duration,
    /// What is requested.
    pub class: Class,
    /// The path at the origin, without the query.
    pub path: String,
    /// The host, if it is known.
    pub host: String,
    /// The number of the try, from 1, if that is known; 0 = not known.
    pub attempt: u32,
    /// 0 = no response.
    pub status: u16,
    /// From the request to the first byte, without the time to connect.
    pub wait: Duration,
    /// The part of `wait` that is the network's latency; `None` = not known apart.
    pub latency: Option<Duration>,
    /// The part of `wait` in which rules delayed the response.
    pub delayed: Duration,
    /// From the request to the end.
    pub lasts: Duration,
    /// Its body, if there was one.
    pub body: Option<Body>,
    /// How long its body waited for a link of ours; `None` = not known.
    pub(super) link_wait: Option<Duration>,
    /// How it ended.
    pub ending: Ending,
    /// The declared length of the body, if it is known.
    pub declared: Option<u64>,
    /// `Retry-After` in seconds, if the response had it.
    pub retry_after: Option<u64>,
    /// The faults that a proxy of ours applied; `None` = it was not recorded by one.
    pub(super) faults: Option<Vec<Fault>>,
    /// The time to connect, if a connection was made.
    pub connect: Option<Duration>,
}

impl Record {
    /// The part of `wait` that no rule has caused.
    pub(super) fn own_wait(&self) -> Duration {
        self.wait.saturating_sub(self.delayed)
    }

    /// When it was over.
    pub(super) fn end(&self) -> Duration {
        self.at + self.lasts
    }

    /// Whether it is a request for media or for a description of media.
    pub(super) fn is_of_player(&self) -> bool {
        self.class.kind != Kind::Other
    }
}

/// What was carried in a stretch of time, measured directly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Its start, since the start of the recording.
    pub from: Duration,
    /// Its end.
    pub to: Duration,
    /// Bit/s that the network carried or could have carried.
    pub rate: f64,
    /// The bytes behind the figure.
    pub bytes: u64,
    /// The time within the stretch that stood behind the figure.
    pub busy: Duration,
}

/// A recording.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// What it is, in a few words.
    pub form: &'static str,
    /// The requests, in the order of their start.
    pub records: Vec<Record>,
    /// Rates that were measured directly, in the order of their start. They take precedence over what follows from
    /// the requests.
    pub samples: Vec<Sample>,
    /// Times in which nothing passed, with their lengths.
    pub silences: Vec<(Duration, Duration)>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

impl Recording {
    /// When the last request or sample ends.
    pub(super) fn end(&self) -> Duration {
        let requests = self.records.iter().map(Record::end);
        let samples = self.samples.iter().map(|sample| sample.to);
        requests.chain(samples).max().unwrap_or_default()
    }
}

impl Class {
    /// The class of a request, from its URL and the media type of its response alone.
    pub(super) fn guess(path: &str, content_type: &str) -> Self {
        let guess = Ladder::default().resolve(path, None);
        let (kind, media) = (guess.kind, guess.media);
        let mut class = Self { kind, media, index: None, told: false };
        let content_type = content_type.trim().to_ascii_lowercase();
        if content_type.contains("mpegurl") {
            class.kind = if kind.is_manifest() { kind } else { Kind::MediaPlaylist };
            return class;
        }
        let media = match content_type.split('/').next() {
            Some("video") => MediaType::Video,
            Some("audio") => MediaType::Audio,
            _ => return class,
        };
        if class.kind == Kind::Other {
            class.kind = Kind::Segment;
        }
        // A transport stream holds both, and is served as video.
        let muxed = content_type.starts_with("video/mp2t");
        let open = class.media == MediaType::Unknown && class.kind == Kind::Segment;
        if open && !muxed {
            class.media = media;
        }
        class
    }
}
