//! What a link of ours delivered, where losses or TCP kept bodies below what it granted.

use crate::replay::{
    record::{Record, Recording},
    spans::{under_way, within},
};
use std::time::Duration;

/// Less time under way is no evidence: of one sample, and of all together.
const LEAST_BUSY: Duration = Duration::from_millis(50);
const LEAST_IN_ALL: Duration = Duration::from_secs(1);
/// A link that delivers a larger share of what it grants has no losses to speak of.
const WHOLE: f64 = 0.95;

/// Replaces the rates that the link granted by those that it delivered, if bodies that waited for the link got less: what
/// a profile has is then the rate with losses and TCP in it.
pub(super) fn settle(recording: &mut Recording) {
    let records = &recording.records;
    let all = under_way(records.iter().filter_map(|record| record.body));
    let slowed = records.iter().filter(|record| is_slowed_by_link(record));
    let slowed = under_way(slowed.filter_map(|record| record.body));
    // Of each sample the time in which only the link held bodies up.
    let busy: Vec<Option<Duration>> = recording
        .samples
        .iter()
        .map(|sample| {
            let busy = within(&slowed, sample.from, sample.to);
            let others = within(&all, sample.from, sample.to).saturating_sub(busy);
            (busy >= LEAST_BUSY && others * 4 <= busy).then_some(busy)
        })
        .collect();
    let known = recording.samples.iter().zip(&busy).filter_map(|(s, busy)| Some((s, (*busy)?)));
    let (mut got, mut granted, mut in_all) = (0.0, 0.0, Duration::ZERO);
    for (sample, busy) in known {
        got += sample.bytes as f64 * 8.0;
        granted += sample.rate * busy.as_secs_f64();
        in_all += busy;
    }
    if in_all < LEAST_IN_ALL || granted <= 0.0 || got >= granted * WHOLE {
        return;
    }
    let share = got / granted;
    for (sample, busy) in recording.samples.iter_mut().zip(busy) {
        match busy {
            Some(busy) => {
                let rate = sample.bytes as f64 * 8.0 / busy.as_secs_f64();
                sample.rate = rate.min(sample.rate);
                sample.busy = busy;
            }
            None => sample.rate *= share,
        }
    }
    recording.notes.push(format!(
        "losses, TCP, and other users of the link are in the rate: {:.0} % of what the link granted arrived while bodies \
         waited for it",
        share * 100.0
    ));
}

/// Whether the link was what held the body up for most of its time.
fn is_slowed_by_link(record: &Record) -> bool {
    let both = record.body.zip(record.link_wait);
    both.is_some_and(|(body, wait)| wait * 2 >= body.lasts && body.limited * 2 >= body.lasts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::record::{Body, Sample};

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// A body of four seconds over a link of 5 Mbit/s that delivered these bytes in each half of a second, and then rests.
    fn recording(each: [u64; 8], link_wait: Duration) -> Recording {
        let (start, lasts) = (MS(0), MS(4000));
        let body = Body { start, lasts, limited: lasts, bytes: each.iter().sum() };
        let record = Record { body: Some(body), link_wait: Some(link_wait), ..Record::default() };
        let sample = |(at, bytes): (usize, u64)| {
            let from = MS(at as u64 * 500);
            Sample { from, to: from + MS(500), rate: 5e6, bytes, busy: MS(500) }
        };
        let samples = each.into_iter().chain([0]).enumerate().map(sample).collect();
        Recording { records: vec![record], samples, ..Recording::default() }
    }

    fn rates(recording: &Recording) -> Vec<f64> {
        recording.samples.iter().map(|sample| (sample.rate / 1e4).round() / 1e2).collect()
    }

    #[test]
    fn where_the_link_had_losses_the_rate_is_what_arrived() {
        let lossy = [125_000, 187_500, 250_000, 312_500, 125_000, 125_000, 62_500, 62_500];
        let mut recording = recording(lossy, MS(3900));
        settle(&mut recording);
        assert_eq!(rates(&recording), [2.0, 3.0, 4.0, 5.0, 2.0, 2.0, 1.0, 1.0, 2.5]);
        assert!(recording.notes[0].contains("50 % of what"), "{:?}", recording.notes);
    }

    #[test]
    fn a_whole_rate_stays_and_so_does_one_that_something_else_left_unused() {
        for (each, wait) in [([305_000; 8], MS(3900)), ([100_000; 8], MS(100))] {
            let mut recording = recording(each, wait);
            settle(&mut recording);
            assert_eq!(rates(&recording), [5.0; 9]);
            assert!(recording.notes.is_empty());
        }
    }
}
