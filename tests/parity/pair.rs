//! Two viewings of one case, and whether they agree.

use std::fmt;

/// Profile, algorithm, and seed.
pub(crate) type Case = (&'static str, &'static str, u64);

/// What a viewing was like.
#[derive(Debug, Clone)]
pub(crate) struct Viewing {
    /// How long it lasted.
    pub(crate) seconds: u32,
    pub(crate) rebuffer_s: f64,
    pub(crate) bitrate: f64,
    pub(crate) startup_s: f64,
    pub(crate) rungs: Vec<usize>,
}

/// Two viewings of one case.
pub(crate) struct Pair {
    pub(crate) case: Case,
    pub(crate) virtual_time: Viewing,
    pub(crate) sockets: Viewing,
}

impl Pair {
    /// The difference of the rebuffering as a share of the viewing's time.
    fn rebuffer(&self) -> f64 {
        let difference = self.virtual_time.rebuffer_s - self.sockets.rebuffer_s;
        difference.abs() / f64::from(self.virtual_time.seconds)
    }

    fn bitrate(&self) -> f64 {
        (self.sockets.bitrate / self.virtual_time.bitrate - 1.0).abs()
    }

    /// The share of segments at the same rung, of those that are complete in both.
    pub(crate) fn same(&self) -> f64 {
        let (one, other) = (&self.virtual_time.rungs, &self.sockets.rungs);
        let same = one.iter().zip(other).filter(|(one, other)| one == other).count();
        same as f64 / one.len().min(other.len()) as f64
    }

    /// How many segments are complete in one of them only when the viewing ends: the last ones, on a busy machine.
    fn unmatched(&self) -> usize {
        self.virtual_time.rungs.len().abs_diff(self.sockets.rungs.len())
    }

    pub(crate) fn agrees(&self) -> bool {
        self.rebuffer() <= 0.02
            && self.bitrate() <= 0.02
            && self.same() >= 0.9
            && self.unmatched() <= 2
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (profile, abr, seed) = self.case;
        let (one, other) = (&self.virtual_time, &self.sockets);
        write!(
            f,
            "{profile:<15} {abr:<11} {seed}  startup {:.3} {:.3} s  rebuffering {:.3} {:.3} s  \
             bitrate {:.0} {:.0} kbit/s ({:.2} %)  same rung {:.1} % of {} and {}",
            one.startup_s,
            other.startup_s,
            one.rebuffer_s,
            other.rebuffer_s,
            one.bitrate / 1000.0,
            other.bitrate / 1000.0,
            self.bitrate() * 100.0,
            self.same() * 100.0,
            one.rungs.len(),
            other.rungs.len(),
        )
    }
}

/// Prints all pairs. In each of them rebuffering is within 2 % of the viewing's time, mean bitrate within 2 %, and the rung
/// the same for 90 % of the segments (of some 15, one may differ); over all of them it is the same for 95 %.
pub(crate) fn assert_agreement(pairs: &[Pair]) {
    for pair in pairs {
        println!("{pair}{}", if pair.agrees() { "" } else { "  DIFFERS" });
        if !pair.agrees() {
            println!("  {:?}\n  {:?}", pair.virtual_time.rungs, pair.sockets.rungs);
        }
    }
    let differ: Vec<_> = pairs.iter().filter(|pair| !pair.agrees()).map(|p| p.case).collect();
    assert!(differ.is_empty(), "these differ: {differ:?}");
    let (mut same, mut all) = (0.0, 0.0);
    for pair in pairs {
        let segments = pair.virtual_time.rungs.len() as f64;
        same += pair.same() * segments;
        all += segments;
    }
    println!("the same rung for {:.1} % of all segments", 100.0 * same / all);
    assert!(same >= 0.95 * all);
}
