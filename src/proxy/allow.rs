//! Which hosts may be fetched: closed unless opened.

use super::config::ProxyConfig;
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
