//! Handlers for monitoring: health, readiness, metrics.

use super::{problem::Problem, state::State};
use crate::observers;
use axum::{
    extract,
    http::{StatusCode, header},
    response::IntoResponse,
};

/// `GET /healthz`: the process is running.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the proxy accepts players. It answers 503 while it drains.
pub(super) async fn ready(
    extract::State(state): extract::State<State>,
) -> Result<&'static str, Problem> {
    if state.draining() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "vsps is stopping"));
    }
    Ok("ready\n")
}

/// `GET /metrics`: metrics in the Prometheus text format.
pub(super) async fn metrics(
    extract::State(state): extract::State<State>,
) -> impl IntoResponse + use<> {
    let mut text = state.recorder.render();
    text.push_str(&state.analytics.render_metrics(state.session_metrics));
    ([(header::CONTENT_TYPE, observers::CONTENT_TYPE)], text)
}
