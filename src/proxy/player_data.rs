//! What a player tells about itself with its requests (CMCD): read, and taken away when asked.

use crate::media::{CMCD_HEADERS, Cmcd, without_cmcd};
use http::{HeaderMap, HeaderValue};

/// What the headers, or else the query of `path`, say.
pub(super) fn read(path: &str, headers: &HeaderMap) -> Option<Cmcd> {
    let values = CMCD_HEADERS.iter().flat_map(|name| headers.get_all(*name));
    let by_headers = Cmcd::of_dictionaries(values.filter_map(|value| value.to_str().ok()));
    by_headers.or_else(|| Cmcd::of_query(path.split_once('?')?.1))
}

/// Takes it all away, before rules and origin see it.
pub(super) fn strip(path: &mut String, headers: &mut HeaderMap<HeaderValue>) {
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
        assert!(read(&path, &headers).unwrap().starved);
        strip(&mut path, &mut headers);
        assert_eq!((&*path, headers.len()), ("/a?t=%2F&u", 1));
        assert_eq!(read(&path, &headers), None);
    }
}
