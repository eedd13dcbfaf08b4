//! Permits for connections to origins, bounded by the file descriptors of the process.

use crate::system::is_out_of_files;
use std::{
    error::Error as StdError,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a request waits for a permit.
const PATIENCE: Duration = Duration::from_secs(1);

/// No further connection can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all connections to origins are in use")]
pub(super) struct NoPlace;

/// The permits for all connections to origins.
#[derive(Debug, Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    /// Requests that wait for a permit.
    waiting: Arc<AtomicUsize>,
}

/// A request that waits for a permit, until this is dropped.
struct WaitingRequest<'a>(&'a AtomicUsize);

/// A connection's permit, held until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        let free = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Self { free, waiting: Arc::default() }
    }

    /// Whether a request waits for a permit.
    pub(super) fn are_waited_for(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Takes a permit. If none is free, calls `close_idle`, which may free one, and waits for a limited time.
    ///
    /// # Errors
    /// When no permit became free in that time.
    pub(super) async fn take(&self, close_idle: impl FnOnce()) -> Result<Place, NoPlace> {
        if let Ok(_permit) = Arc::clone(&self.free).try_acquire_owned() {
            return Ok(Place { _permit });
        }
        // First, since a connection that becomes idle from here on is closed, too.
        let _counted = WaitingRequest::count(&self.waiting);
        close_idle();
        let waiting = tokio::time::timeout(PATIENCE, Arc::clone(&self.free).acquire_owned());
        match waiting.await {
            Ok(Ok(_permit)) => Ok(Place { _permit }),
            _ => Err(NoPlace),
        }
    }
}

impl<'a> WaitingRequest<'a> {
    fn count(all: &'a AtomicUsize) -> Self {
        all.fetch_add(1, Ordering::SeqCst);
        Self(all)
    }
}

impl Drop for WaitingRequest<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether `error` means that file descriptors have run out, in the process or in the system.
pub(super) fn is_exhausted(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(is_out_of_files)
}
