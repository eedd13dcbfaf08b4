//! Which packets of a response are lost: Bernoulli trials, Gilbert–Elliott bursts, or netem's four
//! states.
//!
//! Decided by the byte's position in the response and the response's own stream, never by how the bytes were
//! chunked: the same request loses the same packets on every run.

use super::spec::{FourState, LossModel, OnDrop};
use crate::seed::Stream;
use rand::RngExt as _;
use smallvec::SmallVec;
use std::time::Duration;

/// Body bytes in a packet: Ethernet's 1500 less IPv4, TCP and its timestamps.
pub const PACKET: u64 = 1448;

/// Losses closer than this are recovered together, as one pause: the smallest flight of packets
/// TCP has under way, its initial window (RFC 6928).
const FLIGHT: u64 = 10;

/// The delay of a retransmission on a link without latency: the smallest retransmission time-out of Linux's
/// TCP.
const SMALLEST_RETRANSMISSION: Duration = Duration::from_millis(200);

/// How late a lost packet arrives on a path with this round trip.
pub(super) const fn retransmission(rtt: Duration) -> Duration {
    if rtt.is_zero() { SMALLEST_RETRANSMISSION } else { rtt }
}

/// One state of the model: its Bernoulli trials, and the next states.
#[derive(Debug, Clone, Copy)]
struct State {
    loss: f64,
    leave: f64,
    /// The next state, or else (by `chance`) the other.
    next: usize,
    other: usize,
    chance: f64,
}

impl State {
    const fn new(loss: f64, leave: f64, next: usize) -> Self {
        Self { loss, leave, next, other: next, chance: 0.0 }
    }

    /// A state that is left for one of two others.
    fn forked(loss: f64, [to, other]: [(usize, f64); 2]) -> Self {
        let leave = to.1 + other.1;
        let chance = if leave > 0.0 { other.1 / leave } else { 0.0 };
        Self { loss, leave, next: to.0, other: other.0, chance }
    }
}

/// Yields the lost packets of one response, in order.
#[derive(Debug, Clone)]
pub(super) struct Loss {
    stream: Stream,
    states: SmallVec<[State; 4]>,
    now: usize,
    /// The next packet to be decided on.
    packet: u64,
    /// Packets left in the present state.
    left: u64,
    next: Option<u64>,
}

impl Loss {
    pub(super) fn new(model: LossModel, mut stream: Stream) -> Self {
        let states = states(model);
        let start: f64 = stream.random();
        let now = match model {
            LossModel::Bernoulli(_) => 0,
            LossModel::GilbertElliott { .. } => {
                let [good, bad] = [states[0].leave, states[1].leave];
                usize::from(start < if good > 0.0 { good / (good + bad) } else { 0.0 })
            }
            LossModel::FourState(model) => {
                let mut left = start;
                let shares = model.stationary();
                let passed = shares.iter().position(|share| {
                    left -= share;
                    left < 0.0
                });
                passed.unwrap_or(0)
            }
        };
        let mut loss = Self { stream, states, now, packet: 0, left: 0, next: None };
        loss.left = loss.sojourn();
        loss.next = loss.find();
        loss
    }

    /// The first byte of the next lost packet; `None` = no more losses within any real body.
    pub(super) fn next_byte(&self) -> Option<u64> {
        self.next.and_then(|packet| packet.checked_mul(PACKET))
    }

    /// Advances to the next lost packet.
    pub(super) fn advance_one(&mut self) {
        self.next = self.find();
    }

    /// Advances to the next loss that has an effect of its own: a retransmission recovers all losses of a
    /// flight together.
    pub(super) fn advance(&mut self, action: OnDrop) {
        let Some(lost) = self.next else { return };
        let together = if action == OnDrop::Corrupt { 1 } else { FLIGHT };
        while self.next.is_some_and(|next| next < lost.saturating_add(together)) {
            self.next = self.find();
        }
    }

    /// The next lost packet. Skips in geometric strides, which Bernoulli trials allow.
    fn find(&mut self) -> Option<u64> {
        // A state change per round; a body would have to be terabytes long to need more.
        for _ in 0..100_000 {
            let state = self.states[self.now];
            let skip = geometric(state.loss, &mut self.stream);
            if skip < self.left {
                self.left -= skip + 1;
                let lost = self.packet.checked_add(skip)?;
                self.packet = lost.checked_add(1)?;
                return Some(lost);
            }
            self.packet = self.packet.checked_add(self.left)?;
            if self.states.iter().all(|state| state.loss == 0.0) {
                return None;
            }
            self.now = if state.chance > 0.0 && self.stream.random::<f64>() < state.chance {
                state.other
            } else {
                state.next
            };
            self.left = self.sojourn();
        }
        None
    }

    /// How many packets the present state lasts (at least one).
    fn sojourn(&mut self) -> u64 {
        let leave = self.states[self.now].leave;
        geometric(leave, &mut self.stream).saturating_add(1)
    }
}

/// The states of a model, each with its loss and ways out.
fn states(model: LossModel) -> SmallVec<[State; 4]> {
    match model {
        LossModel::Bernoulli(loss) => SmallVec::from_slice(&[State::new(loss.get(), 0.0, 0)]),
        LossModel::GilbertElliott { p, r, loss_bad, loss_good } => SmallVec::from_slice(&[
            State::new(loss_good.get(), p.get(), 1),
            State::new(loss_bad.get(), r.get(), 0),
        ]),
        LossModel::FourState(FourState { p13, p31, p32, p23, p14 }) => SmallVec::from_slice(&[
            State::forked(0.0, [(2, p13), (3, p14)]),
            State::new(0.0, p23, 2),
            State::forked(1.0, [(0, p31), (1, p32)]),
            State::new(1.0, 1.0, 0),
        ]),
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

    /// Long-run loss is π₃ + π₄; what is lost in a row is a stay in state 3, of 1/(p31 + p32) packets,
    /// or one packet of state 4, which a gap always follows.
    #[test]
    fn four_states_have_their_loss_and_bursts() {
        let four = |p: [f64; 5]| {
            let [p13, p31, p32, p23, p14] = p.map(ratio);
            LossModel::FourState(FourState::new(p13, p31, p32, p23, p14).unwrap())
        };
        for (p, burst) in [
            ([0.005, 0.25, 0.25, 0.5, 0.0], 2.0),
            ([0.01, 0.2, 0.0, 1.0, 0.0], 5.0),
            // Weighed by how often: stays in 3 begin π₁p₁₃ + π₂p₂₃ = 2·π₁p₁₃ times, π₁p₁₄ alone.
            ([0.004, 0.25, 0.25, 0.5, 0.008], (2.0 + 1.0) / 2.0),
            ([0.0, 1.0, 0.0, 1.0, 0.02], 1.0),
        ] {
            let model = four(p);
            let packets = lost(model, 2_000_000);
            let share = packets.len() as f64 / 2e6;
            assert!((share / model.mean() - 1.0).abs() < 0.04, "{share}, model {}", model.mean());
            let bursts = 1 + packets.windows(2).filter(|pair| pair[1] != pair[0] + 1).count();
            let length = packets.len() as f64 / bursts as f64;
            assert!((length / burst - 1.0).abs() < 0.04, "{length}, wanted {burst}");
        }
        let refused = |p: [f64; 5]| {
            let [p13, p31, p32, p23, p14] = p.map(ratio);
            FourState::new(p13, p31, p32, p23, p14).is_err()
        };
        assert!(refused([0.6, 0.5, 0.0, 1.0, 0.5]) && refused([0.1, 0.0, 0.0, 1.0, 0.0]));
        assert!(refused([0.1, 0.5, 0.5, 0.0, 0.0]));
    }

    #[test]
    fn losses_of_one_flight_are_one() {
        let mut loss = Loss::new(LossModel::Bernoulli(Ratio::ALL), Seed::new(1).stream());
        assert_eq!(loss.next_byte(), Some(0));
        loss.advance(OnDrop::Retransmit);
        assert_eq!(loss.next_byte(), Some(FLIGHT * PACKET));
    }
}
