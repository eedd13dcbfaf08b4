//! A request as it arrives: what it asks for, which try of it this is, and what rules may ask about it.

use super::headers;
use crate::proxy::downstream::connection::Connection;
use crate::{
    event::{RequestDetails, RequestTag},
    media::{Cmcd, Resource},
    rules::Facts,
    seed::Seed,
    sessions::{Arming, Asked, Led, Origin, Session},
};
use http::{Method, header, request};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// A request, read.
pub(in crate::proxy) struct Arrival {
    pub(in crate::proxy) request: Arc<RequestTag>,
    /// What its attempts are counted by.
    pub(in crate::proxy) asked: Asked,
    /// Where its chances come from.
    pub(in crate::proxy) chances: Seed,
}

/// Where a request arrived, and when.
pub(in crate::proxy) struct At<'a> {
    pub(in crate::proxy) session: &'a Arc<Session>,
    pub(in crate::proxy) arming: &'a Arming,
    pub(in crate::proxy) connection: &'a Connection,
    pub(in crate::proxy) origin: &'a Origin,
    pub(in crate::proxy) path: &'a str,
    pub(in crate::proxy) now: Duration,
    /// A rule or a script may ask about the ladder.
    pub(in crate::proxy) asks_ladder: bool,
}

impl Arrival {
    /// Reads a request; `led`: a redirect led to it.
    pub(in crate::proxy) fn new(
        at: &At<'_>,
        head: &request::Parts,
        heard: Option<&Cmcd>,
        led: Option<&Led>,
    ) -> Self {
        let At { session, origin, path, now, .. } = *at;
        let range = headers::text(&head.headers, header::RANGE);
        let resource = led.and_then(|led| led.resource.clone());
        let resource = resource.unwrap_or_else(|| classify(at, range, heard));
        let (key, asked, attempt, resumes, chances) = match led {
            Some(led) => {
                let (key, chances) = led.key.clone();
                (key, led.asked, led.attempt, led.resumes, chances)
            }
            None => {
                let (file, key) = keys(at, &head.method, range);
                let asked = session.asked(&file, range, &resource);
                let (attempt, resumes, chances) = session.attempt(&key, asked);
                (Arc::from(&*key), asked, attempt, resumes, chances)
            }
        };
        let (highest_rung, beside_video) = match at.asks_ladder {
            true => {
                let ladder = session.ladder.lock();
                (resource.highest_rung(), ladder.is_beside_video(&resource))
            }
            false => (None, false),
        };
        let details = RequestDetails {
            key,
            host: origin.authority.as_str().to_owned(),
            hop: led.map_or(0, |led| led.hop),
            redirected: false,
            resumes,
            ranged: range.is_some(),
            reused: at.connection.reused(),
            highest_rung,
            beside_video,
            joined: session.joined(&resource),
            session_time: now,
            process_time: session.process_time(now),
            epoch: session.epoch(now),
        };
        let request = RequestTag {
            session: Arc::clone(&session.tag),
            profile: Arc::clone(&at.arming.profile_name),
            method: head.method.clone(),
            path: path.to_owned(),
            attempt,
            resource,
            details,
        };
        Self { request: Arc::new(request), asked, chances }
    }
}

/// What rules may ask about a request.
pub(in crate::proxy) fn facts(request: &RequestTag) -> Facts<'_> {
    let details = &request.details;
    Facts {
        resource: &request.resource,
        session_time: details.session_time,
        process_time: details.process_time,
        epoch: details.epoch,
        highest_rung: details.highest_rung,
        beside_video: details.beside_video,
        joined: details.joined,
        attempt: request.attempt,
        method: &request.method,
        host: &details.host,
        path: &request.path,
        ranged: details.ranged,
        reused: details.reused,
    }
}

/// What a request is, as far as manifests and the player's own words tell.
fn classify(at: &At<'_>, range: Option<&str>, heard: Option<&Cmcd>) -> Resource {
    let first = range.and_then(range_start);
    let url = at.origin.url(at.path);
    let mut resource = at.session.ladder.lock().resolve_at(&url, first, Some(at.now));
    if let Some(heard) = heard {
        heard.complete(&mut resource);
    }
    resource
}

/// What attempts are counted by, without the range and with it: the method but for GET, the origin if it is
/// not the session's (whose port may be another on each run), the path, and the range if one is asked for. Of
/// an address that redirects led to before, those of the first one. The query is left out: tokens and CMCD
/// differ from run to run, and replays must not.
fn keys<'a>(at: &At<'a>, method: &Method, range: Option<&str>) -> (Cow<'a, str>, Cow<'a, str>) {
    let first =
        at.session.ladder.lock().redirected_from(&at.origin.url(at.path)).map(Origin::split);
    let (origin, path) = match first {
        Some(Ok((origin, path))) => (Cow::Owned(origin), Cow::Owned(path)),
        _ => (Cow::Borrowed(at.origin), Cow::Borrowed(at.path)),
    };
    let path: Cow<'a, str> = match path {
        Cow::Borrowed(path) => path.split('?').next().unwrap_or_default().into(),
        Cow::Owned(path) => path.split('?').next().unwrap_or_default().to_owned().into(),
    };
    let elsewhere = *origin != at.session.origin;
    let host = if elsewhere { origin.authority.as_str() } else { "" };
    let file = match *method == Method::GET && !elsewhere {
        true => path.clone(),
        false => format!("{method} {host}{path}").into(),
    };
    let key = match range {
        None if file == path => path,
        range => format!("{method} {host}{path} {}", range.unwrap_or_default()).into(),
    };
    (file, key)
}

/// The first byte asked for by `Range: bytes=FIRST-…`.
fn range_start(range: &str) -> Option<u64> {
    range.strip_prefix("bytes=")?.split('-').next()?.trim().parse().ok()
}
