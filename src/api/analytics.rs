//! Handlers for the analytics of sessions: timeline, QoE, and run files; of one session, or of all with a label.

use super::{caller::Caller, group::Label, name::Name, problem::Problem, state::State};
use crate::{observers::Moment, units::SessionTime};
use axum::{
    Extension,
    extract::{self, FromRequestParts, Query},
    http::{StatusCode, header, request::Parts},
    response::IntoResponse,
};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// Session times above a year are taken for errors.
const LATEST: f64 = 366.0 * 86_400_000.0;

/// The query of a timeline: `?since_ms=N`, for a group also `label=NAME`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TimelineQuery {
    since_ms: Option<f64>,
    label: Option<String>,
}

/// The part of timelines that a request is about.
#[derive(Debug)]
pub(super) struct Since {
    since: SessionTime,
    label: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Since {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<TimelineQuery>::from_request_parts(parts, state).await;
        let hint = "the query may have `since_ms=N`, a session time in milliseconds";
        let bad = || Problem::new(StatusCode::BAD_REQUEST, hint);
        let Query(TimelineQuery { since_ms, label }) = query.map_err(|_| bad())?;
        let since = since_ms.unwrap_or_default();
        if !(0.0..=LATEST).contains(&since) {
            return Err(bad());
        }
        let since = SessionTime::new(Duration::from_secs_f64(since / 1e3));
        Ok(Self { since, label })
    }
}

/// `GET /api/v1/sessions/{id}/timeline`
pub(super) async fn timeline(
    extract::State(state): extract::State<State>,
    Name(id): Name,
    Since { since, label }: Since,
) -> Result<impl IntoResponse, Problem> {
    if label.is_some() {
        let hint = "a session has no group: omit `label`";
        return Err(Problem::new(StatusCode::BAD_REQUEST, hint));
    }
    state.analytics.timeline(&moment(&state, &id), since).map(json).ok_or_else(|| unknown(&id))
}

/// `GET /api/v1/timeline?label=NAME`
pub(super) async fn timelines(
    extract::State(state): extract::State<State>,
    Extension(caller): Extension<Caller>,
    Since { since, label }: Since,
) -> Result<impl IntoResponse, Problem> {
    Ok(json(state.analytics.timelines(&moments(&state, &caller, label)?, since)))
}

/// `GET /api/v1/sessions/{id}/qoe`
pub(super) async fn qoe(
    extract::State(state): extract::State<State>,
    Name(id): Name,
) -> Result<impl IntoResponse, Problem> {
    state.analytics.qoe(&moment(&state, &id)).map(json).ok_or_else(|| unknown(&id))
}

/// `GET /api/v1/qoe?label=NAME`
pub(super) async fn qoes(
    extract::State(state): extract::State<State>,
    Extension(caller): Extension<Caller>,
    Label(label): Label,
) -> Result<impl IntoResponse, Problem> {
    Ok(json(state.analytics.qoes(&moments(&state, &caller, label)?)))
}

/// `GET /api/v1/sessions/{id}/run`
pub(super) async fn run(
    extract::State(state): extract::State<State>,
    Name(id): Name,
) -> Result<impl IntoResponse, Problem> {
    run_file(&state, &[moment(&state, &id)], &id).ok_or_else(|| unknown(&id))
}

/// `GET /api/v1/run?label=NAME`
pub(super) async fn runs(
    extract::State(state): extract::State<State>,
    Extension(caller): Extension<Caller>,
    Label(label): Label,
) -> Result<impl IntoResponse, Problem> {
    let moments = moments(&state, &caller, label)?;
    let name = moments.first().map(|first| Arc::clone(&first.id)).unwrap_or_default();
    run_file(&state, &moments, &name).ok_or_else(|| unknown(&name))
}

fn run_file(state: &State, of: &[Moment], name: &str) -> Option<impl IntoResponse + use<>> {
    let body = state.analytics.run(of, &state.feed, state.registry.unix_time())?;
    // An id has letters and digits only.
    let file = format!("attachment; filename=\"vsps-run-{name}.json\"");
    Some((
        [
            (header::CONTENT_TYPE, "application/json".to_owned()),
            (header::CONTENT_DISPOSITION, file),
        ],
        body,
    ))
}

/// The session `id` now.
fn moment(state: &State, id: &str) -> Moment {
    let now = state.registry.find(id).ok().and_then(|session| session.time());
    Moment { id: id.into(), now }
}

/// All sessions with the label, also ended ones, if `caller` may see them.
fn moments(state: &State, caller: &Caller, label: Option<String>) -> Result<Vec<Moment>, Problem> {
    caller.check_label(label.as_deref())?;
    let Some(label) = label else {
        let hint = "name the sessions with `?label=NAME`";
        return Err(Problem::new(StatusCode::BAD_REQUEST, hint));
    };
    let ids = state.analytics.labelled(&label);
    if ids.is_empty() {
        let detail = format!("no session has the label `{label}`");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    Ok(ids.iter().map(|id| moment(state, id)).collect())
}

fn json(body: String) -> impl IntoResponse + use<> {
    ([(header::CONTENT_TYPE, "application/json")], body)
}

/// The error for a session that is not known.
pub(super) fn unknown(id: &str) -> Problem {
    let detail =
        format!("there is no session `{id}`, and none of the last ended sessions has this id");
    Problem::new(StatusCode::NOT_FOUND, detail)
}
