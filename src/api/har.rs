//! The handler that exports a session's exchanges as HAR.

use super::{name::Name, players::Players, problem::Problem, state::State};
use axum::{
    extract,
    http::{StatusCode, header},
    response::IntoResponse,
};

/// `GET /api/v1/sessions/{id}/har`
pub(super) async fn show(
    extract::State(state): extract::State<State>,
    players: Players,
    Name(id): Name,
) -> Result<impl IntoResponse, Problem> {
    let base = players.session(&id);
    let Some(har) = state.archive.har(&id, base.trim_end_matches('/')) else {
        let detail =
            format!("there is no session `{id}`, and none of the last ended sessions has this id");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], har))
}
