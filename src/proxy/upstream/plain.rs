//! Origins without TLS: connections of our own, since most of what lies beside a proxy is such, and thousands of
//! slow downloads must be held.
//!
//! hyper writes requests, reads heads, and bodies whose end must be looked for. A body of known length needs no more
//! than counting: the connection is taken out of hyper's hands after the head, which spares every
//! download hyper's buffers, its queue for requests and a task to wake, and goes back with the next
//! request.

use super::{
    OriginBody,
    body::{Driven, Home, Straight},
    failure::Failure,
    guard::Guard,
    idle::{Idle, Resting, Whither},
    intake::Intake,
    leg::{Leg, Outgoing},
};
use crate::sessions::Origin;
use bytes::Bytes;
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
        let whither = (origin.authority.clone(), intake);
        let uri = std::mem::take(request.uri_mut());
        address(&mut request, &uri, origin);
        let bodiless = request.body().is_end_stream();
        let (leg, answer) = loop {
            let resting = self.resting(&whither).await;
            let again = resting.is_some();
            let mut leg = match resting {
                Some(leg) => leg,
                None => self.newcomer(&uri, intake).await?,
            };
            match leg.ask(request).await {
                Ok(answer) => break (leg, answer),
                Err(mut refused) => match refused.take_message() {
                    // The origin closed at this very moment, and has not seen the request.
                    Some(unsent) if again => request = unsent,
                    _ => return Err(failed(refused.into_error(), false)),
                },
            }
        };
        let home = Home { idle: Arc::clone(&self.idle), whither };
        let (head, body) = answer.into_parts();
        if !bodiless {
            // Some origins answer before they have heard everything; the rest goes on its own way.
            tokio::spawn(async move {
                if let Some(leg) = leg.finish().await {
                    home.take_in(Resting::Whole(leg));
                }
            });
            return Ok(Response::from_parts(head, OriginBody::Pooled(body)));
        }
        let body = match body.size_hint().exact() {
            Some(length) => straight(&head, (body, length), leg, home).await,
            None => OriginBody::Driven(Driven::new(body, leg, home)),
        };
        Ok(Response::from_parts(head, body))
    }

    /// A connection that has rested and is still good.
    async fn resting(&self, whither: &Whither) -> Option<Box<Leg>> {
        while let Some(resting) = self.idle.take(whither) {
            let leg = match resting {
                Resting::Whole(leg) => Ok(leg),
                Resting::Bare(stream) => Leg::new(stream).await,
            };
            if let Ok(mut leg) = leg
                && leg.is_fresh().await
            {
                return Some(leg);
            }
        }
        None
    }

    /// A new connection.
    async fn newcomer(&self, uri: &Uri, intake: Intake) -> Result<Box<Leg>, Failure> {
        if !self.guard.has_place() {
            self.idle.close_one();
        }
        let stream = self.guard.taking(intake).call(uri.clone()).await;
        let stream = stream.map_err(|error| failed(error, true))?.into_inner();
        Leg::new(stream).await.map_err(|error| failed(error, true))
    }
}

fn failed(error: impl Into<Box<dyn StdError + Send + Sync>>, connecting: bool) -> Failure {
    Failure { error: error.into(), connecting }
}

/// Puts the target in origin form, and names the host (RFC 9112 §3.2).
fn address(request: &mut Outgoing, uri: &Uri, origin: &Origin) {
    let path = uri.path_and_query().cloned();
    *request.uri_mut() = path.unwrap_or_else(|| PathAndQuery::from_static("/")).into();
    if let Ok(host) = HeaderValue::from_str(origin.authority.as_str()) {
        request.headers_mut().entry(header::HOST).or_insert(host);
    }
}

/// The body of an answer whose length is known, and which nothing is sent for any more.
async fn straight(
    head: &response::Parts,
    (mut body, length): (Incoming, u64),
    mut leg: Box<Leg>,
    home: Home,
) -> OriginBody {
    if leg.is_idle() {
        // All of it is here: hyper has read to its end.
        let whole = at_hand(&mut body).await;
        home.take_in(Resting::Whole(leg));
        return OriginBody::from(whole);
    }
    let Some((stream, more)) = leg.take_apart() else {
        // The connection has ended, and hyper knows whether the body has.
        return OriginBody::Driven(Driven::new(body, leg, home));
    };
    let came = at_hand(&mut body).await;
    // hyper hands over all that it reads of a body; should it ever keep a part, here it is.
    let ready = if more.is_empty() { came } else { [came, more].concat().into() };
    // The end of a request that has not left would be taken for the beginning of the next one.
    let again = !stream.is_choked() && stays_open(head.version, &head.headers);
    match length.checked_sub(ready.len() as u64) {
        Some(left) => {
            OriginBody::Straight(Straight::new(ready, left, stream, again.then_some(home)))
        }
        None => OriginBody::from(ready.slice(..length as usize)),
    }
}

/// What hyper has read of a body already.
async fn at_hand(body: &mut Incoming) -> Bytes {
    poll_fn(|cx| match Pin::new(&mut *body).poll_frame(cx) {
        Poll::Ready(Some(Ok(frame))) => Poll::Ready(frame.into_data().unwrap_or_default()),
        _ => Poll::Ready(Bytes::new()),
    })
    .await
}

/// Whether the origin lets its connection be used again (RFC 9112 §9.3).
fn stays_open(version: Version, headers: &HeaderMap) -> bool {
    let said = headers.get_all(header::CONNECTION).iter();
    let mut words = said.filter_map(|said| said.to_str().ok()).flat_map(|said| said.split(','));
    version == Version::HTTP_11 && !words.any(|word| word.trim().eq_ignore_ascii_case("close"))
}
