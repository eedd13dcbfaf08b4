//! The toxics of one proxy; connections follow changes.

use super::{direction::Direction, error::ApiError, toxic::Toxic};
use crate::profiles::Catalog;
use std::sync::Arc;
use tokio::sync::watch;

/// The most toxics of a proxy.
const MOST: usize = 64;

/// A version of the list, in the order in which toxics were added.
pub(super) type ToxicList = Arc<[Arc<Toxic>]>;

/// The toxics of a proxy.
#[derive(Debug)]
pub(super) struct Toxics {
    list: watch::Sender<ToxicList>,
    last_id: u64,
}

impl Default for Toxics {
    fn default() -> Self {
        Self { list: watch::Sender::new(Arc::new([])), last_id: 0 }
    }
}

impl Toxics {
    /// For a connection: the present toxics and all later ones.
    pub(super) fn follow(&self) -> watch::Receiver<ToxicList> {
        self.list.subscribe()
    }

    /// All of them, those of upstream first, as toxiproxy lists them.
    pub(super) fn list(&self) -> Vec<Arc<Toxic>> {
        let list = Arc::clone(&self.list.borrow());
        let of = |direction| list.iter().filter(move |toxic| toxic.direction == direction);
        of(Direction::Upstream).chain(of(Direction::Downstream)).cloned().collect()
    }

    pub(super) fn get(&self, name: &str) -> Result<Arc<Toxic>, ApiError> {
        let list = self.list.borrow();
        let found = list.iter().find(|toxic| toxic.name == name);
        found.cloned().ok_or_else(ApiError::toxic_not_found)
    }

    /// Adds the toxic of a request body. It affects open connections at once.
    pub(super) fn add(&mut self, body: &[u8], catalog: &Catalog) -> Result<Arc<Toxic>, ApiError> {
        let list = Arc::clone(&self.list.borrow());
        let taken = |name: &str| list.iter().any(|toxic| toxic.name == name);
        let toxic = Arc::new(Toxic::read(self.last_id + 1, body, catalog, taken)?);
        if list.len() >= MOST {
            return Err(ApiError::too_many("toxics on this proxy"));
        }
        self.last_id += 1;
        self.list.send_replace(list.iter().chain([&toxic]).cloned().collect());
        Ok(toxic)
    }

    /// Changes the toxic `name` as a request body says, on open connections too.
    pub(super) fn update(
        &self,
        name: &str,
        body: &[u8],
        catalog: &Catalog,
    ) -> Result<Arc<Toxic>, ApiError> {
        let before = self.get(name)?;
        let changed = Arc::new(before.changed(body, catalog)?);
        let list = Arc::clone(&self.list.borrow());
        let replaced =
            |toxic: &Arc<Toxic>| Arc::clone(if toxic.id == changed.id { &changed } else { toxic });
        self.list.send_replace(list.iter().map(replaced).collect());
        Ok(changed)
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), ApiError> {
        let removed = self.get(name)?;
        let list = Arc::clone(&self.list.borrow());
        let others = list.iter().filter(|toxic| toxic.id != removed.id);
        self.list.send_replace(others.cloned().collect());
        Ok(())
    }

    pub(super) fn remove_all(&self) {
        self.list.send_replace(Arc::new([]));
    }
}
