//! Sends requests to origins, with a time-out for the response.

use super::{
    OriginBody, Reach, guard::Guard, h1_connection::Outgoing, places::Places, pool::Pool,
    read_policy::ReadPolicy, response_deadlines::ResponseDeadlines,
};
use crate::{
    proxy::{
        body::upload::{Upload, UploadProgress},
        config::{ProxyConfig, Timeouts},
        error::{Cause, ProxyError},
    },
    sessions::UpstreamUrl,
    units::BitRate,
};
use http::{Request, Response, Uri, Version, request, uri::PathAndQuery};
use http_body_util::Limited;
use std::{
    future::Future,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;

/// The client for requests to origins.
pub(in crate::proxy) struct OriginClient {
    pub(super) pool: Pool,
    pub(super) first_byte: Duration,
    deadlines: Arc<ResponseDeadlines>,
    pub(super) most_body: usize,
}

impl OriginClient {
    pub(in crate::proxy) fn new(config: &ProxyConfig, own: Vec<SocketAddr>) -> Self {
        let Timeouts { connect, first_byte, .. } = config.timeouts;
        let places = Places::new(config.limits.origin_connections);
        let guard = Guard::new(config.resolver.clone(), own, places, connect);
        let most_body = config.limits.request_body.as_usize();
        let deadlines = ResponseDeadlines::new(first_byte);
        Self { pool: Pool::new(guard, first_byte), first_byte, deadlines, most_body }
    }

    /// The same client with idle connections of its own, for another worker.
    pub(in crate::proxy) fn for_worker(&self) -> Self {
        Self {
            pool: self.pool.for_worker(),
            first_byte: self.first_byte,
            deadlines: ResponseDeadlines::new(self.first_byte),
            most_body: self.most_body,
        }
    }

    /// Forwards a request to `url`, and returns the response with its body unread. `peak` is the highest
    /// rate of the session's link. `reach` says why the session may use this origin. `now` is the current time.
    pub(in crate::proxy) async fn fetch(
        &self,
        url: &UpstreamUrl,
        reach: Reach<'_>,
        head: request::Parts,
        body: Upload,
        peak: BitRate,
        now: Instant,
    ) -> Result<Response<OriginBody>, ProxyError> {
        let origin = &url.origin;
        let progress = body.progress();
        let request = outgoing(url, head, Limited::new(body, self.most_body))?;
        // Pinned here: a future that another one takes as an argument is stored twice.
        let answer = pin!(self.pool.send(origin, reach, request, ReadPolicy::of(peak)));
        let answer = match &progress {
            None => self.deadlines.wait(now, answer).await,
            Some(progress) => Box::pin(with_timeout(self.first_byte, progress, answer)).await,
        };
        match answer {
            Some(Ok(response)) => Ok(response),
            Some(Err(failure)) => Err(failure.to_proxy_error(origin)),
            None => Err(ProxyError::Upstream {
                cause: Cause::FirstByteTimeout,
                problem: format!("{origin} sent no response within {:?}", self.first_byte),
            }),
        }
    }
}

/// The request for `url` with the head of the player's.
fn outgoing(
    url: &UpstreamUrl,
    mut head: request::Parts,
    body: Limited<Upload>,
) -> Result<Box<Outgoing>, ProxyError> {
    // Most requests are for the path that the player has asked for.
    let asked = head.uri.path_and_query().filter(|_| head.uri.authority().is_none());
    if asked.is_none_or(|asked| asked.as_str() != url.path) {
        head.uri = target(url)?;
    }
    // Each connection has its own version; HTTP/2 is set later for origins that use it.
    head.version = Version::HTTP_11;
    Ok(Box::new(Request::from_parts(head, body)))
}

/// Waits for `answer` to a request with a body for at most `most` after its last part was sent, plus the time that the
/// uplink delayed it.
async fn with_timeout<T>(
    most: Duration,
    progress: &UploadProgress,
    mut answer: Pin<&mut impl Future<Output = T>>,
) -> Option<T> {
    let (mut wait, mut allowed) = (most, Duration::ZERO);
    loop {
        if let Ok(answer) = tokio::time::timeout(wait, answer.as_mut()).await {
            return Some(answer);
        }
        let delay = progress.delay();
        wait = (delay.saturating_sub(allowed)).max(most.saturating_sub(progress.quiet()));
        if wait.is_zero() {
            return None;
        }
        allowed = delay;
    }
}

/// The target in origin form. Origins of HTTP/2 get scheme and authority beside it.
pub(super) fn target(url: &UpstreamUrl) -> Result<Uri, ProxyError> {
    let path: PathAndQuery = url
        .path
        .parse()
        .map_err(|_| ProxyError::Parameter(format!("`{}` is not a path", url.path)))?;
    Ok(path.into())
}
