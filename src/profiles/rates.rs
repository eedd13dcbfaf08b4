//! Schedules as text, and their long-run means.

use super::profile::Profile;
use crate::{
    model::{
        Distribution, Markov, OnOff, Ramp, RateSpec, RelativeRate, RelativeSteps, State, Steps,
        Times, Trace, WHOLE, Wave, Waves,
    },
    units::{BitRate, Ratio, span},
};
use std::time::Duration;

impl Profile {
    /// The rate as short text.
    #[must_use]
    pub fn rate_in_short(&self) -> String {
        in_short(&self.link.rate)
    }

    /// The long-run mean rate: the time average of a schedule that repeats, the last rate of one that
    /// does not, and the stationary mean of a random one. `None` without a limit, or if it is not
    /// computed (waves that are cut off at zero, the lower of two, shares of a ladder). Stalls and losses
    /// are not subtracted.
    #[must_use]
    pub fn mean_rate(&self) -> Option<BitRate> {
        mean(&self.link.rate)
    }
}

fn mean(rate: &RateSpec) -> Option<BitRate> {
    let last = |rate: Option<BitRate>| rate.unwrap_or_default();
    Some(match rate {
        RateSpec::Unlimited | RateSpec::Relative(_) | RateSpec::Min(_) => return None,
        RateSpec::Constant(rate) => *rate,
        RateSpec::Steps(steps) if steps.repeats() => mean_of(steps),
        RateSpec::Steps(steps) => last(steps.steps().last().map(|step| step.rate)),
        RateSpec::Ramp(ramp) if ramp.repeats() => rounded(bits(ramp.mean())),
        RateSpec::Ramp(ramp) => last(ramp.points().last().map(|(_, rate)| *rate)),
        RateSpec::Trace(trace) if trace.repeats() => rounded(bits(trace.mean())),
        RateSpec::Trace(trace) => last(trace.steps().last().map(|step| step.rate)),
        RateSpec::Waves(waves) => {
            let deepest: f64 = waves.waves().iter().map(|wave| bits(wave.amplitude)).sum();
            return (deepest <= bits(waves.base())).then_some(waves.base());
        }
        RateSpec::OnOff(process) => {
            let on = process.share_on();
            rounded(on * bits(process.rate()) + (1.0 - on) * bits(process.rest()))
        }
        RateSpec::Markov(chain) => {
            let states = chain.states().iter().zip(chain.stationary());
            rounded(states.map(|(state, share)| bits(state.mean) * share).sum())
        }
        RateSpec::Times(times) => {
            let (rate, share) = (mean(times.rate())?, mean(times.share())?);
            rounded(bits(rate) * bits(share) / bits(WHOLE))
        }
    })
}

fn mean_of(steps: &Steps) -> BitRate {
    let whole: Duration = steps.steps().iter().map(|step| step.lasts).sum();
    let bits = steps.steps().iter().map(|step| bits(step.rate) * step.lasts.as_secs_f64());
    rounded(bits.sum::<f64>() / whole.as_secs_f64())
}

/// As full text, for `profiles show`.
pub(super) fn in_full(rate: &RateSpec) -> String {
    format!("{}{}", page(rate, &BitRate::to_string), mean_in_words(rate))
}

/// As short text.
pub(super) fn in_short(rate: &RateSpec) -> String {
    let words = |words: String| words + mean_in_words(rate).replace(';', ",").as_str();
    match rate {
        RateSpec::Unlimited => "no rate limit".to_owned(),
        RateSpec::Constant(rate) => rate.to_string(),
        RateSpec::Steps(steps) => {
            let rates = || steps.steps().iter().map(|step| step.rate);
            words(between(rates(), &format!("in {} steps", steps.steps().len())))
        }
        RateSpec::Ramp(ramp) => {
            let rates = ramp.points().iter().map(|(_, rate)| *rate);
            words(between(rates, &format!("along {} points", ramp.points().len())))
        }
        RateSpec::Waves(waves) => {
            words(format!("waves around {} up to {}", waves.base(), waves.peak()))
        }
        RateSpec::OnOff(process) => words(format!("{} or {}", process.rate(), process.rest())),
        RateSpec::Markov(chain) => {
            let mean = mean(rate).unwrap_or_default();
            format!("about {mean} (a chain of {} states)", chain.states().len())
        }
        RateSpec::Trace(trace) => words(format!("a trace of {}", length(trace))),
        RateSpec::Relative(steps) => {
            format!("shares of the ladder (until it is known, {})", steps.fallback())
        }
        RateSpec::Times(times) => words(format!("{} times a share", in_short(times.rate()))),
        RateSpec::Min(two) => {
            let [first, second] = &**two;
            format!("the lower of {} and {}", in_short(first), in_short(second))
        }
    }
}

/// A rate (or a share) as full text; `unit` formats its numbers.
fn page(rate: &RateSpec, unit: &dyn Fn(&BitRate) -> String) -> String {
    match rate {
        RateSpec::Unlimited => "no rate limit".to_owned(),
        RateSpec::Constant(rate) => unit(rate),
        RateSpec::Steps(steps) => steps_in_full(steps, unit),
        RateSpec::Ramp(ramp) => ramp_in_full(ramp, unit),
        RateSpec::Waves(waves) => waves_in_full(waves),
        RateSpec::OnOff(process) => on_off_in_full(process, unit),
        RateSpec::Markov(chain) => states(chain, unit),
        RateSpec::Trace(trace) => format!("a trace of {}{}", length(trace), then(trace.repeats())),
        RateSpec::Relative(steps) => relative_in_full(steps),
        RateSpec::Times(times) => times_in_full(times, unit),
        RateSpec::Min(two) => {
            let [first, second] = &**two;
            format!("the lower of ({}) and ({})", page(first, unit), page(second, unit))
        }
    }
}

fn times_in_full(times: &Times, unit: &dyn Fn(&BitRate) -> String) -> String {
    let percent = |share: &BitRate| format!("{} %", bits(*share) / 1e4);
    format!("({}) times ({})", page(times.rate(), unit), page(times.share(), &percent))
}

fn steps_in_full(steps: &Steps, unit: &dyn Fn(&BitRate) -> String) -> String {
    let step = |rate, lasts| format!("{} for {}", unit(rate), span::print(lasts));
    let list: Vec<_> = steps.steps().iter().map(|s| step(&s.rate, s.lasts)).collect();
    list.join(", ") + then(steps.repeats())
}

fn ramp_in_full(ramp: &Ramp, unit: &dyn Fn(&BitRate) -> String) -> String {
    let point =
        |(at, rate): &(Duration, BitRate)| format!("{} at {}", unit(rate), span::print(*at));
    let list: Vec<_> = ramp.points().iter().map(point).collect();
    format!("linearly from {}{}", list.join(" to "), then(ramp.repeats()))
}

fn waves_in_full(waves: &Waves) -> String {
    let wave = |wave: &Wave| {
        let (shape, period) = (wave.shape.as_str(), span::print(wave.period));
        let phase = if wave.phase.get() > 0.0 {
            format!(" from {} of it on", wave.phase)
        } else {
            String::new()
        };
        format!("a {shape} of {} every {period}{phase}", wave.amplitude)
    };
    let list: Vec<_> = waves.waves().iter().map(wave).collect();
    format!("{} plus {}", waves.base(), list.join(" plus "))
}

fn on_off_in_full(process: &OnOff, unit: &dyn Fn(&BitRate) -> String) -> String {
    let mean = |law: &Distribution| span::print(law.mean());
    format!(
        "{} for about {}, then {} for about {}",
        unit(&process.rate()),
        mean(process.on()),
        unit(&process.rest()),
        mean(process.off()),
    )
}

fn relative_in_full(steps: &RelativeSteps) -> String {
    let rate = |rate: RelativeRate| match rate {
        RelativeRate::Fixed(rate) => rate.to_string(),
        RelativeRate::OfRung { share, rung } => {
            format!("{} % of rung {rung}", share as f64 / 1e4)
        }
    };
    let list = match steps.steps() {
        [(_, only)] if !steps.repeats() => rate(*only),
        list => {
            let step = |(lasts, of): &(Duration, RelativeRate)| {
                format!("{} for {}", rate(*of), span::print(*lasts))
            };
            let list: Vec<_> = list.iter().map(step).collect();
            list.join(", ") + then(steps.repeats())
        }
    };
    format!("{list}; until the ladder is known, {}", steps.fallback())
}

pub(super) const fn then(repeats: bool) -> &'static str {
    if repeats { ", again and again" } else { ", then the last for ever" }
}

fn length(trace: &Trace) -> String {
    span::print(Duration::from_secs_f64(trace.length().as_secs_f64().round().max(1.0)))
}

fn mean_in_words(rate: &RateSpec) -> String {
    let told = match rate {
        RateSpec::Constant(_) => None,
        RateSpec::Steps(steps) if !steps.repeats() => None,
        RateSpec::Ramp(ramp) if !ramp.repeats() => None,
        RateSpec::Trace(trace) if !trace.repeats() => None,
        _ => mean(rate),
    };
    told.map(|mean| format!("; mean {mean}")).unwrap_or_default()
}

fn between(rates: impl Iterator<Item = BitRate> + Clone, how: &str) -> String {
    let (low, high) = (rates.clone().min().unwrap_or_default(), rates.max().unwrap_or_default());
    format!("{low} to {high} {how}")
}

fn states(chain: &Markov, unit: &dyn Fn(&BitRate) -> String) -> String {
    let states = chain.states().iter().zip(chain.stationary());
    let state = |(state, p): (&State, &f64)| {
        format!("{} ± {} ({} of the time)", unit(&state.mean), state.spread, share(*p))
    };
    let list = states.map(state).collect::<Vec<_>>().join(", ");
    format!("a chain that moves every {}: {list}", span::print(chain.step()))
}

fn bits(rate: BitRate) -> f64 {
    rate.bits_per_second() as f64
}

/// Rounded to three digits.
fn rounded(bits: f64) -> BitRate {
    let digit = 10f64.powf((bits.max(1.0).log10().floor() - 2.0).max(0.0));
    BitRate::from_bits_per_second(((bits / digit).round() * digit) as u64)
}

/// A share as a ratio, with four decimals.
pub(super) fn share(value: f64) -> String {
    Ratio::new((value * 1e4).round() / 1e4).map(|ratio| ratio.to_string()).unwrap_or_default()
}
