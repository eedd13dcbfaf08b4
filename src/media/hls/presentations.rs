//! The presentations of a session: the contents of each multivariant playlist, and which one is the session's.
//!
//! A session requests more than one multivariant playlist when advertisements are inserted. The ladder of an
//! interstitial is not the session's: relative rates use the presentation that is interrupted.

use super::super::{Rendition, place::hash};
use super::define::Variables;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

/// The most presentations stored; beyond it the least recent one is removed.
const PRESENTATIONS: usize = 64;
/// The most URLs of interstitials stored; beyond it the oldest is removed.
const ASSETS: usize = 1024;

/// A media playlist named by a multivariant one.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) rendition: Arc<Rendition>,
    /// The hash of the multivariant playlist's URL.
    pub(super) presentation: u64,
}

/// A playlist that a pathway clone may have at another URL.
#[derive(Debug)]
pub(super) struct Cloneable {
    pub(super) url: String,
    pub(super) stable: Option<String>,
    pub(super) named: Named,
}

/// One multivariant playlist, or a media playlist that is in none.
#[derive(Debug, Default)]
pub(super) struct Presentation {
    pub(super) renditions: Vec<Arc<Rendition>>,
    /// Its media playlists, for clones of its pathways.
    pub(super) entries: Vec<Cloneable>,
    pub(super) variables: Variables,
    /// Whether it has a steering manifest.
    pub(super) steered: bool,
    /// Whether it is an interstitial.
    pub(super) asset: bool,
    /// Whether a media playlist of it was requested.
    pub(super) played: bool,
    pub(super) used: u64,
}

/// The store.
#[derive(Debug, Default)]
pub(super) struct Presentations {
    held: HashMap<u64, Presentation>,
    /// The session's.
    main: u64,
    clock: u64,
    /// The hashes of the URLs of interstitials, and their order.
    assets: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Presentations {
    /// Records that `url` is that of an interstitial.
    pub(super) fn note_asset(&mut self, url: &str) {
        let id = hash(url);
        if !self.assets.insert(id) {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > ASSETS
            && let Some(oldest) = self.order.pop_front()
        {
            self.assets.remove(&oldest);
        }
    }

    /// Whether `url` was named as an interstitial's.
    pub(super) fn is_asset(&self, url: &str) -> bool {
        self.assets.contains(&hash(url))
    }

    /// Stores a presentation; returns the one to remove for it, if any.
    ///
    /// It is the session's unless it is an interstitial, or another one is being played.
    pub(super) fn insert(&mut self, id: u64, presentation: Presentation) -> Option<u64> {
        self.clock += 1;
        let played = self.held.get(&id).is_some_and(|held| held.played);
        let takes_over = self.main().is_none_or(|main| !main.played || main.asset);
        if takes_over && (!presentation.asset || self.held.is_empty()) {
            self.main = id;
        }
        self.held.insert(id, Presentation { played, used: self.clock, ..presentation });
        (self.held.len() > PRESENTATIONS).then(|| self.oldest())?
    }

    /// Records that a media playlist of a presentation was requested: it is being played.
    pub(super) fn play(&mut self, id: u64) {
        self.clock += 1;
        let Some(held) = self.held.get_mut(&id) else { return };
        (held.played, held.used) = (true, self.clock);
        if !held.asset {
            self.main = id;
        }
    }

    /// The least recent one other than the session's.
    pub(super) fn oldest(&self) -> Option<u64> {
        let others = self.held.iter().filter(|(id, _)| **id != self.main);
        others.min_by_key(|(_, held)| held.used).map(|(id, _)| *id)
    }

    /// Removes a presentation.
    pub(super) fn remove(&mut self, id: u64) -> Option<Presentation> {
        self.held.remove(&id)
    }

    /// Removes all presentations, but keeps the URLs of interstitials.
    pub(super) fn clear(&mut self) {
        self.held.clear();
    }

    /// Whether there is a presentation with this id.
    pub(super) fn has(&self, id: u64) -> bool {
        self.held.contains_key(&id)
    }

    /// About how many bytes of memory they take.
    pub(super) fn weight(&self) -> usize {
        let one = |held: &Presentation| {
            let entries = held.entries.iter().map(|entry| size_of::<Cloneable>() + entry.url.len());
            let renditions = held.renditions.len() * 2 * size_of::<Rendition>();
            entries.sum::<usize>() + renditions + held.variables.weight()
        };
        self.held.values().map(one).sum::<usize>() + self.order.len() * 4 * size_of::<u64>()
    }

    pub(super) fn get(&self, id: u64) -> Option<&Presentation> {
        self.held.get(&id)
    }

    /// The session's presentation.
    pub(super) fn main(&self) -> Option<&Presentation> {
        self.held.get(&self.main)
    }

    /// The presentations with content steering.
    pub(super) fn steered(&self) -> impl Iterator<Item = &Presentation> {
        self.held.values().filter(|held| held.steered)
    }

    /// The renditions of each, those of the session's first.
    pub(super) fn ladders(&self) -> impl Iterator<Item = &[Arc<Rendition>]> {
        let others = self.held.iter().filter(|(id, _)| **id != self.main);
        self.main().into_iter().chain(others.map(|(_, held)| held)).map(|held| &*held.renditions)
    }
}
