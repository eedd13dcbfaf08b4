//! By what a session is found for reports that do not name it: the ids in its player's CMCD, and requests for media.

use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Ids remembered: a page may start its player again.
const MOST_IDS: usize = 4;

/// What was seen of the player of a session.
#[derive(Debug, Default)]
pub(super) struct PlayerSeen {
    /// The `sid` of its last requests, oldest first.
    ids: Mutex<VecDeque<Arc<str>>>,
    /// Whether it has requested media.
    media: AtomicBool,
}

impl PlayerSeen {
    /// Records that a request had this `sid`.
    pub(super) fn note_id(&self, id: &Arc<str>) {
        let mut ids = self.ids.lock();
        if ids.contains(id) {
            return;
        }
        if ids.len() >= MOST_IDS {
            ids.pop_front();
        }
        ids.push_back(Arc::clone(id));
    }

    /// Whether one of its last requests had this `sid`.
    pub(super) fn has_id(&self, id: &str) -> bool {
        self.ids.lock().iter().any(|known| **known == *id)
    }

    /// Records a request for media. Returns whether it is the first.
    pub(super) fn note_media(&self) -> bool {
        !self.media.load(Ordering::Relaxed) && !self.media.swap(true, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ids_are_known() {
        let seen = PlayerSeen::default();
        for id in ["a", "b", "a", "c", "d", "e"] {
            seen.note_id(&id.into());
        }
        assert_eq!(["a", "b", "e"].map(|id| seen.has_id(id)), [false, true, true]);
        assert!(seen.note_media() && !seen.note_media());
    }
}
