//! The runs of the schedules of a session's profiles: when each has started.

use crate::units::LinkTime;
use std::collections::BTreeMap;

/// The most runs that are kept: a session can undo fewer commands.
const MOST: usize = 256;

/// When the runs of schedules have started, by number. A run starts when a profile is picked. It goes on while other values are
/// in the place of those of the profile, and while another profile is in its place for some time.
#[derive(Debug, Default)]
pub(super) struct ScheduleRuns {
    starts: BTreeMap<u64, LinkTime>,
}

impl ScheduleRuns {
    /// When the run with the number `schedule_run` has started: at `now`, if it is new. Run 0 starts at the time zero of its link.
    pub(super) fn start(&mut self, schedule_run: u64, now: LinkTime) -> LinkTime {
        if schedule_run == 0 {
            return LinkTime::ZERO;
        }
        if self.starts.len() >= MOST && !self.starts.contains_key(&schedule_run) {
            self.starts.pop_first();
        }
        *self.starts.entry(schedule_run).or_insert(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_keeps_its_start() {
        let mut schedule_runs = ScheduleRuns::default();
        let seconds = LinkTime::from_secs;
        assert_eq!(schedule_runs.start(0, seconds(5)), LinkTime::ZERO);
        assert_eq!(schedule_runs.start(1, seconds(7)), seconds(7));
        assert_eq!(schedule_runs.start(2, seconds(9)), seconds(9));
        assert_eq!(schedule_runs.start(1, seconds(11)), seconds(7));
        (3..10_000).for_each(|schedule_run| _ = schedule_runs.start(schedule_run, seconds(20)));
        assert_eq!(schedule_runs.starts.len(), MOST);
    }
}
