//! The older versions of a session's manifests, for edits that serve them. Bounded.

use super::{
    ManifestEdit,
    edition::Edition,
    mpd_version,
    playlist::{self, is_multivariant},
};
use crate::{media::ManifestFormat, units::SessionTime};
use bytes::Bytes;
use std::{collections::VecDeque, hash::BuildHasher as _, time::Duration};

/// The most manifests stored; beyond these the least recent one is removed.
const MOST_MANIFESTS: usize = 32;
/// The most versions stored of each.
const MOST_VERSIONS: usize = 32;
/// The most bytes stored of each; a larger version is not stored.
const MOST_BYTES: usize = 1 << 20;
/// The most freezes of each, active or ended.
const MOST_FREEZES: usize = 4;
/// The largest manifest that is frozen; a larger one passes unchanged.
const LARGEST_FROZEN: usize = 2 << 20;

/// The stored manifests of a session: at most 32 MiB of older versions and 256 MiB of frozen ones; some hundred
/// kilobytes in practice.
#[derive(Debug, Default)]
pub struct EditMemory {
    /// The most recent last.
    manifests: Vec<(u64, Past)>,
    hasher: foldhash::fast::FixedState,
}

impl EditMemory {
    /// The number of manifests stored.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.manifests.len()
    }

    /// Whether nothing is stored.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.manifests.is_empty()
    }

    /// The bytes of all versions stored.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.manifests.iter().map(|(_, past)| past.bytes).sum()
    }

    /// Records the newest version of a manifest.
    pub(super) fn note(&mut self, edition: &Edition<'_>, bytes: &Bytes) -> &mut Past {
        let key = self.hasher.hash_one(edition.url);
        let past = match self.manifests.iter().position(|(known, _)| *known == key) {
            Some(place) => self.manifests.remove(place).1,
            None => {
                if self.manifests.len() == MOST_MANIFESTS {
                    self.manifests.remove(0);
                }
                Past::default()
            }
        };
        self.manifests.push((key, past));
        let last = self.manifests.len() - 1;
        let past = &mut self.manifests[last].1;
        past.note(edition.format, bytes);
        past
    }
}

/// The versions of one manifest.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// The newest last, each with the number of its newest segment.
    versions: VecDeque<(Option<u64>, Bytes)>,
    bytes: usize,
    freezes: Vec<Freeze>,
    /// The number of the first segment of the first version.
    pub(super) first: Option<u64>,
    /// The publishTime of the first version.
    pub(super) published: Option<String>,
}

#[derive(Debug)]
struct Freeze {
    rule: String,
    since: SessionTime,
    /// It has a duration: it ends, and does not start again.
    timed: bool,
    /// `None` = it has ended.
    version: Option<Bytes>,
}

impl Past {
    fn note(&mut self, format: ManifestFormat, bytes: &Bytes) {
        let Some(text) = playlist::text(bytes) else { return };
        if self.versions.back().is_some_and(|(_, newest)| newest == bytes) {
            return;
        }
        let edge = match format {
            ManifestFormat::Hls if is_multivariant(text) => None,
            ManifestFormat::Hls => {
                let (first, next) = playlist::span(text);
                self.first.get_or_insert(first);
                next.checked_sub(1)
            }
            ManifestFormat::Mpd => {
                if self.published.is_none() {
                    self.published = mpd_version::published(text);
                }
                mpd_version::edge(text)
            }
            _ => None,
        };
        if bytes.len() > MOST_BYTES {
            return;
        }
        self.bytes += bytes.len();
        self.versions.push_back((edge, bytes.clone()));
        while self.versions.len() > MOST_VERSIONS || self.bytes > MOST_BYTES {
            let forgotten = self.versions.pop_front();
            self.bytes -= forgotten.map_or(0, |(_, bytes)| bytes.len());
        }
    }

    /// Ends the freezes without a duration whose edit no longer applies.
    pub(super) fn unfreeze<'e>(
        &mut self,
        edits: &(impl Iterator<Item = (&'e str, &'e ManifestEdit)> + Clone),
    ) {
        self.freezes.retain(|freeze| {
            freeze.timed
                || edits.clone().any(|(rule, edit)| {
                    rule == freeze.rule && matches!(edit, ManifestEdit::Freeze(None))
                })
        });
    }

    /// Whether `rule` has an active freeze: one with a duration ends while its edit still applies.
    pub(super) fn is_frozen(&self, rule: &str) -> bool {
        self.freezes.iter().any(|freeze| freeze.rule == rule && freeze.version.is_some())
    }

    /// The version that `rule` has frozen at `now`; `fresh` if the freeze begins now, or has ended.
    pub(super) fn frozen(
        &mut self,
        rule: &str,
        lasts: Option<Duration>,
        now: SessionTime,
        fresh: Bytes,
    ) -> Bytes {
        if let Some(freeze) = self.freezes.iter_mut().find(|freeze| freeze.rule == rule) {
            if lasts.is_some_and(|lasts| now - freeze.since >= lasts) {
                // The record stays: a freeze with a duration is applied only once.
                freeze.version = None;
            }
            return freeze.version.clone().unwrap_or(fresh);
        }
        if self.freezes.len() < MOST_FREEZES && fresh.len() <= LARGEST_FROZEN {
            self.freezes.push(Freeze {
                rule: rule.to_owned(),
                since: now,
                timed: lasts.is_some(),
                version: Some(fresh.clone()),
            });
        }
        fresh
    }

    /// The newest version that ends at least `segments` before the newest of all; if segments cannot be
    /// counted, the version that is `segments` versions older.
    pub(super) fn older(&self, segments: u64) -> Option<Bytes> {
        let (newest, _) = self.versions.back()?;
        let old = match newest {
            Some(newest) => {
                let limit = newest.checked_sub(segments)?;
                self.versions.iter().rev().find(|(edge, _)| edge.is_some_and(|e| e <= limit))
            }
            None => {
                let back = usize::try_from(segments).ok()?;
                self.versions.iter().rev().nth(back)
            }
        };
        old.map(|(_, bytes)| bytes.clone())
    }
}
