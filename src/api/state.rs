//! The state shared by the handlers of the control plane.

use super::audit::AuditLog;
use crate::{
    observers::{Analytics, Feed, Recorder},
    profiles::Catalog,
    sessions::{AccessToken, Registry, Role},
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// The state shared by the handlers of the control plane. Cheap to clone.
#[derive(Clone)]
pub struct State {
    pub(super) registry: Arc<Registry>,
    pub(super) catalog: Arc<Catalog>,
    pub(super) recorder: Arc<Recorder>,
    pub(super) feed: Arc<Feed>,
    pub(super) analytics: Arc<Analytics>,
    /// The address at which players connect.
    pub(super) listen: SocketAddr,
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    /// What they reach it as, if that was set: `scheme://host`.
    pub(super) public_url: Option<Arc<str>>,
    /// Whether the default origin is the built-in one.
    pub(super) built_in_origin: bool,
    /// Who may use the API; empty = everybody on this machine.
    pub(super) tokens: Arc<[AccessToken]>,
    pub(super) audit: Option<Arc<AuditLog>>,
    /// How many sessions have metrics of their own.
    pub(super) session_metrics: usize,
    draining: Arc<AtomicBool>,
}

impl State {
    /// The state of a process. An empty token counts as no token.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        catalog: Arc<Catalog>,
        recorder: Arc<Recorder>,
        feed: Arc<Feed>,
        analytics: Arc<Analytics>,
        listen: SocketAddr,
        token: Option<String>,
    ) -> Self {
        let admin = |secret: String| AccessToken {
            role: Role::Admin,
            secret: secret.into(),
            namespace: None,
        };
        let tokens = token.filter(|token| !token.is_empty()).map(admin).into_iter().collect();
        Self {
            registry,
            catalog,
            recorder,
            feed,
            analytics,
            listen,
            scheme: "http",
            public_url: None,
            built_in_origin: false,
            tokens,
            audit: None,
            session_metrics: 0,
            draining: Arc::default(),
        }
    }

    /// The same for a proxy that players reach at `public_url`, if one is given.
    #[must_use]
    pub fn reached_at(self, public_url: Option<Arc<str>>) -> Self {
        Self { public_url, ..self }
    }

    /// The same for a proxy that players reach by `scheme`, which is `http` or `https`.
    #[must_use]
    pub fn over(self, scheme: &'static str) -> Self {
        Self { scheme, ..self }
    }

    /// The same for a proxy whose default origin is the built-in one, if `built_in`.
    #[must_use]
    pub fn serving_built_in(self, built_in: bool) -> Self {
        Self { built_in_origin: built_in, ..self }
    }

    /// The same with further tokens.
    #[must_use]
    pub fn with_tokens(self, more: Vec<AccessToken>) -> Self {
        Self { tokens: self.tokens.iter().cloned().chain(more).collect(), ..self }
    }

    /// The same with an audit log, if one is given.
    #[must_use]
    pub fn with_audit(self, audit: Option<Arc<AuditLog>>) -> Self {
        Self { audit, ..self }
    }

    /// The same with metrics of up to `most` single sessions.
    #[must_use]
    pub fn with_session_metrics(self, most: usize) -> Self {
        Self { session_metrics: most, ..self }
    }

    /// Makes `/readyz` answer 503 from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
