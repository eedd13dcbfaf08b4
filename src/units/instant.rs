//! Instants on the clocks of the program. Each clock has a type of its own, so that instants of two clocks cannot be
//! mixed: to convert one needs to know how the clocks relate.
//!
//! Spans of time are [`Duration`]s. An instant plus or minus a span is an instant of the same clock; the difference
//! of two instants is a span.

use std::{
    fmt,
    ops::{Add, AddAssign, Sub},
    time::Duration,
};

/// Defines the type of the instants of one clock.
macro_rules! instant {
    ($(#[$docs:meta])* $name:ident) => {
        $(#[$docs])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(Duration);

        impl $name {
            /// Time zero of the clock.
            pub const ZERO: Self = Self(Duration::ZERO);

            /// The instant `time` after time zero.
            #[must_use]
            pub const fn new(time: Duration) -> Self {
                Self(time)
            }

            /// The instant this many nanoseconds after time zero.
            #[must_use]
            pub const fn from_nanos(nanos: u64) -> Self {
                Self(Duration::from_nanos(nanos))
            }

            /// The instant this many milliseconds after time zero.
            #[must_use]
            pub const fn from_millis(millis: u64) -> Self {
                Self(Duration::from_millis(millis))
            }

            /// The instant this many seconds after time zero.
            #[must_use]
            pub const fn from_secs(seconds: u64) -> Self {
                Self(Duration::from_secs(seconds))
            }

            /// The time since time zero.
            #[must_use]
            pub const fn since_zero(self) -> Duration {
                self.0
            }

            /// The time since time zero, in seconds.
            #[must_use]
            pub const fn as_secs_f64(self) -> f64 {
                self.0.as_secs_f64()
            }

            /// The time since `earlier`; zero if that is later.
            #[must_use]
            pub const fn since(self, earlier: Self) -> Duration {
                self.0.saturating_sub(earlier.0)
            }

            /// The instant `span` earlier, but not before time zero.
            #[must_use]
            pub const fn saturating_sub(self, span: Duration) -> Self {
                Self(self.0.saturating_sub(span))
            }

            /// The instant `span` later, or the last one.
            #[must_use]
            pub const fn saturating_add(self, span: Duration) -> Self {
                Self(self.0.saturating_add(span))
            }

            /// Whether it is time zero.
            #[must_use]
            pub const fn is_zero(self) -> bool {
                self.0.is_zero()
            }
        }

        /// As the time since time zero.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Add<Duration> for $name {
            type Output = Self;

            /// The instant `span` later, or the last one.
            fn add(self, span: Duration) -> Self {
                self.saturating_add(span)
            }
        }

        impl AddAssign<Duration> for $name {
            fn add_assign(&mut self, span: Duration) {
                *self = *self + span;
            }
        }

        impl Sub for $name {
            type Output = Duration;

            /// The time since `earlier`; zero if that is later.
            fn sub(self, earlier: Self) -> Duration {
                self.since(earlier)
            }
        }

        impl Sub<Duration> for $name {
            type Output = Self;

            /// The instant `span` earlier, but not before time zero.
            fn sub(self, span: Duration) -> Self {
                self.saturating_sub(span)
            }
        }
    };
}

instant! {
    /// An instant of a session: the time since its first request.
    SessionTime
}

instant! {
    /// An instant of a link: the time since the first request of any session on it. A shared link may be older than
    /// a session on it, so its time differs from the session's.
    LinkTime
}

instant! {
    /// An instant of a presentation: the media time since its start.
    #[derive(serde::Serialize)]
    #[serde(transparent)]
    MediaTime
}

instant! {
    /// An instant of the process: the time since its clock was started.
    ProcessTime
}

instant! {
    /// An instant of the time of day: the time since 1970-01-01T00:00:00Z, without leap seconds.
    UnixTime
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn instants_and_spans() {
        let at = LinkTime::from_millis(500);
        assert_eq!(at + MS(20), LinkTime::from_millis(520));
        assert_eq!((at + MS(20)) - at, MS(20));
        assert_eq!(at - MS(20), LinkTime::from_millis(480));
        assert_eq!(at.since_zero(), MS(500));
    }

    #[test]
    fn differences_and_sums_saturate() {
        let (early, late) = (SessionTime::from_secs(1), SessionTime::from_secs(3));
        assert_eq!(early - late, Duration::ZERO);
        assert_eq!(early - Duration::from_secs(9), SessionTime::ZERO);
        assert_eq!(late + Duration::MAX, SessionTime::new(Duration::MAX));
    }

    #[test]
    fn an_instant_takes_no_more_room_than_a_duration() {
        assert_eq!(size_of::<Option<ProcessTime>>(), size_of::<Option<Duration>>());
    }
}
