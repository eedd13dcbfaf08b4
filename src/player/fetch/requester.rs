//! Requests that are tried again.

use super::{
    clock::Clock,
    cmcd::Reporter,
    error::{FetchError, PlayError},
    http::{Ask, Fetched, Http, Times},
    purpose::{Object, Purpose},
    viewing::Shared,
};
use crate::{
    media::Location,
    player::{Progress, RequestPolicy, preset},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// Makes the requests of one player.
#[derive(Debug, Clone)]
pub(super) struct Requester {
    pub(super) http: Http,
    pub(super) shared: Shared,
    /// Writes CMCD, if it is sent.
    pub(super) reporter: Option<Reporter>,
    /// How segments are requested. All else is requested as a plain player does it.
    pub(super) policy: RequestPolicy,
}

impl Requester {
    /// Requests, and requests again as the policy says.
    pub(super) async fn fetch(
        &self,
        location: &Location,
        purpose: Purpose<'_>,
        watch: &mut (dyn FnMut(&Progress) -> bool + Send),
    ) -> Result<Fetched, PlayError> {
        let policy = match purpose.object {
            Object::Segment { .. } => self.policy,
            _ => preset("").requests,
        };
        let mut attempts = 1;
        loop {
            let error = match self.once(location, purpose, &policy, watch).await {
                Ok(fetched) => return Ok(fetched),
                Err(error) => error,
            };
            let Some(wait) = policy.retry(error.failure, attempts) else {
                return Err(PlayError::Fetch { error, attempts });
            };
            Clock::sleep(wait).await;
            self.shared.lock().downloads.retries += 1;
            attempts += 1;
        }
    }

    /// Requests a segment, once; `watch` gives it up by `true`.
    pub(super) async fn fetch_once(
        &self,
        location: &Location,
        purpose: Purpose<'_>,
        watch: &mut (dyn FnMut(&Progress) -> bool + Send),
    ) -> Result<Fetched, PlayError> {
        let fetched = self.once(location, purpose, &self.policy, watch).await;
        fetched.map_err(|error| PlayError::Fetch { error, attempts: 1 })
    }

    async fn once(
        &self,
        location: &Location,
        purpose: Purpose<'_>,
        policy: &RequestPolicy,
        watch: &mut (dyn FnMut(&Progress) -> bool + Send),
    ) -> Result<Fetched, FetchError> {
        let expected = purpose.bitrate.zip(purpose.duration);
        let (query, headers) = self.report(&purpose, location);
        let ask = Ask {
            location,
            query,
            headers,
            method: Method::GET,
            keep: matches!(purpose.object, Object::Manifest | Object::Index),
            times: Times {
                first_byte: policy.first_byte,
                idle: policy.idle,
                total: policy.time(purpose.duration, purpose.lowest),
            },
            expected: expected.map_or(0.0, |(bitrate, duration)| bitrate * duration / 1000.0),
        };
        let mut received = 0.0;
        let mut count = |progress: &Progress| {
            received = progress.received;
            watch(progress)
        };
        let clock = self.shared.clock;
        let fetched = self.http.get(&ask, || clock.now(), &mut count).await;
        let mut viewing = self.shared.lock();
        viewing.downloads.bytes += (received / 8.0) as u64;
        viewing.downloads.errors += u64::from(fetched.is_err());
        fetched
    }

    /// CMCD for the query and for the headers.
    fn report(&self, purpose: &Purpose<'_>, location: &Location) -> (Option<String>, HeaderMap) {
        let mut headers = HeaderMap::new();
        let Some(reporter) = &self.reporter else { return (None, headers) };
        let report = reporter.report(purpose, location, &self.shared);
        if !reporter.options.headers {
            return (Some(format!("CMCD={}", report.query_value())), headers);
        }
        for (name, text) in report.headers() {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        (None, headers)
    }
}
