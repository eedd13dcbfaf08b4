//! Runs over traces, one after the other, a row for each chunk.

use super::{PensieveError, files};
use crate::player::{
    Abandoning, BufferGrowth, FullBuffer, Observer, Presentation, Replacement, RequestPolicy,
    Scheduling, Session, SessionPolicy, SessionReport,
    abr::{Abr, BufferBased, Mpc, MpcConfig},
    estimator::{Estimate, Estimator},
    network::PensieveNetwork,
};
use std::{io, path::PathBuf};

/// The maximum buffer, and the step in which a player sleeps above it, in ms.
const MAX_BUFFER: f64 = 60_000.0;
const SLEEP: f64 = 500.0;
/// What a second of rebuffering costs, in Mbit/s.
const REBUFFER_PENALTY: f64 = 10.0;
const THOUSAND: f64 = 1000.0;

/// Which algorithm plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PensieveAbr {
    /// `bba`
    Bba,
    /// `robust-mpc`
    RobustMpc,
}

/// What was asked for.
#[derive(Debug, Clone)]
pub struct PensieveOptions {
    /// Traces, in order.
    pub traces: Vec<PathBuf>,
    /// The folder of chunk sizes.
    pub sizes: PathBuf,
    /// The algorithm.
    pub abr: PensieveAbr,
}

/// Runs, and writes a row a chunk: seconds, kbit/s, buffer s, rebuffer s, bytes, delay ms, change in
/// Mbit/s, reward; an empty line between traces. Time, and what RobustMPC remembers of its errors, go
/// on from trace to trace.
///
/// # Errors
/// When a file cannot be read, a run cannot go on, or a row cannot be written (outer result).
pub fn run(
    options: &PensieveOptions,
    out: &mut dyn io::Write,
) -> io::Result<Result<(), PensieveError>> {
    let presentation = match files::sizes(&options.sizes) {
        Ok(presentation) => presentation,
        Err(error) => return Ok(Err(error)),
    };
    let mut player = Player::new(options.abr);
    let mut clock = 0.0;
    for (index, path) in options.traces.iter().enumerate() {
        let network = match files::trace(path) {
            Ok(network) => network,
            Err(error) => return Ok(Err(error)),
        };
        if index > 0 {
            writeln!(out)?;
        }
        player.start_trace();
        let mut rows = Rows { presentation: &presentation, clock, last: None };
        let mut session = session(&presentation, network, &mut player);
        let mut slept = Slept(false);
        loop {
            slept.0 = false;
            match session.step(&mut slept) {
                Ok(Some(step)) => {
                    let sleep = if slept.0 { session.network.unspent() } else { 0.0 };
                    writeln!(out, "{}", rows.row(&step, sleep))?;
                }
                Ok(None) => break,
                Err(error) => return Ok(Err(PensieveError::Run { path: path.clone(), error })),
            }
        }
        clock = rows.clock;
    }
    Ok(Ok(()))
}

/// A session over one trace.
fn session<'a>(
    presentation: &'a Presentation,
    network: PensieveNetwork,
    player: &'a mut Player,
) -> Session<'a, PensieveNetwork, dyn Abr + 'a, NoEstimate> {
    let policy = SessionPolicy {
        max_buffer: MAX_BUFFER,
        growth: BufferGrowth::Never,
        full: FullBuffer::SleepInSteps(SLEEP),
        scheduling: Scheduling::AtOnce,
        replacement: Replacement::Never,
        discard: None,
        abandon: Abandoning::Never,
        startup_rebuffers: true,
        seek: None,
        requests: RequestPolicy::PATIENT,
    };
    let abr: &mut dyn Abr = match &mut player.abr {
        Algorithm::Bba(bba) => bba,
        Algorithm::RobustMpc(mpc) => mpc,
    };
    Session::new(presentation, network, abr, &mut player.estimator, policy)
}

/// What goes on from trace to trace.
struct Player {
    abr: Algorithm,
    estimator: NoEstimate,
}

enum Algorithm {
    Bba(BufferBased),
    RobustMpc(Mpc),
}

impl Player {
    fn new(abr: PensieveAbr) -> Self {
        let abr = match abr {
            PensieveAbr::Bba => Algorithm::Bba(BufferBased { first: 1, ..BufferBased::default() }),
            PensieveAbr::RobustMpc => Algorithm::RobustMpc(Mpc::new(MpcConfig::genet())),
        };
        Self { abr, estimator: NoEstimate }
    }

    fn start_trace(&mut self) {
        if let Algorithm::RobustMpc(mpc) = &mut self.abr {
            mpc.start_trace();
        }
    }
}

/// The algorithms here look at downloads themselves.
struct NoEstimate;

impl Estimator for NoEstimate {
    fn push(&mut self, _time: f64, throughput: f64, latency: f64) -> Estimate {
        Estimate { throughput, latency }
    }
}

/// Whether the player slept.
struct Slept(bool);

impl Observer for Slept {
    fn waited(&mut self, _cause: crate::player::WaitCause, _time: f64, _level: f64) {
        self.0 = true;
    }
}

/// Makes rows of steps.
struct Rows<'a> {
    presentation: &'a Presentation,
    /// ms, over all traces.
    clock: f64,
    last: Option<usize>,
}

impl Rows<'_> {
    fn row(&mut self, step: &SessionReport, sleep: f64) -> String {
        let bitrates = self.presentation.bitrates();
        let bitrate = bitrates[step.rung];
        let delay = step.download.progress.time;
        self.clock += delay;
        self.clock += sleep;
        let change = (bitrate - bitrates[self.last.unwrap_or(step.rung)]).abs() / THOUSAND;
        self.last = Some(step.rung);
        let rebuffer = step.rebuffer / THOUSAND;
        let reward = bitrate / THOUSAND - REBUFFER_PENALTY * rebuffer - change;
        let (seconds, level) = (self.clock / THOUSAND, step.levels[2] / THOUSAND);
        let bytes = step.download.progress.size / 8.0;
        format!(
            "{seconds:?}\t{bitrate}\t{level:?}\t{rebuffer:?}\t{bytes}\t{delay:?}\t{change:?}\t{reward:?}"
        )
    }
}
