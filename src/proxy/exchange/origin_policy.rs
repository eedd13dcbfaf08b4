//! Which hosts may be fetched: closed unless opened.

use super::service::Proxy;
use crate::proxy::{config::ProxyConfig, upstream::Reach};
use crate::{
    media::Resource,
    sessions::{Origin, Session},
};

/// What `session` may reach to fetch `resource` from `origin`: its default origin, a host allowed on the command
/// line, or, when none were given there, a host that a manifest or redirect named to it. `None`: nothing.
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
        // Behind a variable a host is named by no more than the URLs that come of it.
        let reachable = !origin.is_private() || session.origin.is_private();
        if resource.rendition.is_some() && reachable {
            session.open(&origin.authority);
        }
        return session.opened(&origin.authority).then_some(Reach::NamedBy(&session.origin));
    }
    config.allow.iter().any(|pattern| pattern.matches(origin)).then_some(Reach::Allowed)
}

/// Whether any session may be started at `origin`: the default origin's host, or one allowed on the
/// command line.
pub(in crate::proxy) fn allowed_to_all(proxy: &Proxy, origin: &Origin) -> bool {
    origin.authority == proxy.registry.config().origin.authority
        || proxy.config.allow.iter().any(|pattern| pattern.matches(origin))
}
