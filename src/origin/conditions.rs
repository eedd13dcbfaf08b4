//! Conditional requests, RFC 9110 section 13: whether the client's copy is still valid.

use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE};
use http::{HeaderMap, HeaderName};

use super::date::parse_http_date;
use super::resource::Validators;
use crate::units::UnixTime;

/// The result of the preconditions of a GET or HEAD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precondition {
    /// Respond as if there were none.
    Proceed,
    /// 304: the client has it.
    NotModified,
    /// 412: the client wanted another version.
    Failed,
}

/// Evaluates the preconditions in the order of section 13.2.2: entity tags take precedence over dates.
pub(super) fn evaluate(headers: &HeaderMap, validators: &Validators) -> Precondition {
    let holds = if headers.contains_key(IF_MATCH) {
        lists(headers, &IF_MATCH, &validators.etag, Comparison::Strong)
    } else {
        date(headers, &IF_UNMODIFIED_SINCE, validators)
            .is_none_or(|(modified, since)| modified <= since)
    };
    if !holds {
        return Precondition::Failed;
    }
    let has_it = if headers.contains_key(IF_NONE_MATCH) {
        lists(headers, &IF_NONE_MATCH, &validators.etag, Comparison::Weak)
    } else {
        date(headers, &IF_MODIFIED_SINCE, validators)
            .is_some_and(|(modified, since)| modified <= since)
    };
    if has_it { Precondition::NotModified } else { Precondition::Proceed }
}

/// Whether the `Range` header applies, given `If-Range`: the same strong tag, or exactly the same date.
pub(super) fn range_counts(headers: &HeaderMap, validators: &Validators) -> bool {
    let Some(condition) = headers.get(IF_RANGE) else { return true };
    condition.as_bytes() == validators.etag.as_bytes()
        || date(headers, &IF_RANGE, validators).is_some_and(|(modified, since)| modified == since)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// Whether a list of entity tags has ours or is `*`. This origin's tags have no commas, so a tag with one may
/// be split here without ever matching.
fn lists(headers: &HeaderMap, name: &HeaderName, etag: &str, comparison: Comparison) -> bool {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).any(|tag| {
        let opaque = match comparison {
            Comparison::Weak => tag.strip_prefix("W/").unwrap_or(tag),
            Comparison::Strong => tag,
        };
        tag == "*" || opaque == etag
    })
}

/// When the resource was modified and the date that header `name` compares it with, if both are.
fn date(
    headers: &HeaderMap,
    name: &HeaderName,
    validators: &Validators,
) -> Option<(UnixTime, UnixTime)> {
    let since = parse_http_date(headers.get(name)?.to_str().ok()?)?;
    Some((validators.last_modified?, since))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn validators() -> Validators {
        Validators {
            etag: "\"tag\"".to_owned(),
            last_modified: Some(UnixTime::from_secs(784_111_777)),
        }
    }

    fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn evaluated(lines: &[(HeaderName, &str)]) -> Precondition {
        evaluate(&headers(lines), &validators())
    }

    #[test]
    fn a_known_tag_or_a_late_date_is_not_modified() {
        for tags in ["\"tag\"", "W/\"tag\"", "\"other\", \"tag\"", "*"] {
            assert_eq!(evaluated(&[(IF_NONE_MATCH, tags)]), Precondition::NotModified, "{tags}");
        }
        assert_eq!(evaluated(&[(IF_MODIFIED_SINCE, THEN)]), Precondition::NotModified);
    }

    #[test]
    fn an_unknown_tag_or_an_early_date_proceeds() {
        for tags in ["\"other\"", "tag", "", "\"ta,g\"", "\""] {
            assert_eq!(evaluated(&[(IF_NONE_MATCH, tags)]), Precondition::Proceed, "{tags}");
        }
        for date in [BEFORE, "long ago", ""] {
            assert_eq!(evaluated(&[(IF_MODIFIED_SINCE, date)]), Precondition::Proceed, "{date}");
        }
        assert_eq!(evaluated(&[]), Precondition::Proceed);
    }

    #[test]
    fn a_tag_silences_a_date() {
        let both = [(IF_NONE_MATCH, "\"other\""), (IF_MODIFIED_SINCE, THEN)];
        assert_eq!(evaluated(&both), Precondition::Proceed);
    }

    #[test]
    fn another_version_than_asked_for_fails() {
        assert_eq!(evaluated(&[(IF_MATCH, "\"other\"")]), Precondition::Failed);
        assert_eq!(evaluated(&[(IF_MATCH, "W/\"tag\"")]), Precondition::Failed);
        assert_eq!(evaluated(&[(IF_MATCH, "\"tag\"")]), Precondition::Proceed);
        assert_eq!(evaluated(&[(IF_UNMODIFIED_SINCE, BEFORE)]), Precondition::Failed);
        assert_eq!(evaluated(&[(IF_UNMODIFIED_SINCE, THEN)]), Precondition::Proceed);
    }

    #[test]
    fn a_range_counts_for_the_same_version_only() {
        let counts = |value| range_counts(&headers(&[(IF_RANGE, value)]), &validators());
        assert!(counts("\"tag\"") && counts(THEN));
        assert!(!counts("W/\"tag\"") && !counts("\"other\"") && !counts(BEFORE) && !counts("x"));
        assert!(range_counts(&HeaderMap::new(), &validators()));
    }
}
