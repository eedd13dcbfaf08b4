//! A received request: the resource it is for, its attempt number, and the facts for rules.

use super::headers;
use crate::proxy::downstream::connection::Connection;
use crate::{
    event::{RequestDetails, RequestTag},
    media::{Cmcd, Resource},
    rules::{Attempt, Facts, RequestKey},
    sessions::{Arming, Origin, RedirectedRequest, Session},
};
use http::{Method, header, request};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// A classified request.
pub(in crate::proxy) struct Arrival {
    pub(in crate::proxy) request: Arc<RequestTag>,
    /// Its number among the requests for the same bytes, and the seed of its random draws.
    pub(in crate::proxy) attempt: Attempt,
}

/// The context of a received request.
pub(in crate::proxy) struct At<'a> {
    pub(in crate::proxy) session: &'a Arc<Session>,
    pub(in crate::proxy) arming: &'a Arming,
    pub(in crate::proxy) connection: &'a Connection,
    pub(in crate::proxy) origin: &'a Origin,
    pub(in crate::proxy) path: &'a str,
    pub(in crate::proxy) now: Duration,
    /// A rule or a script may use facts about the ladder.
    pub(in crate::proxy) needs_ladder: bool,
}

impl Arrival {
    /// Classifies a request. `led`: the state of the request that was redirected to it.
    pub(in crate::proxy) fn new(
        at: &At<'_>,
        head: &request::Parts,
        cmcd: Option<&Cmcd>,
        led: Option<&RedirectedRequest>,
    ) -> Self {
        let At { session, origin, path, now, .. } = *at;
        let range = headers::text(&head.headers, header::RANGE);
        let resource = led.and_then(|led| led.resource.clone());
        let resource = resource.unwrap_or_else(|| classify(at, range, cmcd));
        let (key, attempt) = match led {
            Some(led) => (Arc::clone(&led.key), led.attempt.clone()),
            None => {
                let (file, whole) = keys(at, &head.method, range);
                let key = RequestKey { file: &file, range, whole: &whole };
                (Arc::from(&*whole), session.attempt(key, &resource))
            }
        };
        let (highest_rung, beside_video) = if at.needs_ladder {
            let ladder = session.ladder.lock();
            (resource.highest_rung(), ladder.is_beside_video(&resource))
        } else {
            (None, false)
        };
        let details = RequestDetails {
            key,
            host: origin.authority.as_str().to_owned(),
            hop: led.map_or(0, |led| led.hop),
            redirected: false,
            resumes: attempt.resumes,
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
            attempt: attempt.number,
            resource,
            details,
        };
        Self { request: Arc::new(request), attempt }
    }
}

/// The facts about a request that rules can use.
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

/// The resource that a request is for, from the session's manifests and the player's CMCD data.
fn classify(at: &At<'_>, range: Option<&str>, cmcd: Option<&Cmcd>) -> Resource {
    let first = range.and_then(range_start);
    let url = at.origin.url(at.path);
    let mut resource = at.session.ladder.lock().resolve_at(&url, first, Some(at.now));
    if let Some(cmcd) = cmcd {
        cmcd.complete(&mut resource);
    }
    resource
}

/// The keys of the attempt count, without and with the range: the method unless it is GET, the origin unless it
/// is the session's (whose port may differ between runs), the path, and the range if there is one. For the target
/// of an earlier redirect, the keys of the first URL. The query is left out: tokens and CMCD differ from run to
/// run, and a replay needs the same keys.
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
    let file = if *method == Method::GET && !elsewhere {
        path.clone()
    } else {
        format!("{method} {host}{path}").into()
    };
    let key = match range {
        None if file == path => path,
        range => format!("{method} {host}{path} {}", range.unwrap_or_default()).into(),
    };
    (file, key)
}

/// The first byte of `Range: bytes=FIRST-…`.
fn range_start(range: &str) -> Option<u64> {
    range.strip_prefix("bytes=")?.split('-').next()?.trim().parse().ok()
}
