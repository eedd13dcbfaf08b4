//! Apple's Network Link Conditioner: an XML property list with a dictionary for each network.

use super::{Delays, Preset, PresetError};

/// The deepest nesting read.
const DEPTH: usize = 32;

pub(super) fn is_plist(text: &str) -> bool {
    let head = text.get(..text.len().min(1024)).unwrap_or(text);
    text.starts_with('<') && (head.contains("<plist") || head.contains("<!DOCTYPE plist"))
}

/// The networks of a property list: its dictionaries with a bandwidth, each named by the key before it.
pub(super) fn read(text: &str) -> Result<Vec<Preset>, PresetError> {
    let mut open: Vec<(Option<String>, Preset, bool)> = Vec::new();
    let (mut key, mut presets): (Option<String>, Vec<Preset>) = (None, Vec::new());
    for (tag, value) in elements(text) {
        match tag {
            "dict" => {
                if open.len() >= DEPTH {
                    return Err(PresetError::new(
                        "is nested too deep",
                        "write a plist in the form that macOS writes",
                    ));
                }
                open.push((
                    key.take(),
                    Preset { tool: "Network Link Conditioner", ..Preset::default() },
                    false,
                ));
            }
            "/dict" => {
                if let Some((name, preset, true)) = open.pop() {
                    presets.push(Preset { name, ..in_bits(preset) });
                }
            }
            "key" => key = Some(unescaped(value)),
            "integer" | "real" | "string" => {
                let Some((key, (_, preset, is_network))) = key.take().zip(open.last_mut()) else {
                    continue;
                };
                if let Ok(number) = value.trim().parse::<f64>() {
                    *is_network |= set(preset, &key, number);
                }
            }
            _ => {}
        }
    }
    if presets.is_empty() {
        return Err(PresetError::new(
            "is a property list (plist) without a network of Network Link Conditioner",
            "write a dictionary with `DownlinkBandwidth`, `UplinkBandwidth` and the delays",
        ));
    }
    Ok(presets)
}

/// Records one value. Returns whether its key marks a network.
fn set(preset: &mut Preset, key: &str, number: f64) -> bool {
    let (up, down) = match preset.delays {
        Delays::EachWay(up, down) => (up, down),
        Delays::RoundTrip(_) => (0.0, 0.0),
    };
    match key {
        "DownlinkBandwidth" => preset.down = Some(number * preset.down.unwrap_or(1.0)),
        "UplinkBandwidth" => preset.up = Some(number * preset.up.unwrap_or(1.0)),
        // 0 is kbit/s, 1 is Mbit/s. The unit may come before or after the value.
        "DownlinkBandwidthUnit" if number > 0.0 => {
            preset.down = Some(1e3 * preset.down.unwrap_or(1.0));
        }
        "UplinkBandwidthUnit" if number > 0.0 => preset.up = Some(1e3 * preset.up.unwrap_or(1.0)),
        "DownlinkDelay" => preset.delays = Delays::EachWay(up, number),
        "UplinkDelay" => preset.delays = Delays::EachWay(number, down),
        "DownlinkPacketLossRatio" => preset.loss_down = number,
        "UplinkPacketLossRatio" => preset.loss_up = number,
        _ => return false,
    }
    !key.ends_with("Unit")
}

/// Converts kbit/s to bit/s; zero is no limit.
fn in_bits(preset: Preset) -> Preset {
    let bits = |kilobits: Option<f64>| kilobits.map(|value| value * 1e3).filter(|bits| *bits > 0.0);
    Preset { down: bits(preset.down), up: bits(preset.up), ..preset }
}

/// The tags of a text, each with the characters after it.
fn elements(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('<').skip(1).filter_map(|part| {
        let (tag, value) = part.split_once('>')?;
        Some((tag.split_whitespace().next()?, value))
    })
}

fn unescaped(text: &str) -> String {
    let text = text.trim().replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&apos;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_with_a_bandwidth_is_a_network() {
        let text = "<?xml version=\"1.0\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD\" \"x\">\n<plist version=\"1.0\"><dict>
            <key>Profiles</key><dict>
              <key>3G &amp; loss</key><dict>
                <key>DownlinkBandwidth</key><integer>780</integer>
                <key>DownlinkBandwidthUnit</key><integer>0</integer>
                <key>DownlinkDelay</key><integer>100</integer>
                <key>DownlinkPacketLossRatio</key><real>1.5</real>
                <key>UplinkBandwidth</key><integer>2</integer>
                <key>UplinkBandwidthUnit</key><integer>1</integer>
                <key>UplinkDelay</key><integer>120</integer>
                <key>UplinkPacketLossRatio</key><integer>3</integer>
              </dict></dict></dict></plist>";
        let presets = read(text).unwrap();
        let [preset] = presets.as_slice() else { panic!("one") };
        assert_eq!(preset.name.as_deref(), Some("3G & loss"));
        assert_eq!((preset.down, preset.up), (Some(780e3), Some(2e6)));
        assert_eq!(preset.delays, Delays::EachWay(120.0, 100.0));
        assert_eq!((preset.loss_down, preset.loss_up), (1.5, 3.0));
        assert!(read("<plist><dict><key>Profiles</key></dict></plist>").is_err());
    }
}
