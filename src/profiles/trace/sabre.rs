//! Sabre's JSON: a list of periods, each with its length and rate. Its latencies are left out: they
//! are the profile's to say.

use super::{
    error::Fault,
    lines::{rate, span, unreadable},
    recorded::Recorded,
};
use crate::model::Step;
use serde::{
    Deserialize, Deserializer as _,
    de::{SeqAccess, Visitor},
};
use std::{fmt, io::Read};

/// A period, as Sabre or the Twitch challenge of MMSys 2020 name its parts.
#[derive(Deserialize)]
struct Period {
    duration_ms: Option<f64>,
    bandwidth_kbps: Option<f64>,
    /// Seconds.
    duration: Option<f64>,
    /// kbit/s.
    speed: Option<f64>,
}

impl Period {
    fn step(&self) -> Result<Step, Fault> {
        let seconds = self.duration_ms.map(|ms| ms / 1e3).or(self.duration);
        let kilobits = self.bandwidth_kbps.or(self.speed);
        let (Some(seconds), Some(kilobits)) = (seconds, kilobits) else {
            let hint = "write `duration_ms` and `bandwidth_kbps`";
            return Err(Fault::whole("a period without length or rate", hint));
        };
        if seconds <= 0.0 || kilobits < 0.0 {
            let problem = format!("a period of {seconds} s at {kilobits} kbit/s can't be");
            return Err(Fault::whole(problem, "write a length above 0 and a rate from 0 on"));
        }
        Ok(Step { lasts: span(0, seconds)?, rate: rate(0, kilobits * 1e3)? })
    }
}

pub(super) fn read(input: impl Read, steps: &mut Recorded) -> Result<(), Fault> {
    struct Periods<'s>(&'s mut Recorded);

    impl<'de> Visitor<'de> for Periods<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of periods")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
            while let Some(period) = list.next_element::<Period>()? {
                let kept = period.step().and_then(|step| self.0.push(0, step));
                kept.map_err(|fault| {
                    serde::de::Error::custom(format!("{}; {}", fault.problem, fault.hint))
                })?;
            }
            Ok(())
        }
    }

    let mut reader = serde_json::Deserializer::from_reader(input);
    reader.deserialize_seq(Periods(steps)).and_then(|()| reader.end()).map_err(|error| {
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
