//! Long manifests of a session are read one after the other, and requests wait for the one being read.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The permits for reading long manifests: one for the next manifest, and one for the manifest being read.
#[derive(Debug)]
pub(super) struct ManifestReading {
    next: Arc<Semaphore>,
    reading: Arc<Semaphore>,
}

impl Default for ManifestReading {
    fn default() -> Self {
        Self { next: Arc::new(Semaphore::new(1)), reading: Arc::new(Semaphore::new(1)) }
    }
}

impl ManifestReading {
    /// Waits until no other long manifest is queued to be read.
    pub(super) async fn next(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.next).acquire_owned().await.ok()
    }

    /// Starts reading. Requests wait until the permit is dropped, see [`Self::settled`].
    pub(super) async fn begin(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.reading).acquire_owned().await.ok()
    }

    /// Waits while a manifest is read.
    pub(super) async fn settled(&self) {
        if self.reading.available_permits() == 0 {
            drop(self.reading.acquire().await);
        }
    }
}
