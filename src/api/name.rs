//! Extractors of names in a request's path: `{id}` of a session, `{name}` of a profile or fault.

use super::problem::Problem;
use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};

/// The one name in the path, percent-decoded.
#[derive(Debug)]
pub(super) struct Name(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(name)),
            // The decoded name is not UTF-8: nothing has such a name.
            Err(_) => Err(Problem::not_found()),
        }
    }
}

/// The two names in the path, percent-decoded.
#[derive(Debug)]
pub(super) struct TwoNames(pub(super) String, pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for TwoNames {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<(String, String)>::from_request_parts(parts, state).await {
            Ok(Path((one, two))) => Ok(Self(one, two)),
            Err(_) => Err(Problem::not_found()),
        }
    }
}
