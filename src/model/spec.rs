//! The validated parameters of a link. The constructors refuse values that the model cannot run.

use super::{
    distribution::Distribution,
    latency::Latency,
    rate_spec::RateSpec,
    spec_error::SpecError,
    transport::{QueueSize, TransportSpec},
};
use crate::units::{BitRate, ByteSize, Ratio};
use std::time::Duration;

/// One direction of one session's network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinkSpec {
    /// The delay before the first byte of each response.
    pub latency: Latency,
    /// The rate over time.
    pub rate: RateSpec,
    /// Bytes that may pass at once after a pause; `None` = what the highest rate carries in a millisecond, at
    /// least one packet.
    pub burst: Option<ByteSize>,
    /// Which bytes count against the rate.
    pub count: Count,
    /// When the link stalls.
    pub stall: Option<StallSpec>,
    /// Which packets are lost, and the effect of a loss.
    pub loss: Option<LossSpec>,
    /// The transport that carries the responses.
    pub transport: TransportSpec,
    /// The size of the queue at the bottleneck; `None` = a round trip at the highest rate, at least 32 KiB.
    /// Without a rate and a transport it has no effect.
    pub queue: Option<QueueSize>,
    /// Whether each connection has its own queue there, and all queues are served fairly; else there is one
    /// queue, first come, first served. Without a transport it has no effect.
    pub fair_queue: bool,
}

impl LinkSpec {
    /// Whether this link changes no response.
    #[must_use]
    pub fn is_transparent(&self) -> bool {
        self.latency.is_none() && !self.shapes_bodies()
    }

    /// Whether this link affects bodies (rate, stalls, loss or a transport), not only the delay before them.
    #[must_use]
    pub fn shapes_bodies(&self) -> bool {
        let alone = self.rate == RateSpec::Unlimited && self.stall.is_none() && self.loss.is_none();
        !alone || self.transport != TransportSpec::None
    }

    /// The same link with shares of a ladder converted to rates; `rung` returns the bandwidth of a rung (1 =
    /// lowest). `None` when nothing in it is relative to a ladder. A link built from a spec that was not
    /// resolved uses the stated fallback.
    #[must_use]
    pub fn resolve(&self, rung: &dyn Fn(u16) -> Option<BitRate>) -> Option<Self> {
        let rate = self.rate.resolve(rung)?;
        Some(Self { rate, ..self.clone() })
    }
}

/// The gap between two stalls.
#[derive(Debug, Clone, PartialEq)]
pub enum Gap {
    /// Time of the link: a stall delays all its responses.
    Time(Distribution),
    /// Bytes of one response, each a nanosecond of the distribution: a stall delays that response alone, at the
    /// same byte on every run.
    Bytes(Distribution),
}

/// An on/off process: the link carries nothing for a time, then continues.
#[derive(Debug, Clone, PartialEq)]
pub struct StallSpec {
    /// From the end of one stall to the start of the next.
    pub every: Gap,
    /// How long a stall lasts.
    pub lasts: Distribution,
}

impl StallSpec {
    /// Stalls of length `lasts`, with gaps of `every` between them.
    ///
    /// # Errors
    /// When `every` is zero: the link would be stalled permanently.
    pub fn new(every: Distribution, lasts: Distribution) -> Result<Self, SpecError> {
        if every.mean() < Duration::from_millis(1) {
            let hint = "write a mean of at least `1 ms`";
            return Err(SpecError::new("every", "leaves no time between stalls", hint));
        }
        Ok(Self { every: Gap::Time(every), lasts })
    }

    /// Stalls of one response: of length `lasts`; the bytes between them are the nanoseconds of `every`.
    ///
    /// # Errors
    /// When `every` has a mean under 1 KiB.
    pub fn by_bytes(every: Distribution, lasts: Distribution) -> Result<Self, SpecError> {
        if every.mean() < Duration::from_nanos(1024) {
            let hint = "write a mean of at least `1 KiB`";
            return Err(SpecError::new("every", "leaves no bytes between stalls", hint));
        }
        Ok(Self { every: Gap::Bytes(every), lasts })
    }
}

/// What a rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Count {
    /// The bytes of HTTP heads and bodies.
    #[default]
    Payload,
    /// Also, in proportion, what a kernel's shaper counts with every full packet: Ethernet (14 bytes), IPv4
    /// (20), TCP with timestamps (32): 1514 bytes for 1448.
    Wire,
}

impl Count {
    /// The name used in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Wire => "wire",
        }
    }
}

/// Which packets are lost, and the effect of a loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossSpec {
    /// Which packets.
    pub model: LossModel,
    /// The effect of a loss on the response.
    pub on_drop: OnDrop,
}

/// Which packets of a response are lost. A packet is 1448 bytes of body (Ethernet's MTU less
/// IPv4, TCP and timestamps).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LossModel {
    /// Each with the same probability.
    Bernoulli(Ratio),
    /// In bursts: a good and a bad state (Gilbert 1960, Elliott 1963; netem's `gemodel`).
    GilbertElliott {
        /// P(good → bad), per packet.
        p: Ratio,
        /// P(bad → good), per packet.
        r: Ratio,
        /// Loss in the bad state (netem's `1-h`).
        loss_bad: Ratio,
        /// Loss in the good state (netem's `1-k`).
        loss_good: Ratio,
    },
    /// netem's `loss state`: 1 = received in a gap, 2 = received in a burst, 3 = lost in a burst, 4 = lost
    /// alone, after which the gap continues (Salsano, Ludovici, Ordine 2012).
    FourState(FourState),
}

/// The transitions of netem's 4-state model, per packet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FourState {
    pub(super) p13: f64,
    pub(super) p31: f64,
    pub(super) p32: f64,
    pub(super) p23: f64,
    pub(super) p14: f64,
}

impl FourState {
    /// The transitions pᵢⱼ from state i to j; state 4 always goes to 1.
    ///
    /// # Errors
    /// When those of one state sum to more than 1, or a state that can be entered cannot be left.
    pub fn new(
        p13: Ratio,
        p31: Ratio,
        p32: Ratio,
        p23: Ratio,
        p14: Ratio,
    ) -> Result<Self, SpecError> {
        let [p13, p31, p32, p23, p14] = [p13, p31, p32, p23, p14].map(Ratio::get);
        let wrong = |problem, hint| Err(SpecError::new("four-state", problem, hint));
        if p13 + p14 > 1.0 || p31 + p32 > 1.0 {
            let hint = "write p13 + p14 and p31 + p32 of at most 1";
            return wrong("has probabilities that sum to over 1", hint);
        }
        if p13 > 0.0 && p31 == 0.0 || p32 > 0.0 && p23 == 0.0 {
            return wrong("never gets out of its bursts", "write p31 and p23 above 0");
        }
        Ok(Self { p13, p31, p32, p23, p14 })
    }

    /// The long-run shares of the four states.
    #[must_use]
    pub fn stationary(&self) -> [f64; 4] {
        // Flows balance: π₁p₁₃ = π₃p₃₁, π₃p₃₂ = π₂p₂₃, π₁p₁₄ = π₄.
        let ratio = |part: f64, whole: f64| if part > 0.0 { part / whole } else { 0.0 };
        let lost = ratio(self.p13, self.p31);
        let shares = [1.0, lost * ratio(self.p32, self.p23), lost, self.p14];
        let sum: f64 = shares.iter().sum();
        shares.map(|share| share / sum)
    }
}

impl LossModel {
    /// Whether losses come in bursts: the losses of neighbouring packets are correlated.
    #[must_use]
    pub const fn has_memory(self) -> bool {
        !matches!(self, Self::Bernoulli(_))
    }

    /// The long-run share of packets lost: π·loss_bad + (1 − π)·loss_good, π = p/(p + r); for four
    /// states π₃ + π₄.
    #[must_use]
    pub fn mean(self) -> f64 {
        match self {
            Self::Bernoulli(p) => p.get(),
            Self::GilbertElliott { p, r, loss_bad, loss_good } => {
                let bad = if p.get() > 0.0 { p.get() / (p.get() + r.get()) } else { 0.0 };
                bad * loss_bad.get() + (1.0 - bad) * loss_good.get()
            }
            Self::FourState(model) => {
                let [_, _, burst, alone] = model.stationary();
                burst + alone
            }
        }
    }
}

/// The effect of a lost packet on a response. A proxy above TCP cannot drop the packet itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnDrop {
    /// As TCP recovers: the response pauses for one round trip, and no byte is missing.
    #[default]
    Retransmit,
    /// The response ends there, and the connection closes.
    Truncate,
    /// The connection is reset there.
    Reset,
    /// The packet arrives with one bit flipped, as when no checksum detects it. Nothing waits.
    Corrupt,
}

impl OnDrop {
    /// The name used in files, labels and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retransmit => "retransmit",
            Self::Truncate => "truncate",
            Self::Reset => "reset",
            Self::Corrupt => "corrupt",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Step, Steps};

    #[test]
    fn what_cannot_run_is_refused() {
        insta::assert_snapshot!(Steps::new(vec![], true).unwrap_err(), @r#"`schedule` has no steps: write at least one { for = "30 s", rate = "1 Mbit/s" }"#);
        let silent = Step { lasts: Duration::from_secs(1), rate: BitRate::ZERO };
        assert!(Steps::new(vec![silent], true).is_err());
    }

    #[test]
    fn loss_means() {
        let ratio = |x| Ratio::new(x).unwrap();
        let bursts = LossModel::GilbertElliott {
            p: ratio(0.01),
            r: ratio(0.19),
            loss_bad: ratio(0.5),
            loss_good: ratio(0.0),
        };
        assert!((bursts.mean() - 0.025).abs() < 1e-12);
    }
}
