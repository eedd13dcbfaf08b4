//! A profile in words: one line for the start of a run, a page for whoever asks to see it.

use super::{
    distribution::{describe as law, mean},
    profile::Profile,
};
use crate::{
    model::{LossModel, LossSpec, Markov, QueueSize, RateSpec, State, Steps, TransportSpec},
    units::{BitRate, Ratio, span},
};
use std::{fmt, time::Duration};

impl Profile {
    /// The long-run mean rate: by time for a schedule that repeats, the last rate for one that does
    /// not, by the stationary shares for a Markov chain; `None` without a limit. Stalls and losses
    /// come off it.
    #[must_use]
    pub fn mean_rate(&self) -> Option<BitRate> {
        match &self.link.rate {
            RateSpec::Unlimited => None,
            RateSpec::Constant(rate) => Some(*rate),
            RateSpec::Steps(steps) if !steps.repeats() => {
                steps.steps().last().map(|step| step.rate)
            }
            RateSpec::Steps(steps) => {
                let whole: Duration = steps.steps().iter().map(|step| step.lasts).sum();
                let bits =
                    steps.steps().iter().map(|step| bits(step.rate) * step.lasts.as_secs_f64());
                Some(rounded(bits.sum::<f64>() / whole.as_secs_f64()))
            }
            RateSpec::Markov(chain) => {
                let states = chain.states().iter().zip(chain.stationary());
                Some(rounded(states.map(|(state, share)| bits(state.mean) * share).sum()))
            }
        }
    }

    /// All there is to know, over several lines.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut lines = vec![format!("{}: {}", self.name, self.summary)];
        let mut row = |key: &str, value: String| lines.push(format!("  {key:<8} {value}"));
        row("source", self.source.clone());
        row("rate", self.rate_in_full());
        if let Some(burst) = self.link.burst {
            row("burst", burst.to_string());
        }
        if self.link.transport != TransportSpec::None {
            row("over", self.transport_in_full());
        }
        row("latency", self.latency_in_full());
        if let Some(stall) = &self.file.stall {
            let part = |table: &Option<_>| table.as_ref().map(law).unwrap_or_default();
            row("stall", format!("every ({}) for ({})", part(&stall.every), part(&stall.lasts)));
        }
        if let Some(loss) = &self.link.loss {
            row("loss", loss_in_full(loss));
        }
        for rule in self.rules.iter() {
            row("rule", rule.to_string());
        }
        lines.join("\n")
    }

    fn rate_in_full(&self) -> String {
        match &self.link.rate {
            RateSpec::Steps(steps) => {
                let step = |(rate, lasts)| format!("{rate} for {}", span::print(lasts));
                let list =
                    steps.steps().iter().map(|s| step((s.rate, s.lasts))).collect::<Vec<_>>();
                let then =
                    if steps.repeats() { "again and again" } else { "then the last for ever" };
                format!("{}, {then}{}", list.join(", "), self.mean_in_words())
            }
            RateSpec::Markov(chain) => {
                format!("{}{}", states(chain), self.mean_in_words())
            }
            _ => self.rate(),
        }
    }

    fn mean_in_words(&self) -> String {
        if matches!(&self.link.rate, RateSpec::Steps(steps) if !steps.repeats()) {
            return String::new();
        }
        self.mean_rate().map(|mean| format!("; mean {mean}")).unwrap_or_default()
    }

    fn transport_in_full(&self) -> String {
        let queue = match self.link.queue {
            Some(QueueSize::Bytes(size)) => format!(", a queue of {size}"),
            Some(QueueSize::Time(time)) => format!(", a queue of {}", span::print(time)),
            None => String::new(),
        };
        format!("{}{queue}", self.link.transport.as_str())
    }

    fn latency_in_full(&self) -> String {
        let jitter = self.file.latency.as_ref().and_then(|table| table.jitter.as_ref());
        match jitter {
            None if self.link.latency.is_none() => "none".to_owned(),
            Some(jitter) => format!("rtt {} + jitter ({})", self.rtt(), law(jitter)),
            None => format!("rtt {}", self.rtt()),
        }
    }

    fn rate(&self) -> String {
        match &self.link.rate {
            RateSpec::Unlimited => "no rate limit".to_owned(),
            RateSpec::Constant(rate) => rate.to_string(),
            RateSpec::Steps(steps) => {
                steps_in_short(steps) + &self.mean_in_words().replace(';', ",")
            }
            RateSpec::Markov(chain) => {
                let mean = self.mean_rate().unwrap_or_default();
                format!("about {mean} (a chain of {} states)", chain.states().len())
            }
        }
    }

    fn rtt(&self) -> String {
        span::print(self.link.latency.rtt)
    }
}

/// One line: `cable: 5 Mbit/s, rtt 28 ms`.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.rate())?;
        if !self.link.latency.is_none() {
            write!(f, ", rtt {}", self.rtt())?;
        }
        if let Some(jitter) = &self.link.latency.jitter {
            write!(f, " + jitter of {}", span::print(mean(Some(jitter))))?;
        }
        if let Some(stall) = &self.link.stall {
            let (every, lasts) = (stall.every.mean(), stall.lasts.mean());
            write!(f, ", stalls about every {} for {}", span::print(every), span::print(lasts))?;
        }
        if let Some(loss) = &self.link.loss {
            write!(f, ", loss {} ({})", share(loss.model.mean()), loss.on_drop.as_str())?;
        }
        match self.rules.len() {
            0 => Ok(()),
            1 => f.write_str(", 1 rule"),
            n => write!(f, ", {n} rules"),
        }
    }
}

fn bits(rate: BitRate) -> f64 {
    rate.bits_per_second() as f64
}

/// Rounded to three digits, which is what a mean deserves.
fn rounded(bits: f64) -> BitRate {
    let digit = 10f64.powf((bits.max(1.0).log10().floor() - 2.0).max(0.0));
    BitRate::from_bits_per_second(((bits / digit).round() * digit) as u64)
}

fn share(value: f64) -> String {
    Ratio::new((value * 1e4).round() / 1e4).map(|ratio| ratio.to_string()).unwrap_or_default()
}

fn steps_in_short(steps: &Steps) -> String {
    let rates = || steps.steps().iter().map(|step| step.rate);
    let (low, high) = (rates().min().unwrap_or_default(), rates().max().unwrap_or_default());
    format!("{low} to {high} in {} steps", steps.steps().len())
}

fn states(chain: &Markov) -> String {
    let states = chain.states().iter().zip(chain.stationary());
    let state = |(state, p): (&State, &f64)| {
        format!("{} ± {} ({} of the time)", state.mean, state.spread, share(*p))
    };
    let list = states.map(state).collect::<Vec<_>>().join(", ");
    format!("a chain that moves every {}: {list}", span::print(chain.step()))
}

fn loss_in_full(loss: &LossSpec) -> String {
    let (mean, action) = (share(loss.model.mean()), loss.on_drop.as_str());
    let model = match loss.model {
        LossModel::Bernoulli(_) => "Bernoulli".to_owned(),
        LossModel::GilbertElliott { p, r, loss_bad, loss_good } => format!(
            "Gilbert-Elliott, p {p}, r {r}, loss {loss_bad} in the bad state, {loss_good} in the good"
        ),
    };
    format!("{mean} of packets ({model}); a drop means {action}")
}
