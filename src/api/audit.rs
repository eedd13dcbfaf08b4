//! The audit log: a line of JSON for each request that changes something, or tried to.

use super::caller::Caller;
use crate::{
    output::{LineWriter, Notices},
    units::UnixTime,
};
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, Method, StatusCode},
};
use chrono::{DateTime, SecondsFormat};
use http_body_util::{BodyExt as _, Limited};
use serde::Serialize;
use serde_json::Value;
use std::{io, io::Write, time::Duration};

/// Longer bodies are not in the log, only their sizes.
const LONGEST_BODY: usize = 64 * 1024;
/// Longer bodies are refused by the handlers.
const LARGEST_BODY: usize = 1024 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// The headers in which a proxy in front names the user.
const USER: [&str; 2] = ["x-forwarded-user", "x-forwarded-email"];
const LONGEST_USER: usize = 200;

/// The audit log. If a line cannot be written, that is logged, and the request goes on.
#[derive(Debug)]
pub struct AuditLog(LineWriter);

/// What is written of a request.
#[derive(Debug, Serialize)]
struct Line<'a> {
    time: String,
    role: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    /// The user, as a proxy in front has named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    method: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'a str>,
    status: u16,
    #[serde(skip_serializing_if = "Value::is_null")]
    body: Value,
}

/// What is known of a request before it is answered.
#[derive(Debug)]
pub(super) struct Audited {
    caller: Option<Caller>,
    user: Option<String>,
    method: Method,
    path: String,
    query: Option<String>,
    body: Value,
}

impl AuditLog {
    /// The log that goes to `stream`.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(stream: impl Write + Send + 'static) -> io::Result<Self> {
        let notices = Notices {
            failed: |problem| tracing::error!(%problem, "the audit log can't be written"),
            recovered: |lost| tracing::warn!(lost, "the audit log can be written again"),
        };
        Ok(Self(LineWriter::start("audit", stream, notices)?))
    }

    /// Writes what became of a request at `time`.
    pub(super) fn write(&self, audited: &Audited, status: StatusCode, time: UnixTime) {
        let time = i64::try_from(time.since_zero().as_millis()).unwrap_or_default();
        let time = DateTime::from_timestamp_millis(time).unwrap_or_default();
        let caller = audited.caller.as_ref();
        let line = Line {
            time: time.to_rfc3339_opts(SecondsFormat::Millis, true),
            role: caller.map_or("none", |caller| caller.role.as_str()),
            namespace: caller.and_then(|caller| caller.namespace.as_deref()),
            user: audited.user.as_deref(),
            method: audited.method.as_str(),
            path: &audited.path,
            query: audited.query.as_deref(),
            status: status.as_u16(),
            body: audited.body.clone(),
        };
        if let Ok(mut text) = serde_json::to_vec(&line) {
            text.push(b'\n');
            self.0.write(&text);
        }
    }

    /// Waits for a while until all lines are written.
    pub fn flush(&self) {
        // Lines that are lost were reported when they were lost.
        let _ = self.0.flush(Duration::from_secs(1));
    }
}

impl Audited {
    /// Reads what is to be written of `request`, its body only if it was admitted.
    pub(super) async fn read(request: Request, caller: Option<Caller>) -> (Request, Self) {
        let (head, body) = request.into_parts();
        let (body, value) = if caller.is_some() { copy(body).await } else { (body, Value::Null) };
        let audited = Self {
            caller,
            user: user(&head.headers),
            method: head.method.clone(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(str::to_owned),
            body: value,
        };
        (Request::from_parts(head, body), audited)
    }
}

/// The body, and what is written of it. In place of one that is too long or too slow, the handler gets one that it refuses.
async fn copy(body: Body) -> (Body, Value) {
    let reading = Limited::new(body, LARGEST_BODY + 1).collect();
    match tokio::time::timeout(BODY_TIMEOUT, reading).await {
        Ok(Ok(collected)) => {
            let bytes = collected.to_bytes();
            let value = if bytes.len() > LONGEST_BODY {
                Value::String(format!("{} bytes", bytes.len()))
            } else {
                serde_json::from_slice(&bytes).unwrap_or(Value::Null)
            };
            (Body::from(bytes), value)
        }
        // More than the handlers take.
        _ => (
            Body::from(vec![b' '; LARGEST_BODY + 1]),
            Value::String("too long or too slow".to_owned()),
        ),
    }
}

fn user(headers: &HeaderMap) -> Option<String> {
    let named = USER.iter().find_map(|name| headers.get(*name))?.to_str().ok()?;
    Some(named.chars().take(LONGEST_USER).collect())
}
