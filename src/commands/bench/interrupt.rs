//! Ctrl-C and SIGTERM end a sweep after the runs that are under way.

use anyhow::Context as _;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
use tokio::signal::unix::{SignalKind, signal};

/// Becomes true when the process is told to end.
pub(super) fn interrupted() -> anyhow::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("the runtime could not start")?;
    let (mut interrupt, mut terminate) = {
        let _context = runtime.enter();
        let interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
        (interrupt, signal(SignalKind::terminate()).context("SIGTERM")?)
    };
    let told = Arc::clone(&flag);
    // It ends with the process.
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        told.store(true, Ordering::Relaxed);
    });
    Ok(flag)
}
