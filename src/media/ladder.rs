//! The ladder of one session: what its manifests said, and what each request therefore is.

use super::{
    Kind, ManifestError, ManifestFormat, Protocol, Rendition, Resource, asset_list, base::Base,
    dash, directive, guess::guess, hls, place::Place, redirects::Redirects, steering,
};
use std::sync::Arc;
use url::Url;

/// What a session learnt from the manifests that passed through it.
///
/// Memory is bounded, whatever the manifests say: each store forgets the least recent first, and what is
/// forgotten is classified by its URL alone.
#[derive(Debug, Default)]
pub struct Ladder {
    hls: hls::Memory,
    dash: dash::Memory,
    redirects: Redirects,
}

impl Ladder {
    /// Learns a manifest from the origin's own bytes, and says which kind it is.
    ///
    /// `url` is the absolute URL at the origin, after redirects: references start from it.
    ///
    /// # Errors
    /// When the body is no such manifest; what was known stays known.
    pub fn learn(
        &mut self,
        url: &Url,
        format: ManifestFormat,
        body: &[u8],
    ) -> Result<Kind, ManifestError> {
        let base = Base::new(&plain(url));
        match format {
            ManifestFormat::Hls => self.hls.learn(&base, body),
            ManifestFormat::Mpd => self.dash.learn(&base, body),
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
                Ok(Kind::AssetList)
            }
        }
    }

    /// What a request asks for. `url` is the absolute URL at the origin, as `Url::as_str` spells it;
    /// `first` is the first byte asked for, if the request has a `Range`.
    ///
    /// Exact names go first, then templates, then the spelling of the URL.
    #[must_use]
    pub fn resolve(&self, url: &str, first: Option<u64>) -> Resource {
        let url = memchr::memchr(b'#', url.as_bytes()).and_then(|at| url.get(..at)).unwrap_or(url);
        let plain = directive::without(url);
        self.named(&plain, first).unwrap_or_else(|| guess(&plain))
    }

    /// Notes that the origin answers `from` with a redirect to `to`: whoever asks for the one is given
    /// what the manifests say of the other.
    pub fn redirected(&mut self, from: &Url, to: &Url) {
        let (from, to) = (plain(from), plain(to));
        self.redirects.note(from.as_str(), to.as_str());
        self.hls.moved(from.as_str(), to.as_str());
    }

    fn named(&self, url: &str, first: Option<u64>) -> Option<Resource> {
        let find = |url: &str| self.hls.get(url, first).or_else(|| self.dash.get(url, first));
        find(url).or_else(|| find(self.redirects.of(url)?))
    }

    /// Keeps what stands at some references.
    fn keep<'a>(&mut self, base: &Base, references: impl Iterator<Item = &'a str>, place: &Place) {
        let mut url = String::new();
        for reference in references {
            if !reference.is_empty() && base.resolve(reference, &mut url) {
                self.hls.keep(&url, place.clone());
            }
        }
    }

    /// The renditions of the newest manifests, as far as they are known.
    pub fn renditions(&self) -> impl Iterator<Item = &Arc<Rendition>> {
        self.hls.renditions().iter().chain(self.dash.renditions())
    }
}

/// A manifest's URL without what players add to it.
fn plain(url: &Url) -> Url {
    let spelled = directive::without(url.as_str());
    let mut plain = Url::parse(&spelled).unwrap_or_else(|_| url.clone());
    plain.set_fragment(None);
    plain
}
