//! The MPDs of a session and their patches: the last versions of each.

use super::super::{
    Kind, ManifestError, ManifestFormat, Rendition, Resource,
    base::Base,
    budget::{Budget, LONGEST_URL},
    charset,
    entities::expanded,
    format::without_query,
    place::hash,
};
use super::{
    compile::{Compiled, plain},
    levels::bases,
    model::{Mpd, Text},
    patch,
    read::read,
    version::Version,
};
use std::{borrow::Cow, collections::VecDeque, sync::Arc};
use url::Url;

/// The most MPDs stored; beyond it the least recent one is removed.
const SOURCES: usize = 4;
/// The most URLs of one MPD.
const NAMES: usize = 8;
/// The most redirects stored.
const REDIRECTS: usize = 64;
/// The most versions kept of each. A version whose segments are all in the next one is not kept.
const VERSIONS: usize = 4;
/// The most memory for all versions of one MPD, in places.
const WEIGHT: usize = 1 << 17;
/// The longest MPD whose text is kept: for patches to be applied to, and for its reload to be compared with.
const TEXT: usize = 2 << 20;

/// An MPD by its URL without query.
#[derive(Debug, Default)]
struct Source {
    /// The URLs under which it is requested: its own without query, and those that redirect to it.
    names: Vec<String>,
    /// The hash of the newest version's bytes, if they are not kept.
    body: Option<u64>,
    /// The bases of an MPD's references: its own URL, or its BaseURLs. Empty for a linked element.
    bases: Vec<Arc<Base>>,
    /// The newest version, if more versions follow.
    newest: Option<Newest>,
    /// Newest first.
    versions: VecDeque<Compiled>,
}

/// The newest version of an MPD that changes.
#[derive(Debug)]
struct Newest {
    version: Version,
    /// The base of its references.
    base: Base,
    /// Whether it announces patches.
    patched: bool,
}

impl Source {
    /// Sets the URLs of its newest version, and those at which it is to be requested from now on. Those of
    /// earlier versions stay, as far as there is room.
    fn rename(&mut self, names: Vec<String>, locations: &[Text<'_>], base: &Base) {
        let mut url = String::new();
        let before = std::mem::replace(&mut self.names, names);
        for location in locations.iter().filter(|location| location.len() <= LONGEST_URL) {
            if base.resolve(location, &mut url) {
                self.name(without_query(&url).to_owned());
            }
        }
        before.into_iter().for_each(|name| self.name(name));
    }

    fn name(&mut self, name: String) {
        if self.names.len() < NAMES && !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    /// Whether a text equals that of the newest version and means the same. The meaning of a linked element
    /// depends on its MPD.
    fn repeats(&self, text: &str) -> bool {
        if self.bases.is_empty() {
            return false;
        }
        match &self.newest {
            Some(newest) => newest.version.text == text,
            None => self.body == Some(hash(text)),
        }
    }
}

/// The stored MPDs.
#[derive(Debug, Default)]
pub(in crate::media) struct Memory {
    /// Newest first.
    sources: VecDeque<Source>,
    /// Redirects of manifests, newest last: from, to.
    redirects: VecDeque<(String, String)>,
}

impl Memory {
    /// Reads an MPD or a patch; returns its kind.
    pub(in crate::media) fn learn(
        &mut self,
        format: ManifestFormat,
        base: &Base,
        body: &[u8],
    ) -> Result<Kind, ManifestError> {
        let text = expanded(charset::read(format, body)?).0;
        if format == ManifestFormat::MpdPatch {
            self.patch(&text)?;
            return Ok(Kind::MpdPatch);
        }
        let names = self.names(base.url().as_str());
        let at = self.position(&names);
        let source = at.and_then(|at| self.sources.get(at));
        if let Some(at) = at.filter(|_| source.is_some_and(|source| source.repeats(&text))) {
            // Nothing has changed since.
            self.renew(at);
            return Ok(Kind::Mpd);
        }
        let old = source.and_then(|source| source.newest.as_ref());
        let mut mpd = read(format, &text, old.map(|old| &old.version))?;
        if mpd.remote {
            let bases = self.bases_of_link(base.url().as_str()).iter();
            mpd.bases = bases.map(|base| Cow::Owned(base.url().to_string())).collect();
        }
        self.version(names, &text, &mut mpd, base);
        Ok(Kind::Mpd)
    }

    /// Whether a version of the MPD at `url` was read.
    pub(in crate::media) fn has_read(&self, url: &str) -> bool {
        !self.sources.is_empty() && self.position(&self.names(url)).is_some()
    }

    /// About how many bytes of memory it takes.
    pub(in crate::media) fn weight(&self) -> usize {
        let one = |source: &Source| {
            let newest = source.newest.as_ref().map_or(0, |newest| newest.version.weight());
            newest + source.versions.iter().map(Compiled::bytes).sum::<usize>()
        };
        let redirects = self.redirects.iter().map(|(from, to)| from.len() + to.len());
        self.sources.iter().map(one).sum::<usize>() + redirects.sum::<usize>()
    }

    /// Records that the origin redirects the manifest `from` to `to`.
    pub(in crate::media) fn moved(&mut self, from: &str, to: &str) {
        if from == to || from.len().max(to.len()) > LONGEST_URL {
            return;
        }
        if self.redirects.len() >= REDIRECTS {
            self.redirects.pop_front();
        }
        self.redirects.push_back((from.to_owned(), to.to_owned()));
    }

    /// The URLs of the MPD at `url`: without its query, and those that redirected to it.
    fn names(&self, url: &str) -> Vec<String> {
        let mut names = vec![without_query(url).to_owned()];
        let mut asked = url;
        // The newest redirect is the one that was followed; a chain of them has no loop.
        for (from, to) in self.redirects.iter().rev() {
            if to == asked && names.len() < NAMES && !names.contains(from) {
                names.push(from.clone());
                asked = from;
            }
        }
        names
    }

    /// The index of the source with one of these URLs.
    fn position(&self, names: &[String]) -> Option<usize> {
        let one_of = |source: &Source| source.names.iter().any(|name| names.contains(name));
        self.sources.iter().position(one_of)
    }

    /// Makes a source the newest one.
    fn renew(&mut self, at: usize) {
        if let Some(source) = self.sources.remove(at) {
            self.sources.push_front(source);
        }
    }

    fn version(&mut self, names: Vec<String>, text: &str, mpd: &mut Mpd<'_>, base: &Base) {
        let held = self.position(&names).and_then(|at| self.sources.remove(at));
        let mut source = held.unwrap_or_default();
        let mut compiled = Compiled::new(mpd, base, source.versions.front());
        source.rename(names, &mpd.locations, base);
        for name in &source.names {
            compiled.exact.insert(name, None, plain(Kind::Mpd));
        }
        beside_media(&mut compiled, mpd, base);
        if source.versions.front().is_some_and(|old| compiled.supersedes(old)) {
            source.versions.pop_front();
        }
        source.versions.push_front(compiled);
        source.versions.truncate(VERSIONS);
        let mut weight = 0;
        let light = source.versions.iter().take_while(|version| {
            weight += version.weight();
            weight < WEIGHT
        });
        let light = light.count().max(1);
        source.versions.truncate(light);
        source.bases = if mpd.remote {
            Vec::new()
        } else {
            bases(&[Arc::new(Base::new(base.url()))], &mpd.bases, &Budget::of(mpd.len))
        };
        let patched = !mpd.patches.is_empty();
        let old = source.newest.take().map(|newest| newest.version);
        source.newest = ((mpd.dynamic || patched) && text.len() <= TEXT).then(|| {
            let version = Version::new(old, text, std::mem::take(&mut mpd.listings));
            Newest { version, base: Base::new(base.url()), patched }
        });
        source.body = source.newest.is_none().then(|| hash(text));
        // A linked element does not take the place of its MPD.
        let at = usize::from(mpd.remote && !self.sources.is_empty());
        self.sources.insert(at, source);
        self.sources.truncate(SOURCES);
    }

    /// The bases of the references of a linked element at `url`. It takes the place of its link (ISO/IEC
    /// 23009-1, 5.5): players resolve it as a part of its MPD.
    fn bases_of_link(&self, url: &str) -> &[Arc<Base>] {
        let mut mpds = self.sources.iter().filter(|source| !source.bases.is_empty());
        let names = |source: &&Source| source.versions.iter().any(|held| held.exact.contains(url));
        let source = mpds.clone().find(names).or_else(|| mpds.next());
        source.map(|source| source.bases.as_slice()).unwrap_or_default()
    }

    /// The URL that takes the place of `url` as the base of the references of the document there, if it is a part of an
    /// MPD. For an element that the MPD links to, it is that of the link. A patch changes the MPD that the player has, so what
    /// it inserts is resolved as the rest of this MPD: against the URL of the MPD (ISO/IEC 23009-1, 5.15 and 5.6.4).
    pub(in crate::media) fn base_of_part(&self, url: &str, format: ManifestFormat) -> Option<&Url> {
        if format == ManifestFormat::MpdPatch {
            return Some(self.patched(url)?.newest.as_ref()?.base.url());
        }
        self.is_linked(url).then(|| self.bases_of_link(url).first().map(|base| base.url()))?
    }

    /// The MPD that the patch at `url` changes.
    fn patched(&self, url: &str) -> Option<&Source> {
        let mut patched = self
            .sources
            .iter()
            .filter(|source| source.newest.as_ref().is_some_and(|newest| newest.patched));
        let names = |source: &&Source| source.versions.iter().any(|held| held.exact.contains(url));
        patched.clone().find(names).or_else(|| patched.next())
    }

    fn is_linked(&self, url: &str) -> bool {
        let name = without_query(url);
        let named = |held: &Source| held.names.iter().any(|held| held == name);
        self.sources.iter().any(|held| held.bases.is_empty() && named(held))
    }

    /// The bases of the references of the document at `url`, if it is a part of an MPD: an element that it
    /// links to, or a patch to it.
    pub(in crate::media) fn bases_of_part(&self, url: &str, format: ManifestFormat) -> Vec<String> {
        let bases = if format == ManifestFormat::MpdPatch {
            let newest = self.patched(url).and_then(|source| source.versions.front());
            newest.map(|newest| newest.hosts.as_slice()).unwrap_or_default()
        } else if self.is_linked(url) {
            self.bases_of_link(url)
        } else {
            &[]
        };
        bases.iter().map(|base| base.url().to_string()).collect()
    }

    /// Applies a patch to the MPD it was made for. A patch that fits none changes nothing: the player that
    /// requested it will request the whole MPD.
    fn patch(&mut self, text: &str) -> Result<(), ManifestError> {
        let patch = patch::read(text)?;
        let fitting = self.sources.iter().find_map(|source| {
            let newest = source.newest.as_ref().filter(|newest| newest.patched)?;
            Some((source.names.clone(), newest, patch.apply(&newest.version.text)?))
        });
        let Some((names, newest, patched)) = fitting else { return Ok(()) };
        let mut mpd = read(ManifestFormat::MpdPatch, &patched, Some(&newest.version))?;
        let base = Base::new(newest.base.url());
        self.version(names, &patched, &mut mpd, &base);
        Ok(())
    }

    /// The resource at `url`, if an MPD names it; `now` is the origin's time in seconds since the Unix epoch.
    pub(in crate::media) fn get(
        &self,
        url: &str,
        first: Option<u64>,
        now: Option<f64>,
    ) -> Option<Resource> {
        let bare = without_query(url);
        let exact = self.find(now, |version| version.exact.get(url, first));
        let templated = |url, bare| self.find(now, |version| version.index.find(url, bare));
        // Tokens in queries change, in URLs as in the templates that they come from.
        exact
            .or_else(|| templated(url, false))
            .or_else(|| (bare != url).then(|| templated(bare, false))?)
            .or_else(|| templated(bare, true))
    }

    fn find(
        &self,
        now: Option<f64>,
        query: impl Fn(&Compiled) -> Option<Resource>,
    ) -> Option<Resource> {
        self.sources.iter().find_map(|source| {
            let mut found = source.versions.iter().find_map(&query)?;
            let newest = source.versions.front();
            found.behind_live = newest.and_then(|newest| newest.behind_live(&found, now));
            Some(found)
        })
    }

    /// What to subtract from the times of a file's own index, in seconds, if an MPD names the file.
    pub(in crate::media) fn file(&self, url: &str) -> Option<f64> {
        let id = hash(url);
        let mut versions = self.sources.iter().flat_map(|source| &source.versions);
        versions.find_map(|version| version.files.get(&id)).copied()
    }

    /// The renditions of the newest MPD, period by period.
    pub(in crate::media) fn renditions(&self) -> &[Arc<Rendition>] {
        let newest = self.sources.front().and_then(|source| source.versions.front());
        newest.map_or(&[], |version| &version.renditions)
    }
}

/// Stores the URLs that are neither media nor init: the MPD's own, and those it refers to.
fn beside_media(compiled: &mut Compiled, mpd: &Mpd<'_>, base: &Base) {
    let exact = &mut compiled.exact;
    exact.insert(base.url().as_str(), None, plain(Kind::Mpd));
    let mut url = String::new();
    for (kind, references) in [
        (Kind::Mpd, &mpd.locations),
        (Kind::Mpd, &mpd.linked),
        (Kind::Mpd, &mpd.others),
        (Kind::MpdPatch, &mpd.patches),
        (Kind::Steering, &mpd.steering),
        (Kind::Clock, &mpd.clocks),
    ] {
        // Players request clocks and other MPDs at the first BaseURL's host, or at the MPD's.
        let below = kind == Kind::Clock || std::ptr::eq(references, &mpd.others);
        let first = mpd.bases.first().filter(|_| below);
        let first = first.and_then(|first| base.url().join(first).ok()).map(|url| Base::new(&url));
        for reference in references
            .iter()
            .filter(|reference| !reference.starts_with("urn:") && reference.len() <= LONGEST_URL)
        {
            for base in first.iter().chain([base]) {
                if base.resolve(reference, &mut url) {
                    exact.insert(&url, None, plain(kind));
                }
            }
        }
    }
}

#[cfg(any(test, fuzzing))]
impl Memory {
    /// Makes the timelines of the next version of each MPD be read as a whole.
    pub(in crate::media) fn forget_listings(&mut self) {
        for newest in self.sources.iter_mut().filter_map(|source| source.newest.as_mut()) {
            newest.version.forget_listings();
        }
    }
}

#[cfg(test)]
impl Memory {
    /// The memory use of all versions, in places.
    pub(super) fn places(&self) -> usize {
        self.sources.iter().flat_map(|source| &source.versions).map(Compiled::weight).sum()
    }
}
