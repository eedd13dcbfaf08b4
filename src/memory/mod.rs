//! The memory budget: what the process may hold for its clients, and who holds how much of it.
//!
//! What one client can make the process hold without a bound of its own is charged here: learnt manifests, bytes that
//! rules hold back, and responses of HTTP/2 that are not read. One client gets at most half of the budget.

mod account;
mod budget;
mod charge;
mod client;
mod part;
mod used_up;

pub use account::ResetReason;
pub use budget::MemoryBudget;
pub use charge::Charge;
pub use client::ClientMemory;
pub use part::Part;
pub use used_up::UsedUp;
