//! A timer of the kernel that a runtime polls together with its sockets (`timerfd`).

#[cfg(vsps_linux)]
mod on_system {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use std::{io, os::fd::OwnedFd, time::Duration};
    use tokio::io::{Interest, unix::AsyncFd};

    /// A timer of the kernel, which elapses at most a few microseconds late.
    #[derive(Debug)]
    pub struct KernelTimer(AsyncFd<OwnedFd>);

    impl KernelTimer {
        /// A timer that is not set, polled by the current runtime; `None` = the system has none.
        ///
        /// # Errors
        /// If too many files are open.
        pub fn new() -> io::Result<Option<Self>> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            #[expect(
                deprecated,
                reason = "the replacement is `unsafe`, because the file must stay the same; that of an OwnedFd does"
            )]
            let polled = AsyncFd::with_interest(timer, Interest::READABLE)?;
            Ok(Some(Self(polled)))
        }

        /// Sets it to elapse once, `wait` from now. A time that was set before no longer counts.
        ///
        /// # Errors
        /// Those of the system.
        pub fn set(&self, wait: Duration) -> io::Result<()> {
            // Zero would stop the timer.
            let wait = wait.max(Duration::from_nanos(1));
            let it_value = Timespec::try_from(wait).map_err(io::Error::other)?;
            let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
            let once = Itimerspec { it_interval, it_value };
            timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &once)?;
            Ok(())
        }

        /// Waits until it has elapsed since the last call.
        ///
        /// # Errors
        /// Those of the runtime.
        pub async fn elapsed(&self) -> io::Result<()> {
            // The number of expirations is not read: the kernel reports each one, and the next `set` resets the number.
            self.0.readable().await?.clear_ready();
            Ok(())
        }
    }
}

#[cfg(not(vsps_linux))]
mod on_system {
    use std::{convert::Infallible, io, time::Duration};

    /// A timer of the kernel: this system has none.
    #[derive(Debug)]
    pub struct KernelTimer(Infallible);

    impl KernelTimer {
        /// `None`: the system has none.
        ///
        /// # Errors
        /// None here.
        pub const fn new() -> io::Result<Option<Self>> {
            Ok(None)
        }

        /// Sets it to elapse once.
        ///
        /// # Errors
        /// None here.
        pub const fn set(&self, _: Duration) -> io::Result<()> {
            match self.0 {}
        }

        /// Waits until it has elapsed since the last call.
        ///
        /// # Errors
        /// None here.
        pub async fn elapsed(&self) -> io::Result<()> {
            match self.0 {}
        }
    }
}

pub use on_system::KernelTimer;

#[cfg(all(test, vsps_linux))]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn it_elapses_each_time_it_is_set_and_only_then() {
        let timer = KernelTimer::new().unwrap().unwrap();
        for wait in [Duration::ZERO, Duration::from_micros(100), Duration::from_millis(2)] {
            timer.set(wait).unwrap();
            timer.elapsed().await.unwrap();
        }
        timer.set(Duration::from_secs(3600)).unwrap();
        let early = tokio::time::timeout(Duration::from_millis(5), timer.elapsed()).await;
        assert!(early.is_err());
    }
}
