//! What a page that plays a session measures of its player: the buffer over time.

use super::{json_body::JsonBody, name::Name, problem::Problem, state::State};
use crate::{
    document::{Document, Scope, Text},
    event::Event,
    units::SessionTime,
};
use axum::{extract, http::StatusCode};
use serde::Deserialize;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// The most samples of one request.
const MOST_SAMPLES: usize = 120;
/// Samples may be this old when they arrive, in milliseconds.
const OLDEST: f64 = 60_000.0;
/// The longest buffer, in milliseconds: a day.
const LONGEST: f64 = 86_400_000.0;

/// The body of `POST /api/v1/sessions/{id}/player`.
#[derive(Debug, Default, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "an object, as in {\"samples\": [{\"age_ms\": 0, \"buffer_ms\": 12000}]}"
)]
struct MeasuredEntry {
    samples: Vec<SampleEntry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "an object, as in {\"age_ms\": 0, \"buffer_ms\": 12000}"
)]
struct SampleEntry {
    age_ms: Option<Text>,
    buffer_ms: Option<Text>,
}

/// How long ago a buffer was measured, and the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sample {
    age: Duration,
    buffer: Duration,
}

/// Whether a request for `path` only brings measurements, so that it changes nothing.
pub(super) fn is_about(path: &str) -> bool {
    let session = path.strip_prefix("/api/v1/sessions/");
    session.and_then(|rest| rest.strip_suffix("/player")).is_some_and(|id| !id.contains('/'))
}

/// `POST /api/v1/sessions/{id}/player`: nothing of the session changes. Samples from before its first request have no
/// place on its time axis and are left out.
pub(super) async fn measured(
    extract::State(state): extract::State<State>,
    Name(id): Name,
    JsonBody(body): JsonBody,
) -> Result<StatusCode, Problem> {
    let session = state.registry.locate(&id).await?;
    let samples = read(body)?;
    let Some(now) = session.time() else { return Ok(StatusCode::NO_CONTENT) };
    for Sample { age, buffer } in samples {
        if let Some(at) = now.since_zero().checked_sub(age).map(SessionTime::new) {
            let session = Arc::clone(&session.tag);
            state.registry.bus().emit(&Event::BufferMeasured { session, at, buffer });
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Parses and validates `body`; the oldest sample is the first.
fn read(body: Value) -> Result<Vec<Sample>, Problem> {
    let samples = Document::json("body", body)
        .read(|entry: MeasuredEntry, scope| entry.validate(&scope.at("samples")))?;
    Ok(samples)
}

impl MeasuredEntry {
    fn validate(self, scope: &Scope<'_>) -> Option<Vec<Sample>> {
        if self.samples.len() > MOST_SAMPLES {
            scope.fault("has too many samples", format!("send at most {MOST_SAMPLES} at a time"));
            return None;
        }
        let read = self.samples.iter().enumerate();
        let samples: Vec<_> =
            read.map(|(place, sample)| sample.validate(&scope.item(place))).collect();
        let mut samples: Vec<_> = samples.into_iter().collect::<Option<_>>()?;
        samples.sort_by_key(|sample: &Sample| std::cmp::Reverse(sample.age));
        Some(samples)
    }
}

impl SampleEntry {
    fn validate(&self, scope: &Scope<'_>) -> Option<Sample> {
        let age = milliseconds(scope, "age_ms", self.age_ms.as_ref(), OLDEST);
        let buffer = milliseconds(scope, "buffer_ms", self.buffer_ms.as_ref(), LONGEST);
        Some(Sample { age: age?, buffer: buffer? })
    }
}

/// The number of milliseconds from 0 to `most` under `key`, which is required.
fn milliseconds(
    scope: &Scope<'_>,
    key: &str,
    written: Option<&Text>,
    most: f64,
) -> Option<Duration> {
    let written = scope.need(key, written, &format!("\"{key}\": 0"))?;
    let hint = format!("write a number of milliseconds from 0 to {most}");
    let number = scope.parsed(key, Some(written), "such a time", &hint, |text| {
        text.parse().ok().filter(|number: &f64| (0.0..=most).contains(number))
    })?;
    Some(Duration::from_secs_f64(number / 1e3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_oldest_sample_is_the_first() {
        let body = json!({ "samples": [
            { "age_ms": 0, "buffer_ms": 12_000.5 }, { "age_ms": 500, "buffer_ms": 0 } ] });
        let ms = Duration::from_micros;
        let expected = [
            Sample { age: ms(500_000), buffer: ms(0) },
            Sample { age: ms(0), buffer: ms(12_000_500) },
        ];
        assert_eq!(read(body).unwrap(), expected);
        assert_eq!(read(json!({})).unwrap(), []);
    }

    #[test]
    fn absurd_values_are_refused() {
        let sample = |age: Value, buffer: Value| json!({ "age_ms": age, "buffer_ms": buffer });
        for wrong in [
            sample(json!(-1), json!(1)),
            sample(json!(60_001), json!(1)),
            sample(json!(0), json!(-0.1)),
            sample(json!(0), json!(1e300)),
            sample(json!(0), json!("NaN")),
            sample(json!(0), json!("inf")),
            sample(json!(0), Value::Null),
            json!({ "buffer_ms": 1 }),
        ] {
            assert!(read(json!({ "samples": [wrong] })).is_err(), "{wrong}");
        }
        let one = sample(json!(0), json!(1));
        assert!(read(json!({ "samples": vec![one.clone(); MOST_SAMPLES] })).is_ok());
        assert!(read(json!({ "samples": vec![one; MOST_SAMPLES + 1] })).is_err());
    }
}
