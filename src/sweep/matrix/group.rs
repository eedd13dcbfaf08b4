//! Several players on one link, with the same algorithm or with several.

use super::{Figures, RunError, play::play, run::Run, seat::Seat};
use crate::{
    player::network::{LinkNetwork, Network as _},
    seed::Seed,
    sweep::contention::{Arbiter, jain},
};
use std::thread;

/// Between the starts of two players, in ms.
const STAGGER: f64 = 1000.0;

/// Plays with one player for each seat. The figures are means over the players with the algorithm of the run, and how
/// evenly all share.
pub(super) fn play_together(run: Run<'_>, seats: &mut [Seat<'_>]) -> Result<Figures, RunError> {
    let net = run.net;
    let own: Vec<_> = net.own.iter().chain(&net.shared).cloned().collect();
    let session = Seed::new(run.seed);
    let (mut arbiter, carriers) = Arbiter::new(&net.link, &own, seats.len(), session);
    let results: Vec<Result<Figures, RunError>> = thread::scope(|scope| {
        let mut players = Vec::new();
        for (index, (seat, carrier)) in seats.iter_mut().zip(carriers).enumerate() {
            let number = index as u64 + 1;
            let seed = session.named("player").numbered(number);
            let run = Run { seed: seed.value(), player: run.player_at(index), ..run };
            let network = LinkNetwork::over(&net.link, Box::new(carrier), seed);
            let mut network = net.complete(network, run.presentation(), seed);
            network.wait(STAGGER * index as f64);
            players.push(scope.spawn(move || play(run, network, seat)));
        }
        arbiter.run();
        let lost =
            || Err(RunError::External("a thread of the run ended before its time".to_owned()));
        players.into_iter().map(|player| player.join().unwrap_or_else(|_| lost())).collect()
    });
    let figures = results.into_iter().collect::<Result<Vec<_>, _>>()?;
    let values = |of: fn(&Figures) -> f64| figures.iter().map(of).collect::<Vec<_>>();
    let own: Vec<Figures> = figures
        .iter()
        .enumerate()
        .filter(|(seat, _)| run.is_about(*seat))
        .map(|(_, f)| *f)
        .collect();
    Ok(Figures {
        jain_bitrate: jain(&values(|figures| figures.bitrate_kbps)),
        jain_qoe: jain(&values(|figures| figures.qoe_pensieve)),
        utilization: values(|figures| figures.utilization).iter().sum(),
        ..Figures::mean(&own)
    })
}
