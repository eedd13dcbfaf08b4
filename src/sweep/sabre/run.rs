//! One run: Sabre's files and options, the player, the figures.

use super::{
    SabreError, SabreOptions, files,
    options::Algorithm,
    reaction::Reaction,
    report::report,
    verbose::{Watch, whole},
};
use crate::player::{
    Abandoning, BufferGrowth, FullBuffer, Presentation, RequestPolicy, Scheduling, Session,
    SessionPolicy,
    abr::{Abr, Bola, BolaConfig, BolaE, BolaEConfig, Dynamic, DynamicDash, Throughput},
    estimator::{Estimator, Ewma, SlidingWindow},
    network::SabreNetwork,
};
use std::fmt::Write as _;

/// Runs, and returns what Sabre would print.
///
/// # Errors
/// When a file cannot be read, or the run cannot go on.
pub fn run(options: &SabreOptions) -> Result<String, SabreError> {
    let presentation = files::movie(&options.movie, options.movie_length)?;
    let trace = files::network(&options.network, options.network_multiplier)?;
    let network = SabreNetwork::new(trace).ok_or_else(|| SabreError::File {
        path: options.network.clone(),
        problem: "write periods of numbers that are not negative, one of them with a duration"
            .into(),
    })?;
    let max_buffer = options.max_buffer_ms();
    let Made { mut abr, lines } = algorithm(options, &presentation, max_buffer);
    let mut estimator = estimator(options, &presentation);
    let policy = SessionPolicy {
        max_buffer,
        growth: BufferGrowth::Never,
        full: FullBuffer::WaitForRoom,
        scheduling: Scheduling::AtOnce,
        replacement: options.replacement,
        discard: None,
        abandon: if options.abandon { Abandoning::ChooseAnew } else { Abandoning::Never },
        startup_rebuffers: false,
        seek: options.seek.map(|(when, target)| (1000.0 * when, 1000.0 * target)),
        requests: RequestPolicy::PATIENT,
    };
    let reaction = Reaction::new(&presentation, max_buffer, options.ramp_up);
    let mut watch = Watch::new(reaction, options.verbose, presentation.bitrates().to_vec());
    watch.lines = lines;
    let mut session =
        Session::new(&presentation, network, abr.as_mut(), estimator.as_mut(), policy);
    while let Some(step) = session.step(&mut watch)? {
        let end = if step.at == 0.0 {
            step.download.progress.time
        } else {
            step.at + step.download.progress.time
        };
        watch.download(&step, end, step.levels);
    }
    session.play_out(&mut watch);
    let totals = session.playback().totals();
    let error = session.estimate_error();
    let figures = report(options, &presentation, totals, error, &watch.reaction);
    Ok(format!("{}{figures}", watch.lines))
}

/// An algorithm, and what Sabre prints when it makes it.
struct Made {
    abr: Box<dyn Abr>,
    lines: String,
}

fn algorithm(options: &SabreOptions, presentation: &Presentation, max_buffer: f64) -> Made {
    let bola = || {
        let config = BolaConfig {
            gamma_p: options.gamma_p,
            max_buffer,
            avoid_oscillation: options.avoid_oscillation,
            basic: options.basic,
        };
        let bola = Bola::new(config, presentation);
        let table = bola.thresholds(presentation);
        (bola, if options.verbose { lines(&table) } else { String::new() })
    };
    let bola_e = || {
        let bola = BolaE::new(bola_e_config(options, max_buffer), presentation);
        let table = bola.thresholds(presentation);
        let buffer = buffer_line(options, presentation, max_buffer);
        (bola, if options.verbose { format!("{buffer}{}", lines(&table)) } else { buffer })
    };
    let throughput = || Throughput::new(options.insufficient_buffer);
    let (abr, lines): (Box<dyn Abr>, String) = match options.algorithm {
        Algorithm::Bola => {
            let (bola, lines) = bola();
            (Box::new(bola), lines)
        }
        Algorithm::BolaE => {
            let (bola, lines) = bola_e();
            (Box::new(bola), lines)
        }
        Algorithm::Throughput => (Box::new(throughput()), String::new()),
        Algorithm::Dynamic => {
            let (bola, lines) = bola();
            (Box::new(Dynamic::new(bola, throughput())), lines)
        }
        Algorithm::DynamicDash => {
            let (bola, lines) = bola_e();
            (Box::new(DynamicDash::new(bola, throughput())), lines)
        }
    };
    Made { abr, lines }
}

const fn bola_e_config(options: &SabreOptions, max_buffer: f64) -> BolaEConfig {
    BolaEConfig {
        gamma_p: options.gamma_p,
        max_buffer,
        avoid_oscillation: options.avoid_oscillation,
        insufficient_buffer: options.insufficient_buffer,
    }
}

fn estimator(options: &SabreOptions, presentation: &Presentation) -> Box<dyn Estimator> {
    if options.sliding {
        return Box::new(SlidingWindow::new(options.windows.clone()));
    }
    let half_lives: Vec<f64> = options.half_lives.iter().map(|seconds| seconds * 1000.0).collect();
    Box::new(Ewma::new(&half_lives, presentation.segment()))
}

/// BOLA-E's buffer, which Sabre prints without a name.
fn buffer_line(options: &SabreOptions, presentation: &Presentation, max_buffer: f64) -> String {
    if !options.insufficient_buffer {
        return String::new();
    }
    let minimum = BolaE::minimum(presentation);
    // Python keeps an integer an integer: only what came from the command line has a decimal point.
    if minimum >= max_buffer || options.max_buffer.is_none() {
        format!("{}\n", minimum.max(max_buffer))
    } else {
        format!("{max_buffer:?}\n")
    }
}

/// The table of levels that `-v` prints.
fn lines(table: &[(f64, Option<f64>)]) -> String {
    let mut lines = String::new();
    for (rung, (none, lower)) in table.iter().enumerate() {
        let none = whole(*none);
        let _ = match lower {
            None => writeln!(lines, "{rung} {none}"),
            Some(lower) => writeln!(lines, "{rung} {none}    <- {} {}", rung - 1, whole(*lower)),
        };
    }
    lines
}
