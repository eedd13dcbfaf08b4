//! The HTML page at `/`, which lists all addresses of the API.

use axum::{
    http::header,
    response::{Html, IntoResponse},
};

/// The page has only text and links: it loads nothing, and other pages may not frame it.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

const PAGE: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>vsps admin</title>
<h1>vsps admin</h1>
<table>
<tr><td><a href=\"/api/v1/sessions\">/api/v1/sessions</a><td>sessions; POST arms one
<tr><td>/api/v1/sessions/{id}<td>one session; PATCH changes its network and rules, DELETE ends it
<tr><td>/api/v1/sessions/{id}/faults<td>POST arms one; DELETE /{name} removes it
<tr><td>/api/v1/sessions/{id}/undo, /reset<td>POST undoes the last command, or all
<tr><td>/api/v1/sessions/{id}/events<td>its events as they happen
<tr><td>/api/v1/sessions/{id}/har<td>its exchanges as HAR 1.2
<tr><td>/api/v1/events<td>the events of all sessions
<tr><td><a href=\"/api/v1/rules\">/api/v1/rules</a><td>the rules of all sessions; PUT replaces them
<tr><td>/api/v1/reset<td>POST resets all sessions and the rules of all sessions
<tr><td><a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a><td>the OpenAPI description
<tr><td><a href=\"/api/v1/profiles\">/api/v1/profiles</a><td>network profiles
<tr><td>/api/v1/profiles/{name}<td>one profile in full
<tr><td><a href=\"/metrics\">/metrics</a><td>metrics for Prometheus
<tr><td><a href=\"/healthz\">/healthz</a><td>the process is running
<tr><td><a href=\"/readyz\">/readyz</a><td>the proxy accepts players
</table>
</html>
";

/// `GET /`
pub(super) async fn home() -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE))
}
