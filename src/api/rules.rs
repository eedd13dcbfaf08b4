//! Handlers for the rules of all sessions: show, replace, and restore those of the command line.

use super::{
    json_body::JsonBody,
    problem::Problem,
    state::State,
    version::{IfMatch, etag},
};
use crate::{
    document::Document,
    rules::{RuleList, RuleSet, misplaced_key, rule_set},
    sessions::Command,
};
use axum::{Json, extract, http::StatusCode, response::IntoResponse};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The JSON form of the rules of all sessions.
#[derive(Debug, Serialize)]
pub(super) struct RulesView {
    rules: Arc<RuleSet>,
}

/// The body of `PUT /api/v1/rules`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an object, as in {\"rules\": []}")]
struct RulesEntry {
    rules: Option<RuleList>,
}

/// `GET /api/v1/rules`: the rules that apply after each session's own and before its profile's.
pub(super) async fn show(extract::State(state): extract::State<State>) -> impl IntoResponse {
    let (rules, version) = state.registry.rules();
    (etag(version), Json(RulesView { rules }))
}

/// `PUT /api/v1/rules`: the rules are in force for all sessions when the response is sent.
pub(super) async fn replace(
    extract::State(state): extract::State<State>,
    if_match: IfMatch,
    JsonBody(body): JsonBody,
) -> Result<impl IntoResponse, Problem> {
    let rules = Document::json("body", body).with_key_hint(misplaced_key).read(
        |entry: RulesEntry, scope| {
            if entry.rules.is_none() {
                scope.missing("rules", "write the list, as in {\"rules\": []}");
            }
            Some(Arc::new(rule_set(entry.rules?, &scope.at("rules"))))
        },
    )?;
    let expected = |version: u64| if_match.allows(version);
    let version = state.registry.change_rules(Some(Arc::clone(&rules)), &expected).await?;
    Ok((etag(version), Json(RulesView { rules })))
}

/// `POST /api/v1/reset`: resets every session, and restores the rules of the command line.
pub(super) async fn reset_all(
    extract::State(state): extract::State<State>,
) -> Result<StatusCode, Problem> {
    state.registry.change_rules(None, &|_| true).await?;
    let sessions = state.registry.all().await?;
    for result in state.registry.change_all(&sessions, &Command::Reset).await? {
        result?;
    }
    Ok(StatusCode::NO_CONTENT)
}
