//! Which hosts may be fetched: closed unless opened.

use super::{config::ProxyConfig, exchange::Proxy};
use crate::sessions::{Origin, Session};

/// Whether `session` may fetch from `origin`: its default origin, a host allowed on the command
/// line, or, when none were given there, a host that a manifest or redirect named to it.
pub(super) fn allowed(config: &ProxyConfig, session: &Session, origin: &Origin) -> bool {
    if origin.authority == session.origin.authority {
        return true;
    }
    if config.allow.is_empty() {
        return session.opened(&origin.authority);
    }
    config.allow.iter().any(|pattern| pattern.matches(origin))
}

/// Whether any session may be started at `origin`: the default origin's host, or one allowed on the
/// command line.
pub(super) fn allowed_to_all(proxy: &Proxy, origin: &Origin) -> bool {
    origin.authority == proxy.registry.config().origin.authority
        || proxy.config.allow.iter().any(|pattern| pattern.matches(origin))
}
