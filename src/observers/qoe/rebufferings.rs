//! The rebufferings of a session, one by one: those that its figures count.

use super::{figures::Sources, playback::Rebuffer, record::SessionRecord, reports::Starvation};
use crate::units::SessionTime;
use std::time::Duration;

/// A rebuffering that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rebuffering {
    pub(super) at: SessionTime,
    /// `None` = the player reports no duration, and none is estimated.
    pub(super) lasts: Option<Duration>,
    /// Whether the player reports it.
    pub(super) reported: bool,
    /// The latest time at which it is known to have lasted.
    pub(super) known: SessionTime,
}

/// The rebufferings that the player reports, if it does, or else the estimated ones. Both are of the same
/// standstills: together they would count each twice.
pub(super) fn rebufferings(record: &SessionRecord) -> Vec<Rebuffering> {
    let present = record.playback.rebuffering();
    let estimated: Vec<_> = record.playback.rebuffers.iter().copied().chain(present).collect();
    if Sources::of(record).rebuffer == "cmcd" {
        return reported(record.reports.starvations.iter(), &estimated);
    }
    let of = |Rebuffer { at, lasts }| Rebuffering {
        at,
        lasts: Some(lasts),
        reported: false,
        known: at + lasts,
    };
    estimated.into_iter().map(of).collect()
}

/// What a player reports. It reports a starvation after its start, and some without its duration (`bs` alone): then it
/// is where the last one is estimated that had begun by then, if that is no other starvation's.
fn reported<'a>(
    starvations: impl Iterator<Item = &'a Starvation>,
    estimated: &[Rebuffer],
) -> Vec<Rebuffering> {
    let mut taken = 0;
    let of = |&Starvation { at: known, lasts }: &Starvation| {
        let begun = estimated.partition_point(|rebuffer| rebuffer.at <= known);
        let same = begun.checked_sub(1).filter(|_| begun > taken);
        taken = taken.max(begun);
        let (at, lasts) = match (lasts, same.and_then(|place| estimated.get(place))) {
            (Some(lasts), _) => (known.saturating_sub(lasts), Some(lasts)),
            (None, Some(rebuffer)) => (rebuffer.at, Some(rebuffer.lasts)),
            (None, None) => (known, None),
        };
        Rebuffering { at, lasts, reported: true, known }
    };
    starvations.map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::SessionTag,
        observers::qoe::{figures::figures, stream::Arrived},
    };
    use std::sync::Arc;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    const fn at(ms: u64) -> SessionTime {
        SessionTime::from_millis(ms)
    }

    #[test]
    fn a_starvation_without_a_duration_is_the_estimated_rebuffering_before_it() {
        let estimated =
            [Rebuffer { at: at(1000), lasts: ms(400) }, Rebuffer { at: at(5000), lasts: ms(3000) }];
        let of = |known, lasts| Starvation { at: at(known), lasts };
        let starvations = [of(500, None), of(7000, None), of(8000, None), of(9000, Some(ms(600)))];
        let found = reported(starvations.iter(), &estimated);
        let times: Vec<_> = found.iter().map(|one| (one.at, one.lasts)).collect();
        let expected = [
            (at(500), None),
            (at(5000), Some(ms(3000))),
            // A second report after the same estimate.
            (at(8000), None),
            (at(8400), Some(ms(600))),
        ];
        assert_eq!(times, expected);
    }

    /// A standstill that is reported and estimated is one.
    #[test]
    fn there_are_as_many_as_the_figures_count() {
        let id = "s".into();
        let session = Arc::new(SessionTag { id, ordinal: 1, seed: 1, label: None });
        let started = crate::clock::Timestamp::default();
        let mut record = SessionRecord::new(&session, &"3g".into(), started);
        for (from, to, start) in [(0, 1000, 0.0), (1000, 7000, 4.0)] {
            let (bitrate, rung) = (Some(1e6), Some(1));
            let segment =
                Arrived { start: Some(start), duration: 4.0, number: None, bitrate, rung };
            record.playback.request(at(from), "video", false);
            record.playback.finish(at(to), "video", Some(&segment));
        }
        let same = |record: &SessionRecord| {
            let (found, figures) = (rebufferings(record), figures(record));
            assert_eq!(found.len() as u64, figures.rebuffer_count, "{found:?}");
            let lasted: f64 =
                found.iter().filter_map(|one| one.lasts).map(|d| d.as_secs_f64()).sum();
            assert_eq!(lasted, figures.rebuffer_seconds, "{found:?}");
            (found.len(), lasted, found.first().is_some_and(|one| one.reported))
        };
        assert_eq!(same(&record), (1, 2.0, false));
        record.reports.buffered(ms(4000), None);
        assert_eq!(same(&record), (0, 0.0, false));
        record.reports.starved(at(7100), None);
        assert_eq!(same(&record), (1, 2.0, true));
    }
}
