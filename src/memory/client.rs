//! What one client makes the process hold.

use super::{
    account::{Account, Reserve},
    part::Part,
    used_up::UsedUp,
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// What one client makes the process hold.
#[derive(Debug)]
pub struct ClientMemory {
    account: Arc<Account>,
    number: u64,
    most: usize,
    used: AtomicUsize,
}

impl ClientMemory {
    /// A client that gets at most `most` bytes.
    pub(super) fn new(account: Arc<Account>, number: u64, most: usize) -> Self {
        Self { account, number, most, used: AtomicUsize::new(0) }
    }

    /// Its number, which no other client has.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Checks that `bytes` more can be taken now. If they cannot, memory that can be freed is freed first.
    ///
    /// # Errors
    /// When they cannot be taken, which counts as a refusal.
    pub fn check(&self, part: Part, bytes: usize) -> Result<(), UsedUp> {
        self.take(part, bytes, Reserve::Kept)?;
        self.give_back(part, bytes);
        Ok(())
    }

    /// Takes `bytes`, of the reserve too if that may be used.
    pub(super) fn take(&self, part: Part, bytes: usize, reserve: Reserve) -> Result<(), UsedUp> {
        let given = self.take_once(part, bytes, reserve).or_else(|used_up| {
            let whose = (used_up == UsedUp::Client).then_some(self.number);
            self.account.reclaim(whose, bytes);
            self.take_once(part, bytes, reserve)
        });
        given.inspect_err(|_| self.account.count_refusal(part))
    }

    fn take_once(&self, part: Part, bytes: usize, reserve: Reserve) -> Result<(), UsedUp> {
        let before = self.used.fetch_add(bytes, Relaxed);
        let refused = if before.saturating_add(bytes) > reserve.on(self.most) {
            UsedUp::Client
        } else if self.account.take(part, bytes, reserve) {
            return Ok(());
        } else {
            UsedUp::Process
        };
        self.used.fetch_sub(bytes, Relaxed);
        Err(refused)
    }

    /// Adds `bytes` that are held already.
    pub(super) fn add(&self, part: Part, bytes: usize) {
        self.used.fetch_add(bytes, Relaxed);
        self.account.add(part, bytes);
    }

    pub(super) fn give_back(&self, part: Part, bytes: usize) {
        self.used.fetch_sub(bytes, Relaxed);
        self.account.give_back(part, bytes);
    }
}
