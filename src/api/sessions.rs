//! Handlers for sessions: list, start, show, change, end.

use super::{
    arming_entry::ArmingEntry,
    caller::Caller,
    change,
    group::Label,
    json_body::JsonBody,
    name::Name,
    players::Players,
    problem::Problem,
    session_view::{FullView, SessionView},
    state::State,
    version::{IfMatch, etag},
};
use crate::sessions::{Command, Opened, Session, SessionRecord};
use axum::{
    Extension, Json, extract,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::Serialize;
use std::{collections::HashSet, sync::Arc};

/// The path of sessions.
pub(super) const PATH: &str = "/api/v1/sessions";

/// The response to a POST: what a test needs to start its player, and to replay the run.
#[derive(Debug, Serialize)]
pub(super) struct ArmedView {
    id: Arc<str>,
    url: String,
    profile: Arc<str>,
    seed: u64,
}

/// A session that other replicas have, or that has had no request yet.
#[derive(Debug, Serialize)]
pub(super) struct ElsewhereView {
    id: Arc<str>,
    label: Option<Arc<str>>,
    url: String,
    /// The profile that it was started with; `null` = that of the command line.
    profile: Option<String>,
    link: Option<Arc<str>>,
    /// Always true.
    elsewhere: bool,
}

impl ElsewhereView {
    fn new(id: Arc<str>, record: SessionRecord, players: &Players) -> Self {
        let SessionRecord { label, profile, link, .. } = record;
        Self { url: players.session(&id), id, label, profile, link, elsewhere: true }
    }
}

/// A session in the list.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum AnyView {
    Here(Box<SessionView>),
    Elsewhere(ElsewhereView),
}

/// In a list that lacks the sessions of other replicas.
const WARNING: &str = "vsps-warning";
const ONLY_HERE: &str =
    "the shared state does not answer: only the sessions of this replica are listed";

/// `GET /api/v1/sessions`: an array, oldest first; with `?label=NAME` only sessions with that label. If the shared state
/// does not answer, those of this replica.
pub(super) async fn list(
    extract::State(state): extract::State<State>,
    players: Players,
    Extension(caller): Extension<Caller>,
    Label(label): Label,
) -> Result<impl IntoResponse, Problem> {
    let mut list = state.registry.list();
    list.retain(|session| caller.may_see(session.tag.label.as_deref()));
    list.retain(|session| label.is_none() || session.tag.label.as_deref() == label.as_deref());
    let here = list.iter().map(|session| SessionView::new(session, &players, &state));
    let mut views: Vec<AnyView> = here.map(|view| AnyView::Here(Box::new(view))).collect();
    let known: HashSet<u64> = list.iter().map(|session| session.tag.ordinal).collect();
    let (all, warning) = match state.registry.list_all().await {
        Ok(all) => (all, None),
        Err(problem) if problem.is_outage() => (Vec::new(), Some([(WARNING, ONLY_HERE)])),
        Err(problem) => return Err(problem.into()),
    };
    for (ordinal, id, record) in all {
        let named = caller.may_see(record.label.as_deref());
        let named = named && (label.is_none() || record.label == label.as_deref().map(Arc::from));
        if named && !known.contains(&ordinal) {
            views.push(AnyView::Elsewhere(ElsewhereView::new(id, record, &players)));
        }
    }
    Ok((warning, Json(views)))
}

/// `POST /api/v1/sessions`: starts a session before its first request.
pub(super) async fn create(
    extract::State(state): extract::State<State>,
    players: Players,
    Extension(caller): Extension<Caller>,
    JsonBody(body): JsonBody,
) -> Result<impl IntoResponse, Problem> {
    let mut request = ArmingEntry::read(body, &state.catalog)?;
    request.label = caller.label(request.label)?;
    // Not assigned to the client's address: test tools start sessions for players on other hosts.
    let Opened { id, profile, seed, version } = state.registry.open(None, request).await?;
    let location = format!("{PATH}/{id}");
    let view = ArmedView { url: players.session(&id), id, profile, seed };
    let headers = [(header::LOCATION, location)];
    Ok((StatusCode::CREATED, headers, etag(version), Json(view)))
}

/// `GET /api/v1/sessions/{id}`
pub(super) async fn show(
    extract::State(state): extract::State<State>,
    players: Players,
    Name(id): Name,
) -> Result<impl IntoResponse, Problem> {
    let session = state.registry.locate(&id).await?;
    // Read the version first: if the session changes in between, the tag is outdated and a change with it is refused.
    let tag = etag(session.version());
    Ok((tag, Json(FullView::new(&session, &players, &state))))
}

/// `PATCH /api/v1/sessions/{id}`: the response is the changed session.
pub(super) async fn patch(
    extract::State(state): extract::State<State>,
    players: Players,
    Name(id): Name,
    Extension(caller): Extension<Caller>,
    if_match: IfMatch,
    JsonBody(body): JsonBody,
) -> Result<impl IntoResponse, Problem> {
    let session = state.registry.locate(&id).await?;
    let command = change::read(body, &state.catalog)?;
    caller.check_link(&state.registry, &session, &command)?;
    apply_command(&state, &session, &players, &if_match, &command).await
}

/// `POST /api/v1/sessions/{id}/undo`: the response is the same as for a PATCH.
pub(super) async fn undo(
    extract::State(state): extract::State<State>,
    players: Players,
    Name(id): Name,
    Extension(caller): Extension<Caller>,
    if_match: IfMatch,
) -> Result<impl IntoResponse, Problem> {
    let session = state.registry.locate(&id).await?;
    caller.check_link(&state.registry, &session, &Command::Undo)?;
    apply_command(&state, &session, &players, &if_match, &Command::Undo).await
}

/// `POST /api/v1/sessions/{id}/reset`: the response is the same as for a PATCH.
pub(super) async fn reset(
    extract::State(state): extract::State<State>,
    players: Players,
    Name(id): Name,
    Extension(caller): Extension<Caller>,
    if_match: IfMatch,
) -> Result<impl IntoResponse, Problem> {
    let session = state.registry.locate(&id).await?;
    caller.check_link(&state.registry, &session, &Command::Reset)?;
    apply_command(&state, &session, &players, &if_match, &Command::Reset).await
}

async fn apply_command(
    state: &State,
    session: &Session,
    players: &Players,
    if_match: &IfMatch,
    command: &Command,
) -> Result<impl IntoResponse + use<>, Problem> {
    let applied =
        state.registry.change(session, command, &|version| if_match.allows(version)).await?;
    Ok((etag(applied.version), Json(FullView::new(session, players, state))))
}

/// `DELETE /api/v1/sessions/{id}`: its responses in flight continue.
pub(super) async fn end(
    extract::State(state): extract::State<State>,
    Name(id): Name,
) -> Result<StatusCode, Problem> {
    state.registry.close(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}
