//! The leg to the origin: pooled connections, HTTP/1.1 or 2, TLS with the platform's roots.

use super::{
    config::{ProxyConfig, Timeouts},
    error::{Cause, ProxyError, chain, deeper},
    guard::{Guard, OwnAddress},
    upload::{HeldUp, Upload},
};
use crate::{sessions::Origin, units::BitRate};
use http::{Request, Response, Uri, request, uri};
use http_body_util::{LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use std::{error::Error as StdError, future::Future, net::SocketAddr, time::Duration};
use tokio::time::error::Elapsed;

/// Idle connections kept per origin host.
const IDLE_CONNECTIONS: usize = 256;

/// Kept for so long: many origins close theirs after 5 s or more, and a request that meets such a
/// close fails for no reason that was asked for.
const IDLE_TIME: Duration = Duration::from_secs(4);

/// The most that is read at once of a body which a slow link takes a piece of now and then, by the link's
/// highest rate: just under what would make hyper double its buffer. With its own bound (400 KiB)
/// thousands of slow downloads would hold gigabytes; with less than this a link would wait for more
/// than eighty pieces a second.
const SIPS: [(BitRate, u64); 2] = [
    (BitRate::from_bits_per_second(2_000_000), 8 * 1024 - 1),
    (BitRate::from_bits_per_second(10_000_000), 16 * 1024 - 1),
];

type Pool = Client<HttpsConnector<Guard>, Limited<Upload>>;

/// Asks origins.
pub(super) struct Upstream {
    fast: Pool,
    /// For links up to a rate, the slowest first.
    slow: [(BitRate, Pool); 2],
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
        let (guard, tls) = (Guard::new(http, own), tls());
        let connector = |guard| {
            let https = HttpsConnectorBuilder::new().with_tls_config(tls.clone());
            https.https_or_http().enable_http1().enable_http2().wrap_connector(guard)
        };
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(IDLE_CONNECTIONS);
        let slow = SIPS.map(|(peak, sip)| (peak, builder.build(connector(guard.sipping(sip)))));
        let fast = builder.build(connector(guard));
        Self { fast, slow, first_byte, most_body: config.limits.request_body.as_usize() }
    }

    /// Sends a request on to `path` at `origin`; the answer as it comes, body unread. `peak` is the
    /// most that the session's link will take of it.
    pub(super) async fn fetch(
        &self,
        origin: &Origin,
        path: &str,
        (mut head, body): (request::Parts, Upload),
        peak: BitRate,
    ) -> Result<Response<Incoming>, ProxyError> {
        head.uri = target(origin, path)?;
        // Each leg has its own version; the client raises it to 2 where the origin agrees.
        head.version = http::Version::HTTP_11;
        let held_up = body.held_up();
        let request = Request::from_parts(head, Limited::new(body, self.most_body));
        let slow = self.slow.iter().find(|(most, _)| peak <= *most);
        let pool = slow.map_or(&self.fast, |(_, pool)| pool);
        match patient(self.first_byte, held_up.as_ref(), pool.request(request)).await {
            Ok(Ok(mut response)) => {
                *response.version_mut() = http::Version::HTTP_11;
                Ok(response)
            }
            Ok(Err(error)) => {
                if caused_by::<OwnAddress>(&error) {
                    return Err(ProxyError::Loop(origin.to_string()));
                }
                if let Some(blame) = players_fault(&error) {
                    return Err(blame);
                }
                let cause = Cause::of(&error);
                Err(ProxyError::Upstream { cause, problem: format!("{origin}: {}", chain(&error)) })
            }
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

/// TLS with the platform's roots. Without any, https origins are refused and http ones work.
fn tls() -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        tracing::warn!(errors = ?found.errors, "no root certificates found: https origins will fail");
    }
    rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
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
