//! The client manifests of a session: the newest version of each.

use super::super::{
    Kind, ManifestError, ManifestFormat, Rendition, Resource, base::Base, charset,
    entities::expanded, format::without_query, place::hash,
};
use super::{compile::Compiled, read::read};
use std::{collections::VecDeque, sync::Arc};

/// The most manifests stored; beyond it the least recent one is removed.
const SOURCES: usize = 4;

/// A manifest by its URL without query.
#[derive(Debug)]
struct Source {
    id: u64,
    body: u64,
    newest: Compiled,
}

/// The stored manifests. Timelines keep segments that left a live window, so older versions need not be kept.
#[derive(Debug, Default)]
pub(in crate::media) struct Memory {
    /// Newest first.
    sources: VecDeque<Source>,
}

impl Memory {
    /// Reads a client manifest; returns its kind.
    pub(in crate::media) fn learn(
        &mut self,
        base: &Base,
        body: &[u8],
    ) -> Result<Kind, ManifestError> {
        let text = expanded(charset::read(ManifestFormat::Smooth, body)?).0;
        let id = hash(without_query(base.url().as_str()));
        let body = hash(&text);
        let at = self.sources.iter().position(|source| source.id == id);
        let known = at.and_then(|at| self.sources.get(at)).is_some_and(|held| held.body == body);
        let manifest = if known { None } else { Some(read(&text)?) };
        let held = at.and_then(|at| self.sources.remove(at));
        let source = match (held, manifest) {
            (Some(held), None) => Some(held),
            (held, Some(manifest)) => {
                let old = held.as_ref().map(|held| &held.newest);
                Some(Source { id, body, newest: Compiled::new(&manifest, base, old) })
            }
            (None, None) => None,
        };
        if let Some(source) = source {
            self.sources.push_front(source);
        }
        self.sources.truncate(SOURCES);
        Ok(Kind::ClientManifest)
    }

    /// Whether a version of the manifest at `url` was read.
    pub(in crate::media) fn has_read(&self, url: &str) -> bool {
        let id = hash(without_query(url));
        self.sources.iter().any(|source| source.id == id)
    }

    /// About how many bytes of memory it takes.
    pub(in crate::media) fn weight(&self) -> usize {
        self.sources.iter().map(|source| source.newest.bytes()).sum()
    }

    /// The resource at `url`, if a manifest names it.
    pub(in crate::media) fn get(&self, url: &str) -> Option<Resource> {
        self.sources.iter().find_map(|source| {
            let newest = &source.newest;
            let bare = without_query(url);
            let found = newest.get(url).or_else(|| newest.get(bare));
            let mut found = found.or_else(|| newest.get_bare(bare))?;
            found.behind_live = newest.behind_live(&found);
            Some(found)
        })
    }

    /// The renditions of the newest manifest.
    pub(in crate::media) fn renditions(&self) -> &[Arc<Rendition>] {
        self.sources.front().map_or(&[], |source| &source.newest.renditions)
    }
}
