//! The handler that lists the built-in faults.

use super::problem::Problem;
use crate::{
    document::Diagnostics,
    profiles::{Fault, faults},
};
use axum::{Json, http::StatusCode};
use serde::Serialize;

/// A built-in fault.
#[derive(Debug, Serialize)]
pub(super) struct FaultSummary {
    /// Its name, as `fault` of a POST.
    name: &'static str,
    /// Its number in the catalogue, if it has one.
    id: Option<&'static str>,
    /// What it does.
    summary: String,
    /// Where it was observed.
    source: String,
    /// The text of its rule file.
    text: &'static str,
}

/// `GET /api/v1/faults`: the built-in faults, sorted by number and name.
pub(super) async fn list() -> Result<Json<Vec<FaultSummary>>, Problem> {
    // A built-in fault is invalid: an error of the program.
    let invalid =
        |faults: Diagnostics| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, faults.to_string());
    let list = faults().map_err(invalid)?;
    let summary = |fault: Fault| FaultSummary {
        name: fault.name,
        id: fault.id,
        summary: fault.summary,
        source: fault.source,
        text: fault.text,
    };
    Ok(Json(list.into_iter().map(summary).collect()))
}
