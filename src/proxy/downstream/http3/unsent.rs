//! What the streams of a connection of HTTP/3 may hold, charged to its client.

use crate::memory::{Charge, ClientMemory, Part, UsedUp};
use parking_lot::Mutex;
use std::sync::Arc;

/// The most that a connection holds of responses that are not acknowledged.
pub(super) const SEND_WINDOW: usize = 512 * 1024;
/// The most that a connection holds of uploads that are not read, and a stream of it.
pub(super) const RECEIVE_WINDOW: usize = 1024 * 1024;
pub(super) const STREAM_WINDOW: usize = 256 * 1024;
/// The most that a stream holds of its response besides: a piece that waits, and one that is read ahead.
const PIECES: usize = 128 * 1024;

/// What the streams of a connection may hold.
#[derive(Default)]
pub(super) struct Unsent {
    window: Mutex<Window>,
}

/// The part of the send window that the open streams may fill.
#[derive(Default)]
struct Window {
    streams: usize,
    charge: Option<Charge>,
}

/// What one stream may hold, until this is dropped.
pub(super) struct StreamMemory {
    connection: Arc<Unsent>,
    charge: Charge,
    uploads: bool,
}

impl Unsent {
    /// Charges a stream to `client`; `uploads`: its request has a body.
    pub(super) fn open(
        self: &Arc<Self>,
        client: Arc<ClientMemory>,
        uploads: bool,
    ) -> Result<StreamMemory, UsedUp> {
        let mut charge = Charge::new(Arc::clone(&client), Part::Streams);
        charge.grow(if uploads { PIECES + STREAM_WINDOW } else { PIECES })?;
        let mut window = self.window.lock();
        window.streams += 1;
        window.charge.get_or_insert_with(|| Charge::new(client, Part::Streams));
        drop(window);
        Ok(StreamMemory { connection: Arc::clone(self), charge, uploads })
    }
}

impl StreamMemory {
    /// Charges what a response of at most `most` bytes may hold; `None` = its length is not known.
    pub(super) fn hold_at_most(&mut self, most: Option<u64>) {
        let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let upload = if self.uploads { STREAM_WINDOW } else { 0 };
        self.charge.set(most.min(PIECES) + upload);
        if let Some(window) = &mut self.connection.window.lock().charge {
            window.set(window.bytes().saturating_add(most).min(SEND_WINDOW));
        }
    }
}

impl Drop for StreamMemory {
    fn drop(&mut self) {
        let mut window = self.connection.window.lock();
        window.streams -= 1;
        if window.streams == 0 {
            window.charge = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryBudget;

    #[test]
    fn streams_share_the_window_of_their_connection() {
        let budget = MemoryBudget::new(3 << 20);
        let client = budget.client(None);
        let (one, other) = (Arc::new(Unsent::default()), Arc::new(Unsent::default()));
        let open = |connection: &Arc<Unsent>, most, uploads| {
            let mut stream = connection.open(Arc::clone(&client), uploads).unwrap();
            stream.hold_at_most(most);
            stream
        };
        let mut streams = vec![open(&one, Some(1000), false)];
        assert_eq!(budget.used(Part::Streams), 2000);
        streams.extend((0..2).map(|_| open(&one, None, false)));
        assert_eq!(budget.used(Part::Streams), 1000 + 2 * PIECES + SEND_WINDOW);
        let upload = open(&other, Some(0), true);
        assert_eq!(budget.used(Part::Streams), 1000 + 2 * PIECES + SEND_WINDOW + STREAM_WINDOW);
        drop(upload);
        streams.pop();
        assert_eq!(budget.used(Part::Streams), 1000 + PIECES + SEND_WINDOW);
        streams.clear();
        assert_eq!(budget.used(Part::Streams), 0);
        streams.extend((0..24).filter_map(|_| one.open(Arc::clone(&client), false).ok()));
        assert_eq!(streams.len(), 24);
        assert!(one.open(client, false).is_err(), "the budget is used up");
    }
}
