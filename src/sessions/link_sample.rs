//! What was sampled last of a session's link.

use crate::units::SessionTime;
use std::time::Duration;

/// The figures of the last sample, and the pauses since then.
#[derive(Debug)]
pub(super) struct LinkSample {
    /// In session time.
    at: SessionTime,
    delivered: u64,
    /// Bytes that the link could have carried by the last sample, or by the last change of a pause; `None` = no limit.
    carried: Option<u64>,
    /// Bytes that it could have carried between the two; `None` = it had no limit for a part of the time.
    granted: Option<u64>,
    /// When the network was paused, if it is.
    paused: Option<SessionTime>,
    /// The pause that ended last, if it was not reported yet.
    ended: Option<(SessionTime, Duration)>,
    /// Whether exchanges were under way.
    active: bool,
}

impl Default for LinkSample {
    fn default() -> Self {
        Self {
            at: SessionTime::ZERO,
            delivered: 0,
            carried: None,
            granted: Some(0),
            paused: None,
            ended: None,
            active: false,
        }
    }
}

impl LinkSample {
    /// Replaces the sample. Returns when the last one was made, and the bytes that the link could have carried since
    /// then (`None` = no limit). While the network is paused, these are none. No sample is needed while the session is
    /// idle.
    pub(super) fn next(
        &mut self,
        at: SessionTime,
        delivered: u64,
        carried: Option<u64>,
        active: bool,
    ) -> Option<(SessionTime, Option<u64>)> {
        let granted = self.granted_until(carried);
        let needed = active || self.active || delivered != self.delivered;
        let since = std::mem::replace(&mut self.at, at);
        (self.delivered, self.carried, self.active) = (delivered, carried, active);
        self.granted = Some(0);
        needed.then_some((since, granted))
    }

    /// The network is paused at `at`, or no longer paused. The link could have carried `carried` by then.
    pub(super) fn pause(&mut self, paused: bool, at: SessionTime, carried: Option<u64>) {
        self.granted = self.granted_until(carried);
        self.carried = carried;
        if let Some(since) = self.paused.take() {
            self.ended = Some((since, at - since));
        }
        self.paused = paused.then_some(at);
    }

    /// The pause that has ended: its start and its length. Each is returned once.
    pub(super) const fn take_pause(&mut self) -> Option<(SessionTime, Duration)> {
        self.ended.take()
    }

    /// Bytes that the link could have carried since the last sample, now that `carried` are those since its start.
    fn granted_until(&self, carried: Option<u64>) -> Option<u64> {
        let granted = self.granted?;
        if self.paused.is_some() {
            return Some(granted);
        }
        // Without a limit before or now, it had none for a part of the time.
        let (before, now) = self.carried.zip(carried)?;
        Some(granted + now.saturating_sub(before))
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

    /// 100 bytes in 100 ms, for half of the first interval and a fifth of the last.
    #[test]
    fn a_paused_network_grants_nothing() {
        let mut sample = LinkSample::default();
        sample.next(ms(500), 0, Some(500), true);
        sample.pause(true, ms(750), Some(750));
        assert_eq!(sample.next(ms(1000), 0, Some(1000), true), Some((ms(500), Some(250))));
        assert_eq!(sample.next(ms(1500), 0, Some(1500), true), Some((ms(1000), Some(0))));
        assert_eq!(sample.take_pause(), None);
        sample.pause(false, ms(1900), Some(1900));
        assert_eq!(sample.next(ms(2000), 0, Some(2000), true), Some((ms(1500), Some(100))));
        assert_eq!(sample.take_pause(), Some((ms(750), Duration::from_millis(1150))));
        assert_eq!(sample.take_pause(), None);
    }

    /// Without a limit, only an interval that is all pause has a figure.
    #[test]
    fn a_network_without_a_limit_is_paused_too() {
        let mut sample = LinkSample::default();
        sample.next(ms(500), 0, None, true);
        sample.pause(true, ms(600), None);
        assert_eq!(sample.next(ms(1000), 0, None, true), Some((ms(500), None)));
        assert_eq!(sample.next(ms(1500), 0, None, true), Some((ms(1000), Some(0))));
        sample.pause(false, ms(1600), None);
        assert_eq!(sample.next(ms(2000), 0, None, true), Some((ms(1500), None)));
    }
}
