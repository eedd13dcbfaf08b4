//! Which packets of a response are lost: Bernoulli trials, or Gilbert–Elliott bursts.
//!
//! Decided by the byte's place in the response and the response's own stream, never by how the
//! bytes were chunked: the same request loses the same packets on every run.

use super::spec::LossModel;
use crate::seed::Stream;
use rand::RngExt as _;

/// Body bytes in a packet: Ethernet's 1500 less IPv4, TCP and its timestamps.
pub const PACKET: u64 = 1448;

/// Losses closer than this are recovered together, as one pause: the smallest flight of packets
/// TCP has under way, its initial window (RFC 6928).
const FLIGHT: u64 = 10;

/// A run of Bernoulli trials in one state of the model.
#[derive(Debug, Clone, Copy)]
struct State {
    loss: f64,
    leave: f64,
}

/// Yields the lost packets of one response, in order.
#[derive(Debug, Clone)]
pub(super) struct Loss {
    stream: Stream,
    states: [State; 2],
    bad: bool,
    /// The next packet to be decided on.
    packet: u64,
    /// Packets left in the present state.
    left: u64,
    next: Option<u64>,
}

impl Loss {
    pub(super) fn new(model: LossModel, mut stream: Stream) -> Self {
        let states = match model {
            LossModel::Bernoulli(loss) => [State { loss: loss.get(), leave: 0.0 }; 2],
            LossModel::GilbertElliott { p, r, loss_bad, loss_good } => [
                State { loss: loss_good.get(), leave: p.get() },
                State { loss: loss_bad.get(), leave: r.get() },
            ],
        };
        let [good, bad] = states.map(|state| state.leave);
        let share = if good > 0.0 { good / (good + bad) } else { 0.0 };
        let bad = stream.random::<f64>() < share;
        let mut loss = Self { stream, states, bad, packet: 0, left: 0, next: None };
        loss.left = loss.sojourn();
        loss.next = loss.find();
        loss
    }

    /// The first byte of the next lost packet; `None` = no more losses within any real body.
    pub(super) fn next_byte(&self) -> Option<u64> {
        self.next.map(|packet| packet * PACKET)
    }

    /// Goes on to the next loss that is not recovered together with this one.
    pub(super) fn advance(&mut self) {
        let Some(lost) = self.next else { return };
        while self.next.is_some_and(|next| next < lost + FLIGHT) {
            self.next = self.find();
        }
    }

    /// The next lost packet. Skips in geometric strides, which Bernoulli trials allow.
    fn find(&mut self) -> Option<u64> {
        // A state change per round; a body would have to be terabytes long to need more.
        for _ in 0..100_000 {
            let state = self.states[usize::from(self.bad)];
            let skip = geometric(state.loss, &mut self.stream);
            if skip < self.left {
                self.left -= skip + 1;
                let lost = self.packet.checked_add(skip)?;
                self.packet = lost + 1;
                return Some(lost);
            }
            self.packet = self.packet.checked_add(self.left)?;
            if self.states.iter().all(|state| state.loss == 0.0) {
                return None;
            }
            self.bad = !self.bad;
            self.left = self.sojourn();
        }
        None
    }

    /// How many packets the present state lasts (at least one).
    fn sojourn(&mut self) -> u64 {
        let leave = self.states[usize::from(self.bad)].leave;
        geometric(leave, &mut self.stream).saturating_add(1)
    }
}

/// Failures before the first success of trials with probability `p`, by inversion; `u64::MAX`
/// when there is none.
fn geometric(p: f64, stream: &mut Stream) -> u64 {
    if p <= 0.0 {
        return u64::MAX;
    }
    if p >= 1.0 {
        return 0;
    }
    let u: f64 = 1.0 - stream.random::<f64>();
    (u.ln() / (-p).ln_1p()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{seed::Seed, units::Ratio};

    fn ratio(value: f64) -> Ratio {
        Ratio::new(value).unwrap()
    }

    /// The packets lost among the first `n`, before losses of one flight are joined.
    fn lost(model: LossModel, n: u64) -> Vec<u64> {
        let mut loss = Loss::new(model, Seed::new(9).stream());
        let mut packets = Vec::new();
        while let Some(packet) = loss.next.filter(|packet| *packet < n) {
            packets.push(packet);
            loss.next = loss.find();
        }
        packets
    }

    #[test]
    fn bernoulli_loses_its_share() {
        let share = lost(LossModel::Bernoulli(ratio(0.02)), 1_000_000).len() as f64 / 1e6;
        assert!((share - 0.02).abs() < 0.0005, "share {share}");
        assert_eq!(lost(LossModel::Bernoulli(Ratio::ALL), 100).len(), 100);
        assert_eq!(lost(LossModel::Bernoulli(Ratio::NONE), 1_000_000).len(), 0);
    }

    /// Gilbert's model with certain loss in the bad state: mean share p/(p+r), mean burst 1/r.
    #[test]
    fn gilbert_loses_its_share_in_bursts_of_its_length() {
        let model = LossModel::GilbertElliott {
            p: ratio(0.01),
            r: ratio(0.25),
            loss_bad: Ratio::ALL,
            loss_good: Ratio::NONE,
        };
        let packets = lost(model, 1_000_000);
        let share = packets.len() as f64 / 1e6;
        let bursts = 1 + packets.windows(2).filter(|pair| pair[1] != pair[0] + 1).count();
        assert!((share - model.mean()).abs() < 0.001, "share {share}, model {}", model.mean());
        assert!((packets.len() as f64 / bursts as f64 - 4.0).abs() < 0.15);
    }

    #[test]
    fn elliott_loses_in_both_states() {
        let model = LossModel::GilbertElliott {
            p: ratio(0.002),
            r: ratio(0.2),
            loss_bad: ratio(0.6),
            loss_good: ratio(0.001),
        };
        let share = lost(model, 4_000_000).len() as f64 / 4e6;
        assert!((share / model.mean() - 1.0).abs() < 0.03, "share {share}");
    }

    #[test]
    fn losses_of_one_flight_are_one() {
        let mut loss = Loss::new(LossModel::Bernoulli(Ratio::ALL), Seed::new(1).stream());
        assert_eq!(loss.next_byte(), Some(0));
        loss.advance();
        assert_eq!(loss.next_byte(), Some(FLIGHT * PACKET));
    }
}
