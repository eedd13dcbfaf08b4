//! The runs of the schedules of a session's profiles: when each has started.

use crate::units::LinkTime;
use std::collections::VecDeque;

/// The most runs that are kept: a session can undo fewer commands.
const MOST: usize = 256;

/// When the runs of schedules have started, by number, the one that was in force last at the end. A run starts when a profile is
/// picked. It goes on while other values are in the place of those of the profile, and while another profile is in its place
/// for some time.
#[derive(Debug, Default)]
pub(super) struct ScheduleRuns {
    starts: VecDeque<(u64, LinkTime)>,
}

impl ScheduleRuns {
    /// When the run with the number `schedule_run` has started: at `now`, if it is new. Run 0 starts at the time zero of its link.
    pub(super) fn start(&mut self, schedule_run: u64, now: LinkTime) -> LinkTime {
        if schedule_run == 0 {
            return LinkTime::ZERO;
        }
        let known = self.starts.iter().position(|(number, _)| *number == schedule_run);
        let known = known.and_then(|place| self.starts.remove(place));
        if self.starts.len() >= MOST {
            self.starts.pop_front();
        }
        let start = known.map_or(now, |(_, start)| start);
        self.starts.push_back((schedule_run, start));
        start
    }

    /// Lets all runs start at `now`: the session begins.
    pub(super) fn begin(&mut self, now: LinkTime) {
        self.starts.iter_mut().for_each(|(_, start)| *start = now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_keeps_its_start() {
        let mut runs = ScheduleRuns::default();
        let seconds = LinkTime::from_secs;
        assert_eq!(runs.start(0, seconds(5)), LinkTime::ZERO);
        assert_eq!(runs.start(1, seconds(7)), seconds(7));
        assert_eq!(runs.start(2, seconds(9)), seconds(9));
        assert_eq!(runs.start(1, seconds(11)), seconds(7));
        // The one that comes back again and again stays.
        for run in 3..10_000 {
            assert_eq!(runs.start(run, seconds(20)), seconds(20));
            assert_eq!(runs.start(1, seconds(30)), seconds(7));
        }
        assert_eq!(runs.starts.len(), MOST);
        runs.begin(seconds(40));
        assert_eq!(runs.start(1, seconds(50)), seconds(40));
    }
}
