//! Bounds on the work that one input makes: memory and processor time, in proportion to its length.

use std::time::Duration;

/// What may be allocated at a time, and in all: beside, and for each byte of the input.
const PEAK: (u64, u64) = (16 << 20, 256);
const TOTAL: (u64, u64) = (64 << 20, 2048);
/// Processor time: beside, and for each byte. Sanitizers take most of it.
const TIME: (Duration, Duration) = (Duration::from_secs(2), Duration::from_micros(20));

/// Processor time that this thread has had, if the system tells.
fn processor_time() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(told.split_whitespace().next()?.parse().ok()?))
}

/// Does `work` on an input of `len` bytes; panics if it takes more than it may.
pub fn bounded(len: usize, work: impl FnOnce()) {
    let before = processor_time();
    let memory = allocation_counter::measure(work);
    let took = before.and_then(|before| processor_time()?.checked_sub(before));
    let within = |(constant, share): (u64, u64)| constant + share * len as u64;
    assert!(memory.bytes_max <= within(PEAK), "{} bytes at a time for {len}", memory.bytes_max);
    assert!(memory.bytes_total <= within(TOTAL), "{} bytes for {len}", memory.bytes_total);
    let most = TIME.0 + TIME.1 * u32::try_from(len).unwrap_or(u32::MAX);
    assert!(took.is_none_or(|took| took <= most), "{took:?} for {len} bytes");
}
