//! Manifests as resources: the time that they show, and how long they may be cached.

use super::absence::Absence;
use super::address::Presentation;
use super::dash::{self, DashForm};
use super::hls::{self, Delivery, HlsForm, Unmet};
use super::ladder::Rendition;
use super::library::{Library, Volume};
use super::resource::{Caching, Resource};
use super::smooth;
use super::timeline::{Edge, Window};
use crate::units::UnixTime;

/// An HLS media playlist with the directives of `query`.
pub(super) fn playlist(
    library: &Library,
    form: HlsForm,
    rendition: &Rendition,
    query: &str,
    now: UnixTime,
) -> Result<Resource, Absence> {
    let text = match form {
        HlsForm::Live | HlsForm::LiveTransport => {
            let window = Window::at(now);
            let text = hls::live(form, rendition, window);
            let resource = Resource::text(text, hls::CONTENT_TYPE, Caching::Moment);
            return Ok(resource.modified_at(window.moved_at()));
        }
        HlsForm::LowLatency => {
            let delivery = Delivery::parse(query).ok_or(Absence::Senseless)?;
            let edge = Edge::at(now);
            delivery.check(edge).map_err(|unmet| match unmet {
                Unmet::Wait(edge) => Absence::Until(edge.moment()),
                Unmet::Refuse => Absence::Senseless,
            })?;
            let text = hls::low_latency(rendition, edge, delivery);
            return Ok(Resource::text(text, hls::CONTENT_TYPE, Caching::Never));
        }
        HlsForm::Ranges => {
            let layout = library.volume(rendition).ok_or(Absence::Never)?.layout();
            hls::ranges(rendition, &layout.init(), layout.segments(rendition))
        }
        _ => hls::on_demand(form, rendition),
    };
    Ok(Resource::text(text, hls::CONTENT_TYPE, Caching::Hour))
}

/// A DASH manifest.
pub(super) fn mpd(library: &Library, form: DashForm, now: UnixTime) -> Result<Resource, Absence> {
    let layout = library.volumes().first().ok_or(Absence::Never)?.layout();
    let layouts = |rendition: &Rendition| library.volume(rendition).map_or(layout, Volume::layout);
    let text = dash::manifest(form, Window::at(now), layouts);
    let caching = if form.is_live() { Caching::Moment } else { Caching::Hour };
    Ok(Resource::text(text, dash::CONTENT_TYPE, caching))
}

/// A Smooth client manifest.
pub(super) fn smooth_manifest(
    library: &Library,
    presentation: Presentation,
    now: UnixTime,
) -> Resource {
    let (window, caching) = match presentation {
        Presentation::Vod => (None, Caching::Hour),
        Presentation::Live => (Some(Window::at(now)), Caching::Moment),
    };
    Resource::text(smooth::manifest(library, window), smooth::CONTENT_TYPE, caching)
}
