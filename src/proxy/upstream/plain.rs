//! Origins without TLS: connections of our own, since most of what lies beside a proxy is such, and thousands of
//! slow downloads must be held.
//!
//! hyper writes requests, reads heads, and bodies whose end must be looked for. A body of known length needs no more
//! than counting: the connection is taken out of hyper's hands after the head, which spares every
//! download three buffers of 8 KiB, a queue for requests and a task to wake, and goes back with the next
//! request.

use super::{
    OriginBody,
    body::{Driven, Home, Straight},
    failure::Failure,
    guard::Guard,
    idle::{Idle, Resting, Whither},
    intake::Intake,
    leg::{Leg, Outgoing, is_fresh},
};
use crate::sessions::Origin;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response, Uri, Version, header, response, uri::PathAndQuery};
use hyper::body::{Body as _, Incoming};
use std::{error::Error as StdError, future::poll_fn, pin::Pin, sync::Arc, task::Poll};
use tower_service::Service as _;

/// Asks origins that speak HTTP/1.1 over TCP.
pub(super) struct Plain {
    guard: Guard,
    idle: Arc<Idle>,
}

impl Plain {
    pub(super) fn new(guard: Guard) -> Self {
        Self { guard, idle: Arc::default() }
    }

    /// `origin`'s answer to `request`, which is read as `intake` says.
    pub(super) async fn ask(
        &self,
        origin: &Origin,
        mut request: Outgoing,
        intake: Intake,
    ) -> Result<Response<OriginBody>, Failure> {
        let home = || Home { idle: Arc::clone(&self.idle), whither: self.whither(origin, intake) };
        let mut leg = self.leg(&self.whither(origin, intake), request.uri()).await?;
        address(&mut request, origin);
        let bodiless = request.body().is_end_stream();
        let answer = leg.ask(request).await;
        let (head, body) = answer.map_err(|error| failed(error, false))?.into_parts();
        let body = match body.size_hint().exact() {
            Some(length) if bodiless && !leg.is_over() => {
                straight(&head, (body, length), leg, home()).await
            }
            // hyper goes on: it looks for the end, or the request is still leaving.
            _ => OriginBody::Driven(Driven::new(body, leg, home())),
        };
        Ok(Response::from_parts(head, body))
    }

    fn whither(&self, origin: &Origin, intake: Intake) -> Whither {
        (origin.authority.clone(), intake)
    }

    /// A connection that rests and is still good, or else a new one.
    async fn leg(&self, whither: &Whither, uri: &Uri) -> Result<Box<Leg>, Failure> {
        while let Some(resting) = self.idle.take(whither) {
            let leg = match resting {
                Resting::Whole(leg) => Ok(leg),
                Resting::Bare(stream) => Leg::new(stream).await,
            };
            if let Ok(mut leg) = leg
                && is_fresh(&mut leg).await
            {
                return Ok(leg);
            }
        }
        let mut guard = self.guard.taking(whither.1);
        let stream = guard.call(uri.clone()).await.map_err(|error| failed(error, true))?;
        Leg::new(stream.into_inner()).await.map_err(|error| failed(error, true))
    }
}

fn failed(error: impl Into<Box<dyn StdError + Send + Sync>>, connecting: bool) -> Failure {
    Failure { error: error.into(), connecting }
}

/// Puts the target in origin form, and names the host (RFC 9112 §3.2).
fn address(request: &mut Outgoing, origin: &Origin) {
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.unwrap_or_else(|| PathAndQuery::from_static("/")).into();
    if let Ok(host) = HeaderValue::from_str(host(origin)) {
        request.headers_mut().entry(header::HOST).or_insert(host);
    }
}

/// The host as it is named in a header: without the port that is meant anyway.
fn host(origin: &Origin) -> &str {
    match origin.authority.port_u16() {
        Some(80) => origin.authority.host(),
        _ => origin.authority.as_str(),
    }
}

/// The body of an answer whose length is known, and which nothing is sent for any more.
async fn straight(
    head: &response::Parts,
    (mut body, length): (Incoming, u64),
    leg: Box<Leg>,
    home: Home,
) -> OriginBody {
    let came = at_hand(&mut body).await;
    if came.len() as u64 == length {
        if leg.is_idle() {
            home.take_in(Resting::Whole(leg));
        }
        return OriginBody::from(came);
    }
    let (stream, more) = leg.take_apart();
    let mut ready = join(came, more);
    let surplus = ready.len() as u64 > length;
    // The end of a request that has not left would be taken for the beginning of the next one.
    let again = !surplus && !stream.is_choked() && stays_open(head.version, &head.headers);
    ready.truncate(usize::try_from(length).unwrap_or(usize::MAX));
    let left = length - ready.len() as u64;
    OriginBody::Straight(Straight::new(ready, left, stream, again.then_some(home)))
}

/// What hyper has read of a body already.
async fn at_hand(body: &mut Incoming) -> Bytes {
    poll_fn(|cx| {
        let mut came = Bytes::new();
        while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut *body).poll_frame(cx) {
            came = join(came, frame.into_data().unwrap_or_default());
        }
        Poll::Ready(came)
    })
    .await
}

/// One after the other; copied only if there are two.
fn join(first: Bytes, second: Bytes) -> Bytes {
    match (first.is_empty(), second.is_empty()) {
        (true, _) => second,
        (_, true) => first,
        (false, false) => {
            let mut both = BytesMut::from(first);
            both.extend_from_slice(&second);
            both.freeze()
        }
    }
}

/// Whether the origin lets its connection be used again (RFC 9112 §9.3).
fn stays_open(version: Version, headers: &HeaderMap) -> bool {
    let said = headers.get_all(header::CONNECTION).iter();
    let mut words = said.filter_map(|said| said.to_str().ok()).flat_map(|said| said.split(','));
    version == Version::HTTP_11 && !words.any(|word| word.trim().eq_ignore_ascii_case("close"))
}
