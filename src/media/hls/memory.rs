//! What a session learnt from HLS playlists: renditions, and the URLs of their segments.

use super::super::{
    Kind, ManifestError, MediaType, Protocol, Rendition, Resource,
    base::Base,
    format::{last_segment, without_query},
    guess::guess,
    place::{PLACES, Place, Places, hash},
    steering::Steering,
};
use super::{
    define::Variables,
    line,
    multivariant::{self, is_multivariant},
    playlist::{Listed, Playlist},
    read::read,
    track::{Anchor, Track},
    version::Version,
};
use std::{collections::HashMap, sync::Arc};
use url::Url;

/// The most media playlists of which segments are remembered at a time; the least recent one goes.
const TRACKS: usize = 256;
/// The most media playlists known by name. A session that zaps past it starts afresh.
const PLAYLISTS: usize = 4096;
/// The most presentations whose variables are kept for EXT-X-DEFINE:IMPORT.
const PRESENTATIONS: usize = 64;
/// The most that is kept of playlists' newest versions, all together, in bytes.
const VERSIONS: usize = 2 << 20;

/// A media playlist named by a multivariant one.
#[derive(Debug, Clone)]
struct Named {
    rendition: Arc<Rendition>,
    /// The hash of the multivariant playlist's URL.
    presentation: u64,
}

#[derive(Debug)]
struct Remembered {
    track: Track,
    presentation: u64,
    used: u64,
}

/// A playlist that a pathway clone may have at another URL.
#[derive(Debug)]
struct Cloneable {
    url: String,
    stable: Option<String>,
    named: Named,
}

/// The memory.
#[derive(Debug, Default)]
pub(in super::super) struct Memory {
    places: Places,
    /// By URL, with and without query.
    named: HashMap<u64, Named>,
    tracks: HashMap<u64, Remembered>,
    /// The renditions of the newest multivariant playlist.
    renditions: Vec<Arc<Rendition>>,
    /// The playlists of the newest multivariant playlist, for clones of its pathways.
    entries: Vec<Cloneable>,
    /// The variables of multivariant playlists, by presentation.
    variables: HashMap<u64, Variables>,
    /// The presentation of the newest multivariant playlist.
    newest: u64,
    clock: u64,
}

impl Memory {
    /// Learns a playlist; its kind.
    pub(in super::super) fn learn(
        &mut self,
        base: &Base,
        body: &[u8],
    ) -> Result<Kind, ManifestError> {
        let text = &*line::playlist(body)?;
        if is_multivariant(text) {
            self.multivariant(base, text)?;
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
        let (id, whole) = self.media(base, &playlist);
        let marks = std::mem::take(&mut playlist.marks);
        let listed = (playlist.first(), marks);
        // A playlist that has ended is not asked for again.
        let numbered = playlist.first().checked_add(playlist.count as u64).is_some();
        let worth = whole && numbered && !playlist.ended && text.len() <= VERSIONS;
        self.hold(id, worth, |old| Version::new(old, text, (hash(url), variables.clone()), listed));
        Ok(Kind::MediaPlaylist)
    }

    /// The variables that the media playlist at `url` may import.
    fn imports(&self, url: &str) -> Option<&Variables> {
        let (_, named) = self.track_at(url);
        self.variables.get(&named.map_or(self.newest, |named| named.presentation))
    }

    /// The value of the variable `name`, if the media playlist at `url` imports it.
    pub(in super::super) fn imported(&self, url: &str, name: &str) -> Option<&str> {
        self.imports(url)?.get(name)
    }

    /// What stands at `url`, if some playlist names it.
    pub(in super::super) fn get(&self, url: &str, first: Option<u64>) -> Option<Resource> {
        self.places.get(url, first)
    }

    /// The renditions of the newest multivariant playlist, or the one of a lone media playlist.
    pub(in super::super) fn renditions(&self) -> &[Arc<Rendition>] {
        &self.renditions
    }

    fn multivariant(&mut self, base: &Base, text: &str) -> Result<(), ManifestError> {
        let variables = Variables::read(text, base.url(), &Variables::default());
        let read = multivariant::read(text, &variables)?;
        if self.named.len() + 2 * read.entries.len() > PLAYLISTS {
            *self = Self::default();
        }
        let presentation = hash(base.url().as_str());
        let whole = Place::new(Protocol::Hls, Kind::MultivariantPlaylist);
        self.places.insert(base.url().as_str(), None, whole);
        self.renditions.clear();
        self.entries.clear();
        self.newest = presentation;
        let mut url = String::new();
        for entry in read.entries {
            let rendition = Arc::new(entry.rendition);
            self.renditions.push(Arc::clone(&rendition));
            if !base.resolve(&entry.uri, &mut url) {
                continue;
            }
            let named = Named { rendition, presentation };
            self.name(&url, &named);
            self.entries.push(Cloneable { url: url.clone(), stable: entry.stable, named });
        }
        for (kind, uri) in read.others {
            if base.resolve(&uri, &mut url) {
                self.places.insert(&url, None, Place::new(Protocol::Hls, kind));
            }
        }
        if self.variables.len() >= PRESENTATIONS {
            self.variables.clear();
        }
        self.variables.insert(presentation, variables);
        Ok(())
    }

    /// Keeps the URL of a media playlist.
    fn name(&mut self, url: &str, named: &Named) {
        self.places.insert(url, None, Place::of(&named.rendition, Kind::MediaPlaylist));
        self.named.entry(hash(without_query(url))).or_insert_with(|| named.clone());
        self.named.insert(hash(url), named.clone());
    }

    /// Learns where clones of pathways have their playlists.
    pub(in super::super) fn steered(&mut self, base: &Base, steering: &Steering) {
        let mut clones = Vec::new();
        let mut url = String::new();
        for replacement in steering.clones.iter().map(|clone| &clone.replacement) {
            for entry in &self.entries {
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

    /// Another URL for a media playlist: the origin sends there who asks for the first.
    pub(in super::super) fn moved(&mut self, from: &str, to: &str) {
        let named =
            self.named.get(&hash(from)).or_else(|| self.named.get(&hash(without_query(from))));
        if let Some(named) = named.cloned().filter(|_| self.named.len() + 2 <= PLAYLISTS) {
            self.name(to, &named);
        }
    }

    /// Keeps a URL that is neither a playlist's nor a segment's.
    pub(in super::super) fn keep(&mut self, url: &str, place: Place) {
        self.places.insert(url, None, place);
    }

    /// Where the track of a playlist is kept, and what names it.
    fn track_at(&self, url: &str) -> (u64, Option<&Named>) {
        let bare = hash(without_query(url));
        let named = self.named.get(&hash(url)).or_else(|| self.named.get(&bare));
        let id = if named.is_some() { hash(url) } else { bare };
        let id = if self.tracks.contains_key(&id) { id } else { self.token_twin(id, named) };
        (id, named)
    }

    /// Learns a version of a media playlist; its track, and whether all its segments are kept there.
    fn media(&mut self, base: &Base, playlist: &Playlist<'_>) -> (u64, bool) {
        let url = base.url().as_str();
        let (id, named) = self.track_at(url);
        let named = named.cloned();
        self.make_room(id, playlist.count);
        self.clock += 1;
        let named = named.unwrap_or_else(|| self.lone(url, id, playlist));
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

    /// Keeps the newest version of a track for its reload, if it is worth it, and lets go of those that
    /// were not reloaded for longest.
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
    fn lone(&mut self, url: &str, id: u64, playlist: &Playlist<'_>) -> Named {
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
            self.renditions = vec![Arc::clone(&rendition)];
        }
        Named { rendition, presentation: id }
    }

    /// Where a new track counts from: with its siblings, if their windows are near each other.
    fn anchor(&self, presentation: u64, playlist: &Playlist<'_>) -> Anchor {
        let (sequence, len) = (playlist.sequence, playlist.count as u64);
        let siblings = self.tracks.values().filter(|held| held.presentation == presentation);
        let newest = siblings.max_by_key(|held| held.used);
        newest
            .and_then(|held| held.track.anchor_for(sequence, len, playlist.target))
            .unwrap_or(Anchor { sequence, known: (sequence, std::time::Duration::ZERO) })
    }

    /// Forgets the least recent tracks until another `segments` fit.
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
    pub(in super::super) fn forget_versions(&mut self) {
        self.tracks.values_mut().for_each(|held| held.track.newest = None);
    }
}

#[cfg(test)]
impl Memory {
    pub(super) fn version_of(&self, url: &str) -> Option<&Version> {
        self.tracks.get(&self.track_at(url).0)?.track.newest.as_ref()
    }

    /// How many places are kept.
    pub(super) fn known(&self) -> usize {
        self.places.len()
    }
}
