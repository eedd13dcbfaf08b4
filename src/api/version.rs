//! Versions of resources: `ETag` and `If-Match` (RFC 9110), so that a client does not overwrite a change by another.

use super::problem::Problem;
use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, header, request::Parts},
};

/// The entity tag of version `version`.
pub(super) fn etag(version: u64) -> [(header::HeaderName, String); 1] {
    [(header::ETAG, tag(version))]
}

fn tag(version: u64) -> String {
    format!("\"{version}\"")
}

/// The `If-Match` header of a request.
#[derive(Debug)]
pub(super) struct IfMatch(Vec<String>);

impl IfMatch {
    /// Whether `version` matches. Weak tags never match (strong comparison), nor do invalid tags.
    pub(super) fn allows(&self, version: u64) -> bool {
        let wanted = tag(version);
        self.0.is_empty() || self.0.iter().any(|tag| *tag == wanted || tag == "*")
    }

    /// Refuses the header for a group of sessions, which has no version.
    pub(super) fn must_be_absent(&self) -> Result<(), Problem> {
        if self.0.is_empty() {
            return Ok(());
        }
        let hint = "a group of sessions has no ETag; omit If-Match, or change one session";
        Err(Problem::new(StatusCode::PRECONDITION_FAILED, hint))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let lines = parts.headers.get_all(header::IF_MATCH).iter();
        let texts = lines.map(HeaderValue::to_str).collect::<Result<Vec<_>, _>>();
        let Ok(texts) = texts else {
            let hint = "If-Match is not a list of entity tags; send the ETag of the last response";
            return Err(Problem::new(StatusCode::BAD_REQUEST, hint));
        };
        let tags = texts.iter().flat_map(|text| text.split(',')).map(|tag| tag.trim().to_owned());
        Ok(Self(tags.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_matched_strongly() {
        let if_match = |tags: &[&str]| IfMatch(tags.iter().map(|tag| (*tag).to_owned()).collect());
        assert!(if_match(&[]).allows(3));
        assert!(if_match(&["*"]).allows(3));
        assert!(if_match(&["\"2\"", "\"3\""]).allows(3));
        for wrong in ["\"2\"", "W/\"3\"", "3", "", "\"33\""] {
            assert!(!if_match(&[wrong]).allows(3), "{wrong}");
        }
    }
}
