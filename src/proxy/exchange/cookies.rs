//! Rewrites cookies so that they work inside a session, where the player sees another host and other paths.

use super::headers;
use crate::sessions::{Address, CookieScope, Session, UpstreamUrl, domain_matches};
use http::{
    HeaderMap, HeaderValue,
    header::{self, Entry},
};

/// The prefix added to cookie names that only secure responses may set (RFC 6265bis §4.1.3).
const MARK: &str = "vsps.";

/// How the player sees the request: its address and scheme.
#[derive(Debug, Clone)]
pub(in crate::proxy) struct PlayerView {
    /// The part of the player's address before the path at the origin.
    prefix: String,
    /// The prefix of all addresses of the session.
    root: String,
    /// The player uses TLS, to a server in front of the proxy.
    secure: bool,
}

impl PlayerView {
    /// The player's view of a request for `address` (path and query as the player sent them). `None` if the address
    /// names no session and `known` is false.
    pub(in crate::proxy) fn new(address: &str, known: bool, secure: bool) -> Option<Self> {
        let path = address.split('?').next().unwrap_or_default();
        let parsed = Address::parse(path).ok()?;
        let root = match parsed.session {
            Some(id) => format!("/-/s/{id}"),
            None if known => String::new(),
            None => return None,
        };
        let prefix = path.strip_suffix(parsed.path).unwrap_or(path).to_owned();
        Some(Self { prefix, root, secure })
    }
}

/// Rewrites the cookies that `origin` sets in its response to a request for `path`, where the player would
/// otherwise reject them or not send them back.
pub(in crate::proxy) fn rewrite_set_cookie(
    headers: &mut HeaderMap,
    view: &PlayerView,
    session: &Session,
    url: &UpstreamUrl,
) {
    let Entry::Occupied(mut set) = headers.entry(header::SET_COOKIE) else { return };
    for value in set.iter_mut() {
        let Some((changed, scope)) = rewritten(&headers::latin_text(value), view, url) else {
            continue;
        };
        if let Some(scope) = scope {
            session.note_cookie(scope);
        }
        if let Some(changed) = headers::latin_value(&changed) {
            *value = changed;
        }
    }
}

/// Restores the original names of the cookies in a request, and removes those that are for other hosts.
pub(in crate::proxy) fn restore(headers: &mut HeaderMap, session: &Session, url: &UpstreamUrl) {
    let mut texts = headers.get_all(header::COOKIE).iter().map(headers::latin_text);
    if !session.shares_cookies() && !texts.any(|text| text.contains(MARK)) {
        return;
    }
    let kept: Vec<HeaderValue> = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| {
            let text = headers::latin_text(value);
            let pairs = text.split(';').map(str::trim).filter_map(|pair| {
                let pair = original(pair);
                let name = pair.split('=').next().unwrap_or_default();
                session.may_send_cookie(name, url).then_some(pair)
            });
            let pairs: Vec<_> = pairs.collect();
            (!pairs.is_empty()).then(|| headers::latin_value(&pairs.join("; "))).flatten()
        })
        .collect();
    headers.remove(header::COOKIE);
    for value in kept {
        headers.append(header::COOKIE, value);
    }
}

/// A cookie with the name that the origin gave it.
fn original(pair: &str) -> &str {
    pair.strip_prefix(MARK).filter(|rest| is_guarded(rest)).unwrap_or(pair)
}

/// Whether browsers accept the name only with `Secure`, or only without a `Domain`.
fn is_guarded(name: &str) -> bool {
    ["__secure-", "__host-", "__http-", "__hosthttp-"]
        .iter()
        .any(|guard| name.get(..guard.len()).is_some_and(|start| start.eq_ignore_ascii_case(guard)))
}

/// The `Set-Cookie` value for the player, and its scope if it is for more than one host. `None`: it needs no
/// change.
fn rewritten(
    text: &str,
    view: &PlayerView,
    url: &UpstreamUrl,
) -> Option<(String, Option<CookieScope>)> {
    let mut parts = text.split(';');
    let pair = parts.next()?.trim();
    let attributes: Vec<(&str, &str)> =
        parts.map(|part| part.trim().split_once('=').unwrap_or((part.trim(), ""))).collect();
    let last = |name: &str| {
        let mut found = attributes.iter().rev().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| *value)
    };
    let domain = last("domain").map(|domain| domain.trim_start_matches('.').to_ascii_lowercase());
    let exposed = !view.secure && last("secure").is_some();
    let moved =
        last("path").filter(|path| path.starts_with('/')).is_some_and(|_| !view.prefix.is_empty());
    if domain.is_none() && !exposed && !moved {
        return None;
    }
    let host = url.origin.authority.host();
    let shared = domain
        .filter(|domain| !domain.is_empty() && !host.eq_ignore_ascii_case(domain))
        .filter(|domain| domain_matches(host, domain));
    let given = last("path").filter(|path| path.starts_with('/'));
    let guard = is_guarded(pair) && (exposed || !view.prefix.is_empty());
    let mut out = format!("{}{pair}", if guard { MARK } else { "" });
    let below = match (&shared, given) {
        (Some(_), _) => Some(format!("{}/", view.root)),
        (None, Some(path)) => Some(format!("{}{path}", view.prefix)),
        (None, None) => None,
    };
    if let Some(below) = below {
        out += &format!("; Path={below}");
    }
    for (key, value) in &attributes {
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        let gone = is("domain")
            || is("path")
            || exposed
                && (is("secure")
                    || is("partitioned")
                    || is("samesite") && value.trim().eq_ignore_ascii_case("none"));
        if !gone && !key.is_empty() {
            out += &if value.is_empty() { format!("; {key}") } else { format!("; {key}={value}") };
        }
    }
    let name = pair.split('=').next().unwrap_or_default().trim().to_owned();
    let scope = shared.map(|domain| CookieScope {
        name,
        domain,
        path: given.map_or_else(|| folder(&url.path), str::to_owned),
    });
    Some((out, scope))
}

/// The default path of a cookie (RFC 6265 §5.1.4).
fn folder(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, address: &str, host: &str) -> Option<(String, Option<CookieScope>)> {
        let side = PlayerView::new(address, false, false).unwrap();
        rewritten(text, &side, &format!("https://{host}/v/a.m3u8").parse().unwrap())
    }

    #[test]
    fn cookies_are_usable_where_the_player_is() {
        let default = "/-/s/k7/v/a.m3u8?x";
        let other = "/-/s/k7/-/o/https/cdn.example.com/v/a.m3u8";
        for (text, address, host, expected) in [
            ("a=1", default, "o.test", None),
            ("a=1; HttpOnly; Max-Age=5", default, "o.test", None),
            ("a=1; Domain=o.test", default, "o.test", Some("a=1")),
            ("a=1; Domain=cdn.example", default, "127.0.0.1:80", Some("a=1")),
            (
                "a=1; path=/v; Secure; HttpOnly",
                default,
                "o.test",
                Some("a=1; Path=/-/s/k7/v; HttpOnly"),
            ),
            ("a=b=c; Secure; SameSite=None; Partitioned", default, "o.test", Some("a=b=c")),
            ("a=1; Secure; SameSite=Lax", default, "o.test", Some("a=1; SameSite=Lax")),
            (
                "a=1; Path=/; Expires=Wed, 21 Oct 2099 07:28:00 GMT",
                other,
                "cdn.example.com",
                Some(
                    "a=1; Path=/-/s/k7/-/o/https/cdn.example.com/; Expires=Wed, 21 Oct 2099 07:28:00 GMT",
                ),
            ),
            (
                "__Host-a=1; Path=/; Secure",
                default,
                "o.test",
                Some("vsps.__Host-a=1; Path=/-/s/k7/"),
            ),
            ("__Secure-a=1; Secure", default, "o.test", Some("vsps.__Secure-a=1")),
        ] {
            let got = set(text, address, host);
            assert_eq!(got.as_ref().map(|(text, _)| &**text), expected, "{text}");
            assert!(got.is_none_or(|(_, scope)| scope.is_none()), "{text}");
        }
    }

    #[test]
    fn a_cookie_of_several_hosts_is_kept_for_the_session() {
        let at = "/-/s/k7/-/o/https/www.example.com/v/a.m3u8";
        let (text, scope) = set("k=1; Domain=.Example.com; Secure", at, "www.example.com").unwrap();
        assert_eq!(text, "k=1; Path=/-/s/k7/");
        let expected = CookieScope {
            name: "k".to_owned(),
            domain: "example.com".to_owned(),
            path: "/v".to_owned(),
        };
        assert_eq!(scope, Some(expected));
    }

    #[test]
    fn without_a_session_nothing_is_changed() {
        assert!(PlayerView::new("/a?b", false, false).is_none());
        let view = PlayerView::new("/-/o/http/a.test/b", true, true).unwrap();
        assert_eq!((&*view.prefix, &*view.root), ("/-/o/http/a.test", ""));
        let url = "https://a.test/b".parse().unwrap();
        assert_eq!(rewritten("a=1; Secure", &view, &url), None);
    }
}
