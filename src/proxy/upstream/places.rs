//! Places for connections to origins: as many as the process has descriptors for.

use std::{error::Error as StdError, io, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A request waits for so long until another connection closes.
const PATIENCE: Duration = Duration::from_secs(1);

/// No further connection can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all connections to origins are in use")]
pub(super) struct NoPlace;

/// The places of all connections to origins.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Semaphore>);

/// A connection's place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))))
    }

    /// Whether one is free.
    pub(super) fn any(&self) -> bool {
        self.0.available_permits() > 0
    }

    /// Takes one; waits for a while when there is none.
    ///
    /// # Errors
    /// When there is none then, either.
    pub(super) async fn take(&self) -> Result<Place, NoPlace> {
        let waiting = tokio::time::timeout(PATIENCE, Arc::clone(&self.0).acquire_owned());
        match waiting.await {
            Ok(Ok(_permit)) => Ok(Place { _permit }),
            _ => Err(NoPlace),
        }
    }
}

/// Whether `error` says that descriptors have run out, here or in the whole system.
pub(super) fn is_exhausted(error: &(dyn StdError + 'static)) -> bool {
    use rustix::io::Errno;
    let code = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
    code.is_some_and(|code| [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error).contains(&code))
}
