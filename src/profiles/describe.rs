//! A profile as text: one line for the start of a run, and a full description for `profiles show`.

use super::{
    profile::Profile,
    rates::{self, share},
};
use crate::{
    model::{Count, Gap, LossModel, LossSpec, QueueSize, RateSpec, TransportSpec},
    rules::distribution::{describe as law, mean},
    units::{ByteSize, span},
};
use std::fmt;

impl Profile {
    /// The full description, in several lines.
    #[must_use]
    pub fn describe(&self) -> String {
        let title = match &*self.summary {
            "" => self.name.clone(),
            summary => format!("{}: {summary}", self.name),
        };
        let mut lines = vec![title];
        let mut row = |key: &str, value: String| lines.push(format!("  {key:<8} {value}"));
        if !self.source.is_empty() {
            row("source", self.source.clone());
        }
        row("rate", rates::in_full(&self.link.rate));
        if let Some(burst) = self.link.burst {
            row("burst", burst.to_string());
        }
        if self.link.count == Count::Wire {
            row("counts", "wire: 1514 bytes for 1448 of body".to_owned());
        }
        if self.link.transport != TransportSpec::None {
            row("over", self.transport_in_full());
        }
        if self.uplink.rate != RateSpec::Unlimited {
            row("uplink", rates::in_full(&self.uplink.rate));
        }
        if let Some(loss) = &self.uplink.loss {
            row("uplink", format!("loss {}", loss_in_full(loss)));
        }
        for limit in self.limits.iter() {
            row(
                "limit",
                format!("{} per {}", rates::in_short(&limit.spec.rate), limit.per.as_str()),
            );
        }
        if let Some(name) = &self.shared.name {
            row("link", format!("{name}, shared ({})", self.sharing().as_str()));
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

    fn transport_in_full(&self) -> String {
        let size = match self.link.queue {
            Some(QueueSize::Bytes(size)) => format!(" of {size}"),
            Some(QueueSize::Time(time)) => format!(" of {}", span::print(time)),
            None => String::new(),
        };
        let queue = match (self.link.fair_queue, self.link.queue) {
            (true, _) => format!(", a queue{size} for each connection"),
            (false, Some(_)) => format!(", a queue{size}"),
            (false, None) => String::new(),
        };
        format!("{}{queue}", self.link.transport.as_str())
    }

    fn latency_in_full(&self) -> String {
        let jitter = self.file.latency.as_ref().and_then(|table| table.jitter.as_ref());
        match jitter {
            None if self.link.latency.is_none() => "none".to_owned(),
            Some(jitter) => format!("rtt {} + jitter ({})", self.rtt_in_full(), law(jitter)),
            None => format!("rtt {}", self.rtt_in_full()),
        }
    }

    /// The round trips step by step, or a summary if there are many.
    fn rtt_in_full(&self) -> String {
        const MOST_IN_FULL: usize = 16;
        match &self.link.latency.schedule {
            Some(schedule) if schedule.steps().len() <= MOST_IN_FULL => {
                let step =
                    |(lasts, rtt)| format!("{} for {}", span::print(rtt), span::print(lasts));
                let list: Vec<_> = schedule.steps().map(step).collect();
                list.join(", ") + rates::then(schedule.repeats())
            }
            _ => self.rtt(),
        }
    }

    fn rtt(&self) -> String {
        match &self.link.latency.schedule {
            Some(schedule) => format!(
                "{} to {} in {} steps",
                span::print(schedule.shortest()),
                span::print(schedule.longest()),
                schedule.steps().len()
            ),
            None => span::print(self.link.latency.rtt),
        }
    }
}

/// One line: `cable: 5 Mbit/s, rtt 28 ms`.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, rates::in_short(&self.link.rate))?;
        if self.uplink.rate != RateSpec::Unlimited {
            write!(f, ", {} up", rates::in_short(&self.uplink.rate))?;
        }
        if let Some(loss) = &self.uplink.loss {
            write!(f, ", loss {} up ({})", share(loss.model.mean()), loss.on_drop.as_str())?;
        }
        if !self.link.latency.is_none() {
            write!(f, ", rtt {}", self.rtt())?;
        }
        if let Some(jitter) = &self.link.latency.jitter {
            write!(f, " + jitter of {}", span::print(mean(Some(jitter))))?;
        }
        if let Some(stall) = &self.link.stall {
            let every = match &stall.every {
                Gap::Time(law) => span::print(law.mean()),
                Gap::Bytes(law) => {
                    let bytes = u64::try_from(law.mean().as_nanos()).unwrap_or(u64::MAX);
                    format!("{} of a response", ByteSize::from_bytes(bytes))
                }
            };
            write!(f, ", stalls about every {every} for {}", span::print(stall.lasts.mean()))?;
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

fn loss_in_full(loss: &LossSpec) -> String {
    let (mean, action) = (share(loss.model.mean()), loss.on_drop.as_str());
    let model = match loss.model {
        LossModel::Bernoulli(_) => "Bernoulli".to_owned(),
        LossModel::GilbertElliott { p, r, loss_bad, loss_good } => format!(
            "Gilbert-Elliott, p {p}, r {r}, loss {loss_bad} in the bad state, {loss_good} in the good"
        ),
        LossModel::FourState(model) => {
            let [_, received, burst, alone] = model.stationary().map(share);
            format!(
                "four states: in bursts {burst} lost and {received} received, {alone} lost alone"
            )
        }
    };
    format!("{mean} of packets ({model}); a drop means {action}")
}
