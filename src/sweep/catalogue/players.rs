//! The players, and their settings by the names that each player has for them.

use super::{AlgorithmSetup, CatalogueError, setup::wrong};
use crate::player::{
    Abr,
    abr::{
        DashJs, DashJsAverage, DashJsConfig, DashJsRules, HlsJs, HlsJsConfig, Media3, Media3Config,
        Shaka, ShakaConfig, Spf, SpfConfig, Vhs, VhsConfig,
    },
};
use serde_json::Value;

type Made = Result<Box<dyn Abr>, CatalogueError>;

/// Of 5.1: the buffer in s from which BOLA is used. 5.2 has a shorter one.
const HYSTERESIS_5_1: f64 = 18.0;

pub(super) fn dash_js(setup: &AlgorithmSetup<'_>) -> Made {
    make_dash_js(setup, DashJsConfig::default())
}

pub(super) fn dash_js_5_1(setup: &AlgorithmSetup<'_>) -> Made {
    make_dash_js(setup, DashJsConfig { hybrid_switch: HYSTERESIS_5_1, ..DashJsConfig::default() })
}

pub(super) fn l2a(setup: &AlgorithmSetup<'_>) -> Made {
    let rules = DashJsRules { l2a: true, ..DashJsRules::NONE };
    make_dash_js(setup, DashJsConfig { rules, ..DashJsConfig::default() })
}

pub(super) fn lolp(setup: &AlgorithmSetup<'_>) -> Made {
    let rules = DashJsRules { lolp: true, ..DashJsRules::NONE };
    make_dash_js(setup, DashJsConfig { rules, ..DashJsConfig::default() })
}

fn make_dash_js(setup: &AlgorithmSetup<'_>, mut config: DashJsConfig) -> Made {
    config.live = setup.live;
    if let Some(value) = setup.config.get("rules") {
        config.rules = dash_js_rules(value)?;
    }
    if let Some(value) = setup.config.get("averageCalculationMode") {
        let names = DashJsAverage::names().join(", ");
        config.average = value
            .as_str()
            .and_then(DashJsAverage::named)
            .ok_or_else(|| wrong("averageCalculationMode", value, &format!("one of {names}")))?;
    }
    setup.numbers(&["rules", "averageCalculationMode"], |key, number| {
        let slot = match key {
            "hybridSwitchBufferTime" => &mut config.hybrid_switch,
            "bufferTimeDefault" => &mut config.buffer_time,
            "throughputFastHalfLifeSeconds" => &mut config.fast,
            "throughputSlowHalfLifeSeconds" => &mut config.slow,
            _ => return false,
        };
        *slot = number;
        true
    })?;
    Ok(Box::new(DashJs::new(config, setup.presentation)))
}

/// The rules that are on, by name: `["throughputRule", "bolaRule"]`.
fn dash_js_rules(value: &Value) -> Result<DashJsRules, CatalogueError> {
    let wrong = || {
        let known = "throughputRule, bolaRule, insufficientBufferRule, switchHistoryRule, l2ARule, loLPRule and abandonRequestsRule";
        wrong("rules", value, &format!("a list of {known}"))
    };
    let mut rules = DashJsRules::NONE;
    for name in value.as_array().ok_or_else(wrong)? {
        match name.as_str().ok_or_else(wrong)? {
            "throughputRule" => rules.throughput = true,
            "bolaRule" => rules.bola = true,
            "insufficientBufferRule" => rules.insufficient_buffer = true,
            "switchHistoryRule" => rules.switch_history = true,
            "l2ARule" => rules.l2a = true,
            "loLPRule" => rules.lolp = true,
            "abandonRequestsRule" => rules.abandon_requests = true,
            _ => return Err(wrong()),
        }
    }
    Ok(rules)
}

pub(super) fn hls_js(setup: &AlgorithmSetup<'_>) -> Made {
    let mut config = HlsJsConfig { live: setup.live, ..HlsJsConfig::default() };
    // The half-lives of the other kind of stream are not used.
    let (mut fast, mut slow) = (0.0, 0.0);
    let (vod_fast, vod_slow, live_fast, live_slow) = if setup.live {
        (&mut fast, &mut slow, &mut config.fast, &mut config.slow)
    } else {
        (&mut config.fast, &mut config.slow, &mut fast, &mut slow)
    };
    config.first_level = setup.rendition("firstLevel")?.unwrap_or(0);
    setup.numbers(&["firstLevel"], |key, number| {
        let slot = match key {
            "abrEwmaFastVoD" => &mut *vod_fast,
            "abrEwmaSlowVoD" => &mut *vod_slow,
            "abrEwmaFastLive" => &mut *live_fast,
            "abrEwmaSlowLive" => &mut *live_slow,
            "abrEwmaDefaultEstimate" => &mut config.default_estimate,
            "abrBandWidthFactor" => &mut config.factor,
            "abrBandWidthUpFactor" => &mut config.up_factor,
            "maxStarvationDelay" => &mut config.max_starvation,
            _ => return false,
        };
        *slot = number;
        true
    })?;
    Ok(Box::new(HlsJs::new(config)))
}

pub(super) fn shaka(setup: &AlgorithmSetup<'_>) -> Made {
    let mut config = ShakaConfig::default();
    setup.numbers(&[], |key, number| {
        let slot = match key {
            "defaultBandwidthEstimate" => &mut config.default_estimate,
            "switchInterval" => &mut config.switch_interval,
            "bandwidthUpgradeTarget" => &mut config.upgrade_target,
            "bandwidthDowngradeTarget" => &mut config.downgrade_target,
            "minTotalBytes" => &mut config.min_total_bytes,
            "minBytes" => &mut config.min_bytes,
            "fastHalfLife" => &mut config.fast,
            "slowHalfLife" => &mut config.slow,
            "cacheLoadThreshold" => &mut config.cache_load_threshold,
            _ => return false,
        };
        *slot = number;
        true
    })?;
    Ok(Box::new(Shaka::new(config)))
}

pub(super) fn media3(setup: &AlgorithmSetup<'_>) -> Made {
    let mut config = Media3Config { live: setup.live, ..Media3Config::default() };
    setup.numbers(&[], |key, number| {
        match key {
            "initialBitrateEstimate" => config.initial_estimate = number,
            "slidingWindowMaxWeight" => config.max_weight = whole(number),
            "minDurationForQualityIncreaseMs" => config.min_for_increase = number,
            "maxDurationForQualityDecreaseMs" => config.max_for_decrease = number,
            "bandwidthFraction" => config.bandwidth_fraction = single(number),
            "bufferedFractionToLiveEdgeForQualityIncrease" => {
                config.live_edge_fraction = single(number);
            }
            "timeToFirstByteMs" => config.first_byte = Some(number),
            _ => return false,
        }
        true
    })?;
    Ok(Box::new(Media3::new(config, setup.presentation)))
}

pub(super) fn spf(setup: &AlgorithmSetup<'_>) -> Made {
    let mut config = SpfConfig::default();
    setup.numbers(&[], |key, number| {
        let slot = match key {
            "initialBandwidth" => &mut config.initial_bandwidth,
            "safetyMargin" => &mut config.safety_margin,
            "upgradeMargin" => &mut config.upgrade_margin,
            "fastHalfLife" => &mut config.fast,
            "slowHalfLife" => &mut config.slow,
            "minTotalBytes" => &mut config.min_total_bytes,
            "minBytes" => &mut config.min_bytes,
            "minDuration" => &mut config.min_duration,
            _ => return false,
        };
        *slot = number;
        true
    })?;
    Ok(Box::new(Spf::new(config, setup.presentation)))
}

pub(super) fn vhs(setup: &AlgorithmSetup<'_>) -> Made {
    let dimensions = setup.dimensions.to_vec();
    let mut config = VhsConfig { live: setup.live, dimensions, ..VhsConfig::default() };
    let (mut width, mut height) = (None, None);
    setup.numbers(&["limitRenditionByPlayerDimensions"], |key, number| {
        match key {
            "bandwidth" => config.initial_bandwidth = number,
            "throughput" => config.processing_rate = number,
            "playerWidth" => width = Some(number),
            "playerHeight" => height = Some(number),
            _ => return false,
        }
        true
    })?;
    let limited = setup.flag("limitRenditionByPlayerDimensions")?.unwrap_or(true);
    config.player = width.zip(height).filter(|_| limited);
    Ok(Box::new(Vhs::new(config, setup.presentation)))
}

/// In single precision, as Media3 keeps its settings.
#[expect(clippy::cast_possible_truncation, reason = "as in Media3")]
const fn single(number: f64) -> f32 {
    number as f32
}

/// The whole part.
#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn whole(number: f64) -> i64 {
    number.floor() as i64
}
