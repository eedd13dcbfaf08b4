//! Serves HTTP on a connection until it closes: on its own, on request, or when it has been idle for too long.

use super::{
    connection::Connection,
    plain::{PlainConnection, PlainEnd},
    rare_future::RareFuture,
};
use crate::proxy::config::Timeouts;
use hyper_util::server::graceful::GracefulConnection;
use std::{
    error::Error,
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

/// Why a connection has ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum EarlyEnd {
    /// It has failed, or the player has left.
    #[error("connection closed: {0}")]
    Failed(Box<dyn Error + Send + Sync>),
    /// It was idle for too long, or was to end at once.
    #[error("idle connection closed")]
    Idle,
}

/// What serves HTTP on a connection.
pub(super) trait Serving {
    /// What is known when it has ended.
    type End;

    /// Ready = it has ended.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Self::End, EarlyEnd>>;

    /// Closes the connection when the responses under way have ended.
    fn close_soon(&mut self);
}

/// A connection that hyper serves.
pub(super) struct ByHyper<'a, C>(pub(super) Pin<&'a mut C>);

impl<C: GracefulConnection<Error: Error + Send + Sync + 'static>> Serving for ByHyper<'_, C> {
    type End = ();

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), EarlyEnd>> {
        self.0.as_mut().poll(cx).map_err(|error| EarlyEnd::Failed(error.into()))
    }

    fn close_soon(&mut self) {
        self.0.as_mut().graceful_shutdown();
    }
}

impl Serving for PlainConnection {
    type End = PlainEnd;

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<PlainEnd, EarlyEnd>> {
        Self::poll(self, cx).map_err(EarlyEnd::Failed)
    }

    fn close_soon(&mut self) {
        Self::close_soon(self);
    }
}

/// Serves a connection until it closes, on request or when it has been idle for too long.
pub(super) async fn serve_until_closed<S: Serving>(
    serving: &mut S,
    connection: &Connection,
    timeouts: &Timeouts,
) -> Result<S::End, EarlyEnd> {
    // Polled for each request, so what may end the connection is polled beside it only when there is something of it.
    let mut ended = pin!(async {
        tokio::select! {
            () = connection.activity.overdue(timeouts) => {}
            () = connection.end.cut_requested() => {}
        }
    });
    let mut close_requested = pin!(connection.end.close_requested());
    let mut ended = RareFuture::new(ended.as_mut());
    let mut close_requested = Some(RareFuture::new(close_requested.as_mut()));
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(result) = serving.poll(cx) {
                return Poll::Ready(result);
            }
            if ended.poll(cx).is_ready() {
                return Poll::Ready(Err(EarlyEnd::Idle));
            }
            let Some(requested) = &mut close_requested else { return Poll::Pending };
            ready!(requested.poll(cx));
            close_requested = None;
            serving.close_soon();
        }
    })
    .await
}
