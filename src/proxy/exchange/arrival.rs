//! A received request: the resource it is for, its attempt number, and the facts for rules.

use super::headers;
use crate::proxy::downstream::connection::Connection;
use crate::{
    event::{RequestDetails, RequestTag},
    media::{Cmcd, Resource},
    rules::{Attempt, Facts, RequestKey},
    sessions::{Arming, Origin, RedirectedRequest, Session, UpstreamUrl},
    units::SessionTime,
};
use http::{Method, header, request};
use std::{borrow::Cow, sync::Arc};

/// A classified request.
pub(in crate::proxy) struct Arrival {
    pub(in crate::proxy) request: Arc<RequestTag>,
    /// Its number among the requests for the same bytes, and the seed of its random draws.
    pub(in crate::proxy) attempt: Attempt,
}

/// The context of a received request.
pub(in crate::proxy) struct ArrivalContext<'a> {
    pub(in crate::proxy) session: &'a Arc<Session>,
    pub(in crate::proxy) arming: &'a Arming,
    pub(in crate::proxy) connection: &'a Connection,
    pub(in crate::proxy) url: &'a UpstreamUrl,
    pub(in crate::proxy) now: SessionTime,
    /// A rule or a script may use facts about the ladder.
    pub(in crate::proxy) needs_ladder: bool,
}

impl Arrival {
    /// Classifies a request. `redirected`: the state of the request that was redirected to it.
    pub(in crate::proxy) fn new(
        at: &ArrivalContext<'_>,
        head: &request::Parts,
        cmcd: Option<&Cmcd>,
        redirected: Option<&RedirectedRequest>,
    ) -> Self {
        let ArrivalContext { session, url, now, .. } = *at;
        let range = headers::text(&head.headers, header::RANGE);
        let address = url.text();
        let resource = redirected.and_then(|redirected| redirected.resource.clone());
        let resource = resource.unwrap_or_else(|| classify(at, &address, range, cmcd));
        let (key, attempt) = match redirected {
            Some(redirected) => (Arc::clone(&redirected.key), redirected.attempt.clone()),
            None => {
                let Keys { file, whole } = keys(at, &address, &head.method, range);
                let key = RequestKey { file: &file, range, whole: &whole };
                let attempt = session.attempt(key, &resource);
                (Arc::from(&*whole), attempt)
            }
        };
        let (highest_rung, beside_video) = if at.needs_ladder {
            let beside_video = session.with_ladder(|ladder| ladder.is_beside_video(&resource));
            (resource.highest_rung(), beside_video)
        } else {
            (None, false)
        };
        let details = RequestDetails {
            key,
            host: url.origin.authority.as_str().to_owned(),
            hop: redirected.map_or(0, |redirected| redirected.hop),
            redirected: false,
            resumes: attempt.resumes,
            ranged: range.is_some(),
            reused: at.connection.activity.reused(),
            highest_rung,
            beside_video,
            joined: session.joined(&resource),
            session_time: now,
            process_time: session.process_time(now),
            unix_time: session.unix_time(now),
        };
        let request = RequestTag {
            session: Arc::clone(&session.tag),
            profile: Arc::clone(&at.arming.profile_name),
            method: head.method.clone(),
            path: url.path.clone(),
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
        unix_time: details.unix_time,
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
fn classify(
    at: &ArrivalContext<'_>,
    address: &str,
    range: Option<&str>,
    cmcd: Option<&Cmcd>,
) -> Resource {
    let first = range.and_then(range_start);
    let mut resource =
        at.session.with_ladder(|ladder| ladder.resolve_at(address, first, Some(at.now)));
    if let Some(cmcd) = cmcd {
        cmcd.complete(&mut resource);
    }
    resource
}

/// The keys of a request: of the file that it reads, and of the file with the range.
struct Keys<'a> {
    file: Cow<'a, str>,
    whole: Cow<'a, str>,
}

/// The keys of a request. For the target of an earlier redirect, those of the first URL.
fn keys<'a>(
    at: &ArrivalContext<'a>,
    address: &str,
    method: &Method,
    range: Option<&str>,
) -> Keys<'a> {
    let own = &at.session.origin;
    let first = at.session.with_ladder(|ladder| ladder.redirected_from(address).map(str::parse));
    match first {
        Some(Ok(url)) => {
            let Keys { file, whole } = Keys::of(&url, own, method, range);
            Keys { file: file.into_owned().into(), whole: whole.into_owned().into() }
        }
        _ => Keys::of(at.url, own, method, range),
    }
}

impl<'a> Keys<'a> {
    /// The method unless it is GET, the origin unless it is the session's `own` (whose port may differ between runs),
    /// the path, and the range if there is one. The query is left out: tokens and CMCD differ from run to run, and a
    /// replay needs the same keys.
    fn of(url: &'a UpstreamUrl, own: &Origin, method: &Method, range: Option<&str>) -> Self {
        let path = url.bare_path();
        let elsewhere = url.origin != *own;
        let host = if elsewhere { url.origin.authority.as_str() } else { "" };
        let plain = *method == Method::GET && !elsewhere;
        let file: Cow<'_, str> =
            if plain { path.into() } else { format!("{method} {host}{path}").into() };
        let whole = match range {
            None if plain => path.into(),
            range => format!("{method} {host}{path} {}", range.unwrap_or_default()).into(),
        };
        Self { file, whole }
    }
}

/// The first byte of `Range: bytes=FIRST-…`.
fn range_start(range: &str) -> Option<u64> {
    range.strip_prefix("bytes=")?.split('-').next()?.trim().parse().ok()
}
