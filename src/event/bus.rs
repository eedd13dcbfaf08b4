//! The bus: adds the time to each event, and passes it to all observers.

use super::event::Event;
use crate::clock::{Clock, Timestamp};
use std::sync::Arc;

/// An event and the time at which it was emitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Emitted<'a> {
    /// The time, read once for all observers.
    pub at: Timestamp,
    /// The event.
    pub event: &'a Event,
}

/// Receives every event. It is called on the byte path, so it must be fast and must not block. It reads no clock:
/// each event comes with its time.
pub trait Observer: Send + Sync {
    /// Receives an event.
    fn observe(&self, emitted: Emitted<'_>);
}

impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn observe(&self, emitted: Emitted<'_>) {
        (**self).observe(emitted);
    }
}

/// Passes every event to every observer, in the order in which they were added.
pub struct Bus {
    clock: Clock,
    observers: Vec<Box<dyn Observer>>,
}

impl Bus {
    /// A bus for `observers`, with the times of `clock`.
    #[must_use]
    pub fn new(clock: Clock, observers: Vec<Box<dyn Observer>>) -> Self {
        Self { clock, observers }
    }

    /// Passes `event` to all observers, with the current time.
    pub fn emit(&self, event: &Event) {
        if self.observers.is_empty() {
            return;
        }
        let at = self.clock.timestamp();
        for observer in &self.observers {
            observer.observe(Emitted { at, event });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::SessionTag, units::ProcessTime};
    use parking_lot::Mutex;
    use std::time::Duration;

    #[derive(Default)]
    struct Times(Mutex<Vec<Timestamp>>);

    impl Observer for Times {
        fn observe(&self, emitted: Emitted<'_>) {
            self.0.lock().push(emitted.at);
        }
    }

    /// The time is read once per event: a clock that moves between two observers would show.
    #[tokio::test]
    async fn all_observers_get_the_same_time() {
        let clock = Clock::start();
        let (first, second) = (Arc::<Times>::default(), Arc::<Times>::default());
        let bus =
            Bus::new(clock, vec![Box::new(Arc::clone(&first)), Box::new(Arc::clone(&second))]);
        let session = Arc::new(SessionTag { id: "a".into(), ordinal: 1, seed: 1, label: None });
        let event = Event::LinkChanged { session, profile: "3g".into(), rate: None };
        for _ in 0..100 {
            bus.emit(&event);
        }
        let (first, second) = (first.0.lock().clone(), second.0.lock().clone());
        assert_eq!(first.len(), 100);
        assert_eq!(first, second);
        assert!(first.is_sorted());
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_is_that_of_the_clock() {
        let clock = Clock::start();
        let times = Arc::<Times>::default();
        let bus = Bus::new(clock, vec![Box::new(Arc::clone(&times))]);
        let session = Arc::new(SessionTag { id: "a".into(), ordinal: 1, seed: 1, label: None });
        tokio::time::advance(Duration::from_secs(3)).await;
        bus.emit(&Event::LinkChanged { session, profile: "3g".into(), rate: None });
        let at = times.0.lock()[0];
        assert_eq!(at.process, ProcessTime::from_secs(3));
        assert_eq!(at.unix, clock.unix_time(at.process));
    }
}
