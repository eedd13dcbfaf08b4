//! What a proxy knows of the requests for a presentation.

use crate::{
    media::{Ladder, ManifestError, ManifestFormat, Resource},
    seed::Name,
};
use std::fmt;
use url::Url;

/// Where the paths are, for what is done with whole URLs.
const ORIGIN: &str = "http://origin";

/// A request as a proxy sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownRequest {
    /// Its path.
    pub path: String,
    /// What it is for, by the manifests.
    pub resource: Resource,
    /// Whether that is audio or text of a presentation that also has video.
    pub beside_video: bool,
}

/// A manifest that a proxy reads.
#[derive(Debug, Clone, Copy)]
pub struct ReadManifest<'a> {
    /// Its path.
    pub path: &'a str,
    /// Its syntax.
    pub format: ManifestFormat,
    /// Its bytes.
    pub body: &'a [u8],
}

/// Requests as a proxy sees them, by the names of their paths.
#[derive(Clone, PartialEq, Default)]
pub struct KnownRequests {
    /// In the order of the names.
    all: Vec<(Name, KnownRequest)>,
}

impl KnownRequests {
    /// Requests for `paths`, when `manifests` have passed.
    ///
    /// # Errors
    /// When one of these is no such manifest.
    pub fn read(
        manifests: &[ReadManifest<'_>],
        paths: impl Iterator<Item = String>,
    ) -> Result<Self, ManifestError> {
        let mut ladder = Ladder::default();
        for ReadManifest { path, format, body } in manifests {
            if let Ok(url) = Url::parse(&format!("{ORIGIN}{path}")) {
                ladder.learn(&url, *format, body)?;
            }
        }
        let known = |path: String| {
            let resource = ladder.resolve(&format!("{ORIGIN}{path}"), None);
            let beside_video = ladder.is_beside_video(&resource);
            (Name::new(&path), KnownRequest { path, resource, beside_video })
        };
        let mut all: Vec<_> = paths.map(known).collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all.dedup_by_key(|(name, _)| *name);
        Ok(Self { all })
    }

    /// The request for the path with this name.
    #[must_use]
    pub fn get(&self, name: Name) -> Option<&KnownRequest> {
        let at = self.all.binary_search_by_key(&name, |(name, _)| *name).ok()?;
        self.all.get(at).map(|(_, known)| known)
    }
}

impl fmt::Debug for KnownRequests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownRequests").field("count", &self.all.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Kind, MediaType};

    const MASTER: &str = "#EXTM3U\n\
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"Sound\",LANGUAGE=\"de\",URI=\"a.m3u8\"\n\
        #EXT-X-STREAM-INF:BANDWIDTH=300000,AUDIO=\"a\",RESOLUTION=426x240,CODECS=\"avc1.640015,mp4a.40.2\"\n\
        low.m3u8\n\
        #EXT-X-STREAM-INF:BANDWIDTH=900000,AUDIO=\"a\",RESOLUTION=854x480,CODECS=\"avc1.640015,mp4a.40.2\"\n\
        high.m3u8\n";

    fn playlist(name: &str) -> String {
        format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-MAP:URI=\"{name}/i.mp4\"\n\
             #EXTINF:4,\n{name}/1.m4s\n#EXTINF:4,\n{name}/2.m4s\n#EXT-X-ENDLIST\n"
        )
    }

    /// Each request is what the manifests say of it.
    #[test]
    fn requests_are_what_the_manifests_say() {
        let texts = ["low", "high", "a"].map(|name| (format!("/s/{name}.m3u8"), playlist(name)));
        let master = ("/s/main.m3u8".to_owned(), MASTER.to_owned());
        let manifests: Vec<_> = [&master]
            .into_iter()
            .chain(&texts)
            .map(|(path, text)| ReadManifest {
                path,
                format: ManifestFormat::Hls,
                body: text.as_bytes(),
            })
            .collect();
        let paths = ["main.m3u8", "high.m3u8", "high/i.mp4", "high/2.m4s", "a/1.m4s"];
        let paths = paths.map(|path| format!("/s/{path}"));
        let known = KnownRequests::read(&manifests, paths.iter().cloned()).unwrap();
        let get = |path: &str| known.get(Name::new(path)).unwrap();
        let seen: Vec<_> = paths
            .iter()
            .map(|path| {
                let KnownRequest { path, resource, beside_video } = get(path);
                (path.as_str(), resource.kind, resource.rung, resource.index, *beside_video)
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("/s/main.m3u8", Kind::MultivariantPlaylist, None, None, false),
                ("/s/high.m3u8", Kind::MediaPlaylist, Some(2), None, false),
                ("/s/high/i.mp4", Kind::Init, Some(2), None, false),
                ("/s/high/2.m4s", Kind::Segment, Some(2), Some(2), false),
                // HLS says no bandwidth of an audio rendition, so it is on no rung.
                ("/s/a/1.m4s", Kind::Segment, None, Some(1), true),
            ]
        );
        let segment = &get("/s/high/2.m4s").resource;
        assert_eq!((segment.number, segment.media), (Some(8), MediaType::Video));
        assert_eq!(segment.resolution, Some((854, 480)));
        assert_eq!(segment.highest_rung(), Some(2));
        assert_eq!(get("/s/a/1.m4s").resource.language.as_deref(), Some("de"));
        assert_eq!(known.get(Name::new("/s/low/1.m4s")), None);
    }

    #[test]
    fn what_is_no_manifest_is_an_error() {
        let manifest = ReadManifest { path: "/m.mpd", format: ManifestFormat::Mpd, body: b"<x/>" };
        assert!(KnownRequests::read(&[manifest], std::iter::empty()).is_err());
    }
}
