//! One request of HTTP/3, and its response.

use super::{
    quic::{Cancellation, QuicConnection},
    quic_stream,
};
use crate::proxy::{
    Proxy,
    body::{incoming_body::IncomingBody, response_body::PlayerBody},
    downstream::connection::Connection,
};
use bytes::{Buf as _, Bytes};
use h3::{
    error::{Code, StreamError},
    quic::RecvStream,
    server::{RequestResolver, RequestStream},
};
use http::{Method, Request, Response, Version, header};
use http_body_util::BodyExt as _;
use std::{future::pending, net::IpAddr, sync::Arc};
use tokio::sync::mpsc;

type SendStream = RequestStream<quic_stream::SendStream<Bytes>, Bytes>;
type Resolver = RequestResolver<QuicConnection, Bytes>;

/// Serves the request of `resolver`, a stream of `connection`, until the player no longer wants the response.
pub(super) async fn serve(
    proxy: Arc<Proxy>,
    connection: Arc<Connection>,
    peer: IpAddr,
    resolver: Resolver,
    cancellation: Option<Cancellation>,
) {
    if let Err(problem) = answer(&proxy, &connection, peer, resolver, cancellation).await {
        tracing::debug!(%peer, %problem, "HTTP/3 stream ended");
    }
    // From here on the connection is idle, unless it has other streams.
    connection.activity.was_flushed();
}

async fn answer(
    proxy: &Proxy,
    connection: &Arc<Connection>,
    peer: IpAddr,
    resolver: Resolver,
    cancellation: Option<Cancellation>,
) -> Result<(), StreamError> {
    let most = proxy.config.timeouts.header;
    let Ok(resolved) = tokio::time::timeout(most, resolver.resolve_request()).await else {
        tracing::debug!(%peer, "the head of an HTTP/3 request came too slowly");
        return Ok(());
    };
    let (request, stream) = resolved?;
    let (mut send, recv) = stream.split();
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
    let request = Request::from_parts(head, body);
    let serving = async {
        match Box::pin(proxy.serve(connection, peer, request)).await {
            Ok(response) => send_response(&mut send, response).await,
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

/// Passes on the body of a request; then waits forever.
async fn read_body<S: RecvStream>(
    mut recv: RequestStream<S, Bytes>,
    pieces: mpsc::Sender<Result<Bytes, String>>,
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

/// Sends `response`. Its body says when its bytes leave.
async fn send_response(
    send: &mut SendStream,
    response: Response<PlayerBody>,
) -> Result<(), StreamError> {
    let (mut head, mut body) = response.into_parts();
    head.version = Version::HTTP_3;
    send.send_response(Response::from_parts(head, ())).await?;
    while let Some(frame) = body.frame().await {
        match frame.map(hyper::body::Frame::into_data) {
            Ok(Ok(data)) => send.send_data(data).await?,
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
