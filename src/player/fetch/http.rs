//! One request: redirects followed, the body measured as it arrives, and kept only if it is a manifest.

use super::{
    error::FetchError,
    paced_stream::{PacedConnector, ReadingPause},
    trust::Trust,
};
use crate::{
    media::Location,
    player::{Failure, Progress},
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header,
};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use std::{error::Error, io, time::Duration};
use tokio::time::timeout;
use url::Url;

/// For a connection to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// For a request for a length, in ms.
const LENGTH_TIME: f64 = 20_000.0;
const REDIRECTS: usize = 10;
const AGENT: &str = concat!("vsps/", env!("CARGO_PKG_VERSION"));
/// The longest body that is kept.
const LONGEST: usize = 16 << 20;
/// The bounds of a pause in reading, in ms, and the most that may arrive in it, in bits.
const LONGEST_PAUSE: f64 = 50.0;
const SHORTEST_PAUSE: f64 = 10.0;
const MOST_UNREAD: f64 = 32.0 * 1024.0 * BITS;
const BITS: f64 = 8.0;
const MS: f64 = 1000.0;

/// What requests are made with. Clones share their connections.
#[derive(Debug, Clone)]
pub(super) struct Http {
    client: Client<HttpsConnector<PacedConnector>, Full<Bytes>>,
}

/// What to ask for.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    pub(super) location: &'a Location,
    /// What is added to the query.
    pub(super) query: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) method: Method,
    /// Whether the body is kept.
    pub(super) keep: bool,
    /// How long it may take.
    pub(super) times: Times,
    /// The size in bits to go by where the response does not say its length.
    pub(super) expected: f64,
}

/// How long a request may take, in ms: until the head, between two arrivals of bytes, and in all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) first_byte: f64,
    pub(super) idle: f64,
    pub(super) total: f64,
}

/// Why a request failed, before its URL is added.
#[derive(Debug)]
struct Fault {
    failure: Failure,
    cause: String,
    /// Whether the server's certificate is not trusted.
    untrusted: bool,
}

impl Fault {
    fn timeout(cause: String) -> Self {
        Self { failure: Failure::Timeout, cause, untrusted: false }
    }

    /// The connection, or the body, failed.
    fn of(error: &(dyn Error + 'static)) -> Self {
        Self { untrusted: is_untrusted(error), ..causes(error).into() }
    }
}

impl From<String> for Fault {
    fn from(cause: String) -> Self {
        Self { failure: Failure::Other, cause, untrusted: false }
    }
}

/// A complete response, or one that was given up.
#[derive(Debug)]
pub(super) struct Fetched {
    /// Where it came from, after redirects.
    pub(super) url: String,
    pub(super) content_type: Option<String>,
    /// Empty unless it was to be kept.
    pub(super) body: Vec<u8>,
    pub(super) progress: Progress,
    pub(super) abandoned: bool,
}

impl Http {
    pub(super) fn new(trust: &Trust) -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT));
        let https = HttpsConnectorBuilder::new().with_tls_config(trust.0.clone());
        let https = https.https_or_http().enable_http1().enable_http2();
        let connector = https.wrap_connector(PacedConnector(http));
        let client =
            Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Self { client }
    }

    /// Requests and reads; `watch` is called as the body arrives, and gives it up by `true`.
    pub(super) async fn get(
        &self,
        ask: &Ask<'_>,
        now: impl Fn() -> f64,
        watch: &mut (dyn FnMut(&Progress) -> bool + Send),
    ) -> Result<Fetched, FetchError> {
        let failed = |Fault { failure, cause, untrusted }: Fault| FetchError {
            url: ask.location.url.clone(),
            cause,
            failure,
            untrusted,
        };
        let other = |cause: String| failed(cause.into());
        let start = now();
        let (url, response) = self.head(ask).await.map_err(failed)?;
        let first_byte = now() - start;
        let status = response.status();
        if !status.is_success() {
            let (failure, cause) = (Failure::Status(status.as_u16()), refusal(&response));
            return Err(failed(Fault { failure, cause, untrusted: false }));
        }
        if ask.location.range.is_some() && status != StatusCode::PARTIAL_CONTENT {
            return Err(other(format!("status {status}, not 206, to a request for a range")));
        }
        let content_type = response.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut fetched = Fetched {
            url,
            content_type,
            body: Vec::new(),
            progress: Progress { size: ask.expected, received: 0.0, time: first_byte, first_byte },
            abandoned: false,
        };
        // On a connection of HTTP/2 other responses would wait, too.
        let pause = response.extensions().get::<ReadingPause>().cloned();
        let pause = pause.filter(|_| response.version() == Version::HTTP_11);
        let mut body = response.into_body();
        if let Some(length) = body.size_hint().exact() {
            fetched.progress.size = length as f64 * BITS;
        }
        loop {
            let left = ask.times.total - (now() - start);
            let Some(data) = next(&mut body, ask.times, left).await.map_err(failed)? else { break };
            fetched.progress.received += data.len() as f64 * BITS;
            fetched.progress.time = now() - start;
            if ask.keep {
                if fetched.body.len() + data.len() > LONGEST {
                    return Err(other(format!(
                        "longer than {LONGEST} bytes, which no manifest is"
                    )));
                }
                fetched.body.extend_from_slice(&data);
            }
            if watch(&fetched.progress) {
                fetched.abandoned = true;
                return Ok(fetched);
            }
            if let Some((pause, time)) = pause.as_ref().zip(reading_pause(&fetched.progress)) {
                pause.begin(time);
            }
        }
        fetched.progress.time = now() - start;
        fetched.progress.size = fetched.progress.received;
        Ok(fetched)
    }

    /// The length of a body: by a HEAD request, else by a request for its first byte.
    pub(super) async fn length(&self, location: &Location) -> Result<u64, FetchError> {
        let url = location.url.clone();
        let (mut cause, mut failure) = (String::new(), Failure::Other);
        for (method, range) in [(Method::HEAD, None), (Method::GET, Some(0..1))] {
            let asked = Location { url: url.clone(), range };
            let headers = HeaderMap::new();
            let ask = Ask {
                location: &asked,
                query: None,
                headers,
                method,
                keep: false,
                times: Times { first_byte: LENGTH_TIME, idle: LENGTH_TIME, total: LENGTH_TIME },
                expected: 0.0,
            };
            match self.head(&ask).await.and_then(|(_, response)| total(&response)) {
                Ok(length) => return Ok(length),
                Err(fault) => (cause, failure) = (fault.cause, fault.failure),
            }
        }
        Err(FetchError { url, cause, failure, untrusted: false })
    }

    /// Posts `body`, within `time` ms; returns the status of the response, if there is one.
    pub(super) async fn post(
        &self,
        url: &Url,
        content_type: &'static str,
        body: String,
        time: f64,
    ) -> Option<u16> {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.uri_mut() = url.as_str().parse().ok()?;
        *request.method_mut() = Method::POST;
        let headers = request.headers_mut();
        headers.insert(header::USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let response = within(time, self.client.request(request)).await?.ok()?;
        Some(response.status().as_u16())
    }

    /// The response after redirects, its body unread, and where it came from.
    async fn head(&self, ask: &Ask<'_>) -> Result<(String, Response<Incoming>), Fault> {
        let mut url = Url::parse(&ask.location.url).map_err(|error| error.to_string())?;
        if let Some(query) = &ask.query {
            let with = url.query().map(|before| format!("{before}&{query}"));
            url.set_query(Some(with.as_deref().unwrap_or(query)));
        }
        for _ in 0..=REDIRECTS {
            let request = request(&url, ask)?;
            let time = ask.times.first_byte.min(ask.times.total);
            let response = within(time, self.client.request(request)).await;
            let response = response
                .ok_or_else(|| Fault::timeout(format!("no response within {}", span(time))))?;
            let response = response.map_err(|error| Fault::of(&error))?;
            if !response.status().is_redirection() {
                return Ok((url.into(), response));
            }
            let target = response.headers().get(header::LOCATION);
            let target = target.and_then(|target| target.to_str().ok());
            let target = target.ok_or_else(|| Fault::from(refusal(&response)))?;
            url = url.join(target).map_err(|error| format!("redirected to {target:?}: {error}"))?;
        }
        Err(format!("more than {REDIRECTS} redirects").into())
    }
}

fn request(url: &Url, ask: &Ask<'_>) -> Result<Request<Full<Bytes>>, String> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("the scheme `{}` is not played; write http or https", url.scheme()));
    }
    let uri: Uri = url.as_str().parse().map_err(|error| format!("{error}"))?;
    let mut request = Request::new(Full::default());
    *request.uri_mut() = uri;
    *request.method_mut() = ask.method.clone();
    *request.headers_mut() = ask.headers.clone();
    request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(AGENT));
    if let Some(range) = &ask.location.range {
        let text = match range.end {
            u64::MAX => format!("bytes={}-", range.start),
            end => format!("bytes={}-{}", range.start, end.saturating_sub(1)),
        };
        if let Ok(value) = HeaderValue::from_str(&text) {
            request.headers_mut().insert(header::RANGE, value);
        }
    }
    Ok(request)
}

/// How long nothing needs to be read of a response that has come so far: at low rates a player does not wake for each packet.
/// The pause is at most half of the time that is left, so that the end is seen when it comes; and little arrives in it, so
/// that it holds nothing up.
fn reading_pause(progress: &Progress) -> Option<Duration> {
    let rate = progress.throughput();
    if rate <= 0.0 {
        return None;
    }
    let left = (progress.size - progress.received).max(0.0) / rate;
    let time = LONGEST_PAUSE.min(MOST_UNREAD / rate).min(left / 2.0);
    (time >= SHORTEST_PAUSE).then(|| Duration::from_secs_f64(time / MS))
}

/// What `future` brings within `time` ms.
async fn within<T>(time: f64, future: impl Future<Output = T>) -> Option<T> {
    match Duration::try_from_secs_f64(time.max(0.0) / MS) {
        Ok(time) => timeout(time, future).await.ok(),
        // No limit.
        Err(_) => Some(future.await),
    }
}

/// A time in ms as a person reads it.
fn span(time: f64) -> String {
    format!("{} s", (time / 100.0).round() / 10.0)
}

/// The next bytes of a body, of which `left` ms of the whole time are left; `None` at its end.
async fn next(body: &mut Incoming, times: Times, left: f64) -> Result<Option<Bytes>, Fault> {
    loop {
        let frame = within(times.idle.min(left), body.frame()).await;
        let frame = frame.ok_or_else(|| {
            Fault::timeout(if times.idle <= left {
                format!("no byte for {}", span(times.idle))
            } else {
                format!("not complete within {}", span(times.total))
            })
        })?;
        match frame.transpose().map_err(|error| Fault::of(&error))? {
            None => return Ok(None),
            Some(frame) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Why the length of a body is not known.
pub(super) const NO_LENGTH: &str = "the response does not say its length";

/// The length of the whole body that a response is about.
fn total<T>(response: &Response<T>) -> Result<u64, Fault> {
    let header =
        |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let length = match response.status() {
        // bytes 0-0/1234
        StatusCode::PARTIAL_CONTENT => {
            header(header::CONTENT_RANGE).and_then(|range| range.rsplit('/').next())
        }
        status if status.is_success() => header(header::CONTENT_LENGTH),
        status => {
            let failure = Failure::Status(status.as_u16());
            return Err(Fault { failure, ..Fault::from(refusal(response)) });
        }
    };
    let length = length.and_then(|length| length.trim().parse().ok());
    length.ok_or_else(|| Fault::from(NO_LENGTH.to_owned()))
}

/// A status that is no success, with the reason that a proxy gives.
fn refusal<T>(response: &Response<T>) -> String {
    static REASON: HeaderName = HeaderName::from_static("vsps-error");
    let reason = response.headers().get(&REASON).and_then(|reason| reason.to_str().ok());
    let status = response.status();
    reason
        .map_or_else(|| format!("status {status}"), |reason| format!("status {status} ({reason})"))
}

/// Whether an error is about a certificate. Errors of connections are inside errors of I/O, one in another.
fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
        return true;
    }
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match inner {
        Some(inner) => is_untrusted(inner),
        None => error.source().is_some_and(is_untrusted),
    }
}

/// An error with what caused it.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Bits per ms as bit/s.
pub(super) const fn per_second(rate: f64) -> f64 {
    rate * MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_length_keeps_its_status() {
        let answer = |status: u16| Response::builder().status(status).header("content-length", 7);
        let total = |status| total(&answer(status).body(()).unwrap());
        assert_eq!(total(200).unwrap(), 7);
        assert_eq!(total(410).unwrap_err().failure, Failure::Status(410));
    }

    /// At 1 Mbit/s 20 times a second; at high rates, and before the end, not at all.
    #[test]
    fn reading_pauses_are_short_and_end_before_the_body() {
        let pause = |received: f64, time: f64| {
            let size = 2e6;
            let progress = Progress { size, received, time: time + 40.0, first_byte: 40.0 };
            reading_pause(&progress).map(|time| time.as_millis())
        };
        assert_eq!(pause(0.0, 0.0), None);
        assert_eq!(pause(1e6, 1000.0), Some(50));
        assert_eq!(pause(1.94e6, 1940.0), Some(30));
        assert_eq!(pause(1.99e6, 1990.0), None);
        assert_eq!(pause(1e6, 40.0), Some(10));
        assert_eq!(pause(1e6, 20.0), None);
    }

    #[test]
    fn an_error_about_a_certificate_is_found_in_others() {
        let of = |error: rustls::Error| io::Error::other(io::Error::other(error));
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert!(is_untrusted(&of(unknown)));
        assert!(!is_untrusted(&of(rustls::Error::DecryptError)));
    }
}
