//! What is played, as the players of each format request it.

use crate::{
    media::Protocol,
    player::{KnownRequests, PlayerPreset, Presentation, Setup, preset},
};
use std::sync::Arc;

/// What players of one format request of a ladder, beside its segments, and what a proxy knows of it.
#[derive(Debug, Clone)]
pub struct FormatRequests {
    /// The format.
    pub protocol: Protocol,
    /// What is requested beside segments.
    pub setup: Setup,
    /// All requests as a proxy sees them.
    pub known: Arc<KnownRequests>,
}

/// Where the segments of a ladder are: the paths by segment and rung, and of the audio by segment, all from 0.
#[derive(Debug, Clone, Copy)]
pub struct SegmentPaths {
    /// Of the video.
    pub video: fn(usize, usize) -> String,
    /// Of the audio.
    pub audio: fn(usize) -> String,
}

/// A presentation, as the players of each format request it.
#[derive(Debug, Clone)]
pub(super) struct Presentations {
    plain: Presentation,
    /// By format, and whether players read the lowest playlist first.
    of_players: Vec<(Protocol, bool, Presentation)>,
}

impl Presentations {
    /// `plain` with the requests of each format.
    pub(super) fn new(plain: Presentation, formats: &[FormatRequests]) -> Self {
        let mut of_players = Vec::new();
        for FormatRequests { protocol, setup, known } in formats {
            let of_format = plain.clone().in_format(*protocol).with_known_requests(known);
            let lowest_first = of_format.clone().with_setup(setup.clone().reading_lowest());
            of_players.push((*protocol, true, lowest_first));
            of_players.push((*protocol, false, of_format.with_setup(setup.clone())));
        }
        Self { plain, of_players }
    }

    /// What a player with this algorithm plays.
    pub(super) fn of(&self, algorithm: &str) -> &Presentation {
        let PlayerPreset { protocol, reads_lowest, .. } = preset(algorithm);
        let fits = |(format, lowest, _): &&(Protocol, bool, Presentation)| {
            (*format, *lowest) == (protocol, reads_lowest)
        };
        self.of_players.iter().find(fits).map_or(&self.plain, |(.., presentation)| presentation)
    }
}
