//! The renditions that a player requests over time, and its switches between them.

use crate::{
    event::RequestTag,
    observers::series::Ring,
    units::{BitRate, SessionTime},
};
use std::sync::Arc;

/// Changes that are kept per session.
const MOST_CHANGES: usize = 1024;
/// Media types.
const MOST_MEDIA: usize = 8;

/// A rendition, from the time of its first request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RenditionChange {
    pub(super) at: SessionTime,
    pub(super) media: &'static str,
    pub(super) rung: Option<u16>,
    /// bit/s.
    pub(super) bandwidth: Option<u64>,
    pub(super) rendition: Option<Arc<str>>,
}

impl RenditionChange {
    fn same(&self, other: &Self) -> bool {
        (self.rung, self.bandwidth, &self.rendition)
            == (other.rung, other.bandwidth, &other.rendition)
    }
}

/// The switches of one media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Switches {
    pub(super) media: &'static str,
    pub(super) up: u64,
    pub(super) down: u64,
    /// The sum of the differences in rungs, and the greatest.
    pub(super) amplitude: u64,
    pub(super) greatest: u16,
}

/// The renditions and switches of a session.
#[derive(Debug, Clone)]
pub(super) struct Renditions {
    pub(super) changes: Ring<RenditionChange>,
    /// The last rendition of each media type.
    current: Vec<RenditionChange>,
    pub(super) switches: Vec<Switches>,
}

impl Default for Renditions {
    fn default() -> Self {
        Self { changes: Ring::new(MOST_CHANGES), current: Vec::new(), switches: Vec::new() }
    }
}

impl Renditions {
    /// A segment is requested at `at`.
    pub(super) fn request(&mut self, at: SessionTime, request: &RequestTag) {
        let resource = &request.resource;
        let next = RenditionChange {
            at,
            media: resource.media.as_str(),
            rung: resource.rung,
            bandwidth: resource.bandwidth.map(BitRate::bits_per_second),
            rendition: resource.rendition.clone(),
        };
        if next.rung.is_none() && next.bandwidth.is_none() {
            return;
        }
        let known = self.current.iter_mut().find(|current| current.media == next.media);
        if let Some(current) = known {
            if current.same(&next) {
                return;
            }
            *current = next.clone();
        } else if self.current.len() < MOST_MEDIA {
            self.current.push(next.clone());
        } else {
            return;
        }
        self.changes.push(next);
    }

    /// A player switched from one rung to another.
    pub(super) fn switched(&mut self, media: &'static str, from: u16, to: u16) {
        let place = self.switches.iter().position(|switches| switches.media == media);
        let place = place.unwrap_or_else(|| {
            let new = Switches { media, up: 0, down: 0, amplitude: 0, greatest: 0 };
            self.switches.push(new);
            self.switches.len() - 1
        });
        let Some(switches) = self.switches.get_mut(place) else { return };
        let difference = to.abs_diff(from);
        switches.up += u64::from(to > from);
        switches.down += u64::from(to < from);
        switches.amplitude += u64::from(difference);
        switches.greatest = switches.greatest.max(difference);
    }

    /// The rung of each media type that was requested last.
    pub(super) fn rungs(&self) -> impl Iterator<Item = (&'static str, u16)> {
        self.current.iter().filter_map(|current| Some((current.media, current.rung?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_have_a_direction_and_an_amplitude() {
        let mut renditions = Renditions::default();
        for (from, to) in [(1, 4), (4, 3), (3, 1)] {
            renditions.switched("video", from, to);
        }
        renditions.switched("audio", 1, 2);
        let video = Switches { media: "video", up: 1, down: 2, amplitude: 6, greatest: 3 };
        assert_eq!(renditions.switches[0], video);
        assert_eq!(renditions.switches.len(), 2);
    }
}
