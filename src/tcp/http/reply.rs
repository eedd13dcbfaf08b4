//! Responses with toxiproxy's status codes and media types.

use crate::tcp::error::ApiError;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// `value` as JSON.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => (status, [(header::CONTENT_TYPE, JSON)], body).into_response(),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// A line of text, which must not be read as anything else.
pub(super) fn plain(status: StatusCode, text: &str) -> Response {
    let kind = [
        (header::CONTENT_TYPE, TEXT),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, kind, format!("{text}\n")).into_response()
}

/// The JSON form of an error.
#[derive(Serialize)]
pub(super) struct ErrorView<'a> {
    error: &'a str,
    status: u16,
}

impl<'a> ErrorView<'a> {
    pub(super) fn new(error: &'a ApiError) -> Self {
        Self { error: &error.message, status: error.status }
    }
}

impl IntoResponse for ApiError {
    /// The body is JSON, but is declared as text, as toxiproxy does it.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&ErrorView::new(&self));
        plain(status, &body.unwrap_or_default())
    }
}
