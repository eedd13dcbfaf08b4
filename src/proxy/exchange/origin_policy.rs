//! Which hosts may be fetched from: none, unless allowed or opened.

use super::proxy::Proxy;
use crate::proxy::{config::ProxyConfig, upstream::Reach};
use crate::{
    media::Resource,
    sessions::{Origin, Session},
};

/// Why `session` may fetch `resource` from `origin`: it is the default origin, or its host is allowed on the command
/// line, or, if no hosts are given there, a manifest or redirect of the session named it. `None`: not allowed.
pub(in crate::proxy) fn reach<'a>(
    config: &ProxyConfig,
    session: &'a Session,
    origin: &Origin,
    resource: &Resource,
) -> Option<Reach<'a>> {
    if origin.has_authority_of(&session.origin) {
        return Some(Reach::Own);
    }
    if config.allow.is_empty() {
        // A host in a variable is known only from the URLs that result from it.
        let reachable = !origin.is_private() || session.origin.is_private();
        if resource.rendition.is_some() && reachable {
            session.open(&origin.authority);
        }
        return session.opened(&origin.authority).then_some(Reach::NamedBy(&session.origin));
    }
    config.allow.iter().any(|pattern| pattern.matches(origin)).then_some(Reach::Allowed)
}

/// Why a client of the forward proxy may fetch from `origin` in `session`: it is the default origin, its host is allowed
/// on the command line, or every host is. `None`: not allowed.
pub(in crate::proxy) fn reach_forwarded<'a>(
    config: &ProxyConfig,
    session: &Session,
    origin: &Origin,
) -> Option<Reach<'a>> {
    if is_host_of(&session.origin, origin) {
        return Some(Reach::Own);
    }
    if config.allow.iter().any(|pattern| pattern.matches(origin)) {
        return Some(Reach::Allowed);
    }
    config.forward.as_ref().is_some_and(|forward| forward.open).then_some(Reach::Forwarded)
}

/// Whether `origin`, as a client of the forward proxy writes it, is the host of `own`. The target of CONNECT always has a
/// port, also the usual one of the scheme.
fn is_host_of(own: &Origin, origin: &Origin) -> bool {
    let same_port = origin.authority.host() == own.authority.host() && origin.port() == own.port();
    same_port || origin.authority == own.authority
}

/// Whether any session may be started with `origin`: it is the default origin's host, or one allowed on the
/// command line.
pub(in crate::proxy) fn allowed_to_all(proxy: &Proxy, origin: &Origin) -> bool {
    origin.authority == proxy.registry.config().origin.authority
        || proxy.config.allow.iter().any(|pattern| pattern.matches(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_origin_is_known_in_the_form_of_connect() {
        let is = |own: (&str, &str), origin: (&str, &str)| {
            let of = |(scheme, authority): (&str, &str)| Origin::new(scheme, authority).unwrap();
            is_host_of(&of(own), &of(origin))
        };
        // The target of CONNECT is taken for https.
        for (own, target) in [("a.test", "a.test:80"), ("a.test:8000", "a.test:8000")] {
            assert!(is(("http", own), ("https", target)), "{own} {target}");
        }
        assert!(is(("https", "a.test"), ("https", "a.test:443")));
        assert!(is(("http", "a.test:443"), ("https", "a.test:443")));
        for (own, target) in [("a.test", "b.test:80"), ("a.test", "a.test:8000")] {
            assert!(!is(("http", own), ("https", target)), "{own} {target}");
        }
    }
}
