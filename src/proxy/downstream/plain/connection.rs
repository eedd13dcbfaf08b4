//! A connection whose requests are plain so far.

use super::{
    request::{self, PlainRequest},
    response,
    sending::Sending,
};
use crate::proxy::{
    body::response_body::PlayerBody,
    downstream::{requests::Requests, socket::Socket},
    exchange::unanswered::Unanswered,
};
use bytes::Bytes;
use http::{HeaderValue, Method, Response, header};
use std::{
    cell::RefCell,
    error::Error,
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

const CLOSE: HeaderValue = HeaderValue::from_static("close");

thread_local! {
    /// Where a head is read to, before its length is known: connections that are idle hold no buffer.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; request::LONGEST].into());
}

/// Why a connection ends early.
type Problem = Box<dyn Error + Send + Sync>;

/// What happens to a connection that is not served here any more.
pub(in crate::proxy::downstream) enum PlainEnd {
    /// It is closed.
    Closed,
    /// hyper serves it from now on.
    Unusual(Box<Unusual>),
}

/// A connection that hyper serves.
pub(in crate::proxy::downstream) struct Unusual {
    /// It reads the bytes of the request again that hyper is to serve.
    pub(in crate::proxy::downstream) socket: Socket,
    /// The response to this request, if there is one already.
    pub(in crate::proxy::downstream) response: Option<Response<PlayerBody>>,
    /// The connection is to close after the response.
    pub(in crate::proxy::downstream) closes: bool,
}

/// A response that is not there yet.
type Answering = Pin<Box<dyn Future<Output = Result<Response<PlayerBody>, Unanswered>> + Send>>;

/// What a connection does now.
enum State {
    /// It waits for a request.
    Waiting,
    /// A request is served.
    Serving {
        answering: Answering,
        method: Method,
        /// The bytes of its head.
        head: Bytes,
        /// The connection is to close after the response.
        closes: bool,
    },
    /// A response is sent.
    Sending {
        sending: Sending,
        /// Its head says that the connection closes after it.
        closes: bool,
    },
    /// It closes.
    Closing,
}

/// A connection whose requests are plain so far.
pub(in crate::proxy::downstream) struct PlainConnection {
    /// `None` = it was handed on.
    socket: Option<Socket>,
    requests: Arc<Requests>,
    state: State,
    /// What the player has sent after the current request.
    next: Bytes,
    /// It is to close after the response under way.
    closes: bool,
}

impl PlainConnection {
    pub(in crate::proxy::downstream) fn new(socket: Socket, requests: Arc<Requests>) -> Self {
        let (socket, next) = (Some(socket), Bytes::new());
        Self { socket, requests, state: State::Waiting, next, closes: false }
    }

    /// Closes it after the response under way.
    pub(in crate::proxy::downstream) const fn close_soon(&mut self) {
        self.closes = true;
    }

    /// Serves its requests. Ready = the connection is closed, or hyper must serve it from now on.
    pub(in crate::proxy::downstream) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<PlainEnd, Problem>> {
        loop {
            let Some(socket) = &mut self.socket else { return Poll::Ready(Ok(PlainEnd::Closed)) };
            match &mut self.state {
                State::Waiting => {
                    let mut bytes = std::mem::take(&mut self.next);
                    if bytes.is_empty() {
                        // A request that has arrived before the close is answered.
                        bytes = match poll_receive(cx, |cx, buf| socket.poll_read_bare(cx, buf)) {
                            Poll::Pending if self.closes => Bytes::new(),
                            received => ready!(received)?,
                        };
                    }
                    if bytes.is_empty() {
                        self.state = State::Closing;
                        continue;
                    }
                    if self.requests.connection.activity.begins_head() {
                        socket.restart_scan();
                    }
                    match request::decode(&bytes) {
                        Some(plain) => self.serve(plain, bytes),
                        None => return Poll::Ready(Ok(self.hand_on(bytes, None))),
                    }
                }
                State::Serving { answering, .. } => {
                    let Poll::Ready(response) = answering.as_mut().poll(cx) else {
                        return self.poll_player(cx);
                    };
                    if let Some(unusual) = self.send(response?) {
                        return Poll::Ready(Ok(unusual));
                    }
                }
                State::Sending { sending, closes } => {
                    let Poll::Ready(sent) = sending.poll(cx, socket) else {
                        return self.poll_player(cx);
                    };
                    sent?;
                    self.state = if *closes { State::Closing } else { State::Waiting };
                }
                State::Closing => {
                    ready!(Pin::new(socket).poll_shutdown(cx))?;
                    return Poll::Ready(Ok(PlainEnd::Closed));
                }
            }
        }
    }

    /// Begins to serve a request, with which `bytes` begin.
    fn serve(&mut self, plain: PlainRequest, mut bytes: Bytes) {
        let PlainRequest { request, length, closes } = plain;
        let head = bytes.split_to(length);
        // Empty bytes would keep the memory of the head.
        self.next = if bytes.is_empty() { Bytes::new() } else { bytes };
        self.requests.connection.activity.has_request(true);
        let method = request.method().clone();
        let requests = Arc::clone(&self.requests);
        // Boxed, and freed before the body begins: it is large.
        let answering = Box::pin(async move { requests.serve(request).await });
        self.state = State::Serving { answering, method, head, closes };
    }

    /// Begins to send `response`, or hands it to hyper.
    fn send(&mut self, mut response: Response<PlayerBody>) -> Option<PlainEnd> {
        let socket = self.socket.as_ref()?;
        let serving = std::mem::replace(&mut self.state, State::Waiting);
        let State::Serving { method, head, closes, .. } = serving else { return None };
        let closes = closes || self.closes;
        let connection = &self.requests.connection;
        let plain = !connection.answers_as_http11();
        let encoded =
            plain.then(|| response::encode(&response, &method, closes, connection.clock()));
        match encoded.flatten() {
            Some(head) => {
                let sending = Sending::new(head, response.into_body(), socket);
                self.state = State::Sending { sending, closes };
                None
            }
            None => {
                if closes {
                    let headers = response.headers_mut();
                    headers.entry(header::CONNECTION).or_insert(CLOSE);
                }
                Some(self.hand_on(head, Some(response)))
            }
        }
    }

    /// Notices what the player does while it is answered. Ready = it has left.
    fn poll_player(&mut self, cx: &mut Context<'_>) -> Poll<Result<PlainEnd, Problem>> {
        let Some(socket) = self.socket.as_mut().filter(|_| self.next.is_empty()) else {
            return Poll::Pending;
        };
        self.next = ready!(poll_receive(cx, |cx, buf| Pin::new(&mut *socket).poll_read(cx, buf)))?;
        if self.next.is_empty() {
            return Poll::Ready(Err("the player has closed the connection".into()));
        }
        // What it says next is read when this response is sent.
        Poll::Pending
    }

    /// Hands the connection to hyper, which first reads `bytes`: the current request, or its beginning.
    fn hand_on(&mut self, bytes: Bytes, response: Option<Response<PlayerBody>>) -> PlainEnd {
        let Some(mut socket) = self.socket.take() else { return PlainEnd::Closed };
        let next = std::mem::take(&mut self.next);
        let bytes = if next.is_empty() { bytes } else { [&bytes[..], &next[..]].concat().into() };
        socket.show_again(bytes);
        socket.written_by_hyper();
        PlainEnd::Unusual(Box::new(Unusual { socket, response, closes: self.closes }))
    }
}

/// Receives bytes from the player with `read`; none = it has ended its side.
fn poll_receive(
    cx: &mut Context<'_>,
    read: impl FnOnce(&mut Context<'_>, &mut ReadBuf<'_>) -> Poll<io::Result<()>>,
) -> Poll<io::Result<Bytes>> {
    SCRATCH.with_borrow_mut(|scratch| {
        let mut buffer = ReadBuf::new(scratch);
        ready!(read(cx, &mut buffer))?;
        Poll::Ready(Ok(Bytes::copy_from_slice(buffer.filled())))
    })
}
