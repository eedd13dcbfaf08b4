//! The origin itself: requests in, responses out; time is an argument.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};

use super::address::{Address, Presentation};
use super::body::OriginBody;
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
        if let Address::Toward(to) = address {
            return redirect(request, to);
        }
        match self.library.find(&address, now) {
            Ok(resource) => reply(request, resource),
            Err(status) => refuse(request, status),
        }
    }
}

impl Library {
    fn find(&self, address: &Address, now: Duration) -> Result<Resource, StatusCode> {
        match *address {
            Address::Toward(_) => Err(StatusCode::NOT_FOUND),
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
            Address::Mpd(presentation) => Ok(mpd(presentation, now)),
            Address::Init(rendition) => {
                let volume = self.volume(rendition)?;
                Ok(volume.resource(volume.encoded.init.clone(), "init"))
            }
            Address::Segment(Presentation::Vod, rendition, number) => {
                if number > VOD_SEGMENTS {
                    return Err(StatusCode::NOT_FOUND);
                }
                self.segment(rendition, number)
            }
            Address::Segment(Presentation::Live, rendition, number) => {
                // Early is 404, as a CDN says it: 425 is about TLS early data (RFC 8470).
                match Window::at(now).availability(number) {
                    Availability::NotYet => Err(StatusCode::NOT_FOUND),
                    Availability::Gone => Err(StatusCode::GONE),
                    Availability::Now => {
                        Ok(self.segment(rendition, number)?.modified_at(ended_at(number)))
                    }
                }
            }
        }
    }

    fn segment(&self, rendition: &Rendition, number: u64) -> Result<Resource, StatusCode> {
        let volume = self.volume(rendition)?;
        let fragment = volume.encoded.fragment(number).ok_or(StatusCode::NOT_FOUND)?;
        let content = assemble(rendition, fragment, number, &self.padding);
        Ok(volume.resource(content, number))
    }

    fn volume(&self, rendition: &Rendition) -> Result<&Volume, StatusCode> {
        let mut volumes = self.volumes.iter();
        volumes.find(|volume| volume.rendition.name == rendition.name).ok_or(StatusCode::NOT_FOUND)
    }
}

impl Volume {
    fn open(rendition: &'static Rendition) -> Result<Self, OriginError> {
        let encoded = EncodedLoop::cut(rendition)
            .map_err(|fault| OriginError::Media { rendition: rendition.name, fault })?;
        Ok(Self { rendition, encoded, digest: digest(rendition.encoded) })
    }

    fn resource(
        &self,
        content: impl Into<super::content::Content>,
        name: impl std::fmt::Display,
    ) -> Resource {
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

fn mpd(presentation: Presentation, now: Duration) -> Resource {
    match presentation {
        Presentation::Vod => Resource::text(dash::on_demand(), dash::CONTENT_TYPE, Caching::Hour),
        Presentation::Live => {
            let published = Window::at(now).moved_at();
            let text = dash::live(published);
            Resource::text(text, dash::CONTENT_TYPE, Caching::Moment).modified_at(published)
        }
    }
}
