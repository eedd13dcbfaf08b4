//! The target of a redirect within a session.

use crate::sessions::UpstreamUrl;

/// The target of a redirect within the session.
pub(in crate::proxy) struct RedirectTarget {
    /// The URL at the origin.
    pub(in crate::proxy) url: UpstreamUrl,
    /// A rule made the redirect, not the origin.
    pub(in crate::proxy) ours: bool,
    /// The target is the requested resource.
    pub(in crate::proxy) same: bool,
    /// The URL is marked as part of a chain that a rule made.
    pub(in crate::proxy) marked: bool,
}
