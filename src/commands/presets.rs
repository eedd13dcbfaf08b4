//! Converts presets of other tools to profiles.

use super::Failure;
use crate::{
    args::ImportArgs,
    profiles::preset::{Delays, Preset, read},
    units::BitRate,
};

/// The profile for the preset in the file that `args` name. `text` is the text of the file; `None` = it
/// has no presets.
pub(super) fn text_of(args: &ImportArgs, text: Option<&str>) -> Result<Option<String>, Failure> {
    let path = args.trace.display();
    let presets = match text.and_then(read) {
        Some(presets) => presets.map_err(|e| Failure::usage(format_args!("{path}: {e}")))?,
        None => Vec::new(),
    };
    if presets.is_empty() {
        return match &args.preset {
            Some(_) => {
                Err(Failure::usage(format_args!("{path}: has no presets; leave --preset out")))
            }
            None => Ok(None),
        };
    }
    refuse_options(args)?;
    Ok(Some(profile(chosen(args, &presets)?, &file_name(args))))
}

fn file_name(args: &ImportArgs) -> String {
    args.trace.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Rejects options that apply only to traces.
fn refuse_options(args: &ImportArgs) -> Result<(), Failure> {
    let given = [
        ("--format", args.format.is_some()),
        ("--time-column", args.time_column.is_some()),
        ("--rate-column", args.rate_column.is_some()),
        ("--time-unit", args.time_unit.is_some()),
        ("--rate-unit", args.rate_unit.is_some()),
        ("--step", args.step.is_some()),
        ("--bin", args.bin.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(Failure::usage(format_args!(
            "{}: {option} can't be used with a file of presets; leave it out",
            args.trace.display()
        ))),
        None => Ok(()),
    }
}

fn chosen<'p>(args: &ImportArgs, presets: &'p [Preset]) -> Result<&'p Preset, Failure> {
    let path = args.trace.display();
    let names = || {
        let names: Vec<&str> = presets.iter().filter_map(|preset| preset.name.as_deref()).collect();
        names.join(", ")
    };
    let named = |wanted: &String| {
        let same = |name: &String| name.eq_ignore_ascii_case(wanted);
        presets.iter().find(|preset| preset.name.as_ref().is_some_and(same))
    };
    match (&args.preset, presets) {
        (Some(wanted), _) => named(wanted).ok_or_else(|| {
            Failure::usage(format_args!(
                "{path}: has no preset `{wanted}`; write one of {}",
                names()
            ))
        }),
        (None, [only]) => Ok(only),
        (None, _) => Err(Failure::usage(format_args!(
            "{path}: has {} presets; choose one with --preset: {}",
            presets.len(),
            names()
        ))),
    }
}

fn profile(preset: &Preset, file: &str) -> String {
    let name = preset.name.as_deref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
    let summary = toml::Value::from(format!("The preset{name} of {file} ({})", preset.tool));
    let source =
        toml::Value::from(format!("Imported from {file}, as {} writes networks.", preset.tool));
    let mut text = format!("summary = {summary}\nsource = {source}\n");
    let mut section = |name: &str, lines: &[String]| {
        if !lines.is_empty() {
            text += &format!("\n[{name}]\n{}\n", lines.join("\n"));
        }
    };
    section("latency", &latency(preset.delays));
    let rate = |bits: Option<f64>| {
        let rate = bits.map(|bits| BitRate::from_bits_per_second(bits.round() as u64));
        rate.map(|rate| format!("rate = \"{rate}\""))
    };
    section("downlink", &rate(preset.down).into_iter().collect::<Vec<_>>());
    let model =
        |percent: f64| format!("model = {{ bernoulli = {} }}", toml::Value::from(share(percent)));
    let loss = (preset.loss_up > 0.0).then(|| format!("loss = {{ {} }}", model(preset.loss_up)));
    section("uplink", &rate(preset.up).into_iter().chain(loss).collect::<Vec<_>>());
    if preset.loss_down > 0.0 {
        section("loss", &[model(preset.loss_down)]);
    }
    text
}

/// A share from percent, without the rounding error of binary fractions.
fn share(percent: f64) -> f64 {
    (percent * 1e7).round() / 1e9
}

fn latency(delays: Delays) -> Vec<String> {
    match delays {
        Delays::RoundTrip(ms) if ms > 0.0 => vec![format!("rtt = \"{ms} ms\"")],
        Delays::EachWay(up, down) if up + down > 0.0 => {
            vec![format!("uplink = \"{up} ms\""), format!("downlink = \"{down} ms\"")]
        }
        _ => Vec::new(),
    }
}
