//! The handler that shows what a profile does over time, as numbers to draw.

use super::{name::Name, problem::Problem, state::State};
use crate::{plot::Simulation, seed::Seed};
use axum::{
    Json,
    extract::{self, FromRequestParts, Query},
    http::{StatusCode, request::Parts},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest span that is simulated, in seconds.
const LONGEST: u64 = 3600;

/// The query: which run, and how long.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PlotQuery {
    seed: u64,
    seconds: u64,
}

impl Default for PlotQuery {
    fn default() -> Self {
        Self { seed: 1, seconds: 120 }
    }
}

/// The run that a request is about.
#[derive(Debug)]
pub(super) struct Run {
    seed: Seed,
    span: Duration,
}

impl<S: Send + Sync> FromRequestParts<S> for Run {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<PlotQuery>::from_request_parts(parts, state).await;
        match query.map(|Query(query)| query) {
            Ok(PlotQuery { seed, seconds }) if (1..=LONGEST).contains(&seconds) => {
                Ok(Self { seed: Seed::new(seed), span: Duration::from_secs(seconds) })
            }
            _ => {
                let hint = format!(
                    "the query may be `?seed=N&seconds=N`, with a whole number of seconds from 1 to {LONGEST}"
                );
                Err(Problem::new(StatusCode::BAD_REQUEST, hint))
            }
        }
    }
}

/// One run of a profile's link.
#[derive(Debug, Serialize)]
pub(super) struct PlotView {
    seed: u64,
    seconds: u64,
    /// Pairs: the start of a step in seconds, and the mean rate in it in bit/s. Empty = no limit.
    rates: Vec<(f64, f64)>,
    /// Pairs: the start of a stall and its duration, in seconds.
    stalls: Vec<(f64, f64)>,
    /// Pairs: the time of a request in seconds, and its latency in milliseconds.
    latencies: Vec<(f64, f64)>,
}

/// `GET /api/v1/profiles/{name}/plot`
pub(super) async fn show(
    extract::State(state): extract::State<State>,
    Name(name): Name,
    run: Run,
) -> Result<Json<PlotView>, Problem> {
    let profile = state.catalog.named(&name)?;
    let simulation = Simulation::run(&profile, run.seed, run.span);
    let seconds = |time: Duration| time.as_secs_f64();
    Ok(Json(PlotView {
        seed: run.seed.value(),
        seconds: run.span.as_secs(),
        rates: simulation.rates.iter().map(|(at, rate)| (seconds(*at), rate.round())).collect(),
        stalls: simulation
            .stalls
            .iter()
            .map(|s| (seconds(s.at.since_zero()), seconds(s.lasts)))
            .collect(),
        latencies: simulation
            .latencies
            .iter()
            .map(|(at, latency)| (seconds(*at), seconds(*latency) * 1e3))
            .collect(),
    }))
}
