//! The ladder of one session: what its manifests state, and the class of each request that follows from it.

use super::{
    Head, Kind, ManifestError, ManifestFormat, MediaType, Probe, Protocol, Rendition, Resource,
    Rungs, asset_list,
    base::{Base, without_user},
    dash, directive,
    files::Files,
    guess::guess,
    hls,
    place::Place,
    redirects::Redirects,
    smooth, steering,
};
use crate::units::{SessionTime, UnixTime};
use std::sync::Arc;
use url::Url;

/// A date that the origin sent.
#[derive(Debug, Clone, Copy)]
struct OriginDate {
    /// When it was received.
    received: SessionTime,
    date: UnixTime,
}

impl OriginDate {
    /// What the origin's clock shows at session time `now`.
    fn at(self, now: SessionTime) -> UnixTime {
        self.date + (now - self.received)
    }
}

/// What is known of a session from the manifests that passed through it.
///
/// Memory is bounded for any manifest: each store removes the least recent entry first, and a request without
/// an entry is classified by its URL alone.
#[derive(Debug, Default)]
pub struct Ladder {
    hls: hls::Memory,
    dash: dash::Memory,
    smooth: smooth::Memory,
    files: Files,
    /// The format of the session's presentation: that of the first one that is not an interstitial.
    main: Option<Protocol>,
    /// The last date from the origin.
    clock: Option<OriginDate>,
    redirects: Redirects,
    /// The ladder of the most recent media request.
    playing: Option<Arc<Rungs>>,
}

impl Ladder {
    /// Reads a manifest from the origin's own bytes, and returns its kind.
    ///
    /// `url` is the absolute URL at the origin, after redirects: the base of references.
    ///
    /// # Errors
    /// When the body is not such a manifest; earlier knowledge is kept.
    pub fn learn(
        &mut self,
        url: &Url,
        format: ManifestFormat,
        body: &[u8],
    ) -> Result<Kind, ManifestError> {
        let base = Base::new(&plain(url));
        let asset = self.is_asset(base.url().as_str());
        self.note_format(format, asset);
        match format {
            ManifestFormat::Hls => self.hls.learn(&base, body, asset),
            ManifestFormat::Mpd | ManifestFormat::MpdPatch => self.dash.learn(format, &base, body),
            ManifestFormat::Smooth => self.smooth.learn(&base, body),
            ManifestFormat::Steering => {
                let steering = steering::read(body)?;
                let protocol = self.resolve(url.as_str(), None).protocol;
                let next = steering.reload.iter().map(String::as_str);
                self.keep(&base, next, &Place::new(protocol, Kind::Steering));
                self.hls.steered(&base, &steering);
                Ok(Kind::Steering)
            }
            ManifestFormat::AssetList => {
                let assets = asset_list::read(body)?;
                let place = Place::new(Protocol::Hls, Kind::MultivariantPlaylist);
                self.keep(&base, assets.iter().map(String::as_str), &place);
                let mut url = String::new();
                for asset in assets.iter().filter(|asset| !asset.is_empty()) {
                    if base.resolve(asset, &mut url) {
                        self.hls.note_asset(&url);
                    }
                }
                Ok(Kind::AssetList)
            }
        }
    }

    /// Whether a version of the manifest at `url` was read before, and more of them may follow.
    #[must_use]
    pub fn has_read(&self, url: &Url) -> bool {
        let url = plain(url);
        let url = url.as_str();
        self.hls.has_read(url) || self.dash.has_read(url) || self.smooth.has_read(url)
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.hls.weight() + self.dash.weight() + self.smooth.weight() + self.files.weight()
    }

    /// Records that the origin's clock shows `date` at session time `now`.
    pub const fn tell_time(&mut self, now: SessionTime, date: UnixTime) {
        self.clock = Some(OriginDate { received: now, date });
    }

    /// Classifies a request. `url` is the absolute URL at the origin, as `Url::as_str` spells it; `first` is
    /// the first requested byte, if the request has a `Range`.
    ///
    /// Exact URLs come first, then templates, then the form of the URL.
    #[must_use]
    pub fn resolve(&self, url: &str, first: Option<u64>) -> Resource {
        self.resolve_at(url, first, None)
    }

    /// The same at session time `now`, with the distance to a live edge that moves by the clock.
    #[must_use]
    pub fn resolve_at(&self, url: &str, first: Option<u64>, now: Option<SessionTime>) -> Resource {
        let url = memchr::memchr(b'#', url.as_bytes()).and_then(|at| url.get(..at)).unwrap_or(url);
        let plain = directive::without(url);
        let date = self.clock.zip(now).map(|(last, now)| last.at(now).as_secs_f64());
        let mut found = self.named(&plain, first, date).unwrap_or_else(|| guess(&plain));
        if found.index.is_none() || found.media == MediaType::Unknown {
            let offset = if first.is_some() { self.dash.file(&plain) } else { None };
            self.files.place(&plain, first, offset, &mut found);
        }
        found
    }

    /// A probe for the body of a response, if the body could add anything that is not known yet.
    #[must_use]
    pub fn probe(&self, resource: &Resource, url: &str, head: Head<'_>) -> Option<Probe> {
        let plain = directive::without(url);
        let worth = Probe::is_worthwhile(resource, head.content_type);
        (worth && self.files.needs(&plain, head.first)).then(|| Probe::new(resource, &plain, head))
    }

    /// Adds what a probe found in a body.
    pub fn observe(&mut self, probe: Probe) {
        self.files.observe(probe);
    }

    /// Records that a player requests `resource`: its ladder becomes the current one, if it states the
    /// bandwidth of the video. Returns whether the current ladder changed.
    ///
    /// Each period of an MPD has its own ladder.
    pub fn plays(&mut self, resource: &Resource) -> bool {
        let Some(rungs) = resource.rungs.as_ref().filter(|_| is_played(resource)) else {
            return false;
        };
        let other = self.playing.as_ref() != Some(rungs);
        if other {
            self.playing = Some(Arc::clone(rungs));
        }
        other
    }

    /// The current ladder, as far as it is known.
    #[must_use]
    pub fn playing(&self) -> Option<&Rungs> {
        self.playing.as_deref()
    }

    /// The rendition on `rung` of the ladder of `resource`.
    #[must_use]
    pub fn rendition_on(&self, rung: u16, resource: &Resource) -> Option<&Arc<Rendition>> {
        let own = |held: &&Arc<Rendition>| {
            held.name == resource.rendition
                && held.rung == resource.rung
                && held.bandwidth == resource.bandwidth
        };
        let others = [self.dash.renditions(), self.smooth.renditions()];
        let mut ladders = self.hls.ladders().chain(others);
        let ladder = ladders.find(|ladder| ladder.iter().any(|held| own(&held)))?;
        ladder.iter().find(|held| {
            held.rung == Some(rung)
                && held.media == resource.media
                && held.protocol == resource.protocol
        })
    }

    /// Whether `url` is the URL of an interstitial, or the target of a redirect from one.
    fn is_asset(&self, url: &str) -> bool {
        let asked = self.redirects.of(url);
        self.hls.is_asset(url) || asked.is_some_and(|asked| self.hls.is_asset(asked))
    }

    fn note_format(&mut self, format: ManifestFormat, asset: bool) {
        let protocol = match format {
            ManifestFormat::Hls => Protocol::Hls,
            ManifestFormat::Mpd => Protocol::Dash,
            ManifestFormat::Smooth => Protocol::Smooth,
            ManifestFormat::MpdPatch | ManifestFormat::Steering | ManifestFormat::AssetList => {
                return;
            }
        };
        if self.main.is_none() && !asset {
            self.main = Some(protocol);
        }
    }

    /// Whether `resource` is audio or text of a presentation that also has video.
    #[must_use]
    pub fn is_beside_video(&self, resource: &Resource) -> bool {
        matches!(resource.media, MediaType::Audio | MediaType::Text)
            && self.renditions().any(|rendition| {
                rendition.protocol == resource.protocol
                    && rendition.kind != Kind::Image
                    && matches!(rendition.media, MediaType::Video | MediaType::Muxed)
            })
    }

    /// The URL that was requested first, if redirects led from it to `url`.
    #[must_use]
    pub fn redirected_from(&self, url: &str) -> Option<&str> {
        self.redirects.of(url)
    }

    /// Records that the origin redirects `from` to `to`: a request for one is classified by what the manifests
    /// state of the other.
    pub fn redirected(&mut self, from: &Url, to: &Url) {
        let (from, to) = (plain(from), plain(to));
        self.redirects.note(from.as_str(), to.as_str());
        self.hls.moved(from.as_str(), to.as_str());
        let kind = self.resolve(from.as_str(), None).kind;
        if kind.is_manifest() || kind == Kind::Other {
            self.dash.moved(from.as_str(), to.as_str());
        }
    }

    /// The value of the variable `name` for the HLS playlist at `url`, which imports it from the multivariant
    /// playlist that lists it.
    #[must_use]
    pub fn imported(&self, url: &Url, name: &str) -> Option<&str> {
        self.hls.imported(plain(url).as_str(), name)
    }

    /// The URL that takes the place of `url` as the base of the references of the document at `url`, if it is a part of
    /// an MPD: that of the MPD for a patch, and the base of its link for an element that an MPD links to.
    #[must_use]
    pub fn base_of_part(&self, url: &Url, format: ManifestFormat) -> Option<&Url> {
        self.dash.base_of_part(plain(url).as_str(), format)
    }

    /// The bases of the references of the document at `url`, if it is a part of an MPD: a patch to it, or an
    /// element that it links to. More than one if they are on several hosts.
    #[must_use]
    pub fn bases_of_part(&self, url: &Url, format: ManifestFormat) -> Vec<String> {
        self.dash.bases_of_part(plain(url).as_str(), format)
    }

    fn named(&self, url: &str, first: Option<u64>, date: Option<f64>) -> Option<Resource> {
        let find = |url: &str| {
            let listed = self.hls.get(url, first).or_else(|| self.dash.get(url, first, date));
            listed.or_else(|| self.smooth.get(url))
        };
        find(url).or_else(|| find(self.redirects.of(url)?))
    }

    /// Stores what is at some references.
    fn keep<'a>(&mut self, base: &Base, references: impl Iterator<Item = &'a str>, place: &Place) {
        let mut url = String::new();
        for reference in references {
            if !reference.is_empty() && base.resolve(reference, &mut url) {
                self.hls.keep(&url, place.clone());
            }
        }
    }

    /// The known renditions of the session's presentation, without those of interstitials.
    pub fn renditions(&self) -> impl Iterator<Item = &Arc<Rendition>> {
        let renditions = match self.main {
            Some(Protocol::Dash) => self.dash.renditions(),
            Some(Protocol::Smooth) => self.smooth.renditions(),
            _ => self.hls.renditions(),
        };
        renditions.iter()
    }
}

/// Whether a request shows which ladder is played: a request for a segment. Where there is video, only video
/// counts, because audio is requested further ahead.
fn is_played(resource: &Resource) -> bool {
    let video = || resource.rungs.as_ref().is_some_and(|rungs| rungs.has_video());
    matches!(resource.protocol, Protocol::Dash | Protocol::Smooth)
        && matches!(resource.kind, Kind::Segment | Kind::Part)
        && (resource.media == MediaType::Video || !video())
}

#[cfg(fuzzing)]
impl Ladder {
    /// Makes the next version of each manifest be read as a whole, for comparison with the incremental reading.
    #[doc(hidden)]
    pub fn forget_versions(&mut self) {
        self.hls.forget_versions();
        self.dash.forget_listings();
    }
}

/// A manifest's URL without the parameters that players add to it.
fn plain(url: &Url) -> Url {
    let spelled = directive::without(url.as_str());
    let mut plain = Url::parse(&spelled).unwrap_or_else(|_| url.clone());
    plain.set_fragment(None);
    without_user(&mut plain);
    plain
}
