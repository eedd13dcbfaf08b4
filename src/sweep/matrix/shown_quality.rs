//! What follows from the order in which rungs are shown.

/// The bitrates of Pensieve's ladder in kbit/s, and what its QoE-HD gives for each. Source: Mao, Netravali, Alizadeh, SIGCOMM
/// 2017, section 5.1. A bitrate of another ladder counts as the highest of these that it reaches, and as the lowest below all.
const HD_REWARDS: [(f64, f64); 6] =
    [(300.0, 1.0), (750.0, 2.0), (1200.0, 3.0), (1850.0, 12.0), (2850.0, 15.0), (4300.0, 20.0)];

/// What one rung is worth.
#[derive(Debug, Clone, Copy)]
struct Worth {
    /// ln(bitrate ÷ lowest bitrate).
    utility: f64,
    /// Its reward in QoE-HD.
    hd: f64,
}

/// Sums over the segments shown, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct ShownQuality {
    rungs: Vec<Worth>,
    last: Option<usize>,
    /// Whether the last switch went up.
    rose: Option<bool>,
    /// When the first segment began to be shown, and when the highest rung so far did, in ms.
    first: Option<f64>,
    highest: Option<(usize, f64)>,
    /// Σ reward of QoE-HD, and Σ |its change|.
    pub(super) hd: f64,
    pub(super) hd_change: f64,
    /// Σ |change of ln(bitrate)|.
    pub(super) log_change: f64,
    /// Switches in the other direction than the one before.
    pub(super) oscillations: f64,
}

impl ShownQuality {
    /// Nothing was shown yet of a ladder with these bitrates in kbit/s, ascending.
    pub(super) fn new(bitrates: &[f64]) -> Self {
        let lowest = bitrates.first().copied().unwrap_or(1.0);
        let worth = |bitrate: &f64| Worth { utility: (bitrate / lowest).ln(), hd: hd(*bitrate) };
        Self { rungs: bitrates.iter().map(worth).collect(), ..Self::default() }
    }

    /// So many segments of `rung` are shown from `at` ms on.
    pub(super) fn show(&mut self, rung: usize, segments: f64, at: f64) {
        let Some(worth) = self.rungs.get(rung).or(self.rungs.last()).copied() else { return };
        self.hd += worth.hd * segments;
        self.first.get_or_insert(at);
        if self.highest.is_none_or(|(highest, _)| highest < rung) {
            self.highest = Some((rung, at));
        }
        let Some(last) = self.last.replace(rung).filter(|last| *last != rung) else { return };
        let before = self.rungs.get(last).or(self.rungs.last()).copied().unwrap_or(worth);
        self.hd_change += (worth.hd - before.hd).abs();
        self.log_change += (worth.utility - before.utility).abs();
        let rises = rung > last;
        if self.rose.replace(rises).is_some_and(|rose| rose != rises) {
            self.oscillations += 1.0;
        }
    }

    /// From the first picture until the highest rung of the session was first shown, in ms.
    pub(super) fn ramp_up(&self) -> f64 {
        self.highest.zip(self.first).map_or(0.0, |((_, at), first)| at - first)
    }
}

/// The reward of a bitrate in kbit/s in QoE-HD.
fn hd(bitrate: f64) -> f64 {
    let reached = HD_REWARDS.iter().rev().find(|(from, _)| *from <= bitrate);
    reached.or(HD_REWARDS.first()).map_or(0.0, |(_, reward)| *reward)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewards_are_those_of_the_paper() {
        let bitrates = [300.0, 750.0, 1200.0, 1850.0, 2850.0, 4300.0];
        assert_eq!(bitrates.map(hd), [1.0, 2.0, 3.0, 12.0, 15.0, 20.0]);
        assert_eq!([100.0, 749.0, 1849.9, 9000.0].map(hd), [1.0, 1.0, 3.0, 20.0]);
    }

    /// Rungs 0 0 2 1 1 2 0: up, down, up, down: three times in the other direction.
    #[test]
    fn a_session_of_seven_segments() {
        let mut shown = ShownQuality::new(&[500.0, 1000.0, 2000.0]);
        for (place, rung) in [0, 0, 2, 1, 1, 2, 0].into_iter().enumerate() {
            shown.show(rung, 1.0, 1500.0 + 4000.0 * place as f64);
        }
        assert_eq!(shown.oscillations, 3.0);
        assert_eq!(shown.ramp_up(), 8000.0);
        // 500, 1000 and 2000 kbit/s count as 300, 750 and 1850.
        assert_eq!(
            (shown.hd, shown.hd_change),
            (1.0 * 3.0 + 2.0 * 2.0 + 12.0 * 2.0, 11.0 + 10.0 + 10.0 + 11.0)
        );
        // Two octaves up, one down, one up, two down.
        assert!((shown.log_change - 6.0 * std::f64::consts::LN_2).abs() < 1e-12);
        assert_eq!(ShownQuality::new(&[]).ramp_up(), 0.0);
    }
}
