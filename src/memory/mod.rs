//! The memory budget: what the process may hold for its clients, and who holds how much of it.
//!
//! What one client can make the process hold without a bound of its own is charged here: learnt manifests, manifests that are
//! read and edited, bytes that rules hold back, responses of HTTP/2 and HTTP/3 that are not read, and long heads. One client
//! gets at most half of the budget.

mod account;
mod budget;
mod charge;
mod charged;
mod client;
mod part;
mod used_up;

pub use account::ResetReason;
pub use budget::MemoryBudget;
pub use charge::Charge;
pub use charged::charged;
pub use client::ClientMemory;
pub use part::Part;
pub use used_up::UsedUp;
