//! Exemplars: for each bucket of a histogram a recent observation, and the session that it belongs to.

use super::families::{Family, Shape};
use crate::{clock::Timestamp, event::SessionTag};
use parking_lot::Mutex;
use prometheus::{Histogram, HistogramVec, proto::LabelPair};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// An observation of a histogram.
#[derive(Debug, Clone)]
pub(super) struct Exemplar {
    pub(super) value: f64,
    pub(super) at: Timestamp,
    pub(super) session: Arc<SessionTag>,
}

/// The exemplars of one histogram with one set of labels, one for each bucket.
pub(super) struct BucketExemplars {
    bounds: &'static [f64],
    buckets: Vec<Bucket>,
}

/// The newest exemplar of a bucket. It is replaced at most once a second, so that a busy bucket costs a comparison.
#[derive(Default)]
struct Bucket {
    /// The second of process time in which the exemplar was set, plus one.
    second: AtomicU64,
    exemplar: Mutex<Option<Exemplar>>,
}

impl BucketExemplars {
    fn new(family: &Family) -> Self {
        let bounds = match family.shape {
            Shape::Histogram(bounds) => bounds,
            Shape::Counter | Shape::Gauge => &[],
        };
        // The last one is for values above all bounds.
        let buckets = (0..=bounds.len()).map(|_| Bucket::default()).collect();
        Self { bounds, buckets }
    }

    fn offer(&self, value: f64, at: Timestamp, session: &Arc<SessionTag>) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        let Some(bucket) = self.buckets.get(place) else { return };
        let second = at.process.since_zero().as_secs() + 1;
        if bucket.second.load(Relaxed) >= second {
            return;
        }
        bucket.second.store(second, Relaxed);
        *bucket.exemplar.lock() = Some(Exemplar { value, at, session: Arc::clone(session) });
    }

    /// The exemplar of the bucket at `place`.
    pub(super) fn get(&self, place: usize) -> Option<Exemplar> {
        self.buckets.get(place)?.exemplar.lock().clone()
    }
}

/// A histogram that keeps exemplars.
pub(super) struct ExemplarHistogram {
    histogram: Histogram,
    exemplars: Arc<BucketExemplars>,
}

impl ExemplarHistogram {
    pub(super) fn observe(&self, value: f64, at: Timestamp, session: &Arc<SessionTag>) {
        self.histogram.observe(value);
        self.exemplars.offer(value, at, session);
    }
}

/// The exemplars of all histograms that keep them. There are as many as there are sets of labels, which are bounded.
#[derive(Default)]
pub(super) struct Exemplars {
    known: Mutex<HashMap<String, Arc<BucketExemplars>>>,
}

impl Exemplars {
    /// The histogram of `family` with these values of its labels.
    pub(super) fn histogram(
        &self,
        family: &Family,
        histograms: &HistogramVec,
        values: &[&str],
    ) -> ExemplarHistogram {
        let labels = family.labels.iter().copied().zip(values.iter().copied());
        let mut known = self.known.lock();
        let exemplars = known
            .entry(key(family.name, labels))
            .or_insert_with(|| Arc::new(BucketExemplars::new(family)));
        ExemplarHistogram {
            histogram: histograms.with_label_values(values),
            exemplars: Arc::clone(exemplars),
        }
    }

    /// The exemplars of the histogram `name` with `labels`, if it keeps them.
    pub(super) fn find(&self, name: &str, labels: &[LabelPair]) -> Option<Arc<BucketExemplars>> {
        let labels = labels.iter().map(|label| (label.name(), label.value()));
        self.known.lock().get(&key(name, labels)).map(Arc::clone)
    }
}

/// Names one histogram with one set of labels, whatever their order.
fn key<'a>(name: &str, labels: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut labels: Vec<_> = labels.collect();
    labels.sort_unstable();
    format!("{name} {labels:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        observers::families::SEGMENT_DOWNLOAD,
        units::{ProcessTime, UnixTime},
    };

    fn session(id: &str) -> Arc<SessionTag> {
        Arc::new(SessionTag { id: id.into(), ordinal: 1, seed: 1, label: None })
    }

    fn at(ms: u64) -> Timestamp {
        Timestamp {
            process: ProcessTime::from_millis(ms),
            unix: UnixTime::from_millis(1_700_000_000_000 + ms),
        }
    }

    fn kept(exemplars: &BucketExemplars, place: usize) -> Option<(f64, String)> {
        exemplars.get(place).map(|one| (one.value, one.session.id.to_string()))
    }

    #[test]
    fn each_bucket_keeps_the_first_observation_of_the_newest_second() {
        let exemplars = BucketExemplars::new(&SEGMENT_DOWNLOAD);
        for (value, ms, id) in [(0.3, 100, "a"), (0.4, 900, "b"), (0.45, 1100, "c"), (99.0, 0, "d")]
        {
            exemplars.offer(value, at(ms), &session(id));
        }
        // The bounds are 5, 10, 25, 50, 100, 250 and 500 ms, …
        assert_eq!(kept(&exemplars, 6), Some((0.45, "c".to_owned())));
        assert_eq!(kept(&exemplars, 18), Some((99.0, "d".to_owned())));
        assert_eq!(kept(&exemplars, 5), None);
    }

    #[test]
    fn a_value_equal_to_a_bound_is_in_the_bucket_of_this_bound() {
        let exemplars = BucketExemplars::new(&SEGMENT_DOWNLOAD);
        exemplars.offer(0.5, at(0), &session("a"));
        assert!(kept(&exemplars, 6).is_some());
    }
}
