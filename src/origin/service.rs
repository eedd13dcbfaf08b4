//! The origin itself: requests in, responses out; time is an argument.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};

use super::address::{Address, Presentation};
use super::body::OriginBody;
use super::content::Content;
use super::encoded::EncodedLoop;
use super::error::OriginError;
use super::ladder::{RENDITIONS, Rendition};
use super::padding::Padding;
use super::reply::{redirect, refuse, reply};
use super::resource::{Caching, Resource, digest};
use super::segment::assemble;
use super::timeline::{Availability, VOD_SEGMENTS, Window, ended_at};
use super::{dash, date, hls, page};

/// The built-in test origin. Immutable, and cheap to clone.
#[derive(Debug, Clone)]
pub struct Origin {
    library: Arc<Library>,
}

/// Everything that is served, once.
#[derive(Debug)]
struct Library {
    volumes: Vec<Volume>,
    padding: Padding,
}

#[derive(Debug)]
struct Volume {
    rendition: &'static Rendition,
    encoded: EncodedLoop,
    digest: u64,
}

/// Why there is nothing at an address.
enum Absence {
    /// It is at this relative address.
    Elsewhere(&'static str),
    /// There never is.
    Never,
    /// The live segment has not ended.
    NotYet,
    /// The live segment is too long ago.
    NoMore,
}

impl Origin {
    /// Cuts the embedded media.
    pub fn new() -> Result<Self, OriginError> {
        let volumes = RENDITIONS.iter().map(Volume::open).collect::<Result<_, _>>()?;
        Ok(Self { library: Arc::new(Library { volumes, padding: Padding::new() }) })
    }

    /// Answers a request at `now` since the Unix epoch.
    pub fn respond<B>(&self, request: &Request<B>, now: Duration) -> Response<OriginBody> {
        let now = now.min(date::END);
        let Some(address) = Address::parse(request.uri().path()) else {
            return refuse(request, StatusCode::NOT_FOUND);
        };
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return refuse(request, StatusCode::METHOD_NOT_ALLOWED);
        }
        match self.library.find(&address, now) {
            Ok(resource) => reply(request, resource),
            Err(Absence::Elsewhere(to)) => redirect(request, to),
            Err(Absence::Never) => refuse(request, StatusCode::NOT_FOUND),
            // As a CDN says it; 425 would be about TLS early data (RFC 8470).
            Err(Absence::NotYet) => refuse(request, StatusCode::NOT_FOUND),
            Err(Absence::NoMore) => refuse(request, StatusCode::GONE),
        }
    }
}

impl Library {
    fn find(&self, address: &Address, now: Duration) -> Result<Resource, Absence> {
        match *address {
            Address::Toward(to) => Err(Absence::Elsewhere(to)),
            Address::Index => {
                Ok(Resource::text(page::index(), page::CONTENT_TYPE, Caching::Moment))
            }
            Address::Time => {
                let text = date::iso8601(now);
                Ok(Resource::text(text, "text/plain; charset=utf-8", Caching::Never))
            }
            Address::Multivariant => {
                Ok(Resource::text(hls::multivariant(), hls::CONTENT_TYPE, Caching::Hour))
            }
            Address::Playlist(presentation, rendition) => {
                Ok(playlist(presentation, rendition, now))
            }
            Address::Mpd(presentation) => Ok(mpd(presentation)),
            Address::Init(rendition) => {
                let volume = self.volume(rendition)?;
                Ok(volume.resource(volume.encoded.init.clone(), "init"))
            }
            Address::Segment(Presentation::Vod, rendition, number) => {
                if number > VOD_SEGMENTS {
                    return Err(Absence::Never);
                }
                self.segment(rendition, number)
            }
            Address::Segment(Presentation::Live, rendition, number) => {
                match Window::at(now).availability(number) {
                    Availability::NotYet => Err(Absence::NotYet),
                    Availability::Gone => Err(Absence::NoMore),
                    Availability::Now => {
                        Ok(self.segment(rendition, number)?.modified_at(ended_at(number)))
                    }
                }
            }
        }
    }

    fn segment(&self, rendition: &Rendition, number: u64) -> Result<Resource, Absence> {
        let volume = self.volume(rendition)?;
        let fragment = volume.encoded.fragment(number).ok_or(Absence::Never)?;
        let content = assemble(rendition, fragment, number, &self.padding);
        Ok(volume.resource(content, number))
    }

    fn volume(&self, rendition: &Rendition) -> Result<&Volume, Absence> {
        let mut volumes = self.volumes.iter();
        volumes.find(|volume| volume.rendition.name == rendition.name).ok_or(Absence::Never)
    }
}

impl Volume {
    fn open(rendition: &'static Rendition) -> Result<Self, OriginError> {
        let encoded = EncodedLoop::cut(rendition)
            .map_err(|fault| OriginError::Media { rendition: rendition.name, fault })?;
        // Padding and times are the release's doing, so its version is part of what bytes these are.
        let digest = digest(rendition.encoded) ^ digest(env!("CARGO_PKG_VERSION").as_bytes());
        Ok(Self { rendition, encoded, digest })
    }

    fn resource(&self, content: impl Into<Content>, name: impl fmt::Display) -> Resource {
        Resource::media(content.into(), self.rendition.mime_type(), self.digest, name)
    }
}

fn playlist(presentation: Presentation, rendition: &Rendition, now: Duration) -> Resource {
    match presentation {
        Presentation::Vod => {
            Resource::text(hls::on_demand(rendition), hls::CONTENT_TYPE, Caching::Hour)
        }
        Presentation::Live => {
            let window = Window::at(now);
            let text = hls::live(rendition, window);
            Resource::text(text, hls::CONTENT_TYPE, Caching::Moment).modified_at(window.moved_at())
        }
    }
}

fn mpd(presentation: Presentation) -> Resource {
    match presentation {
        Presentation::Vod => Resource::text(dash::on_demand(), dash::CONTENT_TYPE, Caching::Hour),
        Presentation::Live => Resource::text(dash::live(), dash::CONTENT_TYPE, Caching::Moment),
    }
}
