//! WebPageTest's `connectivity.ini`: a section for each network.

use super::{Delays, Preset, PresetError};

const TOOL: &str = "WebPageTest";

/// The networks of an ini file; `None` = it is not a file of WebPageTest.
pub(super) fn read(text: &str) -> Option<Result<Vec<Preset>, PresetError>> {
    let said = |line: &&str| !line.is_empty() && !line.starts_with(['#', ';']);
    let lines = || text.lines().map(str::trim).filter(said);
    let is_section = |line: &str| line.starts_with('[') && line.ends_with(']');
    let is_ours = lines().next().is_some_and(is_section)
        && lines().any(|line| {
            line.split_once('=').is_some_and(|(key, _)| key.trim().eq_ignore_ascii_case("bwIn"))
        });
    is_ours.then(|| sections(lines()))
}

fn sections<'t>(lines: impl Iterator<Item = &'t str>) -> Result<Vec<Preset>, PresetError> {
    let mut presets: Vec<Preset> = Vec::new();
    for line in lines {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let name = Some(name.trim().to_owned());
            presets.push(Preset { name, tool: TOOL, ..Preset::default() });
            continue;
        }
        let (Some(preset), Some((key, value))) = (presets.last_mut(), line.split_once('=')) else {
            continue;
        };
        let number = || {
            let text = value.trim().trim_matches(['"', '\'']);
            text.parse::<f64>().map_err(|_| {
                let name = preset_name(line);
                PresetError::new(
                    format!("`{name}` is not a number"),
                    "write one, as in `bwIn=1600000`",
                )
            })
        };
        match key.trim().to_ascii_lowercase().as_str() {
            // An empty value or zero is no limit.
            "bwin" => preset.down = Some(number()?).filter(|bits| *bits > 0.0),
            "bwout" => preset.up = Some(number()?).filter(|bits| *bits > 0.0),
            "latency" => preset.delays = Delays::RoundTrip(number()?),
            "plr" => preset.loss_down = number()?,
            _ => {}
        }
    }
    // A section without any of these keys is not a network.
    presets.retain(|preset| {
        preset.down.is_some() || preset.up.is_some() || preset.delays != Delays::default()
    });
    if presets.is_empty() {
        return Err(PresetError::new(
            "is an ini file of WebPageTest without a network",
            "write `bwIn` and `bwOut`",
        ));
    }
    Ok(presets)
}

fn preset_name(line: &str) -> String {
    line.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_a_network() {
        let text = "; ours\n[3G]\nlabel=\"3G (1.6 Mbps)\"\nbwIn=1600000\nbwOut=768000\nlatency=300\nplr=1\n\n[Native]\nbwIn=0\nbwOut=0\nlatency=10\nplr=0\n";
        let presets = read(text).unwrap().unwrap();
        let names: Vec<_> = presets.iter().filter_map(|preset| preset.name.as_deref()).collect();
        assert_eq!(names, ["3G", "Native"]);
        let [first, second] = presets.as_slice() else { panic!("two") };
        assert_eq!((first.down, first.up, first.loss_down), (Some(1.6e6), Some(768e3), 1.0));
        assert_eq!(first.delays, Delays::RoundTrip(300.0));
        assert_eq!((second.down, second.up), (None, None));
        assert!(read("[core]\nname=x\n").is_none());
        assert!(read("[a]\nbwIn=fast\n").unwrap().is_err());
    }
}
