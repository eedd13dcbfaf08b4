//! CMCD data in a player's requests: read, and removed if `--strip-cmcd` is set.

use crate::{
    event::{Event, RequestTag},
    media::{CMCD_HEADERS, Cmcd, UnknownVersion, without_cmcd},
};
use http::{HeaderMap, HeaderValue};
use std::sync::Arc;

/// The CMCD data of a request.
pub(in crate::proxy) type RequestCmcd = Result<Option<Cmcd>, UnknownVersion>;

/// Reads the CMCD headers, or the query of `path` if there are none. If any CMCD header is present, the query is
/// ignored, even if the header is invalid (CTA-5004-B).
pub(in crate::proxy) fn read(path: &str, headers: &HeaderMap) -> RequestCmcd {
    // Comparing the few names of a request costs less than searching for these.
    if !headers.keys().any(|name| CMCD_HEADERS.contains(&name.as_str())) {
        return path.split_once('?').map_or(Ok(None), |(_, query)| Cmcd::of_query(query));
    }
    let values = CMCD_HEADERS.iter().flat_map(|name| headers.get_all(*name));
    Cmcd::of_dictionaries(values.filter_map(|value| value.to_str().ok()))
}

/// The event for the CMCD data, if there is any.
pub(in crate::proxy) fn event(request: &Arc<RequestTag>, cmcd: RequestCmcd) -> Option<Event> {
    let request = Arc::clone(request);
    match cmcd {
        Ok(report) => Some(Event::PlayerReported { request, report: report?, collector: None }),
        Err(UnknownVersion) => Some(Event::PlayerReportIgnored { request, reason: "version" }),
    }
}

/// Removes all CMCD data, so that neither rules nor the origin see it.
pub(in crate::proxy) fn strip(path: &mut String, headers: &mut HeaderMap<HeaderValue>) {
    for name in CMCD_HEADERS {
        headers.remove(name);
    }
    if let std::borrow::Cow::Owned(bare) = without_cmcd(path) {
        *path = bare;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripped_is_as_if_it_was_never_said() {
        let mut headers = HeaderMap::new();
        headers.insert("cmcd-status", HeaderValue::from_static("bs"));
        headers.insert("x-kept", HeaderValue::from_static("1"));
        let mut path = "/a?t=%2F&CMCD=bl%3D1000&u".to_owned();
        assert!(read(&path, &headers).unwrap().unwrap().starved);
        strip(&mut path, &mut headers);
        assert_eq!((&*path, headers.len()), ("/a?t=%2F&u", 1));
        assert_eq!(read(&path, &headers), Ok(None));
    }

    #[test]
    fn headers_go_before_the_query() {
        let path = "/a?CMCD=bl%3D1000%2Cbs";
        let told = |name: &'static str, value: &'static [u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_bytes(value).unwrap());
            read(path, &headers)
        };
        assert!(read(path, &HeaderMap::new()).unwrap().unwrap().starved);
        assert_eq!(told("cmcd-object", b"ot=v").unwrap().unwrap().buffer, None);
        for unreadable in [&b""[..], b"\xff\xfe", b"=1,,("] {
            assert_eq!(told("cmcd-status", unreadable), Ok(None));
        }
        assert_eq!(told("cmcd-session", b"v=3"), Err(UnknownVersion));
    }
}
