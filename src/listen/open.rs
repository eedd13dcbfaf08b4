//! The connections that a listener has accepted and that have not closed yet.

use std::{future::Future, time::Duration};
use tokio::{runtime::Handle, task::JoinSet};

/// Connections were still open at the end of the drain time, and were cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("some responses were cut: they did not end within the drain time-out")]
pub struct DrainError;

/// Open connections, each served by a task. Dropping this cuts all of them.
#[derive(Debug, Default)]
pub struct OpenConnections(JoinSet<()>);

impl OpenConnections {
    /// Serves a connection: `serving` ends when it closes.
    pub(super) fn add(&mut self, serving: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(serving);
    }

    /// As [`add`](Self::add), on another runtime.
    pub(super) fn add_on(
        &mut self,
        runtime: &Handle,
        serving: impl Future<Output = ()> + Send + 'static,
    ) {
        self.0.spawn_on(serving, runtime);
    }

    /// Waits until a connection has closed; forever if none is open.
    pub(super) async fn one_closed(&mut self) {
        if self.0.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until all connections have closed, for at most `most`, and cuts the others.
    ///
    /// # Errors
    /// When connections were cut.
    pub async fn drain(mut self, most: Duration) -> Result<(), DrainError> {
        let closed = async { while self.0.join_next().await.is_some() {} };
        let drained = tokio::time::timeout(most, closed).await;
        // Waits until the tasks have ended: they may still report how their exchanges ended.
        self.0.shutdown().await;
        drained.map_err(|_| DrainError)
    }
}
