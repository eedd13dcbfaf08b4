//! The sessions that are here, by what they are found with.

use crate::sessions::{Session, label::namespace, viewer::Viewer};
use foldhash::fast::RandomState;
use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::Arc,
};

/// All sessions, and what they are found with.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    pub(super) by_id: HashMap<Arc<str>, Arc<Session>, RandomState>,
    by_ordinal: HashMap<u64, Arc<Session>, RandomState>,
    pub(super) by_viewer: HashMap<Viewer, Arc<Session>>,
    pub(super) newest: HashMap<IpAddr, Arc<Session>, RandomState>,
    /// The session of each address whose player began to request media last.
    pub(super) playing: HashMap<IpAddr, Arc<Session>, RandomState>,
    pub(super) anonymous: Option<Arc<Session>>,
    /// How many there are in each namespace.
    namespaces: HashMap<Box<str>, u64>,
}

impl Sessions {
    /// Adds `session` to those that are found by id.
    pub(super) fn add(&mut self, session: &Arc<Session>) {
        let tag = &session.tag;
        if self.by_id.insert(Arc::clone(&tag.id), Arc::clone(session)).is_some() {
            return;
        }
        self.by_ordinal.insert(tag.ordinal, Arc::clone(session));
        if let Some(space) = tag.label.as_deref().and_then(namespace) {
            *self.namespaces.entry(space.into()).or_default() += 1;
        }
    }

    /// The session with this ordinal.
    pub(super) fn with_ordinal(&self, ordinal: u64) -> Option<&Arc<Session>> {
        self.by_ordinal.get(&ordinal)
    }

    /// From now on `session` is not found by its ordinal, which is that of another session.
    pub(super) fn forget_ordinal(&mut self, session: &Session) {
        let own = |known: &Arc<Session>| std::ptr::eq(Arc::as_ptr(known), session);
        if self.by_ordinal.get(&session.tag.ordinal).is_some_and(own) {
            self.by_ordinal.remove(&session.tag.ordinal);
        }
    }

    /// How many sessions there are in `namespace`.
    pub(super) fn of_namespace(&self, namespace: &str) -> u64 {
        self.namespaces.get(namespace).copied().unwrap_or_default()
    }

    /// Removes `sessions`. Returns those that were there.
    pub(super) fn remove<'a>(&mut self, sessions: &'a [Arc<Session>]) -> Vec<&'a Arc<Session>> {
        let removed: Vec<_> = sessions.iter().filter(|session| self.remove_one(session)).collect();
        if removed.is_empty() {
            return removed;
        }
        let gone: HashSet<_> = removed.iter().map(|session| Arc::as_ptr(session)).collect();
        let stays = |session: &Arc<Session>| !gone.contains(&Arc::as_ptr(session));
        self.by_viewer.retain(|_, session| stays(session));
        self.newest.retain(|_, session| stays(session));
        self.playing.retain(|_, session| stays(session));
        self.anonymous.take_if(|session| !stays(session));
        removed
    }

    fn remove_one(&mut self, session: &Session) -> bool {
        let tag = &session.tag;
        if self.by_id.remove(&tag.id).is_none() {
            return false;
        }
        self.forget_ordinal(session);
        if let Some(space) = tag.label.as_deref().and_then(namespace)
            && let Some(count) = self.namespaces.get_mut(space)
        {
            *count -= 1;
            if *count == 0 {
                self.namespaces.remove(space);
            }
        }
        true
    }
}
