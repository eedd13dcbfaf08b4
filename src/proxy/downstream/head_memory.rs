//! What the heads of a connection of HTTP/1.1 take: charged to its client, from a usual length on.

use crate::memory::{Charge, ClientMemory, MemoryBudget, Part, UsedUp};
use std::{net::IpAddr, sync::Arc};

/// Heads up to this length are not charged: each connection has room for one.
const USUAL: usize = 8 * 1024;

/// What the longest head of a connection takes. The room for it stays until the connection closes.
pub(super) struct HeadMemory {
    budget: Arc<MemoryBudget>,
    client: IpAddr,
    charge: Option<Charge>,
}

impl HeadMemory {
    /// For a connection of `client`.
    pub(super) const fn new(budget: Arc<MemoryBudget>, client: IpAddr) -> Self {
        Self { budget, client, charge: None }
    }

    /// What the client of the connection makes the process hold.
    pub(super) fn client_memory(&self) -> Arc<ClientMemory> {
        self.budget.client(Some(self.client))
    }

    /// Charges a head of which `length` bytes have arrived.
    pub(super) fn hold(&mut self, length: usize) -> Result<(), UsedUp> {
        if length <= USUAL {
            return Ok(());
        }
        let client = || self.budget.client(Some(self.client));
        let charge = self.charge.get_or_insert_with(|| Charge::new(client(), Part::Heads));
        // The room for a head is doubled when it is full.
        let room = length.next_power_of_two();
        charge.grow(room.saturating_sub(charge.bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn long_heads_are_charged_until_the_connection_closes() {
        let budget = Arc::new(MemoryBudget::new(256 * 1024));
        let client = Ipv4Addr::LOCALHOST.into();
        let mut first = HeadMemory::new(Arc::clone(&budget), client);
        for (length, charged) in [(100, 0), (8192, 0), (8193, 16), (30_000, 32), (9000, 32)] {
            first.hold(length).unwrap();
            assert_eq!(budget.used(Part::Heads), charged * 1024, "{length}");
        }
        let mut second = HeadMemory::new(Arc::clone(&budget), client);
        second.hold(64_000).unwrap();
        assert_eq!(HeadMemory::new(Arc::clone(&budget), client).hold(60_000), Err(UsedUp::Client));
        drop((first, second));
        assert_eq!(budget.used(Part::Heads), 0);
    }
}
