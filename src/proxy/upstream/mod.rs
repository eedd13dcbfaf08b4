//! The way to the origin: connections that are kept, HTTP/1.1 or 2, TLS with the platform's roots.

mod body;
mod guard;
mod idle;
mod leg;
mod plain;
mod secure;
mod sip;

pub(super) use body::{OriginBody, OriginError};

use super::{
    config::{ProxyConfig, Timeouts},
    error::{Cause, ProxyError, chain, deeper},
    upload::{HeldUp, Upload},
};
use crate::{sessions::Origin, units::BitRate};
use guard::{Guard, OwnAddress};
use http::{
    Request, Response, Uri, Version, request,
    uri::{self, Scheme},
};
use http_body_util::{LengthLimitError, Limited};
use hyper_util::client::legacy::connect::HttpConnector;
use plain::Plain;
use secure::Secure;
use std::{error::Error as StdError, future::Future, net::SocketAddr, time::Duration};
use tokio::time::error::Elapsed;

/// The most that is read at once of a body which a slow link takes a piece of now and then, by the link's
/// highest rate: just under what would make hyper double its buffer. With its own bound (400 KiB)
/// thousands of slow downloads would hold gigabytes; with less than this a link would wait for more
/// than eighty pieces a second.
const SIPS: [(BitRate, u64); 2] = [
    (BitRate::from_bits_per_second(2_000_000), 8 * 1024 - 1),
    (BitRate::from_bits_per_second(10_000_000), 16 * 1024 - 1),
];

/// What the kernel may hold of a body for the slowest links, where it would find some megabytes for each: a
/// thousand of them fill all the memory that it has for TCP, and from then on it drops what comes. Enough
/// for a round trip of a second at their highest rate. Faster links might need more than a
/// system lets one ask for.
const UNREAD: usize = 256 * 1024;

/// Asks origins.
pub(super) struct Upstream {
    plain: Plain,
    secure: Secure,
    first_byte: Duration,
    most_body: usize,
}

impl Upstream {
    pub(super) fn new(config: &ProxyConfig, own: Vec<SocketAddr>) -> Self {
        let Timeouts { connect, first_byte, .. } = config.timeouts;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        // Without it a request's last packet waits for the origin's delayed ACK.
        http.set_nodelay(true);
        http.set_connect_timeout(Some(connect));
        let guard = Guard::new(http, own);
        let most_body = config.limits.request_body.as_usize();
        Self {
            plain: Plain::new(guard.clone()),
            secure: Secure::new(&guard),
            first_byte,
            most_body,
        }
    }

    /// Sends a request on to `path` at `origin`; the answer as it comes, body unread. `peak` is the
    /// most that the session's link will take of it.
    pub(super) async fn fetch(
        &self,
        origin: &Origin,
        path: &str,
        (mut head, body): (request::Parts, Upload),
        peak: BitRate,
    ) -> Result<Response<OriginBody>, ProxyError> {
        head.uri = target(origin, path)?;
        // Each leg has its own version; the client raises it to 2 where the origin agrees.
        head.version = Version::HTTP_11;
        let held_up = body.held_up();
        let request = Request::from_parts(head, Limited::new(body, self.most_body));
        let sip = SIPS.iter().find(|(most, _)| peak <= *most).map_or(u64::MAX, |(_, sip)| *sip);
        let answer = async {
            match origin.scheme == Scheme::HTTP {
                true => self.plain.ask(origin, request, sip).await,
                false => self.secure.ask(request, sip).await,
            }
        };
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

/// Why there is no answer.
struct Failure {
    error: Box<dyn StdError + Send + Sync>,
    /// There was not even a connection.
    connecting: bool,
}

impl Failure {
    /// Whose fault it is, and what the player is told.
    fn blame(&self, origin: &Origin) -> ProxyError {
        let error = self.error.as_ref();
        if caused_by::<OwnAddress>(error) {
            return ProxyError::Loop(origin.to_string());
        }
        players_fault(error).unwrap_or_else(|| ProxyError::Upstream {
            cause: Cause::of(error, self.connecting),
            problem: format!("{origin}: {}", chain(error)),
        })
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

/// What the kernel may hold of a body that is read by `sip` bytes, if that is bounded.
fn unread(sip: u64) -> Option<usize> {
    (sip == SIPS[0].1).then_some(UNREAD)
}

fn target(origin: &Origin, path: &str) -> Result<Uri, ProxyError> {
    let mut parts = uri::Parts::default();
    parts.scheme = Some(origin.scheme.clone());
    parts.authority = Some(origin.authority.clone());
    let wrong = |_| ProxyError::Parameter(format!("`{path}` is not a path"));
    parts.path_and_query = Some(path.parse().map_err(wrong)?);
    Uri::from_parts(parts).map_err(|_| ProxyError::Parameter(format!("`{path}` is not a path")))
}

fn caused_by<E: StdError + 'static>(error: &(dyn StdError + 'static)) -> bool {
    error.is::<E>() || deeper(error).is_some_and(caused_by::<E>)
}

/// What the player did wrong with its body, if `error` came of that.
fn players_fault(error: &(dyn StdError + 'static)) -> Option<ProxyError> {
    if error.is::<LengthLimitError>() {
        return Some(ProxyError::TooLarge);
    }
    let source = error.source()?;
    let deeper = players_fault(source);
    let body_failed = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_user);
    deeper.or_else(|| body_failed.then(|| ProxyError::Body(chain(source))))
}
