//! One player of a live stream.

use super::{
    Figures, RunError, figures::Sums, metric::finite, run::Run, seat::Seat,
    shown_quality::ShownQuality,
};
use crate::{
    player::{
        Attempts, Download, Network as _, Observer as _, OwnedRateControl, Progress, SessionError,
        SessionReport,
        estimator::{Estimator, Ewma},
        network::{LinkNetwork, Object, Request},
        preset,
    },
    seed::Seed,
    sweep::live::{CatchUp, LiveEdge, LiveViewer},
};

const MS: f64 = 1000.0;
/// Up to this latency in ms, NQoE takes little for it.
const LOW_LATENCY: f64 = 1100.0;

/// A player of a live stream, with the sums of what it shows.
struct LivePlayer<'a, 'b> {
    seat: &'a mut Seat<'b>,
    viewer: LiveViewer,
    edge: LiveEdge,
    /// In how many parts each segment comes, and how many parts were shown.
    parts: usize,
    shown: usize,
    sums: Sums,
    bitrates: &'a [f64],
    last: Option<usize>,
}

impl LivePlayer<'_, '_> {
    /// A segment, or a part of it, at `rung` starts to be shown. Of a segment the first part counts.
    fn show(&mut self, rung: usize, at: f64) {
        self.shown += 1;
        if !(self.shown - 1).is_multiple_of(self.parts) {
            return;
        }
        let bitrate = self.bitrates[rung];
        self.sums.bitrate += bitrate;
        self.sums.utility += (bitrate / self.bitrates[0]).ln();
        self.sums.change += self.last.map_or(0.0, |last| (bitrate - self.bitrates[last]).abs());
        self.last = Some(rung);
        self.seat.shown.segment_shown(rung, at);
    }

    fn advance(&mut self, time: f64) {
        let (mut shown, before) = (Vec::new(), self.viewer.times().1);
        self.viewer.advance(time, &mut |rung, at| shown.push((rung, at)));
        shown.into_iter().for_each(|(rung, at)| self.show(rung, at));
        // Rebuffering goes on until the end of the time.
        let (now, rebuffered) = (self.viewer.now(), self.viewer.times().1 - before);
        if rebuffered > 0.0 {
            self.seat.shown.rebuffered(now - rebuffered, now);
        }
    }

    /// Waits until part number `next` fits into `most` ms, and without parts also until the segment is complete; returns
    /// the time.
    fn wait(&mut self, network: &mut LinkNetwork, next: usize, most: f64) -> f64 {
        let over = self.viewer.level() + self.sums.segment / self.parts as f64 - most;
        let full = if self.parts > 1 { over } else { over.max(self.until_made(next)) };
        let full = full.max(0.0);
        network.wait(full);
        self.advance(full);
        full
    }

    /// How long until part number `next` is complete, in ms.
    fn until_made(&self, next: usize) -> f64 {
        (self.edge.available(next) - self.viewer.now()).max(0.0)
    }

    /// What the viewer saw of all that was loaded.
    fn figures(self) -> Figures {
        let (played, rebuffered, events) = self.viewer.times();
        let (mean, high, drift) = self.viewer.latencies();
        let nqoe = self.nqoe(rebuffered);
        let shown = &mut self.seat.shown;
        let quality = std::mem::take(&mut shown.quality);
        let sums = Sums {
            segments: shown.segments,
            time: self.viewer.now(),
            rebuffer: rebuffered,
            rebuffer_events: events as f64,
            up: shown.up,
            down: shown.down,
            quality,
            ..self.sums
        };
        Figures {
            play_s: played / MS,
            rebuffer_ratio: rebuffered / (rebuffered + played),
            nqoe,
            latency_s: mean / MS,
            latency_p95_s: high / MS,
            latency_drift_s: drift / MS,
            ..sums.figures()
        }
    }

    /// The QoE of low-latency streams ÷ segments, in kbit/s, with `rebuffered` ms of standstill.
    fn nqoe(&self, rebuffered: f64) -> f64 {
        let (Some(lowest), Some(highest)) = (self.bitrates.first(), self.bitrates.last()) else {
            return 0.0;
        };
        let segment = self.sums.segment / MS;
        let weight =
            |latency: f64| if latency <= LOW_LATENCY { 0.05 * lowest } else { 0.1 * highest };
        let late = |latency: f64| weight(latency) * latency / MS;
        let sum = segment * self.sums.bitrate - self.sums.change - highest * rebuffered / MS;
        let late = self.viewer.integral(&late) / MS / segment;
        let uneven = lowest * self.viewer.unevenness() / MS / segment;
        let segments = self.seat.shown.segments;
        if segments > 0.0 { (sum - late - uneven) / segments } else { 0.0 }
    }

    fn play_out(&mut self) {
        let mut shown = Vec::new();
        self.viewer.play_out(&mut |rung, at| shown.push((rung, at)));
        shown.into_iter().for_each(|(rung, at)| self.show(rung, at));
    }

    fn append(&mut self, rung: usize) {
        let mut shown = None;
        self.viewer.append(rung, &mut |rung, at| shown = Some((rung, at)));
        if let Some((rung, at)) = shown {
            self.show(rung, at);
        }
    }
}

/// Plays a live stream over `network`, from joining it to the end of the last segment.
pub(super) fn play_live(
    run: Run<'_>,
    mut network: LinkNetwork,
    seat: &mut Seat<'_>,
    catch_up: CatchUp,
) -> Result<Figures, RunError> {
    let presentation = &run.plan.presentation;
    let segment = presentation.segment();
    let max_buffer = run.max_buffer();
    let abr = run.player.algorithm(presentation, max_buffer, run.seed, true)?;
    let estimator: Box<dyn Estimator> = Box::new(Ewma::new(&Run::HALF_LIVES, segment));
    let mut control = OwnedRateControl::new(presentation.clone(), abr, Some(estimator));
    let (parts, seed) = (run.plan.parts, Seed::new(run.seed));
    let edge = LiveEdge::join(segment, parts, catch_up.target, seed);
    seat.shown.quality = ShownQuality::new(presentation.bitrates());
    let mut player = LivePlayer {
        seat,
        viewer: LiveViewer::new(segment / parts as f64, edge, catch_up),
        edge,
        parts,
        shown: 0,
        sums: Sums { segment, ..Sums::default() },
        bitrates: presentation.bitrates(),
        last: None,
    };
    // The next part, counted from the first one of all, and the rung of its segment.
    let (mut next, mut rung) = (0, 0);
    while next < presentation.count() * parts {
        let most = max_buffer + run.growth().beyond(presentation, rung);
        let full = player.wait(&mut network, next, most);
        if full > 0.0 {
            control.waited(full);
        }
        let mut chosen_wait = 0.0;
        if next.is_multiple_of(parts) {
            let (level, now) = (player.viewer.level(), player.viewer.now());
            control.live_latency = player.viewer.latency();
            control.playback_rate = player.viewer.rate();
            let choice = control.choose(level, next / parts, now);
            if let Some(problem) = control.failure() {
                return Err(RunError::External(problem.to_owned()));
            }
            (rung, chosen_wait) = (choice.rung, choice.wait);
            network.wait(choice.wait);
            player.advance(choice.wait);
        }
        let report = request(run, &mut control, &mut network, &mut player, next, rung)?;
        rung = report.rung;
        let report = SessionReport { full_wait: full, chosen_wait, ..report };
        if !report.download.abandoned {
            next += 1;
        }
        control.learn(&report, next / parts, player.viewer.now());
        (player.seat.see)(&report, control.estimate());
    }
    player.sums.capacity = network.capacity();
    player.play_out();
    finite(player.figures())
}

/// Requests part number `next`, which the origin holds until it is made, and adds it to the buffer.
fn request(
    run: Run<'_>,
    control: &mut OwnedRateControl,
    network: &mut LinkNetwork,
    player: &mut LivePlayer<'_, '_>,
    next: usize,
    rung: usize,
) -> Result<SessionReport, RunError> {
    let presentation = &run.plan.presentation;
    let policy = preset(&run.player.name).requests;
    let (segment, parts) = (next / player.parts, player.parts);
    // What is known of a part says little of its segment.
    let watched = run.plan.options.abandon && parts == 1;
    let mut attempts = Attempts::new(policy, segment, rung);
    let (download, level, at, abandoned_to) = loop {
        let rung = attempts.rung;
        let no_segment = SessionError::NoSegment { segment, rung };
        let size = presentation.size(segment, rung).ok_or(no_segment)? / parts as f64;
        let (level, at) = (player.viewer.level(), player.viewer.now());
        let mut abandoned_to = None;
        let mut watch = |progress: &Progress| {
            abandoned_to = control.abandon(rung, progress, level, segment, at);
            abandoned_to.is_some()
        };
        let watch: Option<&mut dyn FnMut(&Progress) -> bool> =
            if watched { Some(&mut watch) } else { None };
        network.ask_for(Request {
            object: if parts > 1 {
                Object::Part { segment, part: next % parts, rung }
            } else {
                Object::Segment { segment, rung }
            },
            name: presentation.name(segment, rung),
            deadlines: policy.deadlines(Some(presentation.segment()), rung == 0),
            held: player.until_made(next),
        });
        let download: Download = network.download(size, watch).map_err(SessionError::from)?;
        let Some(failure) = download.failure else { break (download, level, at, abandoned_to) };
        player.advance(download.progress.time);
        player.sums.received += download.progress.received;
        player.sums.wasted += download.progress.received;
        player.sums.failed += 1.0;
        let wait = attempts.fail(failure, &download)?;
        network.wait(wait);
        player.advance(wait);
    };
    let Attempts { rung, failed, .. } = attempts;
    let (_, rebuffered, _) = player.viewer.times();
    player.advance(download.progress.time);
    let rebuffer = player.viewer.times().1 - rebuffered;
    let received = player.viewer.level();
    player.sums.received += download.progress.received;
    if download.abandoned {
        player.sums.wasted += download.progress.received;
    } else {
        if next == 0 {
            player.sums.startup = player.viewer.now();
        }
        player.append(rung);
    }
    Ok(SessionReport {
        segment,
        rung,
        download,
        replaced: false,
        abandoned_to,
        full_wait: 0.0,
        chosen_wait: 0.0,
        levels: [level, received, player.viewer.level()],
        rebuffer,
        at,
        failed,
        discarded: 0.0,
    })
}
