//! A connection to an origin, on which hyper speaks HTTP/1.1.

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
    future::{Future as _, poll_fn},
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
};

/// A request as it leaves.
pub(super) type Outgoing = Request<Limited<Upload>>;

/// Whoever waits for its answer drives it: there is no task of its own to wake for every piece.
pub(super) struct H1Connection {
    sender: SendRequest<Limited<Upload>>,
    /// `None` once hyper has ended it: what was not begun until then is given back when it is dropped.
    connection: Option<Connection<TokioIo<ThrottledStream>, Limited<Upload>>>,
    traffic: Arc<Traffic>,
}

impl H1Connection {
    /// Speaks on `stream`, where nothing is under way.
    ///
    /// # Errors
    /// Those of hyper's handshake, which sends nothing.
    pub(super) async fn new(stream: ThrottledStream) -> hyper::Result<Box<Self>> {
        let traffic = Arc::clone(stream.traffic());
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Box::new(Self { sender, connection: Some(connection), traffic }))
    }

    /// Reads and writes what can be.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        // What went wrong is told to whoever waits for the answer or reads its body.
        if let Some(connection) = &mut self.connection
            && connection.poll_without_shutdown(cx).is_ready()
        {
            self.connection = None;
        }
    }

    /// Whether all that was asked was answered, and more may be asked: as of the last drive.
    pub(super) fn is_idle(&self) -> bool {
        self.connection.is_some() && self.sender.is_ready()
    }

    /// Lets one that rested notice what happened meanwhile; whether it can still be used, as far as
    /// that is to be seen: a task that has done much is shown nothing new.
    pub(super) async fn is_fresh(&mut self) -> bool {
        poll_fn(|cx| {
            self.drive(cx);
            Poll::Ready(())
        })
        .await;
        self.is_idle()
    }

    /// Sends `request`; its answer, of whose body a first piece may have been read.
    ///
    /// # Errors
    /// What hyper says of the connection, of the request's body, or of the answer; with the request, if
    /// nothing of it was sent.
    pub(super) async fn ask(
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

    /// What passed since the last request was given to it.
    pub(super) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Waits until nothing is under way any more; `None` when that is since the connection has ended.
    pub(super) async fn finish(mut self: Box<Self>) -> Option<Box<Self>> {
        poll_fn(|cx| {
            self.drive(cx);
            let over = self.connection.is_none() || self.is_idle();
            if over { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.is_idle().then_some(self)
    }

    /// The bare connection, and what hyper read of it and has not handed over; `None` if it has ended.
    pub(super) fn take_apart(&mut self) -> Option<(ThrottledStream, Bytes)> {
        let parts = self.connection.take()?.into_parts();
        Some((parts.io.into_inner(), parts.read_buf))
    }
}
