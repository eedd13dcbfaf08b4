//! Viewings in virtual time.

use crate::pair::{Case, Viewing};
use std::{sync::Arc, time::Duration};
use vsps::{
    model::LinkSpec,
    player::{
        Abandoning, BufferedSegment, DownloadTotals, FullBuffer, Playout, PlayoutPolicy,
        Presentation, Qoe, Replacement, Session, SessionPolicy, SessionReport,
        estimator::Ewma,
        network::{
            Concurrent, Download, Heads, LinkNetwork, Network, NeverEnds, Object, Progress,
            Request, TwoLimits,
        },
        preset,
    },
    profiles::Catalog,
    seed::Seed,
    sweep::matrix::player,
};

/// The half-lives in ms of the estimator of algorithms that have none of their own.
const HALF_LIVES: [f64; 2] = [3000.0, 8000.0];

/// A network that notes when each segment of audio has arrived, in ms.
#[derive(Debug)]
struct Noting {
    network: LinkNetwork,
    now: f64,
    /// What is requested on the connection of the audio.
    audio: Object,
    arrived: Vec<f64>,
}

impl Network for Noting {
    fn ask_for(&mut self, request: Request) {
        self.network.ask_for(request);
    }

    fn download(
        &mut self,
        size: f64,
        watch: Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Result<Download, NeverEnds> {
        let download = self.network.download(size, watch)?;
        self.now += download.progress.time;
        Ok(download)
    }

    fn wait(&mut self, time: f64) {
        self.network.wait(time);
        self.now += time;
    }

    fn concurrent(&mut self) -> Option<&mut dyn Concurrent> {
        self.network.concurrent().is_some().then_some(self as _)
    }
}

impl Concurrent for Noting {
    fn begin(&mut self, connection: usize, request: Request, size: f64) -> Result<(), NeverEnds> {
        if connection == 1 {
            self.audio = request.object;
        }
        self.network.concurrent().unwrap().begin(connection, request, size)
    }

    fn go_on(
        &mut self,
        time: f64,
        watch: Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Result<(f64, Option<(usize, Download)>), NeverEnds> {
        let (passed, ended) = self.network.concurrent().unwrap().go_on(time, watch)?;
        self.now += passed;
        if matches!((&ended, self.audio), (Some((1, _)), Object::Audio(_))) {
            self.arrived.push(self.now);
        }
        Ok((passed, ended))
    }
}

/// What is played, and for how long, by a player that gets heads of this size.
pub(crate) struct Scene {
    pub(crate) presentation: Presentation,
    pub(crate) head: u32,
    pub(crate) seconds: u32,
}

impl Scene {
    fn end(&self) -> f64 {
        f64::from(self.seconds) * 1000.0
    }

    /// A viewing whose round trips are longer by `later` than the profile says.
    pub(crate) fn view(&self, case: Case, later: Duration) -> Viewing {
        let (_, abr, _) = case;
        let (presentation, segment) = (&self.presentation, self.presentation.segment());
        let player = player(abr).unwrap();
        let max_buffer = player.max_buffer(None, segment);
        let mut algorithm = player.algorithm(presentation, max_buffer, 0, false).unwrap();
        let mut estimator = Ewma::new(&HALF_LIVES, segment);
        let policy = SessionPolicy {
            max_buffer,
            growth: preset(abr).growth,
            full: FullBuffer::WaitForRoom,
            scheduling: preset(abr).scheduling,
            replacement: Replacement::Never,
            discard: None,
            abandon: Abandoning::ToLower,
            startup_rebuffers: false,
            seek: None,
            requests: preset(abr).requests,
        };
        let network = self.network(case, later);
        let mut session =
            Session::new(presentation, network, algorithm.as_mut(), &mut estimator, policy);
        let mut reports: Vec<SessionReport> = Vec::new();
        while let Some(report) = session.step(&mut ()).unwrap() {
            if report.at + report.download.progress.time > self.end() {
                break;
            }
            if !report.download.abandoned {
                reports.push(report);
            }
        }
        self.seen(&reports, &session.network.arrived)
    }

    fn network(&self, (profile, _, seed): Case, later: Duration) -> Noting {
        let profile = Catalog::new().named(profile).unwrap();
        let rung = |rung: u16| {
            let bitrates = self.presentation.bitrates();
            let bitrate = bitrates.get(usize::from(rung).checked_sub(1)?)?;
            Some(vsps::units::BitRate::from_bits_per_second((bitrate * 1000.0) as u64))
        };
        let mut link = profile.link.resolve(&rung).unwrap_or_else(|| profile.link.clone());
        link.latency.rtt += later;
        assert_eq!(profile.uplink, LinkSpec::default(), "with an uplink, request heads count");
        let (link, seed) = (Arc::new(link), Seed::new(seed));
        let network = if self.presentation.has_audio() {
            LinkNetwork::for_two(&link, &TwoLimits::default(), seed)
        } else {
            LinkNetwork::new(&link, &[], &[], seed)
        };
        let network = network.with_heads(Heads { request: 0, response: self.head });
        Noting { network, now: 0.0, audio: Object::Audio(0), arrived: Vec::new() }
    }

    /// What a viewer saw of the segments that were downloaded, and of those of the audio, which came at these times.
    fn seen(&self, reports: &[SessionReport], audio: &[f64]) -> Viewing {
        let presentation = &self.presentation;
        let of = |rung: usize| BufferedSegment {
            rung,
            bitrate: presentation.bitrates()[rung] * 1000.0,
            duration: presentation.segment(),
            found_from: 0.0,
            live_at: None,
        };
        let video = reports
            .iter()
            .map(|report| (report.at + report.download.progress.time, 0, of(report.rung)));
        let mut arrivals: Vec<_> = video.chain(audio.iter().map(|at| (*at, 1, of(0)))).collect();
        arrivals.retain(|(at, ..)| *at <= self.end());
        arrivals.sort_by(|(one, ..), (other, ..)| one.total_cmp(other));
        let streams = 1 + usize::from(presentation.has_audio());
        let mut playout = Playout::new(streams, PlayoutPolicy::default());
        for (at, stream, segment) in arrivals {
            playout.append(stream, segment, at);
        }
        playout.advance(self.end());
        let qoe = Qoe::new(playout.totals(), &DownloadTotals::default(), self.end());
        Viewing {
            seconds: self.seconds,
            rebuffer_s: qoe.rebuffer_seconds,
            bitrate: qoe.mean_bitrate_bps.unwrap_or_default(),
            startup_s: qoe.startup_seconds.unwrap_or_default(),
            rungs: reports.iter().map(|report| report.rung).collect(),
        }
    }
}
