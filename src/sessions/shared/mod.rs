//! What replicas of the proxy share of their sessions, through a store.
//!
//! A replica keeps only the sessions whose requests it gets. All that is needed to make such a session is in the
//! store: how it was started, when, and the commands since, in order. A replica that does not have the session of a
//! request makes it from there, at the same point of its schedules. If it has a copy, but the last requests went to
//! another replica, it brings the copy up to date. Without a store the registry works alone.

mod fleet;
mod memory_store;
mod options;
mod random;
mod record;
mod recovery;
mod redis_connection;
mod redis_scripts;
mod redis_store;
mod replica;
mod session_id;
mod shared_session;
mod store;

pub use fleet::Fleet;
pub use memory_store::MemoryStore;
pub use options::StateOptions;
pub use record::SessionRecord;
pub use redis_store::RedisStore;
pub(in crate::sessions) use replica::Heartbeat;
pub use replica::Replica;
pub(super) use shared_session::{Counted, Served, Shared, Written};
pub use store::{
    Append, Changed, Created, Joined, Logged, NewRecord, Quota, Restored, StateAnswer, StateError,
    StateStore, Stored, Touch, Updates, UsedNumbers,
};
