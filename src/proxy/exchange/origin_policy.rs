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
    if origin.authority == session.origin.authority {
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
    if origin.authority == session.origin.authority {
        return Some(Reach::Own);
    }
    if config.allow.iter().any(|pattern| pattern.matches(origin)) {
        return Some(Reach::Allowed);
    }
    config.forward.as_ref().is_some_and(|forward| forward.open).then_some(Reach::Asked)
}

/// Whether any session may be started with `origin`: it is the default origin's host, or one allowed on the
/// command line.
pub(in crate::proxy) fn allowed_to_all(proxy: &Proxy, origin: &Origin) -> bool {
    origin.authority == proxy.registry.config().origin.authority
        || proxy.config.allow.iter().any(|pattern| pattern.matches(origin))
}
