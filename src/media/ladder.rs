//! The ladder of one session: what its manifests said, and what each request therefore is.

use super::{
    Kind, ManifestError, ManifestFormat, Rendition, Resource, base::Base, dash, directive,
    guess::guess, hls, smooth,
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
    smooth: smooth::Memory,
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
        let spelled = directive::without(url.as_str());
        let plain = Url::parse(&spelled).unwrap_or_else(|_| url.clone());
        let base = Base::new(&plain);
        match format {
            ManifestFormat::Hls => self.hls.learn(&base, body),
            ManifestFormat::Mpd | ManifestFormat::MpdPatch => self.dash.learn(format, &base, body),
            ManifestFormat::Smooth => self.smooth.learn(&base, body),
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
        let named = self.hls.get(&plain, first).or_else(|| self.dash.get(&plain, first, None));
        named.or_else(|| self.smooth.get(&plain)).unwrap_or_else(|| guess(&plain))
    }

    /// The renditions of the newest manifests, as far as they are known.
    pub fn renditions(&self) -> impl Iterator<Item = &Arc<Rendition>> {
        let others = self.dash.renditions().iter().chain(self.smooth.renditions());
        self.hls.renditions().iter().chain(others)
    }
}
