//! A download over a network in virtual time.

use super::Request;
use crate::player::Failure;

/// How far a download has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// The size of the whole in bits.
    pub size: f64,
    /// Bits received.
    pub received: f64,
    /// Time since the request in ms.
    pub time: f64,
    /// From the request to the first byte in ms; a part of `time`.
    pub first_byte: f64,
}

impl Progress {
    /// Bits received by the time since the first byte, in kbit/s; 0 if there was none.
    #[must_use]
    pub fn throughput(&self) -> f64 {
        let time = self.time - self.first_byte;
        if time > 0.0 { self.received / time } else { 0.0 }
    }
}

/// How a download ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Download {
    /// Size, bits received and times.
    pub progress: Progress,
    /// Whether it was given up before its end.
    pub abandoned: bool,
    /// Why it brought nothing to play, if it did not.
    pub failure: Option<Failure>,
}

impl Download {
    /// A download that brought everything.
    #[must_use]
    pub const fn whole(progress: Progress) -> Self {
        Self { progress, abandoned: false, failure: None }
    }

    /// A download that was given up.
    #[must_use]
    pub const fn given_up(progress: Progress) -> Self {
        Self { progress, abandoned: true, failure: None }
    }
}

/// A network in virtual time. It has a clock of its own, which only its methods move.
pub trait Network {
    /// Says what the next download is of, for networks to which that matters.
    fn ask_for(&mut self, request: Request) {
        let _ = request;
    }

    /// Downloads `size` bits. `watch` is called as the download goes on, if there is one; the download
    /// is given up as soon as it returns `true`.
    ///
    /// # Errors
    /// When the download never ends.
    fn download(
        &mut self,
        size: f64,
        watch: Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Result<Download, NeverEnds>;

    /// Lets `time` ms pass.
    fn wait(&mut self, time: f64);

    /// The same network with two requests at a time, if it has that: then its downloads are begun there.
    fn concurrent(&mut self) -> Option<&mut dyn Concurrent> {
        None
    }

    /// The next change of capacity that was not taken yet, if the network reports them.
    fn take_change(&mut self) -> Option<CapacityChange> {
        None
    }
}

/// A network with two requests at a time. Its clock is that of [`Network`].
pub trait Concurrent: std::fmt::Debug {
    /// Makes a request of `size` bits on `connection`, 0 or 1, which has none under way.
    ///
    /// # Errors
    /// When it never ends.
    fn begin(&mut self, connection: usize, request: Request, size: f64) -> Result<(), NeverEnds>;

    /// Goes on for at most `time` ms, or until a download ends: how long it went on, and the download with its
    /// connection. `watch` is called as the download on connection 0 goes on; that is given up as soon as it returns
    /// `true`.
    ///
    /// # Errors
    /// When time goes on for ever.
    fn go_on(
        &mut self,
        time: f64,
        watch: Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Result<(f64, Option<(usize, Download)>), NeverEnds>;
}

/// The network's capacity changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CapacityChange {
    /// When, in ms of the network's clock.
    pub at: f64,
    /// kbit/s from then on.
    pub bandwidth: f64,
    /// ms from then on.
    pub latency: f64,
}

/// The network carries nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the network carries nothing any more: its rate is 0 for ever, or no response arrives whole"
)]
pub struct NeverEnds;
