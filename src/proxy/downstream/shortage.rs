//! What is freed when the memory budget is used up.

use super::connections::Connections;
use crate::sessions::Registry;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The time between two searches for players that do not read, in milliseconds: one takes time with many of them.
const APART: u64 = 200;
/// A search frees this share of the budget: more may be wanted before the next one.
const SHARE: usize = 16;

/// From now on, when the memory budget of `registry` is used up, what idle sessions have learnt is dropped, and if that is not
/// enough, streams and connections whose players do not read are reset.
pub(in crate::proxy) fn free_on_shortage(registry: &Arc<Registry>, connections: &Arc<Connections>) {
    let memory = Arc::clone(registry.memory());
    let (registry, connections) = (Arc::downgrade(registry), Arc::downgrade(connections));
    let searched = AtomicU64::new(0);
    memory.on_shortage(move |client, bytes| {
        let (Some(registry), Some(connections)) = (registry.upgrade(), connections.upgrade())
        else {
            return;
        };
        let memory = registry.memory();
        let free = registry.drop_idle_manifests(client, bytes);
        let now = registry.now();
        let millis = now.since_zero().as_millis() as u64;
        if free >= bytes || millis < searched.load(Ordering::Relaxed) + APART {
            return;
        }
        searched.store(millis, Ordering::Relaxed);
        let free = free + connections.streams.free(client, bytes - free, memory);
        if free < bytes {
            connections.free(client, bytes.max(memory.most() / SHARE), now, memory);
        }
    });
}
