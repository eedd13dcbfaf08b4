//! Memory that is held for one purpose, until this is dropped.

use super::{account::Reserve, client::ClientMemory, part::Part, used_up::UsedUp};
use std::sync::Arc;

/// Memory that is held for one purpose and charged to a client, until this is dropped.
#[derive(Debug)]
pub struct Charge {
    client: Arc<ClientMemory>,
    part: Part,
    bytes: usize,
}

impl Charge {
    /// A charge of no bytes.
    #[must_use]
    pub const fn new(client: Arc<ClientMemory>, part: Part) -> Self {
        Self { client, part, bytes: 0 }
    }

    /// The client that it is charged to.
    #[must_use]
    pub const fn client(&self) -> &Arc<ClientMemory> {
        &self.client
    }

    /// The bytes that are held.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes `bytes` more.
    ///
    /// # Errors
    /// When the budget, or the client's share, is used up.
    pub fn grow(&mut self, bytes: usize) -> Result<(), UsedUp> {
        self.client.take(self.part, bytes, Reserve::Kept)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Takes `bytes` more for what goes on already: up to an eighth above the bounds.
    ///
    /// # Errors
    /// When that is used up, too.
    pub fn stretch(&mut self, bytes: usize) -> Result<(), UsedUp> {
        self.client.take(self.part, bytes, Reserve::Used)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Adds `bytes` that are held already, also beyond the budget.
    pub fn add(&mut self, bytes: usize) {
        self.client.add(self.part, bytes);
        self.bytes += bytes;
    }

    /// Gives `bytes` back.
    pub fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.client.give_back(self.part, bytes);
        self.bytes -= bytes;
    }

    /// Records that `bytes` are held in all, also beyond the budget.
    pub fn set(&mut self, bytes: usize) {
        match bytes.checked_sub(self.bytes) {
            Some(more) => self.add(more),
            None => self.shrink(self.bytes - bytes),
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.client.give_back(self.part, self.bytes);
    }
}
