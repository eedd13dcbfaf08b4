//! Networks as JSON objects: sitespeed.io, browsertime, Lighthouse, Chrome's DevTools.

use super::{Delays, Preset, PresetError};
use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// The keys that hold the network in the configuration of a larger tool.
const WITHIN: [&str; 4] = ["connectivity", "throttling", "settings", "throttle"];

/// The networks of a JSON object; `None` = it has none.
pub(super) fn read(text: &str) -> Option<Result<Vec<Preset>, PresetError>> {
    let Value::Object(object) = serde_json::from_str(text).ok()? else { return None };
    if let Some(preset) = found(&object, 0) {
        return Some(Ok(vec![preset]));
    }
    // A table of networks by name.
    let named = |(name, value): (&String, &Value)| {
        let preset = found(value.as_object()?, 0)?;
        Some(Preset { name: Some(name.clone()), ..preset })
    };
    let presets: Vec<Preset> = object.iter().filter_map(named).collect();
    (!presets.is_empty()).then_some(Ok(presets))
}

/// The network that an object is or contains.
fn found(object: &Object, depth: usize) -> Option<Preset> {
    if let Some(preset) = preset(object) {
        let name = ["name", "title", "profile"].iter().find_map(|key| object.get(*key)?.as_str());
        return Some(Preset { name: name.map(str::to_owned), ..preset });
    }
    let inner = |key: &&str| found(object.get(*key)?.as_object()?, depth + 1);
    (depth < 4).then(|| WITHIN.iter().find_map(inner)).flatten()
}

fn preset(object: &Object) -> Option<Preset> {
    let number = |key: &str| object.get(key).and_then(number);
    let any = |keys: &[&str]| keys.iter().any(|key| object.contains_key(*key));
    // A missing or negative rate is no limit.
    let rate =
        |key: &str, bits: f64| number(key).filter(|value| *value > 0.0).map(|value| value * bits);
    let delay = |key: &str| Delays::RoundTrip(number(key).unwrap_or_default());
    let loss_down = number("packetLoss").unwrap_or_default();
    if any(&["rttMs", "throughputKbps"]) && number("throughputKbps").is_some_and(|rate| rate > 0.0)
    {
        let (down, up) = (rate("throughputKbps", 1e3), rate("uploadThroughputKbps", 1e3));
        return Some(Preset {
            tool: "Lighthouse",
            down,
            up,
            delays: delay("rttMs"),
            loss_down,
            ..Preset::default()
        });
    }
    if any(&["downloadThroughputKbps", "uploadThroughputKbps"]) {
        let (down, up) = (rate("downloadThroughputKbps", 1e3), rate("uploadThroughputKbps", 1e3));
        let delays = delay("requestLatencyMs");
        return Some(Preset {
            tool: "Lighthouse",
            down,
            up,
            delays,
            loss_down,
            ..Preset::default()
        });
    }
    if any(&["downstreamKbps", "upstreamKbps"]) {
        let (down, up) = (rate("downstreamKbps", 1e3), rate("upstreamKbps", 1e3));
        let delays = delay(if object.contains_key("rtt") { "rtt" } else { "latency" });
        return Some(Preset {
            tool: "browsertime",
            down,
            up,
            delays,
            loss_down,
            ..Preset::default()
        });
    }
    if any(&["down", "up"]) && (number("down").is_some() || number("up").is_some()) {
        let (down, up) = (rate("down", 1e3), rate("up", 1e3));
        let delays = delay(if object.contains_key("rtt") { "rtt" } else { "latency" });
        return Some(Preset {
            tool: "sitespeed.io",
            down,
            up,
            delays,
            loss_down,
            ..Preset::default()
        });
    }
    for (down, up) in [("download", "upload"), ("downloadThroughput", "uploadThroughput")] {
        if number(down).is_some() && any(&[up, "latency"]) {
            let (down, up) = (rate(down, 8.0), rate(up, 8.0));
            return Some(Preset {
                tool: "Chrome",
                down,
                up,
                delays: delay("latency"),
                loss_down,
                ..Preset::default()
            });
        }
    }
    None
}

/// A number, or a text with a number.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Preset {
        read(text).unwrap().unwrap().remove(0)
    }

    #[test]
    fn each_tool_has_its_units() {
        let preset = one(r#"{"up":330,"down":200,"rtt":1000}"#);
        assert_eq!((preset.down, preset.up), (Some(200e3), Some(330e3)));
        assert_eq!(preset.delays, Delays::RoundTrip(1000.0));
        let preset = one(
            r#"{"browsertime":1,"connectivity":{"downstreamKbps":"1600","upstreamKbps":768,"latency":150}}"#,
        );
        assert_eq!((preset.down, preset.up), (Some(1.6e6), Some(768e3)));
        let preset = one(
            r#"{"rttMs":150,"throughputKbps":1638.4,"requestLatencyMs":562.5,"downloadThroughputKbps":1474.56,"uploadThroughputKbps":675}"#,
        );
        assert_eq!((preset.down, preset.up), (Some(1_638_400.0), Some(675e3)));
        assert_eq!(preset.delays, Delays::RoundTrip(150.0));
        // 180,000 byte/s are 1.44 Mbit/s.
        let preset = one(r#"{"Slow 4G":{"download":180000,"upload":84375,"latency":562.5}}"#);
        assert_eq!((preset.down, preset.up), (Some(1.44e6), Some(675e3)));
        assert_eq!(preset.name.as_deref(), Some("Slow 4G"));
        let preset =
            one(r#"{"offline":false,"downloadThroughput":-1,"uploadThroughput":1000,"latency":5}"#);
        assert_eq!((preset.down, preset.up), (None, Some(8000.0)));
        assert!(read(r#"{"log":{"entries":[]}}"#).is_none());
    }
}
