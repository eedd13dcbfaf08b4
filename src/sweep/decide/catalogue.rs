//! The algorithms that decide line by line, and their settings.

use super::{DecideError, lines::Setup};
use crate::player::{
    Abr, Presentation,
    abr::{DashJs, DashJsConfig, DashJsRules, HlsJs, HlsJsConfig, Shaka, ShakaConfig},
};
use serde_json::Value;

/// Their names.
pub const NAMES: &[&str] = &["dash.js", "hls.js", "shaka"];

/// The algorithm called `name`.
pub(super) fn algorithm(
    name: &str,
    setup: &Setup,
    presentation: &Presentation,
) -> Result<Box<dyn Abr>, DecideError> {
    match name {
        "dash.js" => Ok(Box::new(DashJs::new(dash_js(setup)?, presentation))),
        "hls.js" => Ok(Box::new(HlsJs::new(hls_js(setup)?))),
        "shaka" => Ok(Box::new(Shaka::new(shaka(setup)?))),
        _ => {
            let hint = format!("write {}", NAMES.join(", "));
            Err(DecideError::Name { name: name.to_owned(), hint })
        }
    }
}

fn dash_js(setup: &Setup) -> Result<DashJsConfig, DecideError> {
    let mut config = DashJsConfig::default();
    for (key, value) in &setup.config {
        let slot = match key.as_str() {
            "hybridSwitchBufferTime" => &mut config.hybrid_switch,
            "bufferTimeDefault" => &mut config.buffer_time,
            "throughputFastHalfLifeSeconds" => &mut config.fast,
            "throughputSlowHalfLifeSeconds" => &mut config.slow,
            "rules" => {
                config.rules = rules(value)?;
                continue;
            }
            _ => return Err(unknown(key)),
        };
        *slot = positive(key, value)?;
    }
    Ok(config)
}

/// The rules that are on, by name: `["throughputRule", "bolaRule"]`.
fn rules(value: &Value) -> Result<DashJsRules, DecideError> {
    let wrong = || {
        let known = "throughputRule, bolaRule, insufficientBufferRule and switchHistoryRule";
        DecideError::Config(format!("`rules` is {value}; write a list of {known}"))
    };
    let mut rules = DashJsRules {
        throughput: false,
        bola: false,
        insufficient_buffer: false,
        switch_history: false,
    };
    for name in value.as_array().ok_or_else(wrong)? {
        match name.as_str().ok_or_else(wrong)? {
            "throughputRule" => rules.throughput = true,
            "bolaRule" => rules.bola = true,
            "insufficientBufferRule" => rules.insufficient_buffer = true,
            "switchHistoryRule" => rules.switch_history = true,
            _ => return Err(wrong()),
        }
    }
    Ok(rules)
}

fn hls_js(setup: &Setup) -> Result<HlsJsConfig, DecideError> {
    let mut config = HlsJsConfig { live: setup.live, ..HlsJsConfig::default() };
    let (fast, slow) = if setup.live {
        ("abrEwmaFastLive", "abrEwmaSlowLive")
    } else {
        ("abrEwmaFastVoD", "abrEwmaSlowVoD")
    };
    let ignored = if setup.live {
        ["abrEwmaFastVoD", "abrEwmaSlowVoD"]
    } else {
        ["abrEwmaFastLive", "abrEwmaSlowLive"]
    };
    for (key, value) in &setup.config {
        let slot = match key.as_str() {
            key if key == fast => &mut config.fast,
            key if key == slow => &mut config.slow,
            key if ignored.contains(&key) => continue,
            "abrEwmaDefaultEstimate" => &mut config.default_estimate,
            "abrBandWidthFactor" => &mut config.factor,
            "abrBandWidthUpFactor" => &mut config.up_factor,
            "maxStarvationDelay" => &mut config.max_starvation,
            _ => return Err(unknown(key)),
        };
        *slot = positive(key, value)?;
    }
    Ok(config)
}

fn shaka(setup: &Setup) -> Result<ShakaConfig, DecideError> {
    let mut config = ShakaConfig::default();
    for (key, value) in &setup.config {
        let slot = match key.as_str() {
            "defaultBandwidthEstimate" => &mut config.default_estimate,
            "switchInterval" => &mut config.switch_interval,
            "bandwidthUpgradeTarget" => &mut config.upgrade_target,
            "bandwidthDowngradeTarget" => &mut config.downgrade_target,
            "minTotalBytes" => &mut config.min_total_bytes,
            "minBytes" => &mut config.min_bytes,
            "fastHalfLife" => &mut config.fast,
            "slowHalfLife" => &mut config.slow,
            "cacheLoadThreshold" => &mut config.cache_load_threshold,
            _ => return Err(unknown(key)),
        };
        *slot = positive(key, value)?;
    }
    Ok(config)
}

/// A number above 0.
fn positive(key: &str, value: &Value) -> Result<f64, DecideError> {
    let number = value.as_f64().filter(|number| *number > 0.0);
    number.ok_or_else(|| DecideError::Config(format!("`{key}` is {value}; write a number above 0")))
}

fn unknown(key: &str) -> DecideError {
    DecideError::Config(format!("`{key}` is not a setting of this algorithm's rate rules"))
}
