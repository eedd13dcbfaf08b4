//! A connection to an origin that carries one exchange, with HTTP/1.1 or HTTP/2.

use super::{
    carried_response::CarriedResponse,
    h1_connection::{H1Connection, Outgoing},
    http2, plain_exchange,
    throttled_stream::ThrottledStream,
};
use crate::proxy::body::upload::Upload;
use crate::sessions::Origin;
use http::{HeaderValue, Request, Uri, header, uri::PathAndQuery};
use http_body_util::Limited;
use hyper::{body::Body as _, client::conn::TrySendError};

/// A connection to an origin.
pub(super) enum Carrier {
    /// HTTP/1.1, without hyper so far.
    Bare(ThrottledStream),
    /// HTTP/1.1, by hyper.
    Http1(Box<H1Connection>),
    Http2(http2::Sender),
}

/// A request that failed, and the request to send again if that is allowed.
pub(super) struct Refused {
    pub(super) error: hyper::Error,
    /// The request, if nothing of it was sent.
    pub(super) unsent: Option<Box<Outgoing>>,
    /// A copy of the request, if it is safe to send it twice.
    pub(super) copy: Option<Box<Outgoing>>,
    /// The origin reports that it has not processed the request.
    pub(super) unprocessed: bool,
}

impl Carrier {
    /// Sends `request` to `origin` and returns the response. `reused`: the connection has carried a request before.
    ///
    /// # Errors
    /// Errors of the connection, of the request's body, or of the response.
    pub(super) async fn send(
        self,
        request: Box<Outgoing>,
        origin: &Origin,
        reused: bool,
    ) -> Result<CarriedResponse, Box<Refused>> {
        match self {
            Self::Bare(mut stream) => {
                if request.body().is_end_stream()
                    && plain_exchange::is_plain(&request)
                    && let Some(response) =
                        plain_exchange::exchange(&mut stream, &request, origin).await
                {
                    return Ok(CarriedResponse::Plain(stream, response));
                }
                Box::pin(send_by_hyper(stream, request, origin, reused)).await
            }
            Self::Http1(connection) => Box::pin(send_on(connection, request, origin, reused)).await,
            Self::Http2(sender) => Box::pin(send_stream(sender, request, origin, reused)).await,
        }
    }
}

/// Sends `request` on `stream`, from where it was left.
async fn send_by_hyper(
    stream: ThrottledStream,
    request: Box<Outgoing>,
    origin: &Origin,
    reused: bool,
) -> Result<CarriedResponse, Box<Refused>> {
    match H1Connection::new(stream).await {
        Ok(connection) => send_on(connection, request, origin, reused).await,
        Err(error) => {
            Err(Box::new(Refused { error, unsent: None, copy: None, unprocessed: false }))
        }
    }
}

/// Sends `request` on a connection of HTTP/1.1.
async fn send_on(
    mut connection: Box<H1Connection>,
    mut request: Box<Outgoing>,
    origin: &Origin,
    reused: bool,
) -> Result<CarriedResponse, Box<Refused>> {
    let safe = request.method().is_safe();
    let copy = if reused { copy(&request) } else { None };
    set_origin_form(&mut request, origin);
    let refused = match connection.send(*request).await {
        Ok(response) => return Ok(CarriedResponse::Http1(connection, response)),
        Err(refused) => refused,
    };
    let traffic = connection.traffic();
    let repeatable = !traffic.was_read() && (safe || !traffic.was_written());
    Err(Box::new(Refused::new(refused, copy.filter(|_| repeatable), false)))
}

/// Sends `request` on a stream of HTTP/2.
async fn send_stream(
    mut sender: http2::Sender,
    mut request: Box<Outgoing>,
    origin: &Origin,
    reused: bool,
) -> Result<CarriedResponse, Box<Refused>> {
    let safe = request.method().is_safe();
    let copy = copy(&request);
    set_absolute_target(&mut request, origin);
    let refused = match sender.try_send_request(*request).await {
        Ok(response) => return Ok(CarriedResponse::Http2(sender, response)),
        Err(refused) => refused,
    };
    let unprocessed = refused.message().is_some() || http2::is_unprocessed(refused.error());
    let copy = copy.filter(|_| unprocessed || (reused && safe));
    Err(Box::new(Refused::new(refused, copy, unprocessed)))
}

impl Refused {
    fn new(
        mut refused: TrySendError<Outgoing>,
        copy: Option<Box<Outgoing>>,
        unprocessed: bool,
    ) -> Self {
        let unsent = refused.take_message().map(Box::new);
        Self { error: refused.into_error(), unsent, copy, unprocessed }
    }
}

/// The same request, if it has no body.
fn copy(request: &Outgoing) -> Option<Box<Outgoing>> {
    if !request.body().is_end_stream() {
        return None;
    }
    let mut copy = Request::new(Limited::new(Upload::none(), 0));
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    copy.headers_mut().clone_from(request.headers());
    Some(Box::new(copy))
}

/// Writes scheme and authority into the target; HTTP/2 sends them as fields (RFC 9113 §8.3.1).
fn set_absolute_target(request: &mut Outgoing, origin: &Origin) {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(origin.scheme.clone());
    parts.authority = Some(origin.authority.clone());
    parts.path_and_query.get_or_insert_with(|| PathAndQuery::from_static("/"));
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

/// Writes the target in origin form, and adds `Host` (RFC 9112 §3.2).
fn set_origin_form(request: &mut Outgoing, origin: &Origin) {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    let path = parts.path_and_query.take();
    *request.uri_mut() = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    if let Ok(host) = HeaderValue::from_str(origin.authority.as_str()) {
        request.headers_mut().entry(header::HOST).or_insert(host);
    }
}
