//! What an exchange may reach.

use crate::sessions::Origin;

/// Why a host may be fetched, which decides what addresses it may have.
#[derive(Debug, Clone, Copy)]
pub(in crate::proxy) enum Reach<'a> {
    /// It is the session's default origin: any address.
    Own,
    /// The user allowed it: any address.
    Allowed,
    /// A manifest or redirect of the session named it, whose default origin this is: private addresses only if that
    /// one has none but private ones.
    NamedBy(&'a Origin),
}
