//! Requests that are tried again.

use super::{
    clock::Clock,
    error::{FetchError, PlayError},
    http::{Ask, Fetched, Http},
    viewing::Shared,
};
use crate::{media::Location, player::Progress};
use http::{HeaderMap, Method};

/// How long to wait before each retry, in ms.
const BACK_OFF: [f64; 3] = [500.0, 1000.0, 2000.0];

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Purpose {
    /// What it asks for.
    pub(super) object: Object,
    /// The bitrate of the rendition in bit/s.
    pub(super) bitrate: Option<f64>,
    /// The duration of the segment in ms.
    pub(super) duration: Option<f64>,
}

/// Sorts of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Object {
    Manifest,
    Init,
    /// A segment of the stream with this number: 0 is the main one.
    Segment(usize),
}

impl Purpose {
    pub(super) const fn of(object: Object) -> Self {
        Self { object, bitrate: None, duration: None }
    }
}

/// Makes the requests of one player.
#[derive(Debug, Clone)]
pub(super) struct Requester {
    pub(super) http: Http,
    pub(super) shared: Shared,
}

impl Requester {
    /// Requests, at most once and three times more.
    pub(super) async fn fetch(
        &self,
        location: &Location,
        purpose: Purpose,
        watch: &mut (dyn FnMut(&Progress) -> bool + Send),
    ) -> Result<Fetched, PlayError> {
        let mut waits = BACK_OFF.iter();
        let mut attempts = 1;
        loop {
            let error = match self.once(location, purpose, watch).await {
                Ok(fetched) => return Ok(fetched),
                Err(error) => error,
            };
            let Some(wait) = waits.next() else { return Err(PlayError::Fetch { error, attempts }) };
            Clock::sleep(*wait).await;
            self.shared.lock().downloads.retries += 1;
            attempts += 1;
        }
    }

    async fn once(
        &self,
        location: &Location,
        purpose: Purpose,
        watch: &mut (dyn FnMut(&Progress) -> bool + Send),
    ) -> Result<Fetched, FetchError> {
        let expected = purpose.bitrate.zip(purpose.duration);
        let ask = Ask {
            location,
            headers: HeaderMap::new(),
            method: Method::GET,
            keep: purpose.object == Object::Manifest,
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
}
