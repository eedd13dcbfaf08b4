//! Ctrl-C and SIGTERM end a sweep after the runs that are under way.

use crate::system::StopSignals;
use anyhow::Context as _;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// Becomes true at a signal to end.
pub(super) fn interrupted() -> anyhow::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("the runtime could not start")?;
    let mut signals = {
        let _context = runtime.enter();
        StopSignals::new().context("signals")?
    };
    let told = Arc::clone(&flag);
    // It ends with the process.
    thread::spawn(move || {
        runtime.block_on(signals.next());
        told.store(true, Ordering::Relaxed);
    });
    Ok(flag)
}
