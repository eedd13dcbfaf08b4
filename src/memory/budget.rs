//! The budget, and its clients.

use super::{
    account::{Account, ResetReason},
    client::ClientMemory,
    part::Part,
};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Weak},
};

/// The bits of an IPv6 address that tell clients apart: one client may use all addresses of its network.
const NETWORK: u32 = 64;
/// The list of clients is first searched for those that are gone at this length.
const LEAST: usize = 64;

/// What the process may hold for its clients.
#[derive(Debug)]
pub struct MemoryBudget {
    account: Arc<Account>,
    clients: Mutex<Clients>,
    /// What is held for nobody in particular.
    unknown: Arc<ClientMemory>,
}

#[derive(Debug, Default)]
struct Clients {
    by_address: HashMap<IpAddr, Weak<ClientMemory>>,
    /// The number of the last one.
    last: u64,
    /// The length at which those that are gone are removed.
    full: usize,
}

impl MemoryBudget {
    /// A budget of `most` bytes.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let account = Arc::new(Account::new(most));
        let unknown = Arc::new(ClientMemory::new(Arc::clone(&account), 0, most));
        Self { account, clients: Mutex::default(), unknown }
    }

    /// What is held for the client at `address`; it gets half of the budget. `None` = what is held for nobody in
    /// particular, which has no bound of its own.
    #[must_use]
    pub fn client(&self, address: Option<IpAddr>) -> Arc<ClientMemory> {
        let Some(address) = address.map(network) else { return Arc::clone(&self.unknown) };
        let mut clients = self.clients.lock();
        if let Some(known) = clients.by_address.get(&address).and_then(Weak::upgrade) {
            return known;
        }
        if clients.by_address.len() >= clients.full {
            clients.by_address.retain(|_, client| client.strong_count() > 0);
            clients.full = LEAST.max(2 * clients.by_address.len());
        }
        clients.last += 1;
        let most = self.account.most / 2;
        let new = Arc::new(ClientMemory::new(Arc::clone(&self.account), clients.last, most));
        clients.by_address.insert(address, Arc::downgrade(&new));
        new
    }

    /// Sets what frees memory when it is used up: `reclaim` gets the number of the client whose share is used up (`None` = the
    /// whole budget is) and the bytes that are wanted.
    pub fn on_shortage(&self, reclaim: impl Fn(Option<u64>, usize) + Send + Sync + 'static) {
        self.account.set_reclaim(Box::new(reclaim));
    }

    /// The budget, in bytes.
    #[must_use]
    pub fn most(&self) -> usize {
        self.account.most
    }

    /// The bytes that are used for `part`.
    #[must_use]
    pub fn used(&self, part: Part) -> usize {
        self.account.used(part)
    }

    /// How often memory for `part` was refused.
    #[must_use]
    pub fn refused(&self, part: Part) -> u64 {
        self.account.refused(part)
    }

    /// Counts a stream that was reset.
    pub fn count_reset(&self, reason: ResetReason) {
        self.account.count_reset(reason);
    }

    /// How many streams were reset for `reason`.
    #[must_use]
    pub fn resets(&self, reason: ResetReason) -> u64 {
        self.account.resets(reason)
    }

    /// Counts a session whose learnt manifests were dropped.
    pub fn count_forgotten(&self) {
        self.account.count_forgotten();
    }

    /// How often the learnt manifests of a session were dropped.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.account.forgotten()
    }
}

impl Default for MemoryBudget {
    /// Without a bound.
    fn default() -> Self {
        Self::new(usize::MAX)
    }
}

/// The address by which a client is known.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> NETWORK << NETWORK).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Charge, UsedUp},
        *,
    };

    const PART: Part = Part::Streams;

    fn charge(budget: &MemoryBudget, address: &str) -> Charge {
        Charge::new(budget.client(Some(address.parse().unwrap())), PART)
    }

    #[test]
    fn one_client_gets_half_and_all_get_the_whole() {
        let budget = MemoryBudget::new(100);
        let (mut first, mut same) = (charge(&budget, "10.0.0.1"), charge(&budget, "10.0.0.1"));
        first.grow(30).unwrap();
        same.grow(20).unwrap();
        assert_eq!(same.grow(1), Err(UsedUp::Client));
        let mut second = charge(&budget, "10.0.0.2");
        second.grow(50).unwrap();
        assert_eq!(charge(&budget, "10.0.0.3").grow(1), Err(UsedUp::Process));
        assert_eq!((budget.used(PART), budget.refused(PART)), (100, 2));
        drop(first);
        same.grow(30).unwrap();
        drop((same, second));
        assert_eq!(budget.used(PART), 0);
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let budget = MemoryBudget::new(100);
        let [one, same, other, mapped, plain] =
            ["2001:db8::1", "2001:db8::2:1", "2001:db8:0:1::1", "::ffff:10.0.0.1", "10.0.0.1"]
                .map(|address| budget.client(Some(address.parse().unwrap())));
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
        assert!(Arc::ptr_eq(&mapped, &plain));
    }

    #[test]
    fn clients_that_are_gone_take_no_memory() {
        let budget = MemoryBudget::new(100);
        for number in 0..10_000_u32 {
            let _ = budget.client(Some(std::net::Ipv4Addr::from_bits(number).into()));
        }
        assert!(budget.clients.lock().by_address.len() <= LEAST);
    }

    #[test]
    fn what_is_freed_is_given() {
        let budget = MemoryBudget::new(100);
        let held = Arc::new(Mutex::new(Some(charge(&budget, "10.0.0.1"))));
        held.lock().as_mut().unwrap().grow(50).unwrap();
        let mut second = charge(&budget, "10.0.0.2");
        second.grow(50).unwrap();
        let freed = Arc::clone(&held);
        budget.on_shortage(move |client, bytes| {
            assert_eq!((client, bytes), (None, 20));
            freed.lock().take();
        });
        let mut third = charge(&budget, "10.0.0.3");
        third.grow(20).unwrap();
        assert_eq!((budget.used(PART), budget.refused(PART)), (70, 0));
        // What is held already counts in any case.
        third.set(60);
        assert_eq!(budget.used(PART), 110);
        third.set(10);
        assert_eq!(budget.used(PART), 60);
    }
}
