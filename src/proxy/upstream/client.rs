//! Asks origins, and waits no longer for an answer than is allowed.

use super::{OriginBody, Reach, guard::Guard, places::Places, pool::Pool, read_policy::ReadPolicy};
use crate::{
    proxy::{
        body::upload::{HeldUp, Upload},
        config::{ProxyConfig, Timeouts},
        error::{Cause, ProxyError},
    },
    sessions::Origin,
    units::BitRate,
};
use http::{Request, Response, Uri, Version, request, uri};
use http_body_util::Limited;
use std::{future::Future, net::SocketAddr, time::Duration};
use tokio::time::error::Elapsed;

/// Asks origins.
pub(in crate::proxy) struct OriginClient {
    pool: Pool,
    first_byte: Duration,
    most_body: usize,
}

impl OriginClient {
    pub(in crate::proxy) fn new(config: &ProxyConfig, own: Vec<SocketAddr>) -> Self {
        let Timeouts { connect, first_byte, .. } = config.timeouts;
        let places = Places::new(config.limits.origin_connections);
        let guard = Guard::new(config.resolver.clone(), own, places, connect);
        let most_body = config.limits.request_body.as_usize();
        Self { pool: Pool::new(guard), first_byte, most_body }
    }

    /// Sends a request on to `path` at `origin`; the answer as it comes, body unread. `peak` is the
    /// most that the session's link will take of it, `reach` what the session may reach there.
    pub(in crate::proxy) async fn fetch(
        &self,
        (origin, reach): (&Origin, Reach<'_>),
        path: &str,
        (mut head, body): (request::Parts, Upload),
        peak: BitRate,
    ) -> Result<Response<OriginBody>, ProxyError> {
        head.uri = target(origin, path)?;
        // Each leg has its own version; the client raises it to 2 where the origin agrees.
        head.version = Version::HTTP_11;
        let held_up = body.held_up();
        let request = Request::from_parts(head, Limited::new(body, self.most_body));
        let answer = self.pool.ask((origin, reach), request, ReadPolicy::of(peak));
        match patient(self.first_byte, held_up.as_ref(), answer).await {
            Ok(Ok(mut response)) => {
                *response.version_mut() = Version::HTTP_11;
                Ok(response)
            }
            Ok(Err(failure)) => Err(failure.blame(origin)),
            Err(_) => Err(ProxyError::Upstream {
                cause: Cause::FirstByteTimeout,
                problem: format!("{origin} sent no answer within {:?}", self.first_byte),
            }),
        }
    }
}

/// Waits for `answer` for as long as `most`, and for as long besides as the request was held up.
async fn patient<T>(
    most: Duration,
    held_up: Option<&HeldUp>,
    answer: impl Future<Output = T>,
) -> Result<T, Elapsed> {
    tokio::pin!(answer);
    let (mut wait, mut allowed) = (most, Duration::ZERO);
    loop {
        let elapsed = match tokio::time::timeout(wait, &mut answer).await {
            Ok(answer) => return Ok(answer),
            Err(elapsed) => elapsed,
        };
        let total = held_up.map(HeldUp::total).unwrap_or_default();
        if total <= allowed {
            return Err(elapsed);
        }
        (wait, allowed) = (total - allowed, total);
    }
}

fn target(origin: &Origin, path: &str) -> Result<Uri, ProxyError> {
    let mut parts = uri::Parts::default();
    parts.scheme = Some(origin.scheme.clone());
    parts.authority = Some(origin.authority.clone());
    let wrong = |_| ProxyError::Parameter(format!("`{path}` is not a path"));
    parts.path_and_query = Some(path.parse().map_err(wrong)?);
    Uri::from_parts(parts).map_err(|_| ProxyError::Parameter(format!("`{path}` is not a path")))
}
