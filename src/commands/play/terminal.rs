//! One line on a terminal that follows the players.

use crate::player::{
    PlayoutState,
    fetch::{Monitor, PlayerView},
};
use std::{
    io::{IsTerminal as _, Write as _},
    time::Duration,
};

/// Between two versions of the line.
const PERIOD: Duration = Duration::from_millis(250);

/// Shows the line on standard error for as long as it is polled, if that is a terminal.
pub(super) async fn follow(monitor: &Monitor) {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        ticks.tick().await;
        // A terminal that is gone is no reason to stop.
        let _ = write!(std::io::stderr(), "\r\x1b[K{}", line(&monitor.players()));
    }
}

/// Takes the line away.
pub(super) fn clear() {
    if std::io::stderr().is_terminal() {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}

/// The line.
fn line(players: &[PlayerView]) -> String {
    match players {
        [] => "starting".to_owned(),
        [one] => single(one),
        many => several(many),
    }
}

fn single(view: &PlayerView) -> String {
    let rung = match (view.rung, view.bitrate) {
        (Some((rung, of)), Some(bitrate)) => {
            format!("rung {rung}/{of} ({:.0} kbit/s)", bitrate / 1000.0)
        }
        (Some((rung, of)), None) => format!("rung {rung}/{of}"),
        (None, _) => "rung -".to_owned(),
    };
    let rate = view.throughput.map_or("-".to_owned(), |rate| format!("{:.2}", rate / 1e6));
    format!(
        "{:<11} {:7.1} s  buffer {:5.1} s  {rung}  rate {rate} Mbit/s  rebuffering {} x {:.1} s",
        name(view.state),
        view.played,
        view.buffer,
        view.rebuffer_count,
        view.rebuffer,
    )
}

fn several(views: &[PlayerView]) -> String {
    let in_state = |state| views.iter().filter(|view| view.state == state).count();
    let count = views.len() as f64;
    let buffer = views.iter().map(|view| view.buffer).sum::<f64>() / count;
    let bitrates: Vec<f64> = views.iter().filter_map(|view| view.bitrate).collect();
    // The sum of nothing would be -0.
    let bitrate = bitrates.iter().fold(0.0, |sum, rate| sum + rate) / bitrates.len().max(1) as f64;
    let rebuffer: f64 = views.iter().map(|view| view.rebuffer).sum();
    format!(
        "{} players: {} playing, {} rebuffering, {} starting, {} ended  buffer {buffer:.1} s  \
         {:.0} kbit/s  rebuffering {} x {rebuffer:.1} s",
        views.len(),
        in_state(PlayoutState::Playing),
        in_state(PlayoutState::Rebuffering),
        in_state(PlayoutState::Starting),
        in_state(PlayoutState::Ended),
        bitrate / 1000.0,
        views.iter().map(|view| view.rebuffer_count).sum::<u64>(),
    )
}

fn name(state: PlayoutState) -> &'static str {
    match state {
        PlayoutState::Starting => "starting",
        PlayoutState::Playing => "playing",
        PlayoutState::Rebuffering => "rebuffering",
        PlayoutState::Ended => "ended",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_buffer_rung_rate_and_rebuffering() {
        let view = PlayerView {
            state: PlayoutState::Playing,
            buffer: 12.34,
            rung: Some((2, 5)),
            bitrate: Some(750_000.0),
            throughput: Some(2_345_678.0),
            rebuffer_count: 1,
            rebuffer: 0.5,
            played: 30.0,
        };
        assert_eq!(
            line(&[view]),
            "playing        30.0 s  buffer  12.3 s  rung 2/5 (750 kbit/s)  rate 2.35 Mbit/s  rebuffering 1 x 0.5 s"
        );
        assert!(line(&[view, view]).starts_with("2 players: 2 playing, 0 rebuffering"));
    }
}
