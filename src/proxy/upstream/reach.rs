//! Which addresses an exchange may connect to.

use crate::sessions::Origin;

/// Why a host may be fetched from. This decides which addresses it may have.
#[derive(Debug, Clone, Copy)]
pub(in crate::proxy) enum Reach<'a> {
    /// It is the session's default origin: any address.
    Own,
    /// The user allowed it: any address.
    Allowed,
    /// It is in a request of a client of the forward proxy: public addresses only.
    Forwarded,
    /// A manifest or redirect of the session named it; the value is the session's default origin. Private addresses are
    /// allowed only if that origin has only private ones.
    NamedBy(&'a Origin),
}
