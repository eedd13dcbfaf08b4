//! What is known of a manifest beside its bytes.

use crate::{
    proxy::{config::Limits, exchange::own_address::OwnAddress},
    sessions::UpstreamUrl,
};
use std::sync::Arc;

/// The origin and path of a manifest, and the address at which the player reaches the proxy.
pub(in crate::proxy) struct ManifestContext<'a> {
    pub(in crate::proxy) url: &'a UpstreamUrl,
    pub(in crate::proxy) own: &'a OwnAddress,
    /// `scheme://host` that the proxy's addresses in manifests are to begin with.
    pub(in crate::proxy) public: Option<&'a Arc<str>>,
    pub(in crate::proxy) limits: &'a Limits,
    /// A script is loaded: it may edit later, so the state of edits is kept.
    pub(in crate::proxy) scripted: bool,
    /// The player's URLs are those of the origin.
    pub(in crate::proxy) forwarded: bool,
}
