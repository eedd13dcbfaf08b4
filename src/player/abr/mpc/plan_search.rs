//! The search for the best plan for the next segments, by branch and bound.
//!
//! A plan is a rung for each segment of the horizon. Its reward is that of the linear QoE:
//! Σ bitrate − penalty × Σ rebuffering − Σ |change of the bitrate|, in Mbit/s and s. The choice is that of the
//! exhaustive search, bit by bit: the first rung of the best plan, and of plans with equal rewards the
//! last one in lexicographic order.
//!
//! # The bound
//!
//! Of a plan that is made up to some segment, with a buffer of *B* s and *k* segments left of *L* s each, the
//! rebuffering to come is at least *X* = Σ download time − *B* − (*k* − 1)·*L*, and at least 0; so it is
//! at least λ·*X* for each λ from 0 to 1. With λ·*X* in its place, what is to come is a sum over segments
//! whose best value depends on the last rung alone, and follows from the last segment backwards (dynamic
//! programming). The least of these values over some λ is the bound: λ = 0 is tight where the buffer lasts,
//! λ = 1 where it does not.

use crate::player::playback::count;
use std::ops::Range;

/// kbit per Mbit.
const THOUSAND: f64 = 1000.0;
const PER_THOUSAND: f64 = 0.001;
/// The multipliers of the bound, and a value for each of them.
const LAMBDAS: Lambdas = [0.0, 1.0, 0.3, 0.6];
type Lambdas = [f64; 4];
/// Bounds and rewards are sums in another order: this relative difference is left to rounding.
const SLACK: f64 = 1e-9;

/// What a plan is made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlanTask<'a> {
    /// kbit/s, ascending.
    pub(super) bitrates: &'a [f64],
    /// The duration of a segment in s.
    pub(super) segment: f64,
    /// The number of segments of a plan.
    pub(super) horizon: usize,
    /// The most that neighbouring segments may differ in rungs.
    pub(super) max_step: usize,
    /// What a second of rebuffering costs, in Mbit/s.
    pub(super) penalty: f64,
    /// The buffer in s.
    pub(super) buffer: f64,
    /// The rung of the last segment.
    pub(super) last: usize,
}

/// Memory of the search, kept from one to the next.
#[derive(Debug, Default)]
pub(super) struct PlanSearch {
    /// The download time in s of each segment of the horizon at each rung.
    times: Vec<f64>,
    /// For each segment, last rung and λ: the most that can be added to the reward, but for λ × penalty ×
    /// the time that is there.
    gains: Vec<Lambdas>,
    /// For each last rung and the one after it: what the step adds to the reward, without rebuffering; −∞ where it is too
    /// large.
    steps: Vec<f64>,
    /// The ladder that `steps` are of, and the largest step.
    of: (Vec<f64>, usize),
    /// For each rung of a segment, what it costs and what can come after it.
    coming: Vec<Lambdas>,
    /// The continuations of the plan at each segment.
    open: Vec<Open>,
}

/// A continuation that was not tried yet.
#[derive(Debug, Clone, Copy)]
struct Open {
    bound: f64,
    plan: Plan,
}

/// What a plan has come to.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// Seconds.
    buffer: f64,
    /// Seconds.
    rebuffer: f64,
    /// Sum in kbit/s.
    bitrate: f64,
    /// Sum of differences in kbit/s.
    change: f64,
    /// The first rung.
    first: usize,
    /// The last rung.
    last: usize,
}

/// The best plan so far.
#[derive(Debug, Clone, Copy)]
struct Best {
    reward: f64,
    first: usize,
}

impl PlanSearch {
    /// The first rung of the best plan; `time` is the download time in s of segment number `depth` of the plan at
    /// a rung. The lowest rung if the plan has no segment.
    pub(super) fn best(
        &mut self,
        task: &PlanTask<'_>,
        time: impl Fn(usize, usize) -> f64,
    ) -> usize {
        let rungs = task.bitrates.len();
        self.times.clear();
        for depth in 0..task.horizon {
            self.times.extend((0..rungs).map(|rung| time(depth, rung)));
        }
        self.weigh(task);
        let plan = Plan {
            buffer: task.buffer,
            rebuffer: 0.0,
            bitrate: 0.0,
            change: 0.0,
            first: 0,
            last: task.last,
        };
        // What an earlier search has left is written before it is read.
        if self.open.len() < task.horizon * rungs {
            self.open.resize(task.horizon * rungs, Open { bound: f64::NEG_INFINITY, plan });
        }
        let mut best = Best { reward: f64::NEG_INFINITY, first: 0 };
        self.extend(task, 0, &plan, &mut best);
        best.first
    }

    /// Fills `steps`.
    fn lay_steps(&mut self, task: &PlanTask<'_>) {
        if self.of.0 == task.bitrates && self.of.1 == task.max_step {
            return;
        }
        self.of = (task.bitrates.to_vec(), task.max_step);
        self.steps.clear();
        for (last, before) in task.bitrates.iter().enumerate() {
            let reach = reach(task, last);
            let step = |(rung, bitrate): (usize, &f64)| {
                let value = (bitrate - (bitrate - before).abs()) / THOUSAND;
                if reach.contains(&rung) { value } else { f64::NEG_INFINITY }
            };
            self.steps.extend(task.bitrates.iter().enumerate().map(step));
        }
    }

    /// Fills `gains`, from the last segment backwards.
    fn weigh(&mut self, task: &PlanTask<'_>) {
        self.lay_steps(task);
        let rungs = task.bitrates.len();
        self.gains.clear();
        self.gains.resize(rungs * (task.horizon + 1), Lambdas::default());
        let prices = LAMBDAS.map(|lambda| lambda * task.penalty);
        for depth in (0..task.horizon).rev() {
            let (before, after) = self.gains.split_at_mut(rungs * (depth + 1));
            let before = &mut before[rungs * depth..];
            let times = &self.times[rungs * depth..rungs * (depth + 1)];
            let coming = |(time, gain): (&f64, &Lambdas)| -> Lambdas {
                std::array::from_fn(|at| gain[at] - prices[at] * time)
            };
            self.coming.clear();
            self.coming.extend(times.iter().zip(after.iter()).map(coming));
            for (gain, steps) in before.iter_mut().zip(self.steps.chunks_exact(rungs)) {
                let mut most = [f64::NEG_INFINITY; LAMBDAS.len()];
                for (step, coming) in steps.iter().zip(&self.coming) {
                    for (most, coming) in most.iter_mut().zip(coming) {
                        let value = step + coming;
                        // What is no number is left out.
                        *most = if value > *most { value } else { *most };
                    }
                }
                *gain = most;
            }
        }
    }

    /// Tries the continuations of a plan of `depth` segments, the most promising one first.
    fn extend(&mut self, task: &PlanTask<'_>, depth: usize, plan: &Plan, best: &mut Best) {
        let rungs = task.bitrates.len();
        if depth + 1 >= task.horizon {
            return self.finish(task, depth, plan, best);
        }
        let row = depth * rungs;
        let reach = reach(task, plan.last);
        for rung in reach.clone() {
            let next = self.step(task, depth, rung, plan);
            let bound = self.bound(task, depth + 1, &next);
            self.open[row + rung] = Open { bound, plan: next };
        }
        loop {
            let open = reach.clone().map(|rung| (rung, self.open[row + rung].bound));
            let next = open
                .fold((0, f64::NEG_INFINITY), |most, one| if one.1 > most.1 { one } else { most });
            if next.1 + SLACK * (1.0 + best.reward.abs()) < best.reward
                || next.1 == f64::NEG_INFINITY
            {
                return;
            }
            let slot = &mut self.open[row + next.0];
            slot.bound = f64::NEG_INFINITY;
            let plan = slot.plan;
            self.extend(task, depth + 1, &plan, best);
        }
    }

    /// Tries all rungs of the last segment.
    fn finish(&self, task: &PlanTask<'_>, depth: usize, plan: &Plan, best: &mut Best) {
        if depth >= task.horizon {
            return;
        }
        for rung in reach(task, plan.last) {
            let end = self.step(task, depth, rung, plan);
            let reward = reward(task, &end);
            // Later in lexicographic order: of plans with equal rewards, that with the higher first rung.
            if reward > best.reward || (reward == best.reward && end.first > best.first) {
                *best = Best { reward, first: end.first };
            }
        }
    }

    /// At least the reward of each plan that continues `plan`, which has `depth` segments.
    fn bound(&self, task: &PlanTask<'_>, depth: usize, plan: &Plan) -> f64 {
        let left = count(task.horizon - depth - 1);
        let spare = task.penalty * (plan.buffer + left * task.segment);
        let mut least = f64::INFINITY;
        for (gain, lambda) in
            self.gains[depth * task.bitrates.len() + plan.last].iter().zip(LAMBDAS)
        {
            let value = gain + lambda * spare;
            least = if value < least { value } else { least };
        }
        // But for its rounding the reward; a product is quicker than a quotient.
        (plan.bitrate - plan.change) * PER_THOUSAND - task.penalty * plan.rebuffer + least
    }

    /// The plan with one more segment at `rung`.
    fn step(&self, task: &PlanTask<'_>, depth: usize, rung: usize, plan: &Plan) -> Plan {
        let time = self.times[depth * task.bitrates.len() + rung];
        let mut next = *plan;
        if next.buffer < time {
            next.rebuffer += time - next.buffer;
            next.buffer = 0.0;
        } else {
            next.buffer -= time;
        }
        next.buffer += task.segment;
        next.bitrate += task.bitrates[rung];
        next.change += (task.bitrates[rung] - task.bitrates[plan.last]).abs();
        if depth == 0 {
            next.first = rung;
        }
        next.last = rung;
        next
    }
}

/// The rungs that may follow `last`.
fn reach(task: &PlanTask<'_>, last: usize) -> Range<usize> {
    let top = task.bitrates.len() - 1;
    let high = last.saturating_add(task.max_step).min(top);
    last.saturating_sub(task.max_step)..high + 1
}

fn reward(task: &PlanTask<'_>, plan: &Plan) -> f64 {
    (plan.bitrate / THOUSAND) - (task.penalty * plan.rebuffer) - (plan.change / THOUSAND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All plans in lexicographic order; of equals the last one. Returns the highest reward of those that continue
    /// `plan`, which its bound must reach.
    fn exhaustive(
        task: &PlanTask<'_>,
        search: &PlanSearch,
        depth: usize,
        plan: &Plan,
        best: &mut Best,
    ) -> f64 {
        if depth == task.horizon {
            let reward = reward(task, plan);
            if reward >= best.reward {
                *best = Best { reward, first: plan.first };
            }
            return reward;
        }
        let rewards = reach(task, plan.last).map(|rung| {
            let next = search.step(task, depth, rung, plan);
            exhaustive(task, search, depth + 1, &next, best)
        });
        let highest = rewards.fold(f64::NEG_INFINITY, f64::max);
        let bound = search.bound(task, depth, plan);
        assert!(bound + SLACK * (1.0 + highest.abs()) >= highest, "{bound} {highest} at {depth}");
        highest
    }

    fn check(task: &PlanTask<'_>, times: &[f64]) -> (usize, usize) {
        let rungs = task.bitrates.len();
        let mut search = PlanSearch::default();
        let found = search.best(task, |depth, rung| times[depth * rungs + rung]);
        let (buffer, last) = (task.buffer, task.last);
        let plan = Plan { buffer, rebuffer: 0.0, bitrate: 0.0, change: 0.0, first: 0, last };
        let mut best = Best { reward: f64::NEG_INFINITY, first: 0 };
        exhaustive(task, &search, 0, &plan, &mut best);
        (found, best.first)
    }

    const LADDERS: [&[f64]; 4] = [
        &[300.0, 750.0, 1200.0, 1850.0, 2850.0, 4300.0],
        &[363.0, 688.0, 1178.0, 2478.0, 4428.0, 8128.0],
        &[100.0, 200.0, 300.0, 400.0],
        &[500.0],
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// The choice is that of the exhaustive search, with sizes that vary and with constant ones, which
        /// have many plans of equal rewards.
        #[test]
        fn the_choice_is_that_of_all_plans(
            ladder in 0usize..4,
            throughput in prop_oneof![50.0f64..9000.0, Just(600.0), Just(1200.0), Just(1e9), Just(1e-3)],
            buffer in prop_oneof![0.0f64..25.0, (0u32..7).prop_map(|segments| 4.0 * f64::from(segments))],
            variation in prop_oneof![Just(0.0), Just(0.4)],
            factors in prop::collection::vec(-1.0f64..1.0, 5),
            horizon in prop_oneof![Just(5usize), 0usize..5],
            max_step in prop_oneof![Just(usize::MAX), Just(1usize), Just(2usize)],
            penalty in prop_oneof![Just(4.3), Just(10.0), 0.1f64..100.0],
            last: usize,
        ) {
            let bitrates = LADDERS[ladder];
            let last = last % bitrates.len();
            let time = |factor: &f64| {
                let longer = 1.0 + variation * factor;
                bitrates.iter().map(move |bitrate| bitrate * 4.0 * longer / throughput)
            };
            let times: Vec<f64> = factors.iter().flat_map(time).collect();
            let task = PlanTask { bitrates, segment: 4.0, horizon, max_step, penalty, buffer, last };
            let (found, expected) = check(&task, &times);
            prop_assert_eq!(found, expected);
        }
    }
}
