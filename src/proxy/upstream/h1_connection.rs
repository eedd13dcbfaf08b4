//! An HTTP/1.1 connection to an origin, by hyper.

use super::throttled_stream::{ThrottledStream, Traffic};
use crate::proxy::body::upload::Upload;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Limited;
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{self, Connection, SendRequest},
    },
};
use hyper_util::rt::TokioIo;
use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::sleep;

/// A request that is sent to an origin.
pub(super) type Outgoing = Request<Limited<Upload>>;

/// An HTTP/1.1 connection. It is driven by the task that waits for the response: there is no separate task to wake for
/// every piece.
pub(super) struct H1Connection {
    sender: SendRequest<Limited<Upload>>,
    /// `None` once hyper has ended it. Dropping it returns a request that was not started.
    connection: Option<Connection<TokioIo<ThrottledStream>, Limited<Upload>>>,
    traffic: Arc<Traffic>,
}

impl H1Connection {
    /// Starts HTTP/1.1 on `stream`, which is idle.
    ///
    /// # Errors
    /// Those of hyper's handshake, which sends nothing.
    pub(super) async fn new(stream: ThrottledStream) -> hyper::Result<Box<Self>> {
        let traffic = Arc::clone(stream.traffic());
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Box::new(Self { sender, connection: Some(connection), traffic }))
    }

    /// Reads and writes as much as possible.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        // Errors are reported to the task that waits for the response or reads its body.
        if let Some(connection) = &mut self.connection
            && connection.poll_without_shutdown(cx).is_ready()
        {
            self.connection = None;
        }
    }

    /// Whether all exchanges are complete and a request may be sent, as of the last drive.
    pub(super) fn is_idle(&self) -> bool {
        self.connection.is_some() && self.sender.is_ready()
    }

    /// Lets an idle connection detect a close by the origin. Returns whether it can still be used, as far as this is
    /// known: a task that has used up its budget sees no new events.
    pub(super) async fn is_fresh(&mut self) -> bool {
        poll_fn(|cx| {
            self.drive(cx);
            Poll::Ready(())
        })
        .await;
        self.is_idle()
    }

    /// Sends `request` and returns the response. A first piece of its body may have been read.
    ///
    /// # Errors
    /// Errors of the connection, of the request's body, or of the response; with the request, if nothing of it was
    /// sent.
    pub(super) async fn send(
        &mut self,
        request: Outgoing,
    ) -> Result<Response<Incoming>, TrySendError<Outgoing>> {
        self.traffic.reset();
        let mut answer = pin!(self.sender.try_send_request(request));
        poll_fn(|cx| {
            self.drive(cx);
            answer.as_mut().poll(cx)
        })
        .await
    }

    /// The traffic since the last request was passed to it.
    pub(super) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Waits until all exchanges are complete; `None` if the connection has ended. After `answered`, when the response
    /// has been read, the rest of the request is sent only while the origin reads it: `None` if it reads nothing for
    /// `longest`.
    pub(super) async fn finish(
        mut self: Box<Self>,
        answered: impl Future<Output = ()>,
        longest: Duration,
    ) -> Option<Box<Self>> {
        let traffic = Arc::clone(&self.traffic);
        let stuck = async {
            answered.await;
            traffic.take_stuck();
            loop {
                sleep(longest).await;
                if traffic.take_stuck() {
                    return;
                }
            }
        };
        let complete = poll_fn(|cx| {
            self.drive(cx);
            let over = self.connection.is_none() || self.is_idle();
            if over { Poll::Ready(()) } else { Poll::Pending }
        });
        tokio::select! {
            () = complete => self.is_idle().then_some(self),
            () = stuck => None,
        }
    }

    /// The underlying stream, if it can carry the next request without hyper. It must be idle.
    pub(super) fn into_bare(mut self: Box<Self>) -> Option<ThrottledStream> {
        let (stream, more) = self.take_stream_parts()?;
        // Bytes of a request that are not sent yet would be lost.
        (more.is_empty() && !stream.has_unsent_bytes()).then_some(stream)
    }

    /// The underlying stream, and bytes that hyper has read but not handed over; `None` if the connection has ended.
    pub(super) fn take_stream_parts(&mut self) -> Option<(ThrottledStream, Bytes)> {
        let parts = self.connection.take()?.into_parts();
        Some((parts.io.into_inner(), parts.read_buf))
    }
}
