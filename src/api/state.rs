//! What the control plane's handlers share.

use crate::{metrics::Recorder, profiles::Catalog, sessions::Registry};
use std::{net::SocketAddr, sync::Arc};

/// What the control plane's handlers share. Cheap to clone.
#[derive(Clone)]
pub struct State {
    pub(super) registry: Arc<Registry>,
    pub(super) catalog: Arc<Catalog>,
    pub(super) recorder: Arc<Recorder>,
    /// Where players connect: the base of session URLs.
    pub(super) listen: SocketAddr,
    pub(super) token: Option<Arc<str>>,
}

impl State {
    /// The state of a process.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        catalog: Arc<Catalog>,
        recorder: Arc<Recorder>,
        listen: SocketAddr,
        token: Option<String>,
    ) -> Self {
        Self { registry, catalog, recorder, listen, token: token.map(Arc::from) }
    }
}
