//! When the bytes of a body may pass, by the plan's stalls, drips and cuts.
//!
//! Pure: the time is an argument. The link shapes the bytes that may pass.

use crate::{
    rules::{Cut, Drip, Plan, Planned, Point, Stall},
    units::SessionTime,
};
use std::{sync::Arc, time::Duration};

/// Called for each applied effect: the rule, the effect, and the bytes of the body that passed before.
pub(super) type Report<'a> = dyn FnMut(&Arc<str>, &'static str, u64) + 'a;

/// The result of polling the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Up to `most` bytes may pass; poll again at this time.
    Pass { most: u64, until: Option<SessionTime> },
    /// None may pass before this time.
    Wait(SessionTime),
    /// The body is cut here.
    Cut,
}

/// A point in a body: a byte offset, or a time.
#[derive(Debug, Clone, Copy)]
enum Mark {
    At(u64),
    /// This long after the first byte.
    After(Duration),
}

/// A pause that is still ahead.
#[derive(Debug)]
struct Pause {
    at: Mark,
    lasts: Duration,
    rule: Arc<str>,
}

/// A body that is sent in small pieces at intervals.
#[derive(Debug)]
struct Drops {
    drip: Planned<Drip>,
    from: Mark,
    /// The rest of the current piece.
    left: u64,
    /// When the next piece is due; `None` = the first one was not sent yet.
    next: Option<SessionTime>,
}

/// The schedule of one body.
#[derive(Debug)]
pub(super) struct Gate {
    pauses: Vec<Pause>,
    /// The end of the pause under way.
    paused: Option<SessionTime>,
    drops: Option<Drops>,
    cut: Option<(Planned<Cut>, Mark)>,
    first: Option<SessionTime>,
}

impl Gate {
    /// The gate that `plan` needs for a body of `length` bytes; `None` = none.
    pub(super) fn new(plan: &Plan, length: Option<u64>) -> Option<Self> {
        let pauses = plan.stall.as_ref().map_or_else(Vec::new, |stall| pauses(stall, length));
        let drops = plan.drip.as_ref().and_then(|drip| {
            let from = mark(drip.effect.from, length)?;
            Some(Drops { drip: drip.clone(), from, left: 0, next: None })
        });
        let cut = plan.cut.clone().and_then(|cut| {
            let at = mark(cut.effect.at, length)?;
            Some((cut, at))
        });
        let shut = !pauses.is_empty() || drops.is_some() || cut.is_some();
        shut.then_some(Self { pauses, paused: None, drops, cut, first: None })
    }

    /// The cut, if it is still ahead, and its byte offset if that is known.
    pub(super) fn cut(&self) -> Option<(&Cut, Option<u64>)> {
        self.cut.as_ref().map(|(cut, at)| match at {
            Mark::At(at) => (&cut.effect, Some(*at)),
            Mark::After(_) => (&cut.effect, None),
        })
    }

    /// Takes the cut when it is applied.
    pub(super) fn take_cut(&mut self) -> Option<Planned<Cut>> {
        self.cut.take().map(|(cut, _)| cut)
    }

    /// What may pass at `now`, after `passed` bytes.
    pub(super) fn poll(&mut self, passed: u64, now: SessionTime, report: &mut Report<'_>) -> Step {
        let first = self.first;
        if self.cut.as_ref().is_some_and(|(_, at)| at.reached(passed, first, now)) {
            return Step::Cut;
        }
        let cut_time = self.cut.as_ref().and_then(|(_, at)| at.time(first));
        if let Some(end) = self.pause(passed, now, report) {
            return Step::Wait(cut_time.map_or(end, |cut| cut.min(end)));
        }
        let mut most = u64::MAX;
        let mut until = cut_time;
        let marks =
            self.pauses.iter().map(|pause| pause.at).chain(self.cut.iter().map(|(_, at)| *at));
        for at in marks {
            most = most.min(at.room(passed));
            until = earlier(until, at.time(first));
        }
        match self.drops.as_mut().map(|drops| drops.poll(passed, first, now, report)) {
            Some(Step::Wait(next)) => {
                return Step::Wait(earlier(Some(next), until).unwrap_or(next));
            }
            Some(Step::Pass { most: drop, until: start }) => {
                most = most.min(drop);
                until = earlier(until, start);
            }
            Some(Step::Cut) | None => {}
        }
        Step::Pass { most, until }
    }

    /// Records that `bytes` pass at `now`.
    pub(super) fn passed(&mut self, bytes: u64, now: SessionTime) {
        self.first.get_or_insert(now);
        if let Some(drops) = &mut self.drops {
            drops.left = drops.left.saturating_sub(bytes);
        }
    }

    /// The end of the pause in effect at `now`, if there is one.
    fn pause(
        &mut self,
        passed: u64,
        now: SessionTime,
        report: &mut Report<'_>,
    ) -> Option<SessionTime> {
        let first = self.first;
        while let Some(due) = self.pauses.iter().position(|p| p.at.reached(passed, first, now)) {
            let Pause { lasts, rule, .. } = self.pauses.remove(due);
            report(&rule, "stall", passed);
            // Two pauses at one point add up.
            let from = self.paused.filter(|end| *end > now).unwrap_or(now);
            self.paused = Some(from.saturating_add(lasts));
        }
        self.paused = self.paused.filter(|end| *end > now);
        self.paused
    }
}

impl Drops {
    fn poll(
        &mut self,
        passed: u64,
        first: Option<SessionTime>,
        now: SessionTime,
        report: &mut Report<'_>,
    ) -> Step {
        let Drip { size, every, .. } = self.drip.effect;
        match self.next {
            None if !self.from.reached(passed, first, now) => {
                return Step::Pass { most: self.from.room(passed), until: self.from.time(first) };
            }
            None => {
                report(&self.drip.rule, "drip", passed);
                self.left = size.bytes();
                self.next = Some(now.saturating_add(every));
            }
            Some(next) if self.left == 0 => {
                if now < next {
                    return Step::Wait(next);
                }
                self.left = size.bytes();
                // On a fixed grid, unless an interval was missed: pieces do not accumulate.
                let on_grid = next.saturating_add(every);
                self.next = Some(if on_grid > now { on_grid } else { now.saturating_add(every) });
            }
            Some(_) => {}
        }
        Step::Pass { most: self.left, until: None }
    }
}

impl Mark {
    fn reached(self, passed: u64, first: Option<SessionTime>, now: SessionTime) -> bool {
        match self {
            Self::At(at) => passed >= at,
            Self::After(_) => self.time(first).is_some_and(|time| now >= time),
        }
    }

    /// How many bytes may pass before it.
    const fn room(self, passed: u64) -> u64 {
        match self {
            Self::At(at) => at.saturating_sub(passed),
            Self::After(_) => u64::MAX,
        }
    }

    /// Its time, if it is given as a time.
    fn time(self, first: Option<SessionTime>) -> Option<SessionTime> {
        match self {
            Self::At(_) => None,
            Self::After(time) => first.map(|first| first.saturating_add(time)),
        }
    }
}

/// The mark of `point`; `None` = the body ends before it.
fn mark(point: Point, length: Option<u64>) -> Option<Mark> {
    match point {
        Point::After(time) => Some(Mark::After(time)),
        point => point.offset(length).map(Mark::At),
    }
}

fn pauses(stall: &Planned<Stall>, length: Option<u64>) -> Vec<Pause> {
    let Planned { rule, effect: Stall { at, lasts } } = stall;
    let marks = at.iter().filter_map(|point| mark(*point, length));
    marks.map(|at| Pause { at, lasts: *lasts, rule: Arc::clone(rule) }).collect()
}

fn earlier(one: Option<SessionTime>, other: Option<SessionTime>) -> Option<SessionTime> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        media::Resource,
        rules::{Ending, Facts, RuleSet},
    };
    use proptest::prelude::*;

    type Notice = Vec<(&'static str, u64)>;

    const S: fn(u64) -> SessionTime = SessionTime::from_secs;

    fn plan(then: &serde_json::Value) -> Plan {
        let rules = serde_json::json!([{ "then": then }]);
        let rules = RuleSet::from_json("rules", rules).unwrap();
        let resource = Resource::unknown();
        rules.decide(
            &mut Default::default(),
            &Facts::new(&resource, SessionTime::ZERO),
            &mut |_| 0.0,
        )
    }

    /// Lets everything pass at once that may; when how many bytes had passed, and what was told.
    fn run(gate: &mut Gate, length: u64) -> (Vec<(u64, u64)>, Notice, bool) {
        let (mut passed, mut now) = (0, S(0));
        let (mut course, mut told) = (Vec::new(), Vec::new());
        for _ in 0..10_000 {
            if passed == length {
                return (course, told, false);
            }
            match gate.poll(passed, now, &mut |_, effect, at| told.push((effect, at))) {
                Step::Pass { most, .. } => {
                    let bytes = most.min(length - passed);
                    assert!(bytes > 0, "nothing may pass at {passed}");
                    gate.passed(bytes, now);
                    passed += bytes;
                    course.push((now.since_zero().as_secs(), passed));
                }
                Step::Wait(until) => {
                    assert!(until > now, "waits for the past");
                    now = until;
                }
                Step::Cut => return (course, told, true),
            }
        }
        panic!("no end: {course:?}")
    }

    #[test]
    fn nothing_asked_for_is_no_gate() {
        assert!(Gate::new(&plan(&serde_json::json!({ "status": 404 })), None).is_none());
        // The end of a body whose length is not known is never reached.
        assert!(Gate::new(&plan(&serde_json::json!({ "cut": { "at": "50 %" } })), None).is_none());
    }

    #[test]
    fn stalls_hold_and_go_on() {
        let plan = plan(&serde_json::json!({ "stall": { "at": ["25 %", "-10 B"], "for": "5 s" } }));
        let mut gate = Gate::new(&plan, Some(100)).unwrap();
        let (course, told, cut) = run(&mut gate, 100);
        assert_eq!(course, [(0, 25), (5, 90), (10, 100)]);
        assert_eq!(told, [("stall", 25), ("stall", 90)]);
        assert!(!cut);
    }

    #[test]
    fn drops_fall_on_the_beat_and_do_not_pile_up() {
        let plan =
            plan(&serde_json::json!({ "drip": { "bytes": "2 B", "every": "3 s", "from": "4 B" } }));
        let mut gate = Gate::new(&plan, None).unwrap();
        let (course, told, _) = run(&mut gate, 9);
        assert_eq!(course, [(0, 4), (0, 6), (3, 8), (6, 9)]);
        assert_eq!(told, [("drip", 4)]);
        // The origin had nothing for a minute: one drop falls, not twenty.
        assert_eq!(gate.poll(10, S(60), &mut |_, _, _| {}), Step::Pass { most: 1, until: None });
        gate.passed(1, S(60));
        assert_eq!(gate.poll(11, S(60), &mut |_, _, _| {}), Step::Pass { most: 2, until: None });
        gate.passed(2, S(60));
        assert_eq!(gate.poll(13, S(60), &mut |_, _, _| {}), Step::Wait(S(63)));
    }

    #[test]
    fn time_runs_from_the_first_byte() {
        let plan = plan(&serde_json::json!({ "cut": { "at": "2 s", "end": "reset" } }));
        let mut gate = Gate::new(&plan, None).unwrap();
        let open = |until| Step::Pass { most: u64::MAX, until };
        assert_eq!(gate.poll(0, S(50), &mut |_, _, _| {}), open(None));
        gate.passed(1, S(60));
        let mut poll = |passed, now| gate.poll(passed, S(now), &mut |_, _, _| {});
        assert_eq!(poll(9, 61), open(Some(S(62))));
        assert_eq!(poll(9, 62), Step::Cut);
        assert_eq!(gate.take_cut().unwrap().effect.ending, Ending::Reset);
        assert_eq!(gate.poll(9, S(63), &mut |_, _, _| {}), open(None));
    }

    #[test]
    fn a_cut_in_time_ends_a_pause() {
        let then =
            serde_json::json!({ "cut": { "at": "2 s" }, "stall": { "at": "5 B", "for": "60 s" } });
        let mut gate = Gate::new(&plan(&then), None).unwrap();
        gate.passed(5, S(0));
        assert_eq!(gate.poll(5, S(0), &mut |_, _, _| {}), Step::Wait(S(2)));
        assert_eq!(gate.poll(5, S(2), &mut |_, _, _| {}), Step::Cut);
    }

    proptest! {
        #[test]
        fn a_cut_is_exact(at in 0u64..200, stall in 0u64..200, drop in 1u64..50, length in 1u64..200) {
            let then = serde_json::json!({
                "cut": { "at": format!("{at} B") },
                "stall": { "at": format!("{stall} B"), "for": "1 s" },
                "drip": { "bytes": format!("{drop} B"), "every": "1 s" },
            });
            let Some(mut gate) = Gate::new(&plan(&then), Some(length)) else { return Ok(()) };
            let (course, ..) = run(&mut gate, length);
            let passed = course.last().map_or(0, |(_, passed)| *passed);
            prop_assert_eq!(passed, if at <= length { at } else { length });
        }
    }
}
