//! What is done with every manifest, and the laws that hold for any bytes.

use std::borrow::Cow;
use url::Url;
use vsps::media::{Ladder, ManifestFormat, UriMap, rewrite, sniff};

/// The proxy's mapping, inside session 7.
struct Proxy;

impl UriMap for Proxy {
    fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
        (authority != "proxy.test")
            .then(|| format!("/-/s/7/-/o/{}/{authority}", scheme.unwrap_or("https")).into())
    }

    fn root_relative(&self, path: &str) -> Option<Cow<'_, str>> {
        (!path.starts_with("/-/")).then_some("/-/s/7".into())
    }

    fn own(&self) -> Option<&str> {
        Some("http://proxy.test")
    }
}

/// Reads, learns, resolves and rewrites `body`.
pub fn exercise(format: ManifestFormat, body: &[u8]) {
    let Ok(url) = Url::parse("https://origin.example/a/b.mpd?x=1") else { return };
    let mut ladder = Ladder::default();
    for _ in 0..2 {
        let _ = ladder.learn(&url, format, body);
    }
    for asked in ["https://origin.example/a/1.m4s", "https://cdn.example/v/all.mp4?t=1"] {
        for first in [None, Some(0), Some(u64::MAX)] {
            let _ = ladder.resolve(asked, first);
        }
    }
    let _ = sniff(None, "/a", body);
    if let Ok(Some(led)) = rewrite(format, body, &Proxy) {
        assert_ne!(led, body, "what changes nothing copies nothing");
        let again = rewrite(format, &led, &Proxy);
        assert!(matches!(again, Ok(None)), "rewriting twice is rewriting once: {again:?}");
    }
}
