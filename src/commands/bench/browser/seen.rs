//! What the page reports of a viewer.

use super::super::exchanges::Exchange;
use crate::{
    event::Outcome,
    sweep::matrix::{ObservedSession, Point},
};
use serde::Deserialize;

/// What the player gives up so shortly before the end of the viewing, in seconds, is cut off by that end.
const LAST_MOMENT: f64 = 1.0;

/// A line of the driver: the result of a task.
#[derive(Debug, Deserialize)]
pub(super) struct TaskResult {
    pub(super) task: usize,
    pub(super) seen: Option<Seen>,
    pub(super) error: Option<String>,
}

/// What a viewer saw.
#[derive(Debug, Deserialize)]
pub(super) struct Seen {
    measured: Measured,
    ended: bool,
    fatal: Vec<String>,
}

/// Seconds since the player was made.
#[derive(Debug, Deserialize)]
struct Measured {
    startup_s: Option<f64>,
    played_s: f64,
    wall_s: f64,
    stalls: Vec<(f64, f64)>,
    shown: Vec<(f64, usize, f64)>,
    buffer: Vec<(f64, f64)>,
    downloads: Vec<(f64, f64, f64, f64)>,
}

impl Seen {
    /// The session, with what the proxy saw of it; or why it did not play `enough` seconds of media.
    pub(super) fn session(
        self,
        exchanges: &[Exchange],
        enough: f64,
    ) -> Result<ObservedSession, String> {
        let Measured { startup_s, played_s, wall_s, stalls, shown, buffer, downloads } =
            self.measured;
        if let Some(fatal) = self.fatal.first() {
            return Err(format!("after {played_s:.1} s of media: {fatal}"));
        }
        let Some(startup) = startup_s else {
            return Err(format!("nothing was shown within {wall_s:.0} s"));
        };
        if played_s < enough && !self.ended {
            return Err(format!("only {played_s:.1} s of media were shown in {wall_s:.0} s"));
        }
        let bytes = |exchanges: &mut dyn Iterator<Item = &Exchange>| {
            exchanges.map(|exchange| exchange.bytes as f64).sum()
        };
        // The end of the viewing cuts off what is in flight: the player did not give that up.
        let given_up = |exchange: &&Exchange| {
            exchange.outcome == Outcome::PlayerGone
                && exchange.ended().as_secs_f64() < wall_s - LAST_MOMENT
        };
        let last = exchanges.iter().map(Exchange::ended).max().unwrap_or_default();
        Ok(ObservedSession {
            startup,
            stalls,
            shown,
            buffer: buffer.into_iter().map(|(at, buffer)| Point { at, buffer }).collect(),
            downloads,
            received: bytes(&mut exchanges.iter()),
            wasted: bytes(&mut exchanges.iter().filter(given_up)),
            last_response: last.as_secs_f64(),
        })
    }
}
