//! What a session has learnt from manifests, as far as it is memory.

use super::Session;
use crate::{
    media::Ladder,
    memory::{Charge, ClientMemory, UsedUp},
};
use std::sync::Arc;
use url::Url;

/// What is learnt from a byte of a manifest takes about as many bytes. A playlist takes 290 bytes for each segment, whose
/// lines are seldom shorter than 30.
const LEARNT_PER_BYTE: usize = 10;
/// More than a new version of a live playlist adds, or a short manifest needs.
const LITTLE: usize = 64 * 1024;

impl Session {
    /// The client that what it holds is charged to.
    #[must_use]
    pub const fn memory(&self) -> &Arc<ClientMemory> {
        &self.memory
    }

    /// Reads the manifest at `url`, of `length` bytes, with `read`, and charges what was learnt from it.
    ///
    /// # Errors
    /// When there is no memory for it: for a manifest that was not read before, without reading it; after that, when it has
    /// grown much, and the session has forgotten all its manifests.
    pub fn learn<T>(
        &self,
        url: &Url,
        length: usize,
        read: impl FnOnce(&mut Ladder) -> T,
    ) -> Result<T, UsedUp> {
        let mut learnt = self.learnt.lock();
        if !self.ladder.lock().has_read(url) {
            let estimate = length.saturating_mul(LEARNT_PER_BYTE);
            take(&mut learnt, estimate)?;
            let mut ladder = self.ladder.lock();
            let result = read(&mut ladder);
            learnt.set(ladder.weight());
            return Ok(result);
        }
        let mut ladder = self.ladder.lock();
        let result = read(&mut ladder);
        let weight = ladder.weight();
        let growth = weight.saturating_sub(learnt.bytes());
        if let Err(used_up) = take(&mut learnt, growth) {
            *ladder = Ladder::default();
            learnt.set(0);
            return Err(used_up);
        }
        learnt.set(weight);
        Ok(result)
    }

    /// Drops what was learnt, unless it is in use. Returns how many bytes that frees.
    pub(in crate::sessions) fn forget_manifests(&self) -> usize {
        let (Some(mut learnt), Some(mut ladder)) = (self.learnt.try_lock(), self.ladder.try_lock())
        else {
            return 0;
        };
        let bytes = learnt.bytes();
        if bytes > 0 {
            *ladder = Ladder::default();
            learnt.set(0);
        }
        bytes
    }
}

/// Takes memory for what is learnt; the little that reloads and short manifests need also from the reserve.
fn take(learnt: &mut Charge, bytes: usize) -> Result<(), UsedUp> {
    match bytes {
        0 => Ok(()),
        bytes if bytes < LITTLE => learnt.stretch(bytes),
        bytes => learnt.grow(bytes),
    }
}
