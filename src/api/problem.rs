//! Error responses: problem documents (RFC 9457).

use crate::{
    document::{Diagnostic, Diagnostics},
    profiles::ProfileError,
    sessions::{
        CommandError, LinkError, LocateError, RegistryError, RulesError, StartError, StateError,
    },
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// Media type of problem documents.
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Why a request failed, and what to send instead.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    faults: Vec<Fault>,
    /// A header that belongs to the status. The name is in lower case.
    header: Option<(&'static str, &'static str)>,
}

/// One fault in the request body.
#[derive(Debug, Serialize)]
pub(super) struct Fault {
    /// A JSON pointer (RFC 6901) into the body; empty for the body as a whole.
    pointer: String,
    /// What is wrong, and what to write instead.
    detail: String,
}

/// The JSON form of a problem.
#[derive(Serialize)]
struct Document<'a> {
    /// `about:blank`: the problem is described by the status, and `title` is its reason phrase.
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Fault],
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), faults: Vec::new(), header: None }
    }

    /// Adds a header that belongs to the status. The name is in lower case.
    pub(super) const fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    /// There is nothing at the requested address.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing at this address; GET / lists all")
    }

    /// The body is JSON, but not valid here.
    pub(super) fn unusable(pointer: &str, detail: impl Into<String>) -> Self {
        Self::faulty(vec![Fault { pointer: pointer.to_owned(), detail: detail.into() }])
    }

    fn faulty(faults: Vec<Fault>) -> Self {
        let detail = match faults.len() {
            1 => "one fault in the body; nothing was changed".to_owned(),
            n => format!("{n} faults in the body; nothing was changed"),
        };
        Self { faults, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }
}

impl From<Diagnostics> for Problem {
    fn from(faults: Diagnostics) -> Self {
        let fault = |fault: &Diagnostic| Fault {
            pointer: fault.pointer.clone(),
            detail: format!("{}; {}", fault.problem, fault.hint),
        };
        Self::faulty(faults.into_iter().map(fault).collect())
    }
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        Self::new(StatusCode::NOT_FOUND, error.to_string())
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Full(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            StartError::Link(error) => error.into(),
            StartError::State(error) => error.into(),
        }
    }
}

impl From<StateError> for Problem {
    fn from(error: StateError) -> Self {
        let status = match error {
            StateError::Quota(..) => StatusCode::TOO_MANY_REQUESTS,
            StateError::TooManyCommands(_) => StatusCode::CONFLICT,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error.to_string())
    }
}

impl From<LocateError> for Problem {
    fn from(error: LocateError) -> Self {
        match error {
            LocateError::Missing(error) => error.into(),
            LocateError::Forged(_) => Self::new(StatusCode::NOT_FOUND, error.to_string()),
            LocateError::Start(error) => error.into(),
            LocateError::State(error) => error.into(),
        }
    }
}

impl From<RulesError> for Problem {
    fn from(error: RulesError) -> Self {
        match error {
            RulesError::Stale(_) => Self::new(StatusCode::PRECONDITION_FAILED, error.to_string()),
            RulesError::State(error) => error.into(),
        }
    }
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Self {
        Self::unusable("", error.to_string())
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        let status = match error {
            CommandError::Link(error) => return error.into(),
            CommandError::Stale { .. } => StatusCode::PRECONDITION_FAILED,
            CommandError::State(error) => return error.into(),
            CommandError::NoFault { .. } | CommandError::Ended(_) => StatusCode::NOT_FOUND,
            CommandError::UnknownProfile(_) => StatusCode::UNPROCESSABLE_ENTITY,
            CommandError::NothingToUndo(_) | CommandError::TooManyFaults { .. } => {
                StatusCode::CONFLICT
            }
        };
        Self::new(status, error.to_string())
    }
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        let status = match error {
            ProfileError::Unknown { .. } => StatusCode::NOT_FOUND,
            // A built-in profile is invalid: an error of the program.
            ProfileError::File(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            errors: &self.faults,
        };
        // Strings and numbers can always be serialised; otherwise the body is empty, and the status is still sent.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, CONTENT_TYPE);
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
