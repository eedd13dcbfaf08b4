//! Handlers that list and show profiles.

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

/// `GET /api/v1/profiles`: the built-in profiles, sorted by name.
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

/// `GET /api/v1/profiles/{name}`: a profile in the form of its file, with its name first.
pub(super) async fn show(
    extract::State(state): extract::State<State>,
    Name(name): Name,
) -> Result<Json<Arc<Profile>>, Problem> {
    // Built-in names only: a request must not make the proxy read files.
    Ok(Json(state.catalog.named(&name)?))
}
