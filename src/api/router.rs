//! The routes of the API.

use super::{
    analytics, auth, events, fault_catalogue, faults, group, har, measured_buffer, openapi, plot,
    probes, problem::Problem, profiles, rules, sessions, state::State, status,
};
use auth::Auth;
use axum::{
    Router,
    http::{Method, StatusCode},
    middleware,
    routing::{get, post},
};
use std::net::SocketAddr;

/// The router of the control plane, which listens on `bound`. `pages` are the pages of the console. They hold no data,
/// so they need no token.
pub(super) fn router(state: State, pages: Router, bound: SocketAddr) -> Router {
    let auth = Auth::new(state.clone(), bound.ip());
    Router::new()
        .route(auth::HEALTH, get(probes::health))
        .route(auth::READY, get(probes::ready))
        .route("/metrics", get(probes::metrics))
        .merge(live())
        .route("/api/v1/openapi.json", get(openapi::show))
        .route("/api/v1/profiles", get(profiles::list))
        .route("/api/v1/profiles/{name}", get(profiles::show))
        .route("/api/v1/profiles/{name}/plot", get(plot::show))
        .route("/api/v1/faults", get(fault_catalogue::list))
        .route("/api/v1/status", get(status::show))
        .method_not_allowed_fallback(wrong_method)
        .fallback(not_found)
        .layer(middleware::from_fn_with_state(auth.clone(), auth::guard))
        .with_state(state)
        .merge(pages.layer(middleware::from_fn_with_state(auth, auth::guard_page)))
}

/// The routes of sessions, rules and events.
fn live() -> Router<State> {
    let all = get(sessions::list).post(sessions::create).patch(group::patch);
    let one = get(sessions::show).patch(sessions::patch).delete(sessions::end);
    Router::new()
        .route(sessions::PATH, all)
        .route("/api/v1/sessions/faults", post(group::fire))
        .route("/api/v1/sessions/undo", post(group::undo))
        .route("/api/v1/sessions/reset", post(group::reset))
        .route("/api/v1/sessions/{id}", one)
        .route("/api/v1/sessions/{id}/undo", post(sessions::undo))
        .route("/api/v1/sessions/{id}/reset", post(sessions::reset))
        .route("/api/v1/sessions/{id}/faults", get(faults::list).post(faults::fire))
        .route("/api/v1/sessions/{id}/faults/{name}", get(faults::show).delete(faults::disarm))
        .route("/api/v1/sessions/{id}/player", post(measured_buffer::measured))
        .route("/api/v1/rules", get(rules::show).put(rules::replace))
        .route("/api/v1/events", get(events::all))
        .route("/api/v1/sessions/{id}/events", get(events::of_session))
        .route("/api/v1/sessions/{id}/har", get(har::show))
        .route("/api/v1/sessions/{id}/timeline", get(analytics::timeline))
        .route("/api/v1/sessions/{id}/qoe", get(analytics::qoe))
        .route("/api/v1/sessions/{id}/run", get(analytics::run))
        .route("/api/v1/timeline", get(analytics::timelines))
        .route("/api/v1/qoe", get(analytics::qoes))
        .route("/api/v1/run", get(analytics::runs))
        .route("/api/v1/reset", post(rules::reset_all))
}

async fn not_found() -> Problem {
    Problem::not_found()
}

/// The router adds `Allow`.
async fn wrong_method(method: Method) -> Problem {
    let detail = format!("this address does not accept {method}");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}
