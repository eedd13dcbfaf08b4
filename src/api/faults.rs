//! Handlers for faults that are armed on a running session for a number of uses.

use super::{
    fault_entry,
    fault_view::FaultView,
    json_body::JsonBody,
    name::Name,
    name::TwoNames,
    problem::Problem,
    sessions::PATH,
    state::State,
    version::{IfMatch, etag},
};
use crate::sessions::Command;
use axum::{
    Json, extract,
    http::{StatusCode, header},
    response::IntoResponse,
};

/// `GET /api/v1/sessions/{id}/faults`: an array, oldest first.
pub(super) async fn list(
    extract::State(state): extract::State<State>,
    Name(id): Name,
) -> Result<Json<Vec<FaultView>>, Problem> {
    Ok(Json(FaultView::all(&*state.registry.locate(&id).await?)))
}

/// `POST /api/v1/sessions/{id}/faults`: arms a fault.
pub(super) async fn fire(
    extract::State(state): extract::State<State>,
    Name(id): Name,
    if_match: IfMatch,
    JsonBody(body): JsonBody,
) -> Result<impl IntoResponse, Problem> {
    let session = state.registry.locate(&id).await?;
    let command = fault_entry::read(body)?;
    let applied =
        state.registry.change(&session, &command, &|version| if_match.allows(version)).await?;
    let name = applied.fault.unwrap_or_default();
    let location = format!("{PATH}/{}/faults/{name}", session.tag.id);
    let times = if let Command::ArmFault { times, .. } = command { times } else { 0 };
    let body = serde_json::json!({ "name": name, "times": times });
    let headers = [(header::LOCATION, location)];
    Ok((StatusCode::CREATED, headers, etag(applied.version), Json(body)))
}

/// `GET /api/v1/sessions/{id}/faults/{name}`
pub(super) async fn show(
    extract::State(state): extract::State<State>,
    TwoNames(id, name): TwoNames,
) -> Result<Json<FaultView>, Problem> {
    let session = state.registry.locate(&id).await?;
    let faults = session.faults();
    let fault = faults.iter().find(|fault| *fault.name == *name);
    let missing = || format!("session `{id}` has no fault `{name}`");
    let fault = fault.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, missing()))?;
    Ok(Json(FaultView::new(fault)))
}

/// `DELETE /api/v1/sessions/{id}/faults/{name}`: removes the fault.
pub(super) async fn disarm(
    extract::State(state): extract::State<State>,
    TwoNames(id, name): TwoNames,
    if_match: IfMatch,
) -> Result<impl IntoResponse, Problem> {
    let session = state.registry.locate(&id).await?;
    let command = Command::DisarmFault { name };
    let applied =
        state.registry.change(&session, &command, &|version| if_match.allows(version)).await?;
    Ok((StatusCode::NO_CONTENT, etag(applied.version)))
}
