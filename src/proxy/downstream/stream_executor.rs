//! Runs the streams of an HTTP/2 connection as tasks that can be reset from outside.

use super::{connection::Connection, open_stream::OpenStream};
use crate::clock::Clock;
use hyper::rt::Executor;
use std::sync::Arc;

tokio::task_local! {
    /// The stream of the current task.
    static STREAM: Arc<OpenStream>;
}

/// Runs the streams of one connection.
#[derive(Clone)]
pub(super) struct StreamExecutor {
    clock: Clock,
    connection: Arc<Connection>,
}

impl StreamExecutor {
    pub(super) const fn new(clock: Clock, connection: Arc<Connection>) -> Self {
        Self { clock, connection }
    }

    /// The stream of the current task.
    pub(super) fn stream() -> Option<Arc<OpenStream>> {
        STREAM.try_with(Arc::clone).ok()
    }
}

impl<F> Executor<F> for StreamExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        let stream = Arc::new(OpenStream::new(self.clock, Arc::clone(&self.connection)));
        tokio::spawn(STREAM.scope(Arc::clone(&stream), async move {
            tokio::select! {
                biased;
                // hyper resets a stream whose future is dropped.
                () = stream.reset_requested() => {}
                _ = future => {}
            }
            stream.end();
        }));
    }
}
