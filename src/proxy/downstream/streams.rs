//! All streams of HTTP/2 with a response. Those whose players do not read are reset: after a while, or sooner when the memory
//! budget is used up.

use super::open_stream::OpenStream;
use crate::{
    listen::RareWarning,
    memory::{MemoryBudget, ResetReason},
};
use parking_lot::Mutex;
use std::{
    convert::Infallible,
    sync::{Arc, Weak},
    time::Duration,
};

/// A stream of which the player has read nothing for this long is reset.
const UNREAD: Duration = Duration::from_secs(60);
/// When the memory budget is used up, it may be reset after this time.
const UNREAD_WHEN_SHORT: Duration = Duration::from_secs(5);
/// How often unread streams are searched for.
const LOOK: Duration = Duration::from_secs(5);
/// The list is first searched for closed streams at this length.
const LEAST: usize = 256;

/// All streams of HTTP/2 with a response, and some that have closed.
#[derive(Default)]
pub(in crate::proxy) struct Streams {
    open: Mutex<StreamList>,
    warning: RareWarning,
}

#[derive(Default)]
struct StreamList {
    all: Vec<Weak<OpenStream>>,
    /// The length at which closed streams are removed.
    full: usize,
}

impl Streams {
    /// Adds a stream.
    pub(super) fn add(&self, stream: &Arc<OpenStream>) {
        let mut list = self.open.lock();
        if list.all.len() >= list.full {
            list.all.retain(|known| known.strong_count() > 0);
            list.full = LEAST.max(2 * list.all.len());
        }
        list.all.push(Arc::downgrade(stream));
    }

    /// Resets streams that are not read for too long, from now on.
    pub(super) async fn keep_resetting(&self, memory: &MemoryBudget) -> Infallible {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            looks.tick().await;
            self.reset_unread(memory);
        }
    }

    /// Resets the streams that were not read for too long. What has ended and is in the buffers of HTTP/2 alone stays: it holds
    /// no connection to an origin, and goes with its connection.
    fn reset_unread(&self, memory: &MemoryBudget) {
        for (unread, stream) in self.unread(UNREAD) {
            if !stream.has_ended() {
                self.reset(&stream, unread, memory, ResetReason::Unread);
            }
        }
    }

    /// Resets streams that are not read, those that wait the longest first, until `bytes` are free: of the client with number
    /// `client`, or of all. Returns how many bytes that frees.
    pub(super) fn free(&self, client: Option<u64>, bytes: usize, memory: &MemoryBudget) -> usize {
        let mut unread = self.unread(UNREAD_WHEN_SHORT);
        unread.sort_by_key(|(unread, _)| std::cmp::Reverse(*unread));
        let mut free = 0;
        for (unread, stream) in unread {
            let Some((held, of)) = stream.held() else { continue };
            if free >= bytes {
                break;
            }
            if client.is_none_or(|client| client == of) {
                free += held;
                self.reset(&stream, unread, memory, ResetReason::Memory);
            }
        }
        free
    }

    fn reset(
        &self,
        stream: &OpenStream,
        unread: Duration,
        memory: &MemoryBudget,
        reason: ResetReason,
    ) {
        stream.reset();
        memory.count_reset(reason);
        let (unread, reason) = (unread.as_secs(), reason.as_str());
        tracing::debug!(unread, reason, "a stream of HTTP/2 was reset");
        if self.warning.is_due() {
            tracing::warn!(
                unread,
                reason,
                "streams of HTTP/2 are reset, since their players do not read (vsps_streams_reset_total counts them)"
            );
        }
    }

    /// The streams that were not read for `least`, and for how long.
    fn unread(&self, least: Duration) -> Vec<(Duration, Arc<OpenStream>)> {
        let list = self.open.lock();
        let open = list.all.iter().filter_map(Weak::upgrade);
        let waiting = open.filter_map(|stream| Some((stream.unread_for()?, stream)));
        waiting.filter(|(unread, _)| *unread >= least).collect()
    }
}
