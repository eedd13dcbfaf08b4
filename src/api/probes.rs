//! For machines that watch: health, readiness, metrics.

use super::{problem::Problem, state::State};
use crate::observers;
use axum::{
    extract,
    http::{StatusCode, header},
    response::IntoResponse,
};

/// `GET /healthz`: the process lives.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: players may come. Not while what is under way is let end.
pub(super) async fn ready(
    extract::State(state): extract::State<State>,
) -> Result<&'static str, Problem> {
    if state.draining() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "vsps is stopping"));
    }
    Ok("ready\n")
}

/// `GET /metrics`: for Prometheus.
pub(super) async fn metrics(
    extract::State(state): extract::State<State>,
) -> impl IntoResponse + use<> {
    ([(header::CONTENT_TYPE, observers::CONTENT_TYPE)], state.recorder.render())
}
