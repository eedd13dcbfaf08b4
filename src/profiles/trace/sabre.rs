//! Sabre's JSON: a list of periods, each with its length, rate and latency (a round trip).

use super::{
    error::Fault,
    format::{RateUnit, TimeUnit, TraceOptions},
    lines::{rate, span, unreadable},
    recorded::Recorded,
};
use crate::model::Step;
use serde::{
    Deserialize, Deserializer as _,
    de::{SeqAccess, Visitor},
};
use std::{fmt, io::Read};

/// A period, with the keys of Sabre or of the Twitch challenge of MMSys 2020.
#[derive(Deserialize)]
struct Period {
    duration_ms: Option<f64>,
    bandwidth_kbps: Option<f64>,
    /// Seconds.
    duration: Option<f64>,
    /// kbit/s.
    speed: Option<f64>,
    latency_ms: Option<f64>,
}

impl Period {
    /// Adds the period, in the units of `options`, or else those of its keys.
    fn keep(&self, options: &TraceOptions, steps: &mut Recorded) -> Result<(), Fault> {
        let unit = |of_key: TimeUnit| options.time_unit.unwrap_or(of_key).seconds();
        let milliseconds = self.duration_ms.map(|ms| ms * unit(TimeUnit::Millisecond));
        let seconds = milliseconds.or(self.duration.map(|s| s * unit(TimeUnit::Second)));
        let value = self.bandwidth_kbps.or(self.speed);
        let (Some(seconds), Some(value)) = (seconds, value) else {
            let hint = "write `duration_ms` and `bandwidth_kbps`";
            return Err(Fault::whole("a period without length or rate", hint));
        };
        let latency = self.latency_ms.unwrap_or(0.0);
        if seconds <= 0.0 || value < 0.0 || latency < 0.0 {
            let problem = format!("a period of {seconds} s at a rate of {value} is not possible");
            return Err(Fault::whole(
                problem,
                "write a length above 0, and a rate and latency of at least 0",
            ));
        }
        let bits = value * options.rate_unit.unwrap_or(RateUnit::Kilobit).bits();
        let lasts = span(0, seconds)?;
        steps.push(0, Step { lasts, rate: rate(0, bits)? })?;
        let round_trip = self.latency_ms.is_some().then(|| span(0, latency / 1e3)).transpose()?;
        steps.push_round_trip(lasts, round_trip);
        Ok(())
    }
}

pub(super) fn read(
    input: impl Read,
    options: &TraceOptions,
    steps: &mut Recorded,
) -> Result<(), Fault> {
    struct Periods<'s>(&'s mut Recorded, &'s TraceOptions);

    impl<'de> Visitor<'de> for Periods<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of periods")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
            while let Some(period) = list.next_element::<Period>()? {
                period.keep(self.1, self.0).map_err(|fault| {
                    serde::de::Error::custom(format!("{}; {}", fault.problem, fault.hint))
                })?;
            }
            Ok(())
        }
    }

    let mut reader = serde_json::Deserializer::from_reader(input);
    reader.deserialize_seq(Periods(steps, options)).and_then(|()| reader.end()).map_err(|error| {
        let line = error.line() as u64;
        if error.is_io() {
            return unreadable(line, &error.into());
        }
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        let hint = "write `[{\"duration_ms\": 1000, \"bandwidth_kbps\": 1200}, ..]`";
        match text.split_once("; ") {
            Some((problem, hint)) => Fault::at(line, problem, hint),
            None => Fault::at(line, text, hint),
        }
    })
}
