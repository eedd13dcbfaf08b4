//! Bytes that a link carried and could have carried, in bins of time.

use crate::units::SessionTime;
use std::time::Duration;

/// The most bins of a session; then two become one.
const MOST_BINS: usize = 1200;
/// The width of a bin at first: the interval of the samples.
const NARROWEST: Duration = Duration::from_millis(500);

/// The bytes in one bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bin {
    pub(super) from: SessionTime,
    /// The part of the bin in which the session was active.
    pub(super) active: Duration,
    /// Bytes handed to the player.
    pub(super) delivered: u64,
    /// Bytes that the link could have carried; `None` = it had no limit for a part of the time.
    pub(super) granted: Option<u64>,
}

impl Bin {
    fn add(&mut self, other: &Self) {
        self.active += other.active;
        self.delivered += other.delivered;
        self.granted = self.granted.zip(other.granted).map(|(one, two)| one + two);
    }

    /// Delivered bit/s.
    pub(super) fn delivered_rate(&self) -> f64 {
        rate(self.delivered, self.active)
    }

    /// The rate of the link in bit/s; `None` = no limit.
    pub(super) fn granted_rate(&self) -> Option<f64> {
        self.granted.map(|bytes| rate(bytes, self.active))
    }
}

fn rate(bytes: u64, over: Duration) -> f64 {
    if over.is_zero() { 0.0 } else { bytes as f64 * 8.0 / over.as_secs_f64() }
}

/// The bins of a session. Their width doubles when there are too many.
#[derive(Debug, Clone)]
pub(super) struct Bins {
    width: Duration,
    bins: Vec<Bin>,
    delivered: u64,
    /// Bytes delivered and granted while the link had a limit.
    limited: (u64, u64),
}

impl Default for Bins {
    fn default() -> Self {
        Self { width: NARROWEST, bins: Vec::new(), delivered: 0, limited: (0, 0) }
    }
}

impl Bins {
    /// Adds a sample of the time from `since` to `at`: all bytes `delivered` since the start of the session, and those
    /// that the link could have carried in this time.
    pub(super) fn sample(
        &mut self,
        since: SessionTime,
        at: SessionTime,
        delivered: u64,
        granted: Option<u64>,
    ) {
        let new = delivered.saturating_sub(self.delivered);
        self.delivered = delivered;
        if let Some(granted) = granted {
            self.limited.0 += new;
            self.limited.1 += granted;
        }
        let active = at - since;
        self.push(Bin { from: self.start(since), active, delivered: new, granted });
        while self.bins.len() > MOST_BINS {
            self.width *= 2;
            for bin in std::mem::take(&mut self.bins) {
                self.push(Bin { from: self.start(bin.from), ..bin });
            }
        }
    }

    /// The start of the bin of a sample from `time` on. While each sample has a bin of its own, that is its time:
    /// sessions do not begin when links are sampled.
    fn start(&self, time: SessionTime) -> SessionTime {
        if self.width == NARROWEST {
            return time;
        }
        let width = self.width.as_millis().max(1);
        let index = time.since_zero().as_millis() / width;
        SessionTime::new(self.width * u32::try_from(index).unwrap_or(u32::MAX))
    }

    fn push(&mut self, bin: Bin) {
        match self.bins.last_mut() {
            Some(last) if last.from >= bin.from => last.add(&bin),
            _ => self.bins.push(bin),
        }
    }

    /// The rate of the link in the last bin, in bit/s; `None` = no limit.
    pub(super) fn last_granted_rate(&self) -> Option<f64> {
        self.bins.last().and_then(Bin::granted_rate)
    }

    pub(super) const fn width(&self) -> Duration {
        self.width
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Bin> {
        self.bins.iter()
    }

    /// Bytes handed to the player.
    pub(super) const fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Bytes delivered, and bytes that the link could have carried, while it had a limit.
    pub(super) const fn limited(&self) -> (u64, u64) {
        self.limited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> SessionTime {
        SessionTime::from_millis(ms)
    }

    #[test]
    fn a_bin_has_the_rates_of_its_time() {
        let mut bins = Bins::default();
        bins.sample(ms(0), ms(500), 50_000, Some(100_000));
        bins.sample(ms(500), ms(1000), 150_000, None);
        let all: Vec<_> = bins.iter().collect();
        assert_eq!(all[0].delivered_rate(), 800_000.0);
        assert_eq!(all[0].granted_rate(), Some(1_600_000.0));
        assert_eq!((all[1].delivered_rate(), all[1].granted_rate()), (1_600_000.0, None));
        assert_eq!((bins.delivered(), bins.limited()), (150_000, (50_000, 100_000)));
    }

    /// An hour: no byte is lost when bins are joined, and their number stays bounded.
    #[test]
    fn a_long_session_has_wider_bins() {
        let mut bins = Bins::default();
        for n in 0..7200 {
            bins.sample(ms(n * 500), ms((n + 1) * 500), (n + 1) * 1000, Some(2000));
        }
        assert!(bins.iter().count() <= MOST_BINS);
        assert_eq!(bins.width(), Duration::from_secs(4));
        assert_eq!(bins.iter().map(|bin| bin.delivered).sum::<u64>(), 7_200_000);
        assert!(bins.iter().all(|bin| (bin.delivered_rate() - 16_000.0).abs() < 1.0));
        let starts: Vec<_> = bins.iter().map(|bin| bin.from).collect();
        assert!(starts.is_sorted() && starts.windows(2).all(|pair| pair[0] < pair[1]));
    }

    /// The first sample of a session comes at any time, and the others half a second after the one before.
    #[test]
    fn samples_keep_their_times() {
        let mut bins = Bins::default();
        for (from, to) in [(0, 140), (140, 640), (640, 1142)] {
            bins.sample(ms(from), ms(to), to * 1000, Some(0));
        }
        let all: Vec<_> = bins.iter().map(|bin| (bin.from, bin.delivered)).collect();
        assert_eq!(all, [(ms(0), 140_000), (ms(140), 500_000), (ms(640), 502_000)]);
    }

    #[test]
    fn an_idle_time_has_no_bins() {
        let mut bins = Bins::default();
        bins.sample(ms(0), ms(500), 10, None);
        bins.sample(ms(60_000), ms(60_500), 20, None);
        assert_eq!(bins.iter().map(|bin| bin.from).collect::<Vec<_>>(), [ms(0), ms(60_000)]);
    }
}
