//! Sessions: listed, armed, shown, changed, ended.

use super::{
    arming_entry::ArmingEntry,
    change::Change,
    json_body::JsonBody,
    name::Name,
    players::Players,
    problem::Problem,
    session_view::{FullView, SessionView},
    state::State,
};
use axum::{
    Json, extract,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::Serialize;
use std::sync::Arc;

/// Where sessions are.
pub(super) const PATH: &str = "/api/v1/sessions";

/// The answer to a POST: what a test needs to send its player, and to replay the run.
#[derive(Debug, Serialize)]
pub(super) struct ArmedView {
    id: Arc<str>,
    url: String,
    profile: Arc<str>,
    seed: u64,
}

/// `GET /api/v1/sessions`: an array, oldest first.
pub(super) async fn list(
    extract::State(state): extract::State<State>,
    players: Players,
) -> Json<Vec<SessionView>> {
    let list = state.registry.list();
    Json(list.iter().map(|session| SessionView::new(session, &players)).collect())
}

/// `POST /api/v1/sessions`: arms a session before its first request.
pub(super) async fn create(
    extract::State(state): extract::State<State>,
    players: Players,
    JsonBody(body): JsonBody,
) -> Result<impl IntoResponse, Problem> {
    let request = ArmingEntry::read(body, &state.catalog)?;
    // Not the newest session of whoever asks: a test rig arms sessions for players elsewhere.
    let session = state.registry.start(None, request)?;
    let tag = &session.tag;
    let location = format!("{PATH}/{}", tag.id);
    let view = ArmedView {
        id: Arc::clone(&tag.id),
        url: players.session(&tag.id),
        profile: Arc::clone(&session.arming().profile_name),
        seed: tag.seed,
    };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)))
}

/// `GET /api/v1/sessions/{id}`
pub(super) async fn show(
    extract::State(state): extract::State<State>,
    players: Players,
    Name(id): Name,
) -> Result<Json<FullView>, Problem> {
    let session = state.registry.find(&id)?;
    Ok(Json(FullView::new(&session, &players)))
}

/// `PATCH /api/v1/sessions/{id}`: answered with the session as it then is.
pub(super) async fn patch(
    extract::State(state): extract::State<State>,
    players: Players,
    Name(id): Name,
    JsonBody(body): JsonBody,
) -> Result<Json<FullView>, Problem> {
    let session = state.registry.find(&id)?;
    let change = Change::read(body, &state.catalog, &state.registry.config().profile)?;
    state.registry.rearm(&session, |present, common| change.apply(present, common))?;
    Ok(Json(FullView::new(&session, &players)))
}

/// `DELETE /api/v1/sessions/{id}`: its responses in flight run on.
pub(super) async fn end(
    extract::State(state): extract::State<State>,
    Name(id): Name,
) -> Result<StatusCode, Problem> {
    state.registry.end(&id)?;
    Ok(StatusCode::NO_CONTENT)
}
