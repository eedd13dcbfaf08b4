//! The map that a script keeps for one session.

use crate::sweep::decision_lines::{Finished, Setup};
use rhai::{Array, Dynamic, Map};

/// The most values that a script may add to its session, those in arrays and maps counted.
const MOST_VALUES: usize = 20_000;
/// The most bytes of text.
const MOST_TEXT: usize = 64 * 1024;
/// The deepest nesting of arrays and maps.
const DEEPEST: usize = 8;

/// What a script gets of a session before the first download: `ladder`, `segment_s`, `live`, `sizes`,
/// `seed`, `config`.
pub(super) fn session_map(setup: &Setup) -> Result<Dynamic, String> {
    let value = serde_json::to_value(setup).map_err(|error| error.to_string())?;
    Ok(value_of(&value).into_shared())
}

/// A finished download, with the fields of its line.
pub(super) fn download_map(finished: &Finished) -> Map {
    let mut map = Map::new();
    let rendition = i64::try_from(finished.rendition).unwrap_or(i64::MAX);
    map.insert("rendition".into(), rendition.into());
    map.insert("abandoned".into(), finished.abandoned.into());
    for (key, number) in [
        ("bytes", Some(finished.bytes)),
        ("ttfb_ms", Some(finished.ttfb_ms)),
        ("total_ms", Some(finished.total_ms)),
        ("buffer_s", Some(finished.buffer_s)),
        ("now_ms", Some(finished.now_ms)),
        ("latency_s", finished.latency_s),
        ("playback_rate", finished.playback_rate),
    ] {
        if let Some(number) = number {
            map.insert(key.into(), number.into());
        }
    }
    map
}

/// JSON as a script sees it: whole numbers of `seed` stay whole, all others are decimal.
fn value_of(value: &serde_json::Value) -> Dynamic {
    use serde_json::Value;
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => i64::from_ne_bytes(whole.to_ne_bytes()).into(),
            None => number.as_f64().unwrap_or(0.0).into(),
        },
        Value::String(text) => text.clone().into(),
        Value::Array(list) => list.iter().map(value_of).collect::<Array>().into(),
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| (key.as_str().into(), value_of(value));
            map.iter().map(entry).collect::<Map>().into()
        }
    }
}

/// How much a script may still add to its session.
pub(super) struct Room {
    values: usize,
    text: usize,
}

impl Room {
    /// Room for what a script adds to `session`, which has its values of the start.
    pub(super) fn beside(session: &Dynamic) -> Self {
        let mut used = Self { values: usize::MAX, text: usize::MAX };
        // It was made from a line of bounded size.
        let _ = used.take(session, DEEPEST);
        let (values, text) = (usize::MAX - used.values, usize::MAX - used.text);
        Self { values: values + MOST_VALUES, text: text + MOST_TEXT }
    }

    /// Whether `session` is within it.
    pub(super) fn holds(&self, session: &Dynamic) -> Result<(), String> {
        Self { ..*self }.take(session, DEEPEST)
    }

    fn take(&mut self, value: &Dynamic, depth: usize) -> Result<(), String> {
        let text = value.as_immutable_string_ref().map_or(0, |text| text.len());
        let left = self.values.checked_sub(1).zip(self.text.checked_sub(text));
        (self.values, self.text) = left.ok_or(
            "the session holds too much: at most 20000 values and 64 KiB of text can be added",
        )?;
        let deeper = || {
            depth
                .checked_sub(1)
                .ok_or("the session is nested too deeply: at most 8 arrays and maps in each other")
        };
        if let Some(list) = value.read_lock::<Array>() {
            let depth = deeper()?;
            list.iter().try_for_each(|value| self.take(value, depth))
        } else if let Some(map) = value.read_lock::<Map>() {
            let depth = deeper()?;
            map.values().try_for_each(|value| self.take(value, depth))
        } else {
            Ok(())
        }
    }
}
