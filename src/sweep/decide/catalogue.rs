//! The algorithms that decide line by line, and their settings.

use super::{DecideError, lines::Setup};
use crate::player::abr::{Abr, HlsJs, HlsJsConfig, Shaka, ShakaConfig};
use serde_json::Value;

/// Their names.
pub const NAMES: &[&str] = &["hls.js", "shaka"];

/// The algorithm called `name`.
pub(super) fn algorithm(name: &str, setup: &Setup) -> Result<Box<dyn Abr>, DecideError> {
    match name {
        "hls.js" => Ok(Box::new(HlsJs::new(hls_js(setup)?))),
        "shaka" => Ok(Box::new(Shaka::new(shaka(setup)?))),
        _ => {
            let hint = format!("write {}", NAMES.join(" or "));
            Err(DecideError::Name { name: name.to_owned(), hint })
        }
    }
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
