//! The handler that exports a session's exchanges as HAR.

use super::{analytics, name::Name, players::Players, problem::Problem, state::State};
use axum::{extract, http::header, response::IntoResponse};

/// `GET /api/v1/sessions/{id}/har`
pub(super) async fn show(
    extract::State(state): extract::State<State>,
    players: Players,
    Name(id): Name,
) -> Result<impl IntoResponse, Problem> {
    let base = players.session(&id);
    let Some(har) = state.analytics.har(&id, base.trim_end_matches('/')) else {
        return Err(analytics::unknown(&id));
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], har))
}
