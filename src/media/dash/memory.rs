//! What a session learnt from MPDs: the last versions of each.

use super::super::{
    Kind, ManifestError, Rendition, Resource, base::Base, format::without_query, place::hash,
};
use super::{
    compile::{Compiled, plain},
    read::{Document, read},
};
use std::{collections::VecDeque, sync::Arc};

/// The most MPDs known at a time; the least recent one goes.
const SOURCES: usize = 4;
/// Versions kept of each: the newest, and one for requests of periods that just went.
const VERSIONS: usize = 2;

/// An MPD by its URL without query.
#[derive(Debug)]
struct Source {
    id: u64,
    /// Newest first.
    versions: VecDeque<Compiled>,
}

/// The memory.
#[derive(Debug, Default)]
pub(in super::super) struct Memory {
    /// Newest first.
    sources: VecDeque<Source>,
}

impl Memory {
    /// Learns an MPD; its kind.
    pub(in super::super) fn learn(
        &mut self,
        base: &Base,
        body: &[u8],
    ) -> Result<Kind, ManifestError> {
        let document = read(body)?;
        let id = hash(without_query(base.url().as_str()));
        let held = self.sources.iter().position(|source| source.id == id);
        let held = held.and_then(|at| self.sources.remove(at));
        let mut source = held.unwrap_or_else(|| Source { id, versions: VecDeque::new() });
        let mut compiled = Compiled::new(&document.mpd, base, source.versions.front());
        beside_media(&mut compiled, &document, base);
        source.versions.push_front(compiled);
        source.versions.truncate(VERSIONS);
        self.sources.push_front(source);
        self.sources.truncate(SOURCES);
        Ok(Kind::Mpd)
    }

    /// What stands at `url`, if some MPD names it.
    pub(in super::super) fn get(&self, url: &str, first: Option<u64>) -> Option<Resource> {
        let versions = || self.sources.iter().flat_map(|source| &source.versions);
        let exact = versions().find_map(|version| version.exact.get(url, first));
        let bare = without_query(url);
        exact.or_else(|| versions().find_map(|version| version.index.find(url))).or_else(|| {
            (bare != url).then(|| versions().find_map(|version| version.index.find(bare)))?
        })
    }

    /// The renditions of the newest MPD, period by period.
    pub(in super::super) fn renditions(&self) -> &[Arc<Rendition>] {
        let newest = self.sources.front().and_then(|source| source.versions.front());
        newest.map_or(&[], |version| &version.renditions)
    }
}

/// Keeps the URLs that are neither media nor init: the MPD's own, and those it points to.
fn beside_media(compiled: &mut Compiled, document: &Document, base: &Base) {
    let exact = &mut compiled.exact;
    exact.insert(base.url().as_str(), None, plain(Kind::Mpd));
    let locations =
        document.mpd.locations.iter().map(|location| (Kind::Mpd, location.url.as_str()));
    let patches =
        document.mpd.PatchLocation.iter().map(|patch| (Kind::MpdPatch, patch.content.as_str()));
    let steering = document.steering.iter().map(|steering| (Kind::Steering, steering.as_str()));
    let mut url = String::new();
    for (kind, reference) in locations.chain(patches).chain(steering).take(64) {
        let reference = reference.trim();
        if !reference.is_empty() && base.resolve(reference, &mut url) {
            exact.insert(&url, None, plain(kind));
        }
    }
}
