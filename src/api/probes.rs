//! Handlers for monitoring: health, readiness, metrics.

use super::{problem::Problem, state::State};
use crate::observers::Exposition;
use axum::{
    extract,
    http::{HeaderMap, StatusCode, Uri, header},
    response::IntoResponse,
};

/// `GET /healthz`: the process is running.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the proxy accepts players. It answers 503 while it drains, and while the shared state cannot be
/// reached or is being restored; with `?ignore=state`, not because of that: for load balancers, since running sessions go
/// on.
pub(super) async fn ready(
    extract::State(state): extract::State<State>,
    uri: Uri,
) -> Result<&'static str, Problem> {
    if state.draining() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "vsps is stopping"));
    }
    let Some(replica) = state.registry.replica().filter(|_| uri.query() != Some("ignore=state"))
    else {
        return Ok("ready\n");
    };
    let detail = if !replica.reachable() {
        "the shared state cannot be reached: running sessions go on, and nothing can be changed"
    } else if replica.recovers() {
        "the shared state has lost its data: the sessions of this replica are being written again"
    } else {
        return Ok("ready\n");
    };
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail))
}

/// `GET /metrics`: metrics in the Prometheus text format, or as OpenMetrics if the client asks for it.
pub(super) async fn metrics(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
) -> impl IntoResponse + use<> {
    let accept: Vec<_> =
        headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let format = Exposition::accepted(&accept.join(","));
    if let Some(replica) = state.registry.replica() {
        state.recorder.show_state(replica.losses(), replica.restored());
    }
    let mut text = state.recorder.render(format);
    text.push_str(&state.analytics.render_metrics(state.session_metrics, format));
    text.push_str(format.end());
    ([(header::CONTENT_TYPE, format.content_type()), (header::VARY, "accept")], text)
}
