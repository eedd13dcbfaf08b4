//! Parses and writes the addresses of the data plane.
//!
//! ```text
//! /PATH?QUERY                       the default origin
//! /-/o/SCHEME/HOST[:PORT]/PATH      another origin
//! /-/s/ID/…                         either of these, inside session ID
//! …/-/root/PATH                     PATH at the same origin
//! /-/cmcd                           the collector of CMCD reports, also inside a session
//! ```
//!
//! The last form is for references that a player resolves against several base URLs on different hosts: one
//! relative reference then reaches the root of each host.

use super::host::Origin;
use std::fmt::Write as _;

/// The prefix of a relative reference that resolves to the root of its base URL's origin.
pub(super) const ROOT: &str = "-/root";
/// The same prefix inside an absolute path.
const ROOT_FOLDER: &str = "/-/root/";

/// The origin that a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The default origin (of the session or the proxy).
    Default,
    /// The origin named in the address.
    Named(Origin),
}

/// A parsed data-plane address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address<'a> {
    /// The id of the session in the address, if there is one.
    pub session: Option<&'a str>,
    /// The origin.
    pub target: Target,
    /// Path and query at the origin, with the leading slash.
    pub path: &'a str,
}

/// Why an address below `/-/` is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither `/-/s/` nor `/-/o/` nor `/-/cmcd`.
    #[error(
        "addresses under /-/ are /-/s/ID/…, /-/o/SCHEME/HOST/… and /-/cmcd; with --tls local or --intercept also \
         /-/ca, and with --forward also /-/proxy.pac. If the origin has a path under /-/ itself, write a session or the \
         origin before it: /-/s/ID/-/…, or /-/o/SCHEME/HOST/-/…"
    )]
    Unknown,
    /// `/-/o/` without a usable scheme and host.
    #[error("write /-/o/http/HOST/PATH or /-/o/https/HOST/PATH")]
    Origin,
}

impl<'a> Address<'a> {
    /// Parses `path`, the path and query of a request.
    ///
    /// # Errors
    /// When it starts with `/-/` but not as one of the forms above.
    pub fn parse(path: &'a str) -> Result<Self, AddressError> {
        let Some(rest) = path.strip_prefix("/-/") else {
            return Ok(Self { session: None, target: Target::Default, path: at_root(path) });
        };
        if is_collector(path) {
            return Ok(Self { session: None, target: Target::Default, path });
        }
        if rest.starts_with("root/") {
            return Ok(Self { session: None, target: Target::Default, path: at_root(path) });
        }
        if let Some(rest) = rest.strip_prefix("s/") {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (id, inner) = rest.split_at(end);
            if id.is_empty() || inner.starts_with("/-/s/") {
                return Err(AddressError::Unknown);
            }
            let inner = if inner.starts_with('/') { inner } else { "/" };
            if !is_address(inner) {
                // The origin may have paths below `/-/` of its own.
                let path = at_root(inner);
                return Ok(Self { session: Some(id), target: Target::Default, path });
            }
            return Ok(Self { session: Some(id), ..Self::parse(inner)? });
        }
        let rest = rest.strip_prefix("o/").ok_or(AddressError::Unknown)?;
        let (scheme, rest) = rest.split_once('/').ok_or(AddressError::Origin)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, inner) = rest.split_at(end);
        let origin = Origin::new(scheme, authority).ok_or(AddressError::Origin)?;
        // A query directly after the host has no path: use `/`.
        let path = if inner.starts_with('/') { inner } else { "/" };
        Ok(Self { session: None, target: Target::Named(origin), path: at_root(path) })
    }

    /// The address of `path` at `target`, inside `session` if one is given.
    #[must_use]
    pub fn write(session: Option<&str>, target: &Target, path: &str) -> String {
        let mut text = prefix(session, target);
        text.push_str(path);
        text
    }
}

/// Returns what follows the last `/-/root` in `path`, or `path` itself if there is none.
fn at_root(path: &str) -> &str {
    // Nearly all paths are without.
    if !path.as_bytes().windows(ROOT.len() + 1).any(|part| part == b"/-/root") {
        return path;
    }
    let end = path.find('?').unwrap_or(path.len());
    let marked = path.get(..end).and_then(|path| path.rfind("/-/root/"));
    marked.and_then(|at| path.get(at + 1 + ROOT.len()..)).unwrap_or(path)
}

/// Whether `path` is that of the collector of CMCD reports: `/-/cmcd`, with anything below it.
#[must_use]
pub fn is_collector(path: &str) -> bool {
    let below = path.strip_prefix("/-/cmcd");
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// Whether `path`, as the player requests it, names a session.
#[must_use]
pub fn names_session(path: &str) -> bool {
    path.starts_with("/-/s/")
}

/// Whether `path` is one of the proxy's own forms below `/-/`, not a path of an origin.
#[must_use]
pub(super) fn is_address(path: &str) -> bool {
    ["/-/s/", "/-/o/", ROOT_FOLDER].iter().any(|ours| path.starts_with(ours))
}

/// The part of an address before the origin's path.
pub(super) fn prefix(session: Option<&str>, target: &Target) -> String {
    let mut text = String::new();
    // Writing to a String can't fail.
    if let Some(id) = session {
        let _ = write!(text, "/-/s/{id}");
    }
    if let Target::Named(origin) = target {
        let _ = write!(text, "/-/o/{}/{}", origin.scheme, origin.authority);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_three_forms() {
        let plain = Address::parse("/a/b.m3u8?x=/-/s/1").unwrap();
        assert_eq!(
            (plain.session, plain.target, plain.path),
            (None, Target::Default, "/a/b.m3u8?x=/-/s/1")
        );
        let other = Address::parse("/-/o/https/cdn.example:8443/a?b").unwrap();
        let origin = Origin::new("https", "cdn.example:8443").unwrap();
        assert_eq!(
            (other.session, other.target, other.path),
            (None, Target::Named(origin.clone()), "/a?b")
        );
        let inside = Address::parse("/-/s/k7/-/o/https/cdn.example:8443/a?b").unwrap();
        assert_eq!(
            (inside.session, inside.target, inside.path),
            (Some("k7"), Target::Named(origin), "/a?b")
        );
        assert_eq!(Address::parse("/-/s/k7").unwrap().path, "/");
    }

    #[test]
    fn the_collector_is_found_inside_a_session_and_without_one() {
        for (path, session) in [("/-/cmcd", None), ("/-/s/k7/-/cmcd/a?b", Some("k7"))] {
            let address = Address::parse(path).unwrap();
            assert_eq!((address.session, is_collector(address.path)), (session, true), "{path}");
        }
        assert!(Address::parse("/-/cmcdx").is_err());
        assert!(!is_collector("/cmcd"));
    }

    #[test]
    fn roots_of_several_bases() {
        for (text, path) in [
            ("/-/s/k7/-/o/https/cdn.example/a/b/-/root/c/d?e", "/c/d?e"),
            ("/-/s/k7/a/-/root/c", "/c"),
            ("/-/s/k7/-/root/c", "/c"),
            ("/a/-/root/c", "/c"),
            ("/-/root/c?/-/root/d", "/c?/-/root/d"),
            ("/a/-/rooted", "/a/-/rooted"),
        ] {
            assert_eq!(Address::parse(text).unwrap().path, path, "{text}");
        }
    }

    #[test]
    fn paths_of_an_origin_that_look_like_ours() {
        for path in
            ["/-/snippets/1/raw/i.m3u8", "/-/", "/-/-/o", "/-/settings?a=/-/s/1", "/a/-/s/b"]
        {
            let text = format!("/-/s/k7{path}");
            let address = Address::parse(&text).unwrap();
            assert_eq!(
                (address.session, address.target, address.path),
                (Some("k7"), Target::Default, path)
            );
            let text = format!("/-/s/k7/-/o/https/h{path}");
            assert_eq!(Address::parse(&text).unwrap().path, path);
        }
    }

    #[test]
    fn what_means_nothing() {
        for text in ["/-/x", "/-/s/", "/-/s/a/-/s/b/c", "/-/"] {
            assert_eq!(Address::parse(text), Err(AddressError::Unknown), "{text}");
        }
        for text in ["/-/o/ftp/h/p", "/-/o/https", "/-/o/https/", "/-/o/http/u@h/p"] {
            assert_eq!(Address::parse(text), Err(AddressError::Origin), "{text}");
        }
    }

    proptest! {
        #[test]
        fn written_then_read_is_the_same(id in proptest::option::of("[a-z0-9]{1,12}"), named: bool, path in "/[a-z0-9/._-]{0,20}(\\?[a-z=&/]{0,9})?") {
            prop_assume!(!path.starts_with("/-/"));
            let target = if named { Target::Named(Origin::new("http", "h:81").unwrap()) } else { Target::Default };
            let text = Address::write(id.as_deref(), &target, &path);
            let address = Address::parse(&text).unwrap();
            prop_assert_eq!(address, Address { session: id.as_deref(), target, path: &path });
        }

        #[test]
        fn any_text_is_read_or_refused(text in "/.{0,60}") {
            let _ = Address::parse(&text);
        }
    }
}
