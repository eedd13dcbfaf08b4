//! Cookies with a `Domain` attribute: remembers which hosts of a session each cookie is for.

use super::host::Origin;
use std::collections::VecDeque;

/// Cookies remembered. When there are more, the oldest is forgotten, and is then sent to every host.
const MOST: usize = 64;

/// The scope of a cookie with a `Domain` (RFC 6265 §5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieScope {
    /// Its name.
    pub name: String,
    /// The domain whose hosts get the cookie, in lower case and without a leading dot.
    pub domain: String,
    /// The path below which the cookie is sent.
    pub path: String,
}

/// The cookies of a session that are for more than one host. The player sees one host, and sends them all to it.
#[derive(Debug, Default)]
pub struct Cookies(VecDeque<CookieScope>);

impl Cookies {
    /// Records that the player receives a cookie with this scope.
    pub fn note(&mut self, scope: CookieScope) {
        if self.0.contains(&scope) {
            return;
        }
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(scope);
    }

    /// Whether no cookie is recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the cookie `name` may be sent to `path` at `origin`. A cookie that is not recorded may.
    #[must_use]
    pub fn may_go(&self, name: &str, origin: &Origin, path: &str) -> bool {
        let mut known = self.0.iter().filter(|scope| scope.name == name).peekable();
        let host = origin.authority.host();
        known.peek().is_none()
            || known
                .any(|scope| domain_matches(host, &scope.domain) && path_matches(path, &scope.path))
    }
}

/// Whether `host` is `domain` or one below it (RFC 6265 §5.1.3).
#[must_use]
pub fn domain_matches(host: &str, domain: &str) -> bool {
    let Some(at) = host.len().checked_sub(domain.len()) else { return false };
    let same = host.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(domain));
    let is_name = host.parse::<std::net::IpAddr>().is_err() && !host.starts_with('[');
    same && (at == 0 || is_name && host.as_bytes()[at - 1] == b'.')
}

/// Whether the path of a request is `scope` or lies below it (RFC 6265 §5.1.4).
fn path_matches(path: &str, scope: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    path.strip_prefix(scope)
        .is_some_and(|rest| rest.is_empty() || scope.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_cookie_goes_to_hosts_of_its_domain_alone() {
        let mut cookies = Cookies::default();
        let scope = |path: &str| CookieScope {
            name: "sid".to_owned(),
            domain: "example.com".to_owned(),
            path: path.to_owned(),
        };
        cookies.note(scope("/v"));
        let goes = |cookies: &Cookies, name, host, path| {
            cookies.may_go(name, &Origin::new("https", host).unwrap(), path)
        };
        for (name, host, path, expected) in [
            ("sid", "cdn.example.com", "/v/1.ts?a", true),
            ("sid", "EXAMPLE.com:8443", "/v", true),
            ("sid", "cdn.example.com", "/video", false),
            ("sid", "badexample.com", "/v/1.ts", false),
            ("sid", "other.net", "/v/1.ts", false),
            ("unknown", "other.net", "/", true),
        ] {
            assert_eq!(goes(&cookies, name, host, path), expected, "{host}{path}");
        }
        for number in 0..1000 {
            cookies.note(scope(&format!("/{number}")));
        }
        assert_eq!(cookies.0.len(), MOST);
    }
}
