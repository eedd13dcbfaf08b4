//! Handlers for sessions: list, start, show, change, end.

use super::{
    arming_entry::ArmingEntry,
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
use crate::sessions::{Command, Session};
use axum::{
    Json, extract,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::Serialize;
use std::sync::Arc;

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

/// `GET /api/v1/sessions`: an array, oldest first; with `?label=NAME` only sessions with that label.
pub(super) async fn list(
    extract::State(state): extract::State<State>,
    players: Players,
    Label(label): Label,
) -> Json<Vec<SessionView>> {
    let mut list = state.registry.list();
    list.retain(|session| label.is_none() || session.tag.label.as_deref() == label.as_deref());
    Json(list.iter().map(|session| SessionView::new(session, &players, &state)).collect())
}

/// `POST /api/v1/sessions`: starts a session before its first request.
pub(super) async fn create(
    extract::State(state): extract::State<State>,
    players: Players,
    JsonBody(body): JsonBody,
) -> Result<impl IntoResponse, Problem> {
    let request = ArmingEntry::read(body, &state.catalog)?;
    // Not assigned to the client's address: test tools start sessions for players on other hosts.
    let session = state.registry.start(None, request)?;
    let tag = &session.tag;
    let location = format!("{PATH}/{}", tag.id);
    let view = ArmedView {
        id: Arc::clone(&tag.id),
        url: players.session(&tag.id),
        profile: Arc::clone(&session.arming().profile_name),
        seed: tag.seed,
    };
    let headers = [(header::LOCATION, location)];
    Ok((StatusCode::CREATED, headers, etag(session.version()), Json(view)))
}

/// `GET /api/v1/sessions/{id}`
pub(super) async fn show(
    extract::State(state): extract::State<State>,
    players: Players,
    Name(id): Name,
) -> Result<impl IntoResponse, Problem> {
    let session = state.registry.find(&id)?;
    // Read the version first: if the session changes in between, the tag is outdated and a change with it is refused.
    let tag = etag(session.version());
    Ok((tag, Json(FullView::new(&session, &players, &state))))
}

/// `PATCH /api/v1/sessions/{id}`: the response is the changed session.
pub(super) async fn patch(
    extract::State(state): extract::State<State>,
    players: Players,
    Name(id): Name,
    if_match: IfMatch,
    JsonBody(body): JsonBody,
) -> Result<impl IntoResponse, Problem> {
    let session = state.registry.find(&id)?;
    let command = change::read(body, &state.catalog)?;
    apply_command(&state, &session, &players, &if_match, &command)
}

/// `POST /api/v1/sessions/{id}/undo`: the response is the same as for a PATCH.
pub(super) async fn undo(
    extract::State(state): extract::State<State>,
    players: Players,
    Name(id): Name,
    if_match: IfMatch,
) -> Result<impl IntoResponse, Problem> {
    let session = state.registry.find(&id)?;
    apply_command(&state, &session, &players, &if_match, &Command::Undo)
}

/// `POST /api/v1/sessions/{id}/reset`: the response is the same as for a PATCH.
pub(super) async fn reset(
    extract::State(state): extract::State<State>,
    players: Players,
    Name(id): Name,
    if_match: IfMatch,
) -> Result<impl IntoResponse, Problem> {
    let session = state.registry.find(&id)?;
    apply_command(&state, &session, &players, &if_match, &Command::Reset)
}

fn apply_command(
    state: &State,
    session: &Session,
    players: &Players,
    if_match: &IfMatch,
    command: &Command,
) -> Result<impl IntoResponse + use<>, Problem> {
    let applied = state.registry.command(session, command, &|version| if_match.allows(version))?;
    Ok((etag(applied.version), Json(FullView::new(session, players, state))))
}

/// `DELETE /api/v1/sessions/{id}`: its responses in flight continue.
pub(super) async fn end(
    extract::State(state): extract::State<State>,
    Name(id): Name,
) -> Result<StatusCode, Problem> {
    state.registry.end(&id)?;
    Ok(StatusCode::NO_CONTENT)
}
