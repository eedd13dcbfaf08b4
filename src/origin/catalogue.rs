//! The catalogue: the resource at an address at a given time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::absence::Absence;
use super::address::{Address, Presentation};
use super::cipher::{EncryptedFeed, KEY};
use super::content::Content;
use super::hls;
use super::ladder::Rendition;
use super::library::{Library, Volume};
use super::live_feed::{EndlessStream, GrowingSegment};
use super::manifests::{mpd, playlist, smooth_manifest};
use super::progressive::TwoTracks;
use super::resource::{Caching, Resource};
use super::single_file::{FileFeed, Whole};
use super::timeline::{Availability, Edge, PARTS, SEGMENT_SECONDS, VOD_SEGMENTS, Window, ended_at};
use super::{date, page, smooth, steering, subtitles, ts};
use crate::units::UnixTime;

/// How long a request for a part waits for it: the hinted part's is at most half a second early.
const EARLY_PART: Duration = Duration::from_secs(1);
/// How long a request for a segment waits for its first part: a whole segment. Shaka lists the segment after the one that
/// is being produced, and requests it as soon as it has nothing else to fetch (4.16: `segment_template.js`, low latency).
const EARLY_SEGMENT: Duration = Duration::from_secs(SEGMENT_SECONDS);
/// How long a request for a whole live segment waits for its end. Players request it at the moment at which their clock
/// says that it is available. dash.js sets that clock from one exchange and assumes that both ways take equally long,
/// so it is ahead by up to half of a round trip.
const EARLY_WHOLE: Duration = Duration::from_millis(500);

/// The resource at `address` at `now`.
pub(super) fn find(
    library: &Arc<Library>,
    address: &Address,
    query: &str,
    now: UnixTime,
) -> Result<Resource, Absence> {
    match *address {
        Address::Toward(to) => Err(Absence::Elsewhere(to)),
        Address::Index => Ok(Resource::text(page::index(), page::CONTENT_TYPE, Caching::Moment)),
        Address::Time => {
            let text = date::iso8601(now);
            Ok(Resource::text(text, "text/plain; charset=utf-8", Caching::Never))
        }
        Address::Multivariant(form) => {
            Ok(Resource::text(hls::multivariant(form), hls::CONTENT_TYPE, Caching::Hour))
        }
        Address::Playlist(form, rendition) => playlist(library, form, rendition, query, now),
        Address::Mpd(form) => mpd(library, form, now),
        Address::Smooth(presentation) => Ok(smooth_manifest(library, presentation, now)),
        Address::SubtitlePlaylist(language) => {
            Ok(Resource::text(hls::subtitles(language), hls::CONTENT_TYPE, Caching::Hour))
        }
        Address::Subtitles(language, number) => {
            let text = match number {
                None => subtitles::whole(language),
                Some(number) if number <= VOD_SEGMENTS => subtitles::segment(language, number),
                Some(_) => return Err(Absence::Never),
            };
            Ok(Resource::text(text, subtitles::CONTENT_TYPE, Caching::Hour))
        }
        Address::Steering => {
            Ok(Resource::text(steering::manifest(now), steering::CONTENT_TYPE, Caching::Never))
        }
        Address::Key => {
            let key = Content::from(Bytes::from_static(KEY));
            Ok(Resource::media(key, "application/octet-stream", 0, "key"))
        }
        _ => media(library, address, now).and_then(|found| found.ok_or(Absence::Never)),
    }
}

/// Media cut from the loop; `None` if it never exists.
fn media(
    library: &Arc<Library>,
    address: &Address,
    now: UnixTime,
) -> Result<Option<Resource>, Absence> {
    let resource = match *address {
        Address::Init(rendition) => library
            .volume(rendition)
            .map(|volume| resource(volume, volume.encoded.init.clone(), "init")),
        Address::Segment(presentation, rendition, number) => {
            let ended = available(presentation, number, now)?;
            library.segment(rendition, number).and_then(|pieces| {
                let volume = library.volume(rendition)?;
                Some(modified(resource(volume, Content::of(pieces), number), ended))
            })
        }
        Address::Growing(rendition, number) => growing(library, rendition, number, now)?,
        Address::Part(rendition, number, part) => {
            arrived(Edge::after(number, part + 1), number, now, EARLY_PART)?;
            library.part(rendition, number, part).and_then(|pieces| {
                let name = format_args!("{number}.{part}");
                Some(resource(library.volume(rendition)?, Content::of(pieces), name))
            })
        }
        Address::File(rendition) => library.volume(rendition).map(|volume| {
            let feed = FileFeed::new(Whole { library: Arc::clone(library), rendition });
            let length = feed.length();
            resource(volume, Content::fed(feed, Some(length)), "file")
        }),
        Address::Progressive(rung) => two_tracks(library, rung),
        Address::Transport(presentation, rung, number) => {
            let ended = available(presentation, number, now)?;
            transport(library, rung, number).map(|found| modified(found, ended))
        }
        Address::Encrypted(rung, number) => {
            available(Presentation::Vod, number, now)?;
            encrypted(library, rung, number)
        }
        Address::Stream(rung) => library.volume(rung).map(|volume| {
            let feed = EndlessStream::new(Arc::clone(library), rung, Edge::at(now));
            stream(volume, Content::fed(feed, None), ts::CONTENT_TYPE)
        }),
        Address::SmoothFragment(presentation, rendition, time) => {
            let number = smooth::fragment_at(rendition, time).ok_or(Absence::Never)?;
            let ended = available(presentation, number, now)?;
            library.volume(rendition).and_then(|volume| {
                let live = presentation == Presentation::Live;
                let pieces = smooth::fragment(library, volume, number, live)?;
                let name = format_args!("smooth-{number}");
                Some(modified(resource(volume, Content::of(pieces), name), ended))
            })
        }
        _ => None,
    };
    Ok(resource)
}

/// Whether a segment is available, and since when.
fn available(
    presentation: Presentation,
    number: u64,
    now: UnixTime,
) -> Result<Option<UnixTime>, Absence> {
    if presentation == Presentation::Vod {
        return if number <= VOD_SEGMENTS { Ok(None) } else { Err(Absence::Never) };
    }
    match Window::at(now).availability(number) {
        Availability::NotYet => Err(Absence::until(ended_at(number), now, EARLY_WHOLE)),
        Availability::Gone => Err(Absence::NoMore),
        Availability::Now => Ok(Some(ended_at(number))),
    }
}

/// Whether content that exists from `edge` on exists; if it will within `early`, the client waits.
fn arrived(edge: Edge, number: u64, now: UnixTime, early: Duration) -> Result<(), Absence> {
    if edge > Edge::at(now) {
        return Err(Absence::until(edge.moment(), now, early));
    }
    match Window::at(now).availability(number) {
        Availability::Gone => Err(Absence::NoMore),
        _ => Ok(()),
    }
}

/// A segment in parts: whole, or while it is produced, from its first part on.
fn growing(
    library: &Arc<Library>,
    rendition: &'static Rendition,
    number: u64,
    now: UnixTime,
) -> Result<Option<Resource>, Absence> {
    arrived(Edge::after(number, 1), number, now, EARLY_SEGMENT)?;
    let Some(volume) = library.volume(rendition) else { return Ok(None) };
    if Edge::at(now) < Edge::after(number, PARTS) {
        let feed = GrowingSegment::new(Arc::clone(library), rendition, number);
        return Ok(Some(stream(volume, Content::fed(feed, None), rendition.mime_type())));
    }
    let parts: Option<Vec<_>> =
        (0..PARTS).map(|part| library.part(rendition, number, part)).collect();
    let content = parts.map(|parts| Content::of(parts.concat()));
    let name = format_args!("{number}.all");
    Ok(content.map(|content| resource(volume, content, name).modified_at(ended_at(number))))
}

fn two_tracks(library: &Arc<Library>, rung: &'static Rendition) -> Option<Resource> {
    let feed = FileFeed::new(TwoTracks::new(Arc::clone(library), rung)?);
    let length = feed.length();
    Some(resource(library.volume(rung)?, Content::fed(feed, Some(length)), "progressive"))
}

fn transport(library: &Library, rung: &Rendition, number: u64) -> Option<Resource> {
    let slices = library.slices(rung, number)?;
    let volume = library.volume(rung)?;
    let name = format_args!("{number}.ts");
    let content = Content::of(slices.concat());
    Some(Resource::media(content, ts::CONTENT_TYPE, volume.digest, name))
}

fn encrypted(library: &Library, rung: &Rendition, number: u64) -> Option<Resource> {
    let slices = library.slices(rung, number)?;
    let volume = library.volume(rung)?;
    let length = EncryptedFeed::length(volume.program.as_ref()?.weight(number));
    let content = Content::fed(EncryptedFeed::new(number, slices.concat()), Some(length));
    let name = format_args!("{number}.aes");
    Some(Resource::media(content, ts::CONTENT_TYPE, volume.digest, name))
}

fn resource(volume: &Volume, content: impl Into<Content>, name: impl fmt::Display) -> Resource {
    Resource::media(content.into(), volume.rendition.mime_type(), volume.digest, name)
}

/// A stream, which differs from one request to the next.
fn stream(volume: &Volume, content: Content, content_type: &'static str) -> Resource {
    let resource = Resource::media(content, content_type, volume.digest, "stream");
    Resource { caching: Caching::Never, ..resource }
}

fn modified(resource: Resource, ended: Option<UnixTime>) -> Resource {
    match ended {
        Some(date) => resource.modified_at(date),
        None => resource,
    }
}
