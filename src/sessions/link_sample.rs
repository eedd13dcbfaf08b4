//! What was sampled last of a session's link.

use crate::units::SessionTime;

/// The figures of the last sample.
#[derive(Debug, Default)]
pub(super) struct LinkSample {
    /// In session time.
    at: SessionTime,
    delivered: u64,
    /// Bytes that the link could have carried; `None` = no limit.
    carried: Option<u64>,
    /// Whether exchanges were under way.
    active: bool,
}

impl LinkSample {
    /// Replaces the sample. Returns when the last one was made, and the bytes that the link could have carried since
    /// then (`None` = no limit). No sample is needed while the session is idle.
    pub(super) fn next(
        &mut self,
        at: SessionTime,
        delivered: u64,
        carried: Option<u64>,
        active: bool,
    ) -> Option<(SessionTime, Option<u64>)> {
        let before = std::mem::replace(self, Self { at, delivered, carried, active });
        let granted = match (before.carried, carried) {
            (Some(before), Some(now)) => Some(now.saturating_sub(before)),
            // It had no limit for a part of the time.
            (None, Some(_)) | (_, None) => None,
        };
        let needed = active || before.active || delivered != before.delivered;
        needed.then_some((before.at, granted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> SessionTime {
        SessionTime::from_millis(ms)
    }

    #[test]
    fn a_sample_is_the_difference_to_the_last_one() {
        let mut sample = LinkSample::default();
        assert_eq!(sample.next(ms(5), 10, Some(100), true), Some((ms(0), None)));
        assert_eq!(sample.next(ms(9), 60, Some(250), true), Some((ms(5), Some(150))));
        assert_eq!(sample.next(ms(20), 60, None, true), Some((ms(9), None)));
    }

    #[test]
    fn an_idle_session_needs_no_sample() {
        let mut sample = LinkSample::default();
        assert_eq!(sample.next(ms(1), 0, Some(100), false), None);
        assert_eq!(sample.next(ms(2), 0, Some(200), true), Some((ms(1), Some(100))));
        // The end of the activity is the last sample.
        assert!(sample.next(ms(3), 9, Some(300), false).is_some());
        assert_eq!(sample.next(ms(4), 9, Some(400), false), None);
    }
}
