//! One request of HTTP/3, and its response.

use super::{
    quic::{Cancellation, QuicConnection},
    quic_stream,
    unsent::{StreamMemory, Unsent},
};
use crate::{
    memory::{ResetReason, UsedUp},
    proxy::{
        Proxy,
        body::{incoming_body::IncomingBody, response_body::PlayerBody},
        downstream::connection::Connection,
        exchange::reply,
        trusted_front,
    },
};
use bytes::{Buf as _, Bytes};
use h3::{
    error::{Code, StreamError},
    quic::RecvStream,
    server::{RequestResolver, RequestStream},
};
use http::{Method, Request, Response, Version, header};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use std::{future::pending, net::IpAddr, sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// A piece of a response that is not taken for this long ends its stream, as in HTTP/2.
const UNREAD: Duration = Duration::from_secs(60);

type SendStream = RequestStream<quic_stream::SendStream<Bytes>, Bytes>;
type Resolver = RequestResolver<QuicConnection, Bytes>;

/// Who sends the requests of a connection, and what serves them.
pub(super) struct Requester {
    pub(super) proxy: Arc<Proxy>,
    pub(super) connection: Arc<Connection>,
    pub(super) unsent: Arc<Unsent>,
    pub(super) peer: IpAddr,
}

impl Requester {
    /// Serves the request of `resolver`, a stream of the connection, until the player no longer wants the response.
    pub(super) async fn serve(self, resolver: Resolver, cancellation: Option<Cancellation>) {
        if let Err(problem) = self.answer(resolver, cancellation).await {
            tracing::debug!(peer = %self.peer, %problem, "HTTP/3 stream ended");
        }
        // From here on the connection is idle, unless it has other streams.
        self.connection.activity.was_flushed();
    }

    async fn answer(
        &self,
        resolver: Resolver,
        cancellation: Option<Cancellation>,
    ) -> Result<(), StreamError> {
        let most = self.proxy.config.timeouts.header;
        let Ok(resolved) = tokio::time::timeout(most, resolver.resolve_request()).await else {
            tracing::debug!(peer = %self.peer, "the head of an HTTP/3 request came too slowly");
            return Ok(());
        };
        let (request, stream) = resolved?;
        let (mut send, recv) = stream.split();
        let (request, sender) = with_body(request);
        let serving = async {
            let mut memory = match self.memory_of(&request) {
                Ok(memory) => memory,
                Err(used_up) => return self.refuse(&mut send, &used_up).await,
            };
            match Box::pin(self.proxy.serve(&self.connection, self.peer, request)).await {
                Ok(response) => {
                    memory.hold_at_most(response.body().size_hint().upper());
                    self.send(&mut send, response).await
                }
                Err(_) => {
                    send.stop_stream(Code::H3_REQUEST_CANCELLED);
                    Ok(())
                }
            }
        };
        let cancelled = async {
            match cancellation {
                Some(cancellation) => cancellation.await,
                None => pending().await,
            }
        };
        tokio::select! {
            served = serving => served,
            // Never ends before the response.
            never = read_body(recv, sender) => match never {},
            // The response is dropped, and with it its exchange: its player is gone.
            () = cancelled => Ok(()),
        }
    }

    /// What `request` and its response may hold, for its sender.
    fn memory_of(&self, request: &Request<IncomingBody>) -> Result<StreamMemory, UsedUp> {
        let trusted = &self.proxy.config.trust_proxy;
        let client = trusted_front::client(trusted, self.peer, request.headers());
        let client = self.proxy.registry.memory().client(Some(client));
        self.unsent.open(client, !matches!(request.body(), IncomingBody::Empty))
    }

    async fn refuse(&self, send: &mut SendStream, used_up: &UsedUp) -> Result<(), StreamError> {
        let refusal = reply::refusal(&self.connection, &(*used_up).into());
        self.send(send, refusal.map(|source| PlayerBody::Plain(Box::new(source)))).await
    }

    /// Sends `response`. Its body says when its bytes leave.
    async fn send(
        &self,
        send: &mut SendStream,
        response: Response<PlayerBody>,
    ) -> Result<(), StreamError> {
        let (mut head, mut body) = response.into_parts();
        head.version = Version::HTTP_3;
        send.send_response(Response::from_parts(head, ())).await?;
        while let Some(frame) = body.frame().await {
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => {
                    let Ok(sent) = tokio::time::timeout(UNREAD, send.send_data(data)).await else {
                        self.proxy.registry.memory().count_reset(ResetReason::Unread);
                        send.stop_stream(Code::H3_REQUEST_CANCELLED);
                        return Ok(());
                    };
                    sent?;
                }
                Ok(Err(frame)) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        send.send_trailers(trailers).await?;
                    }
                }
                Err(_) => {
                    send.stop_stream(Code::H3_INTERNAL_ERROR);
                    return Ok(());
                }
            }
        }
        send.finish().await
    }
}

type Pieces = mpsc::Sender<Result<Bytes, String>>;

/// `request` with its body, and where the pieces of that go.
fn with_body(request: Request<()>) -> (Request<IncomingBody>, Pieces) {
    let (mut head, ()) = request.into_parts();
    // As in HTTP/2: exchanges are streams, which end on their own.
    head.version = Version::HTTP_2;
    let length = head.headers.get(header::CONTENT_LENGTH);
    let left = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let bodiless = matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let (sender, pieces) = mpsc::channel(1);
    let body = if left.is_none() && bodiless {
        IncomingBody::Empty
    } else {
        IncomingBody::Pieces { pieces, left }
    };
    (Request::from_parts(head, body), sender)
}

/// Passes on the body of a request; then waits forever.
async fn read_body<S: RecvStream>(
    mut recv: RequestStream<S, Bytes>,
    pieces: Pieces,
) -> std::convert::Infallible {
    loop {
        let piece = match recv.recv_data().await {
            Ok(Some(mut data)) => Ok(data.copy_to_bytes(data.remaining())),
            Ok(None) => break,
            Err(error) => Err(error.to_string()),
        };
        let failed = piece.is_err();
        if pieces.send(piece).await.is_err() || failed {
            break;
        }
    }
    drop(pieces);
    pending().await
}
