//! Reads the JSON body of a request, with limits for size and time.

use super::problem::Problem;
use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, Method, StatusCode, header},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;
use std::{collections::HashSet, fmt, time::Duration};

/// The largest body, which bounds the memory of a request.
const LARGEST: usize = 1024 * 1024;
/// The time-out for the whole body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// The most rules in one request. Every rule is checked for every request of the session, and a body of a megabyte
/// could contain a hundred thousand.
const MOST_RULES: usize = 1000;

/// A request's body: a JSON object, or an empty object if there is no body.
#[derive(Debug)]
pub(super) struct JsonBody(pub(super) Value);

impl<S: Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let bytes = match tokio::time::timeout(BODY_TIMEOUT, read(body)).await {
            Ok(bytes) => bytes?,
            Err(_) => {
                let detail = format!("the body did not arrive within {} s", BODY_TIMEOUT.as_secs());
                return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail));
            }
        };
        if bytes.is_empty() {
            return Ok(Self(Value::Object(serde_json::Map::new())));
        }
        check_type(&head.method, &head.headers)?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {error}"))
        })?;
        // serde would accept a list, with its items as the members in their order: refuse it.
        if !value.is_object() {
            let hint = "is not an object; write one, as in {\"profile\": \"3g\"}";
            return Err(Problem::unusable("", hint));
        }
        // The JSON value has only the last of them.
        if let Some(key) = serde_json::from_slice(&bytes).ok().and_then(|RepeatedKey(key)| key) {
            let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
            return Err(Problem::unusable(&pointer, "is there twice; write it once"));
        }
        if value["rules"].as_array().is_some_and(|rules| rules.len() > MOST_RULES) {
            let detail = format!("more than {MOST_RULES} rules; write fewer");
            return Err(Problem::unusable("/rules", detail));
        }
        Ok(Self(value))
    }
}

/// A member that an object has twice, if there is one.
struct RepeatedKey(Option<String>);

impl<'de> Deserialize<'de> for RepeatedKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RepeatedKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RepeatedKey, A::Error> {
                let (mut seen, mut repeated) = (HashSet::new(), None);
                while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
                    if seen.contains(&key) {
                        repeated.get_or_insert(key);
                    } else {
                        seen.insert(key);
                    }
                }
                Ok(RepeatedKey(repeated))
            }
        }
        from.deserialize_map(Members)
    }
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    match Limited::new(body, LARGEST).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let detail = format!("the body is larger than {LARGEST} bytes");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
        }
        Err(error) => {
            let detail = format!("the body was incomplete: {error}");
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
    }
}

/// Requires a JSON media type: a web page can send other types to any address without a preflight.
fn check_type(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let written = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = written.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is = |wanted: &str| essence.eq_ignore_ascii_case(wanted);
    let patch = *method == Method::PATCH;
    if is("application/json") || (patch && is("application/merge-patch+json")) {
        return Ok(());
    }
    let (hint, accept, types) = if patch {
        let types = "application/merge-patch+json, application/json";
        ("send Content-Type: application/merge-patch+json", "accept-patch", types)
    } else {
        ("send Content-Type: application/json", "accept-post", "application/json")
    };
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, hint).with(accept, types))
}
