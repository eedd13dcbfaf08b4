//! The HLS playlists of a session: renditions, and the URLs of their segments.

use super::super::{
    Kind, ManifestError, MediaType, Protocol, Rendition, Resource,
    base::Base,
    format::{last_segment, without_query},
    guess::guess,
    place::{Key, PLACES, Place, Places, hash},
    steering::Steering,
};
use super::{
    define::Variables,
    line,
    multivariant::{self, is_multivariant},
    playlist::{Listed, Playlist, SEGMENTS},
    presentations::{Cloneable, Named, Presentation, Presentations},
    read::read,
    track::{Anchor, Track},
    version::Version,
};
use crate::units::MediaTime;
use std::{collections::HashMap, sync::Arc};
use url::Url;

/// The most media playlists with stored segments; beyond it the least recent one is removed.
const TRACKS: usize = 256;
/// The most media playlists stored by URL. A session with more starts again from nothing.
const PLAYLISTS: usize = 4096;
/// The most that is kept of playlists' newest versions, all together, in bytes.
const VERSIONS: usize = 2 << 20;

#[derive(Debug)]
struct Remembered {
    track: Track,
    presentation: u64,
    used: u64,
}

/// The stored playlists.
#[derive(Debug, Default)]
pub(in crate::media) struct Memory {
    places: Places,
    /// By URL, with and without query.
    named: HashMap<u64, Named>,
    tracks: HashMap<u64, Remembered>,
    presentations: Presentations,
    clock: u64,
}

impl Memory {
    /// Reads a playlist, that of an interstitial if `asset`; returns its kind.
    ///
    /// Parts that cannot be read are left out; the error is returned after the rest is stored.
    pub(in crate::media) fn learn(
        &mut self,
        base: &Base,
        body: &[u8],
        asset: bool,
    ) -> Result<Kind, ManifestError> {
        let text = &*line::playlist(body)?;
        if is_multivariant(text) {
            self.multivariant(base, text, asset)?;
            return Ok(Kind::MultivariantPlaylist);
        }
        let url = base.url().as_str();
        let none = Variables::default();
        let imports = self.imports(url).unwrap_or(&none);
        let variables = Variables::read(text, base.url(), imports);
        let old = self.tracks.get(&self.track_at(url).0);
        let old = old.and_then(|held| held.track.newest.as_ref());
        let old = old.filter(|old| old.fits(hash(url), &variables));
        let mut playlist = read(text, &variables, old)?;
        let fault = playlist.fault.take();
        let (id, whole) = self.media(base, &playlist, asset);
        let (first, marks) = (playlist.first(), std::mem::take(&mut playlist.marks));
        // A playlist that has ended is not requested again.
        let numbered = first.checked_add(playlist.count as u64).is_some();
        let worth =
            whole && numbered && fault.is_none() && !playlist.ended && text.len() <= VERSIONS;
        let base = hash(url);
        self.hold(id, worth, |old| Version::new(old, text, base, variables.clone(), first, marks));
        fault.map_or(Ok(Kind::MediaPlaylist), Err)
    }

    /// The variables that the media playlist at `url` may import.
    fn imports(&self, url: &str) -> Option<&Variables> {
        let (_, named) = self.track_at(url);
        let presentation = match named {
            Some(named) => self.presentations.get(named.presentation),
            None => self.presentations.main(),
        };
        presentation.map(|held| &held.variables)
    }

    /// The value of the variable `name`, if the media playlist at `url` imports it.
    pub(in crate::media) fn imported(&self, url: &str, name: &str) -> Option<&str> {
        self.imports(url)?.get(name)
    }

    /// Whether a version of the playlist at `url` was read.
    pub(in crate::media) fn has_read(&self, url: &str) -> bool {
        self.tracks.contains_key(&self.track_at(url).0) || self.presentations.has(hash(url))
    }

    /// About how many bytes of memory it takes.
    pub(in crate::media) fn weight(&self) -> usize {
        let named = self.named.len() * 2 * size_of::<(u64, Named)>();
        let tracks: usize = self.tracks.values().map(|held| held.track.weight()).sum();
        self.places.weight() + named + tracks + self.presentations.weight()
    }

    /// The resource at `url`, if a playlist names it.
    pub(in crate::media) fn get(&self, url: &str, first: Option<u64>) -> Option<Resource> {
        self.places.get(url, first)
    }

    /// The renditions of the session's presentation: of its multivariant playlist, or of a lone media
    /// playlist.
    pub(in crate::media) fn renditions(&self) -> &[Arc<Rendition>] {
        self.presentations.main().map_or(&[], |main| &main.renditions)
    }

    /// The renditions of each presentation, those of the session's first.
    pub(in crate::media) fn ladders(&self) -> impl Iterator<Item = &[Arc<Rendition>]> {
        self.presentations.ladders()
    }

    /// Records that `url` is that of an interstitial.
    pub(in crate::media) fn note_asset(&mut self, url: &str) {
        self.presentations.note_asset(url);
    }

    /// Whether `url` was named as an interstitial's.
    pub(in crate::media) fn is_asset(&self, url: &str) -> bool {
        self.presentations.is_asset(url)
    }

    fn multivariant(&mut self, base: &Base, text: &str, asset: bool) -> Result<(), ManifestError> {
        let variables = Variables::read(text, base.url(), &Variables::default());
        let read = multivariant::read(text, &variables)?;
        let id = hash(base.url().as_str());
        self.make_room_for_names(2 * read.entries.len(), id);
        let whole = Place::new(Protocol::Hls, Kind::MultivariantPlaylist);
        self.places.insert(base.url().as_str(), None, whole);
        let steered = read.others.iter().any(|(kind, _)| *kind == Kind::Steering);
        let mut presentation =
            Presentation { asset, steered, variables, ..Presentation::default() };
        let mut url = String::new();
        for entry in read.entries {
            let rendition = Arc::new(entry.rendition);
            presentation.renditions.push(Arc::clone(&rendition));
            if !base.resolve(&entry.uri, &mut url) {
                continue;
            }
            let named = Named { rendition, presentation: id };
            self.name(&url, &named);
            let entry = Cloneable { url: url.clone(), stable: entry.stable, named };
            presentation.entries.push(entry);
        }
        for (kind, uri) in read.others {
            if base.resolve(&uri, &mut url) {
                self.places.insert(&url, None, Place::new(Protocol::Hls, kind));
            }
        }
        if let Some(oldest) = self.presentations.insert(id, presentation) {
            self.forget_presentation(oldest);
        }
        read.fault.map_or(Ok(()), Err)
    }

    /// Removes the least recent presentations until another `names` fit, and all if that is not enough.
    fn make_room_for_names(&mut self, names: usize, id: u64) {
        while self.named.len() + names > PLAYLISTS {
            let Some(oldest) = self.presentations.oldest().filter(|oldest| *oldest != id) else {
                self.presentations.clear();
                self.named.clear();
                self.tracks.clear();
                self.places = Places::default();
                return;
            };
            self.forget_presentation(oldest);
        }
    }

    fn forget_presentation(&mut self, id: u64) {
        self.named.retain(|_, named| named.presentation != id);
        for entry in self.presentations.remove(id).into_iter().flat_map(|gone| gone.entries) {
            self.places.remove(Key::of(&entry.url, None));
        }
        let places = &mut self.places;
        self.tracks.retain(|_, held| {
            if held.presentation == id {
                held.track.clear(places);
            }
            held.presentation != id
        });
    }

    /// Stores the URL of a media playlist.
    fn name(&mut self, url: &str, named: &Named) {
        self.places.insert(url, None, Place::of(&named.rendition, Kind::MediaPlaylist));
        self.named.entry(hash(without_query(url))).or_insert_with(|| named.clone());
        self.named.insert(hash(url), named.clone());
    }

    /// Reads the playlist URLs of pathway clones.
    pub(in crate::media) fn steered(&mut self, base: &Base, steering: &Steering) {
        let mut clones = Vec::new();
        let mut url = String::new();
        for replacement in steering.clones.iter().map(|clone| &clone.replacement) {
            for entry in self.presentations.steered().flat_map(|steered| &steered.entries) {
                let stable = entry.stable.as_ref();
                let (variants, renditions) = (&replacement.variants, &replacement.renditions);
                let whole = stable.and_then(|id| variants.get(id).or_else(|| renditions.get(id)));
                let cloned = match (whole, &replacement.host) {
                    (Some(uri), _) => base.resolve(uri, &mut url).then(|| url.clone()),
                    (None, Some(host)) => on_host(&entry.url, host),
                    (None, None) => None,
                };
                clones.extend(cloned.map(|url| (url, entry.named.clone())));
            }
        }
        for (url, named) in clones {
            if self.named.len() + 2 <= PLAYLISTS {
                self.name(&url, &named);
            }
        }
    }

    /// Records another URL of a media playlist, to which the origin redirects.
    pub(in crate::media) fn moved(&mut self, from: &str, to: &str) {
        let named =
            self.named.get(&hash(from)).or_else(|| self.named.get(&hash(without_query(from))));
        if let Some(named) = named.cloned().filter(|_| self.named.len() + 2 <= PLAYLISTS) {
            self.name(to, &named);
        }
    }

    /// Stores a URL that is neither a playlist's nor a segment's.
    pub(in crate::media) fn keep(&mut self, url: &str, place: Place) {
        self.places.insert(url, None, place);
    }

    /// The key of a playlist's track, and its entry in a multivariant playlist.
    fn track_at(&self, url: &str) -> (u64, Option<&Named>) {
        let bare = hash(without_query(url));
        let named = self.named.get(&hash(url)).or_else(|| self.named.get(&bare));
        let id = if named.is_some() { hash(url) } else { bare };
        let id = if self.tracks.contains_key(&id) { id } else { self.token_twin(id, named) };
        (id, named)
    }

    /// Reads a version of a media playlist; returns its track, and whether all its segments are stored there.
    fn media(&mut self, base: &Base, playlist: &Playlist<'_>, asset: bool) -> (u64, bool) {
        let url = base.url().as_str();
        let (id, named) = self.track_at(url);
        let named = named.cloned();
        self.make_room(id, playlist.count.min(SEGMENTS));
        self.clock += 1;
        let named = named.unwrap_or_else(|| self.lone(url, id, playlist, asset));
        self.presentations.play(named.presentation);
        self.note_assets(base, playlist);
        let anchor = self.anchor(named.presentation, playlist);
        let remembered = self.tracks.entry(id).or_insert_with(|| Remembered {
            track: Track::new(Arc::clone(&named.rendition), anchor),
            presentation: named.presentation,
            used: 0,
        });
        remembered.used = self.clock;
        remembered.track.rendition = named.rendition;
        self.places.insert(url, None, Place::of(&remembered.track.rendition, Kind::MediaPlaylist));
        (id, remembered.track.learn(base, playlist, &mut self.places))
    }

    /// Records the interstitials that a playlist names.
    fn note_assets(&mut self, base: &Base, playlist: &Playlist<'_>) {
        let assets =
            playlist.extras.iter().filter(|extra| extra.kind == Kind::MultivariantPlaylist);
        let mut url = String::new();
        for asset in assets {
            if base.resolve(&asset.uri, &mut url) {
                self.presentations.note_asset(&url);
            }
        }
    }

    /// Stores the newest version of a track for its reload, if `worth`, and removes those that were not
    /// reloaded for longest.
    fn hold(&mut self, id: u64, worth: bool, version: impl FnOnce(Option<Version>) -> Version) {
        if let Some(held) = self.tracks.get_mut(&id) {
            let old = held.track.newest.take();
            held.track.newest = worth.then(|| version(old));
        }
        let weight = |held: &Remembered| held.track.newest.as_ref().map_or(0, Version::weight);
        let mut total: usize = self.tracks.values().map(weight).sum();
        while total > VERSIONS {
            let kept = self.tracks.values_mut().filter(|held| held.track.newest.is_some());
            let Some(oldest) = kept.min_by_key(|held| held.used) else { return };
            total -= weight(oldest);
            oldest.track.newest = None;
        }
    }

    /// The track of the same rendition under another token, if there is one.
    fn token_twin(&self, id: u64, named: Option<&Named>) -> u64 {
        let Some(named) = named else { return id };
        let twin = self
            .tracks
            .iter()
            .find(|(_, held)| Arc::ptr_eq(&held.track.rendition, &named.rendition));
        twin.map_or(id, |(twin, _)| *twin)
    }

    /// The rendition of a media playlist that no multivariant playlist names.
    fn lone(&mut self, url: &str, id: u64, playlist: &Playlist<'_>, asset: bool) -> Named {
        if let Some(held) = self.tracks.get(&id) {
            return Named {
                rendition: Arc::clone(&held.track.rendition),
                presentation: held.presentation,
            };
        }
        let first = playlist.listed.first().and_then(|listed| match listed {
            Listed::Segment(segment) => Some(guess(&segment.uri)),
            Listed::Again(_) => None,
        });
        let media = first.map_or(MediaType::Unknown, |first| first.media);
        let mut rendition = Rendition::new(Protocol::Hls, media);
        rendition.name = Some(Arc::from(last_segment(url)));
        if playlist.images {
            rendition.kind = Kind::Image;
        }
        let rendition = Arc::new(rendition);
        if self.named.is_empty() {
            let renditions = vec![Arc::clone(&rendition)];
            let lone = Presentation { renditions, asset, ..Presentation::default() };
            if let Some(oldest) = self.presentations.insert(id, lone) {
                self.forget_presentation(oldest);
            }
        }
        Named { rendition, presentation: id }
    }

    /// The anchor of a new track: that of its siblings, if their windows are close to each other.
    fn anchor(&self, presentation: u64, playlist: &Playlist<'_>) -> Anchor {
        let (sequence, len) = (playlist.sequence, playlist.count as u64);
        let siblings = self.tracks.values().filter(|held| held.presentation == presentation);
        let newest = siblings.max_by_key(|held| held.used);
        newest
            .and_then(|held| held.track.anchor_for(sequence, len, playlist.target))
            .unwrap_or(Anchor { sequence, known: (sequence, MediaTime::ZERO) })
    }

    /// Removes the least recent tracks until another `segments` fit.
    fn make_room(&mut self, id: u64, segments: usize) {
        while self.tracks.len() > TRACKS || self.places.len() + segments > PLACES {
            let others = self.tracks.iter().filter(|(held, _)| **held != id);
            let Some(oldest) = others.min_by_key(|(_, held)| held.used).map(|(oldest, _)| *oldest)
            else {
                return;
            };
            if let Some(mut gone) = self.tracks.remove(&oldest) {
                gone.track.clear(&mut self.places);
            }
        }
    }
}

/// A URL on another host, with its port if `host` has one.
fn on_host(url: &str, host: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !name.ends_with(':') => (name, Some(port.parse().ok()?)),
        _ => (host, None),
    };
    url.set_host(Some(name)).ok()?;
    url.set_port(port).ok()?;
    Some(url.into())
}

#[cfg(any(test, fuzzing))]
impl Memory {
    /// Makes the next version of each playlist be read as a whole.
    pub(in crate::media) fn forget_versions(&mut self) {
        self.tracks.values_mut().for_each(|held| held.track.newest = None);
    }
}

#[cfg(test)]
impl Memory {
    pub(super) fn version_of(&self, url: &str) -> Option<&Version> {
        self.tracks.get(&self.track_at(url).0)?.track.newest.as_ref()
    }

    /// The number of places.
    pub(super) fn known(&self) -> usize {
        self.places.len()
    }
}
