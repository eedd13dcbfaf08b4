//! Profiles, listed and shown.

use super::{name::Name, problem::Problem, state::State};
use crate::profiles::Profile;
use axum::{Json, extract};
use serde::Serialize;
use std::sync::Arc;

/// A profile in a list.
#[derive(Debug, Serialize)]
pub(super) struct ProfileView {
    name: String,
    summary: String,
}

/// `GET /api/v1/profiles`: those that are built in, sorted by name.
pub(super) async fn list(
    extract::State(state): extract::State<State>,
) -> Result<Json<Vec<ProfileView>>, Problem> {
    let list = state.catalog.list()?;
    let view = |profile: &Arc<Profile>| ProfileView {
        name: profile.name.clone(),
        summary: profile.summary.clone(),
    };
    Ok(Json(list.iter().map(view).collect()))
}

/// `GET /api/v1/profiles/{name}`: in the form of its file, with the name before it.
pub(super) async fn show(
    extract::State(state): extract::State<State>,
    Name(name): Name,
) -> Result<Json<Arc<Profile>>, Problem> {
    // By name only: a request must not make us read files.
    Ok(Json(state.catalog.named(&name)?))
}
