//! A connection to an origin, on which hyper speaks HTTP/1.1.

use super::{super::upload::Upload, sip::Sip};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Limited;
use hyper::{
    body::Incoming,
    client::conn::http1::{self, Connection, SendRequest},
};
use hyper_util::rt::TokioIo;
use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    task::{Context, Poll},
};

/// A request as it leaves.
pub(super) type Outgoing = Request<Limited<Upload>>;

/// Whoever waits for its answer drives it: there is no task of its own to wake for every piece.
pub(super) struct Leg {
    sender: SendRequest<Limited<Upload>>,
    connection: Connection<TokioIo<Sip>, Limited<Upload>>,
    /// hyper has ended it, which must not be asked again.
    over: bool,
}

impl Leg {
    /// Speaks on `stream`, where nothing is under way.
    ///
    /// # Errors
    /// Those of hyper's handshake, which sends nothing.
    pub(super) async fn new(stream: Sip) -> hyper::Result<Box<Self>> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Box::new(Self { sender, connection, over: false }))
    }

    /// Reads and writes what can be.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        // What went wrong is told to whoever waits for the answer or reads its body.
        self.over = self.over || self.connection.poll_without_shutdown(cx).is_ready();
    }

    /// Whether nothing more will come of it.
    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    /// Whether all that was asked was answered, and more may be asked: as of the last drive.
    pub(super) fn is_idle(&self) -> bool {
        !self.over && self.sender.is_ready()
    }

    /// Sends `request`; its answer, of whose body a first piece may have been read.
    ///
    /// # Errors
    /// What hyper says of the connection, of the request's body, or of the answer.
    pub(super) async fn ask(&mut self, request: Outgoing) -> hyper::Result<Response<Incoming>> {
        let mut answer = pin!(self.sender.send_request(request));
        let (connection, over) = (&mut self.connection, &mut self.over);
        poll_fn(|cx| {
            *over = *over || connection.poll_without_shutdown(cx).is_ready();
            answer.as_mut().poll(cx)
        })
        .await
    }

    /// Waits until nothing is under way any more; `None` when that is since the connection has ended.
    pub(super) async fn finish(mut self: Box<Self>) -> Option<Box<Self>> {
        poll_fn(|cx| {
            self.drive(cx);
            if self.is_over() || self.is_idle() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.is_idle().then_some(self)
    }

    /// The bare connection, and what hyper read of it and has not handed over.
    pub(super) fn take_apart(self) -> (Sip, Bytes) {
        let parts = self.connection.into_parts();
        (parts.io.into_inner(), parts.read_buf)
    }
}

/// Lets a leg that rested notice what happened meanwhile; whether it can still be used.
pub(super) async fn is_fresh(leg: &mut Leg) -> bool {
    poll_fn(|cx| {
        leg.drive(cx);
        Poll::Ready(())
    })
    .await;
    leg.is_idle()
}
