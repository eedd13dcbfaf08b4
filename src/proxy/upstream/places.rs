//! Permits for connections to origins, bounded by the file descriptors of the process.

use crate::system::is_out_of_files;
use std::{error::Error as StdError, io, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a request waits for a permit.
const PATIENCE: Duration = Duration::from_secs(1);

/// No further connection can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all connections to origins are in use")]
pub(super) struct NoPlace;

/// The permits for all connections to origins.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Semaphore>);

/// A connection's permit, held until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))))
    }

    /// Whether a permit is free.
    pub(super) fn any(&self) -> bool {
        self.0.available_permits() > 0
    }

    /// Takes a permit, and waits for a limited time if none is free.
    ///
    /// # Errors
    /// When no permit became free in that time.
    pub(super) async fn take(&self) -> Result<Place, NoPlace> {
        let waiting = tokio::time::timeout(PATIENCE, Arc::clone(&self.0).acquire_owned());
        match waiting.await {
            Ok(Ok(_permit)) => Ok(Place { _permit }),
            _ => Err(NoPlace),
        }
    }
}

/// Whether `error` means that file descriptors have run out, in the process or in the system.
pub(super) fn is_exhausted(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(is_out_of_files)
}
