//! The algorithms of the literature, and their settings.

use super::{AlgorithmSetup, CatalogueError};
use crate::player::{
    Abr,
    abr::{
        Bba2, Bba2Config, Bola, BolaConfig, BolaE, BolaEConfig, BufferBased, Dynamic, DynamicDash,
        FastMpc, Fixed, Mpc, MpcConfig, Throughput,
    },
};

const MS: f64 = 1000.0;
/// The maximum buffer in seconds, and γp, of Sabre.
const MAX_BUFFER: f64 = 25.0;
const GAMMA_P: f64 = 5.0;

type Made = Result<Box<dyn Abr>, CatalogueError>;

pub(super) fn fixed(setup: &AlgorithmSetup<'_>) -> Made {
    setup.numbers(&["rendition"], |_, _| false)?;
    Ok(Box::new(Fixed::new(setup.rendition("rendition")?.unwrap_or(0))))
}

pub(super) fn throughput(setup: &AlgorithmSetup<'_>) -> Made {
    setup.numbers(&["insufficientBuffer"], |_, _| false)?;
    let insufficient_buffer = setup.flag("insufficientBuffer")?.unwrap_or(false);
    Ok(Box::new(Throughput::new(insufficient_buffer)))
}

pub(super) fn bba(setup: &AlgorithmSetup<'_>) -> Made {
    let mut bba = BufferBased::default();
    setup.numbers(&[], |key, number| {
        let slot = match key {
            "reservoir" => &mut bba.reservoir,
            "cushion" => &mut bba.cushion,
            _ => return false,
        };
        *slot = number * MS;
        true
    })?;
    Ok(Box::new(bba))
}

pub(super) fn bba_2(setup: &AlgorithmSetup<'_>) -> Made {
    let mut config = Bba2Config::default();
    setup.numbers(&[], |key, number| {
        if key != "maxBuffer" {
            return false;
        }
        config.max_buffer = number * MS;
        true
    })?;
    Ok(Box::new(Bba2::new(config)))
}

/// The settings that BOLA's forms share: maximum buffer in ms, γp, whether BOLA-O.
struct BolaSettings {
    max_buffer: f64,
    gamma_p: f64,
    avoid_oscillation: bool,
}

fn bola_settings(
    setup: &AlgorithmSetup<'_>,
    others: &[&str],
) -> Result<BolaSettings, CatalogueError> {
    let mut settings = BolaSettings {
        max_buffer: MAX_BUFFER * MS,
        gamma_p: GAMMA_P,
        avoid_oscillation: setup.flag("avoidOscillation")?.unwrap_or(false),
    };
    let others: Vec<&str> = others.iter().copied().chain(["avoidOscillation"]).collect();
    setup.numbers(&others, |key, number| {
        match key {
            "maxBuffer" => settings.max_buffer = number * MS,
            "gammaP" => settings.gamma_p = number,
            _ => return false,
        }
        true
    })?;
    Ok(settings)
}

fn bola_config(setup: &AlgorithmSetup<'_>) -> Result<BolaConfig, CatalogueError> {
    let settings = bola_settings(setup, &["basic", "insufficientBuffer"])?;
    Ok(BolaConfig {
        gamma_p: settings.gamma_p,
        max_buffer: settings.max_buffer,
        avoid_oscillation: settings.avoid_oscillation,
        basic: setup.flag("basic")?.unwrap_or(false),
    })
}

fn make_bola(setup: &AlgorithmSetup<'_>) -> Result<Bola, CatalogueError> {
    Ok(Bola::new(bola_config(setup)?, setup.presentation))
}

fn make_bola_e(setup: &AlgorithmSetup<'_>) -> Result<BolaE, CatalogueError> {
    let settings = bola_settings(setup, &["insufficientBuffer"])?;
    let config = BolaEConfig {
        gamma_p: settings.gamma_p,
        max_buffer: settings.max_buffer,
        avoid_oscillation: settings.avoid_oscillation,
        insufficient_buffer: setup.flag("insufficientBuffer")?.unwrap_or(true),
    };
    Ok(BolaE::new(config, setup.presentation))
}

pub(super) fn bola(setup: &AlgorithmSetup<'_>) -> Made {
    Ok(Box::new(make_bola(setup)?))
}

pub(super) fn bola_basic(setup: &AlgorithmSetup<'_>) -> Made {
    let config = BolaConfig { basic: true, ..bola_config(setup)? };
    Ok(Box::new(Bola::new(config, setup.presentation)))
}

pub(super) fn bola_o(setup: &AlgorithmSetup<'_>) -> Made {
    let config = BolaConfig { avoid_oscillation: true, ..bola_config(setup)? };
    Ok(Box::new(Bola::new(config, setup.presentation)))
}

pub(super) fn bola_e(setup: &AlgorithmSetup<'_>) -> Made {
    Ok(Box::new(make_bola_e(setup)?))
}

pub(super) fn dynamic(setup: &AlgorithmSetup<'_>) -> Made {
    let throughput = Throughput::new(setup.flag("insufficientBuffer")?.unwrap_or(false));
    Ok(Box::new(Dynamic::new(make_bola(setup)?, throughput)))
}

pub(super) fn dynamic_dash(setup: &AlgorithmSetup<'_>) -> Made {
    let throughput = Throughput::new(setup.flag("insufficientBuffer")?.unwrap_or(true));
    Ok(Box::new(DynamicDash::new(make_bola_e(setup)?, throughput)))
}

pub(super) fn mpc(setup: &AlgorithmSetup<'_>) -> Made {
    let config = MpcConfig { robust: false, ..MpcConfig::default() };
    Ok(Box::new(Mpc::new(mpc_config(setup, config)?)))
}

pub(super) fn fast_mpc(setup: &AlgorithmSetup<'_>) -> Made {
    Ok(Box::new(FastMpc::new(mpc_config(setup, MpcConfig::default())?)))
}

pub(super) fn robust_mpc(setup: &AlgorithmSetup<'_>) -> Made {
    Ok(Box::new(Mpc::new(mpc_config(setup, MpcConfig::default())?)))
}

fn mpc_config(
    setup: &AlgorithmSetup<'_>,
    mut config: MpcConfig,
) -> Result<MpcConfig, CatalogueError> {
    setup.numbers(&[], |key, number| {
        if key != "rebufferPenalty" {
            return false;
        }
        config.rebuffer_penalty = number;
        true
    })?;
    Ok(config)
}
