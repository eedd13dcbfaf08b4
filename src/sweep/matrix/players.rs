//! The players of a sweep: an algorithm, and the buffer that goes with it.

use super::MatrixError;
use crate::player::{
    Abr, Presentation,
    abr::{
        Bola, BolaConfig, BolaE, BolaEConfig, BufferBased, DashJs, DashJsConfig, Dynamic,
        DynamicDash, Fixed, HlsJs, HlsJsConfig, Mpc, MpcConfig, Shaka, ShakaConfig, Throughput,
    },
};
use std::cmp::Reverse;

/// The maximum buffer of an algorithm that has none of its own, in ms: that of Sabre's options.
const BUFFER: f64 = 25_000.0;
/// Sabre's γp.
const GAMMA_P: f64 = 5.0;

type Make = fn(&Presentation, f64) -> Box<dyn Abr>;

/// An algorithm with the buffer it plays on.
#[derive(Debug, Clone, Copy)]
pub struct Player {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in a few words.
    pub summary: &'static str,
    /// The maximum buffer in ms. A segment that would exceed it is requested later.
    pub buffer: f64,
    /// Requests at any level below `buffer`, so that the buffer may exceed it by a segment.
    overshoots: bool,
    make: Make,
}

/// All players, sorted by name.
const PLAYERS: &[Player] = &[
    own("bba", "buffer-based, BBA-0", |_, _| Box::new(BufferBased::default())),
    own("bola", "BOLA-FINITE", |presentation, buffer| {
        Box::new(Bola::new(bola(buffer), presentation))
    }),
    own("bola-e", "BOLA-E with the insufficient-buffer rule", |presentation, buffer| {
        Box::new(BolaE::new(bola_e(buffer), presentation))
    }),
    goal("dash.js", "dash.js 5.2's rules", 18_000.0, |presentation, _| {
        Box::new(DashJs::new(DashJsConfig::default(), presentation))
    }),
    own("dynamic", "throughput rule or BOLA by the buffer", |presentation, buffer| {
        Box::new(Dynamic::new(Bola::new(bola(buffer), presentation), Throughput::new(true)))
    }),
    own("dynamicdash", "dash.js's DYNAMIC as in Sabre", |presentation, buffer| {
        Box::new(DynamicDash::new(BolaE::new(bola_e(buffer), presentation), Throughput::new(true)))
    }),
    own("fixed", "the lowest rung", |_, _| Box::new(Fixed::new(0))),
    goal("hls.js", "hls.js 1.7's rate rules", 30_000.0, |_, _| {
        Box::new(HlsJs::new(HlsJsConfig::default()))
    }),
    own("mpc", "model predictive control", |_, _| {
        Box::new(Mpc::new(MpcConfig { robust: false, ..MpcConfig::default() }))
    }),
    own("robust-mpc", "RobustMPC", |_, _| Box::new(Mpc::new(MpcConfig::default()))),
    goal("shaka", "Shaka Player 5.2's rate rules", 10_000.0, |_, _| {
        Box::new(Shaka::new(ShakaConfig::default()))
    }),
    own("throughput", "90 % of the estimate", |_, _| Box::new(Throughput::new(true))),
];

const fn own(name: &'static str, summary: &'static str, make: Make) -> Player {
    Player { name, summary, buffer: BUFFER, overshoots: false, make }
}

const fn goal(name: &'static str, summary: &'static str, buffer: f64, make: Make) -> Player {
    Player { name, summary, buffer, overshoots: true, make }
}

const fn bola(max_buffer: f64) -> BolaConfig {
    BolaConfig { gamma_p: GAMMA_P, max_buffer, avoid_oscillation: false, basic: false }
}

const fn bola_e(max_buffer: f64) -> BolaEConfig {
    BolaEConfig {
        gamma_p: GAMMA_P,
        max_buffer,
        avoid_oscillation: false,
        insufficient_buffer: true,
    }
}

impl Player {
    /// The level in ms that is never exceeded, over segments of `segment` ms. It holds two segments at
    /// least: with room for one alone, none could be requested while another is shown.
    #[must_use]
    pub fn max_buffer(&self, buffer: Option<f64>, segment: f64) -> f64 {
        let buffer = buffer.unwrap_or(self.buffer);
        let most = if self.overshoots { buffer + segment } else { buffer };
        most.max(2.0 * segment)
    }

    /// The algorithm, for a buffer of `max_buffer` ms.
    #[must_use]
    pub fn algorithm(&self, presentation: &Presentation, max_buffer: f64) -> Box<dyn Abr> {
        (self.make)(presentation, max_buffer)
    }
}

/// All players, sorted by name.
pub fn players() -> impl Iterator<Item = &'static Player> {
    PLAYERS.iter()
}

/// The player called `name`.
///
/// # Errors
/// When there is none; the nearest names are in the error.
pub fn player(name: &str) -> Result<&'static Player, MatrixError> {
    if let Some(player) = PLAYERS.iter().find(|player| player.name == name) {
        return Ok(player);
    }
    let asked = name.to_ascii_lowercase();
    let likeness = |known: &str| (strsim::jaro_winkler(&asked, known) * 1e6) as u64;
    let mut near: Vec<_> =
        PLAYERS.iter().map(|player| (Reverse(likeness(player.name)), player.name)).collect();
    near.retain(|(Reverse(likeness), _)| *likeness > 700_000);
    near.sort_unstable();
    let near: Vec<_> = near.iter().take(3).map(|(_, name)| *name).collect();
    let hint = if near.is_empty() {
        let all: Vec<_> = PLAYERS.iter().map(|player| player.name).collect();
        format!("write {}", all.join(", "))
    } else {
        format!("the nearest are {}", near.join(", "))
    };
    Err(MatrixError::Algorithm { name: name.to_owned(), hint })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_near_ones_are_found() {
        assert!(PLAYERS.is_sorted_by(|one, other| one.name < other.name));
        let error = |name| player(name).unwrap_err().to_string();
        assert!(
            error("bolae").contains("'bolae'; the nearest are bola-e, bola"),
            "{}",
            error("bolae")
        );
        assert!(error("hls").contains("hls.js"), "{}", error("hls"));
        assert!(error("xyz").contains("write bba, bola"), "{}", error("xyz"));
    }

    #[test]
    fn a_buffer_holds_two_segments() {
        assert_eq!(player("bba").unwrap().max_buffer(None, 20_000.0), 40_000.0);
        assert_eq!(player("bba").unwrap().max_buffer(None, 4000.0), 25_000.0);
        assert_eq!(player("shaka").unwrap().max_buffer(None, 4000.0), 14_000.0);
        assert_eq!(player("shaka").unwrap().max_buffer(Some(20_000.0), 4000.0), 24_000.0);
    }
}
