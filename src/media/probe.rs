//! A probe reads the bytes of one body as they pass: bounded, without copying or delaying them.

use super::{
    Kind, MediaType, Protocol, Resource, codecs, ebml,
    isobmff::{Finding, Scanner},
    place::hash,
    ts,
};
use std::time::Duration;

/// How much of a segment of a transport stream is read: audio and video both begin within it.
const SEGMENT: u64 = 1 << 20;

/// What a body is probed for.
#[derive(Debug)]
enum Look {
    /// Not known before its first byte.
    Waiting,
    Boxes(Scanner),
    Elements(ebml::Scanner),
    /// `endless` streams are read as long as they last.
    Packets {
        reader: ts::Reader,
        endless: bool,
    },
}

/// A probe of one body. Pass it to [`super::Ladder::observe`] when it needs no more bytes.
#[derive(Debug)]
pub struct Probe {
    pub(super) id: u64,
    /// The rendition that has no media type yet.
    pub(super) rendition: Option<u64>,
    pub(super) progressive: bool,
    pub(super) size: Option<u64>,
    /// The media type that the response states. Files of `video/*` may hold audio as well.
    pub(super) declared: MediaType,
    first: u64,
    seen: u64,
    look: Look,
}

/// What a probe found.
#[derive(Debug)]
pub(super) enum Shown {
    Boxes(Finding),
    Elements(ebml::Finding),
    Packets { media: MediaType, elapsed: Option<Duration> },
    Nothing,
}

/// What is known of a response from its head.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The position in the file of the body's first byte.
    pub first: u64,
    /// The size of the file, in bytes, if it has one.
    pub size: Option<u64>,
}

impl Probe {
    /// Whether a probe could find anything new: cheap, and `false` for what manifests describe fully.
    #[must_use]
    pub fn is_worthwhile(resource: &Resource, content_type: Option<&str>) -> bool {
        let placed = resource.index.is_some() || resource.number.is_some();
        match resource.kind {
            _ if placed && resource.media != MediaType::Unknown => false,
            Kind::Segment | Kind::Init | Kind::Subtitle | Kind::Image => {
                resource.media == MediaType::Unknown
                    || matches!(resource.protocol, Protocol::Dash | Protocol::Progressive)
            }
            Kind::Other => content_type.is_some_and(is_media),
            _ => false,
        }
    }

    /// A probe for the body of `url`.
    pub(super) fn new(resource: &Resource, url: &str, head: Head<'_>) -> Self {
        let named = resource.protocol != Protocol::Unknown && resource.rendition.is_some();
        let other = resource.kind == Kind::Other && head.content_type.is_some_and(is_media);
        let unknown = resource.media == MediaType::Unknown;
        let declared = head.content_type.map_or(MediaType::Unknown, codecs::of_mime);
        Self {
            declared: if declared == MediaType::Audio { declared } else { MediaType::Unknown },
            id: hash(url),
            rendition: rendition_id(resource).filter(|_| unknown && named),
            progressive: other || resource.protocol == Protocol::Progressive,
            size: head.size,
            first: head.first,
            seen: 0,
            look: Look::Waiting,
        }
    }

    /// Reads the next bytes; returns whether it needs more.
    pub fn feed(&mut self, data: &[u8]) -> bool {
        if data.is_empty() {
            return true;
        }
        self.seen = self.seen.saturating_add(data.len() as u64);
        if matches!(self.look, Look::Waiting) {
            self.look = match data.first() {
                Some(0x47) => {
                    Look::Packets { reader: ts::Reader::default(), endless: self.size.is_none() }
                }
                Some(first) if ebml::begins(*first) => {
                    Look::Elements(ebml::Scanner::new(self.first))
                }
                _ => Look::Boxes(Scanner::new(self.first)),
            };
        }
        match &mut self.look {
            Look::Waiting => true,
            Look::Boxes(scanner) => scanner.feed(data),
            Look::Elements(scanner) => scanner.feed(data),
            Look::Packets { reader, endless } => {
                let stream = reader.feed(data);
                let told = reader.media() == MediaType::Muxed && reader.packets() > 0;
                let endless = *endless && self.progressive;
                stream && (endless || (!told && self.seen < SEGMENT))
            }
        }
    }

    /// What it found.
    pub(super) fn shown(self) -> Shown {
        match self.look {
            Look::Waiting => Shown::Nothing,
            Look::Boxes(scanner) => Shown::Boxes(scanner.into_finding()),
            Look::Elements(scanner) => Shown::Elements(scanner.into_finding()),
            Look::Packets { mut reader, .. } => {
                reader.finish();
                if reader.packets() > 2 {
                    Shown::Packets { media: reader.media(), elapsed: reader.elapsed() }
                } else {
                    Shown::Nothing
                }
            }
        }
    }
}

/// The identifier of a rendition whose content is not declared.
pub(super) fn rendition_id(resource: &Resource) -> Option<u64> {
    let name = resource.rendition.as_deref()?;
    Some(hash(&format!("{}\n{name}", resource.protocol)))
}

/// Whether a media type is one of media.
fn is_media(content_type: &str) -> bool {
    let starts = |with: &str| {
        content_type.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    starts("video/") || starts("audio/")
}
