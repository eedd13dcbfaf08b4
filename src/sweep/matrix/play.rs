//! Plays with one player.

use super::{
    Figures, RunError, figures::Sums, live::play_live, metric::finite, run::Run, seat::Seat,
    shown_quality::ShownQuality,
};
use crate::player::{
    Abandoning, FullBuffer, NeverEnds, Session, SessionError, SessionPolicy, estimator::Ewma,
    network::LinkNetwork, preset,
};

/// Plays with one player over `network`.
pub(super) fn play(
    run: Run<'_>,
    network: LinkNetwork,
    seat: &mut Seat<'_>,
) -> Result<Figures, RunError> {
    if let Some(catch_up) = run.plan.options.live {
        return play_live(run, network, seat, catch_up);
    }
    let presentation = run.presentation();
    let max_buffer = run.max_buffer();
    let mut abr = run.player.algorithm(presentation, max_buffer, run.seed, false)?;
    let mut estimator = Ewma::new(&Run::HALF_LIVES, presentation.segment());
    let policy = SessionPolicy {
        max_buffer,
        growth: run.growth(),
        full: FullBuffer::WaitForRoom,
        scheduling: preset(&run.player.name).scheduling,
        replacement: preset(&run.player.name).replacement,
        discard: preset(&run.player.name).discard,
        abandon: Abandoning::to_lower(run.plan.options.abandon),
        startup_rebuffers: false,
        seek: None,
        requests: preset(&run.player.name).requests,
    };
    seat.shown.quality = ShownQuality::new(presentation.bitrates());
    let mut session = Session::new(presentation, network, abr.as_mut(), &mut estimator, policy);
    let mut sums = Sums { segment: presentation.segment(), ..Sums::default() };
    let mut started = false;
    loop {
        let step = match session.step(&mut seat.shown) {
            Ok(Some(step)) => step,
            Ok(None) => break,
            Err(error) => {
                // What is buffered is shown before playback ends.
                session.play_out(&mut seat.shown);
                return Err(cause(error, &session.network).into());
            }
        };
        if let Some(problem) = session.failure() {
            return Err(RunError::External(problem.to_owned()));
        }
        let progress = &step.download.progress;
        if !started {
            sums.startup = step.at + progress.time;
            started = true;
        }
        sums.received += progress.received + step.failed.received;
        sums.wasted += step.failed.received + step.discarded;
        sums.failed += f64::from(step.failed.count);
        if step.download.abandoned {
            sums.wasted += progress.received;
        }
        (seat.see)(&step, session.estimate());
    }
    sums.capacity = session.network.capacity();
    session.play_out(&mut seat.shown);
    let audio = session.audio();
    sums.received += audio.received;
    sums.wasted += audio.wasted;
    sums.failed += f64::from(audio.failed);
    sums.startup = session.started_with_audio().unwrap_or(sums.startup);
    let totals = session.playback().totals();
    let shown = &mut seat.shown;
    sums.quality = std::mem::take(&mut shown.quality);
    sums.segments = shown.segments;
    sums.bitrate = totals.bitrate;
    sums.utility = totals.utility;
    sums.time = totals.time;
    sums.rebuffer = totals.rebuffer;
    sums.rebuffer_events = totals.rebuffer_events as f64;
    (sums.up, sums.down, sums.change) = (shown.up, shown.down, totals.bitrate_change);
    finite(sums.figures())
}

/// The cause of `error`: a player gives up after some time-outs, also where nothing arrives any more.
fn cause(error: SessionError, network: &LinkNetwork) -> SessionError {
    if error.is_timeout() && network.is_dead() { NeverEnds.into() } else { error }
}
