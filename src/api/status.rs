//! The handler that shows what runs here: the first request of the console.

use super::{players::Players, state::State};
use axum::{Json, extract};
use serde::Serialize;
use std::sync::Arc;

/// What runs here, and with which defaults sessions start.
#[derive(Debug, Serialize)]
pub(super) struct StatusView {
    /// The version of the program.
    version: &'static str,
    /// Scheme, host and port at which players connect.
    players_url: String,
    /// The profile of sessions that name none.
    profile: Arc<str>,
    /// The seed from which the seeds of sessions derive.
    seed: u64,
    /// The default origin.
    origin: String,
    /// Whether that is the built-in origin, with its streams below `/demo/`.
    built_in_origin: bool,
    /// Sessions at this time.
    sessions: usize,
    /// Whether the proxy is stopping.
    draining: bool,
}

/// `GET /api/v1/status`
pub(super) async fn show(
    extract::State(state): extract::State<State>,
    players: Players,
) -> Json<StatusView> {
    let config = state.registry.config();
    Json(StatusView {
        version: env!("CARGO_PKG_VERSION"),
        players_url: players.base().to_owned(),
        profile: config.profile.name.as_str().into(),
        seed: config.seed.value(),
        origin: config.origin.to_string(),
        built_in_origin: state.built_in_origin,
        sessions: state.registry.list().len(),
        draining: state.draining(),
    })
}
