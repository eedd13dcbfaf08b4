//! The signals that stop the program.

#[cfg(vsps_unix)]
mod on_system {
    use std::io;
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// SIGINT (Ctrl-C) and SIGTERM.
    #[derive(Debug)]
    pub struct StopSignals {
        interrupt: Signal,
        terminate: Signal,
    }

    impl StopSignals {
        /// Receives the signals from now on, on the current runtime.
        ///
        /// # Errors
        /// Those of the system.
        pub fn new() -> io::Result<Self> {
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        }

        /// Waits for the next signal.
        pub async fn next(&mut self) {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        }
    }
}

#[cfg(not(vsps_unix))]
mod on_system {
    use std::io;

    /// Ctrl-C.
    #[derive(Debug)]
    pub struct StopSignals(());

    impl StopSignals {
        /// Receives it from the first call of [`next`](Self::next) on.
        ///
        /// # Errors
        /// None here.
        pub const fn new() -> io::Result<Self> {
            Ok(Self(()))
        }

        /// Waits for the next one.
        pub async fn next(&mut self) {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

pub use on_system::StopSignals;
