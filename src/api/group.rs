//! Handlers that change all sessions with a label. The response has a result for each session.

use super::{
    caller::Caller, change, fault_entry, json_body::JsonBody, problem::Problem, state::State,
    version::IfMatch,
};
use crate::sessions::{Applied, Command, CommandError, Session};
use axum::{
    Extension, Json,
    extract::{self, FromRequestParts, Query},
    http::{StatusCode, request::Parts},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The result of a command for one session of a group.
#[derive(Debug, Serialize)]
pub(super) struct ResultView {
    id: Arc<str>,
    /// The session's new version, as in its ETag.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    /// The name of the armed fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Arc<str>>,
    /// Why the command failed: the session changed between the check and the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// The query of a request about a group.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GroupQuery {
    label: Option<String>,
}

/// The label that a request names. Its sender may see the sessions with this label.
#[derive(Debug)]
pub(super) struct Label(pub(super) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Label {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(Query(GroupQuery { label })) = Query::from_request_parts(parts, state).await else {
            let hint = "the query must be `?label=NAME` and nothing else";
            return Err(Problem::new(StatusCode::BAD_REQUEST, hint));
        };
        // The label that the handler uses is the one that is checked, however it is written in the query.
        if let (Some(label), Some(caller)) = (&label, Caller::of(parts)) {
            caller.check_label(Some(label))?;
        }
        Ok(Self(label))
    }
}

impl Label {
    /// The sessions with this label, oldest first.
    async fn sessions(&self, state: &State) -> Result<Vec<Arc<Session>>, Problem> {
        let Some(label) = &self.0 else {
            let hint = "name the sessions with `?label=NAME`";
            return Err(Problem::new(StatusCode::BAD_REQUEST, hint));
        };
        let sessions = state.registry.labelled(label).await?;
        if sessions.is_empty() {
            let detail = format!("no session has the label `{label}`");
            return Err(Problem::new(StatusCode::NOT_FOUND, detail));
        }
        Ok(sessions)
    }

    async fn apply_command(
        &self,
        state: &State,
        caller: &Caller,
        command: &Command,
        if_match: &IfMatch,
    ) -> Result<Json<Vec<ResultView>>, Problem> {
        if_match.must_be_absent()?;
        let sessions = self.sessions(state).await?;
        for session in &sessions {
            caller.check_link(&state.registry, session, command)?;
        }
        let results = state.registry.change_all(&sessions, command).await?;
        let view = |(session, result): (&Arc<Session>, Result<_, CommandError>)| {
            let id = Arc::clone(&session.tag.id);
            match result {
                Ok(Applied { version, fault }) => {
                    ResultView { id, version: Some(version), fault, problem: None }
                }
                Err(problem) => {
                    let problem = Some(problem.to_string());
                    ResultView { id, version: None, fault: None, problem }
                }
            }
        };
        Ok(Json(sessions.iter().zip(results).map(view).collect()))
    }
}

/// `PATCH /api/v1/sessions?label=NAME`
pub(super) async fn patch(
    extract::State(state): extract::State<State>,
    label: Label,
    Extension(caller): Extension<Caller>,
    if_match: IfMatch,
    JsonBody(body): JsonBody,
) -> Result<Json<Vec<ResultView>>, Problem> {
    let command = change::read(body, &state.catalog)?;
    label.apply_command(&state, &caller, &command, &if_match).await
}

/// `POST /api/v1/sessions/faults?label=NAME`
pub(super) async fn fire(
    extract::State(state): extract::State<State>,
    label: Label,
    Extension(caller): Extension<Caller>,
    if_match: IfMatch,
    JsonBody(body): JsonBody,
) -> Result<Json<Vec<ResultView>>, Problem> {
    label.apply_command(&state, &caller, &fault_entry::read(body)?, &if_match).await
}

/// `POST /api/v1/sessions/undo?label=NAME`
pub(super) async fn undo(
    extract::State(state): extract::State<State>,
    label: Label,
    Extension(caller): Extension<Caller>,
    if_match: IfMatch,
) -> Result<Json<Vec<ResultView>>, Problem> {
    label.apply_command(&state, &caller, &Command::Undo, &if_match).await
}

/// `POST /api/v1/sessions/reset?label=NAME`
pub(super) async fn reset(
    extract::State(state): extract::State<State>,
    label: Label,
    Extension(caller): Extension<Caller>,
    if_match: IfMatch,
) -> Result<Json<Vec<ResultView>>, Problem> {
    label.apply_command(&state, &caller, &Command::Reset, &if_match).await
}
