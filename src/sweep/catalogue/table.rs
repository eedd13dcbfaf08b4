//! The table.

use super::{AlgorithmSetup, CatalogueError, players, published};
use crate::document::similar_names;
use crate::player::{
    Abr, Presentation,
    estimator::{Estimator, Ewma},
};

/// The half-lives in ms of the estimator of algorithms that keep none of their own, as in Sabre.
const HALF_LIVES: [f64; 2] = [3000.0, 8000.0];

type Make = fn(&AlgorithmSetup<'_>) -> Result<Box<dyn Abr>, CatalogueError>;

/// One algorithm.
#[derive(Debug, Clone, Copy)]
pub struct CatalogueEntry {
    /// Its name on the command line.
    pub name: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Whether it measures the network itself. If not, it needs the estimate of an [`Estimator`].
    pub measures: bool,
    make: Make,
}

/// Every algorithm, by name.
pub const ALGORITHMS: &[CatalogueEntry] = &[
    entry("bba", "Huang et al. 2014 (BBA-0), as in Pensieve", true, published::bba),
    entry("bba-2", "Huang et al. 2014 (BBA-2)", true, published::bba_2),
    entry("bola", "Spiteri et al. 2016 (BOLA-FINITE)", false, published::bola),
    entry("bola-basic", "Spiteri et al. 2016 (BOLA-BASIC)", false, published::bola_basic),
    entry("bola-e", "Spiteri et al. 2018 (BOLA-E)", false, published::bola_e),
    entry("bola-o", "Spiteri et al. 2016 (BOLA-O)", false, published::bola_o),
    entry("dash.js", "dash.js 5.2", true, players::dash_js),
    entry("dash.js-5.1", "dash.js 5.2 with the hysteresis of 5.1", true, players::dash_js_5_1),
    entry("dynamic", "Spiteri et al. 2018 (DYNAMIC)", false, published::dynamic),
    entry(
        "dynamicdash",
        "Spiteri et al. 2018 (DYNAMIC in dash.js)",
        false,
        published::dynamic_dash,
    ),
    entry("fastmpc", "Yin et al. 2015 (FastMPC)", true, published::fast_mpc),
    entry("fixed", "always one rendition", true, published::fixed),
    entry("hls.js", "hls.js 1.7", true, players::hls_js),
    entry("l2a", "dash.js 5.2 with L2A-LL alone", true, players::l2a),
    entry("lolp", "dash.js 5.2 with LoL+ alone", true, players::lolp),
    entry("media3", "Media3 1.11", true, players::media3),
    entry("mpc", "Yin et al. 2015 (MPC)", true, published::mpc),
    entry("robust-mpc", "Yin et al. 2015 (RobustMPC)", true, published::robust_mpc),
    entry("shaka", "Shaka Player 5.2", true, players::shaka),
    entry("spf", "video.js 10 (SPF)", true, players::spf),
    entry("throughput", "dash.js's throughput rule, as in Sabre", false, published::throughput),
    entry("vhs", "Video.js HTTP streaming 3.17", true, players::vhs),
];

const fn entry(
    name: &'static str,
    source: &'static str,
    measures: bool,
    make: Make,
) -> CatalogueEntry {
    CatalogueEntry { name, source, measures, make }
}

impl CatalogueEntry {
    /// The algorithm.
    ///
    /// # Errors
    /// When a setting is unknown or has a wrong value.
    pub fn make(&self, setup: &AlgorithmSetup<'_>) -> Result<Box<dyn Abr>, CatalogueError> {
        (self.make)(setup)
    }

    /// The estimator of an algorithm that has none of its own.
    #[must_use]
    pub fn estimator(&self, presentation: &Presentation) -> Option<Box<dyn Estimator>> {
        let segment = presentation.segment();
        (!self.measures).then(|| Box::new(Ewma::new(&HALF_LIVES, segment)) as Box<dyn Estimator>)
    }
}

/// The entry called `name`.
///
/// # Errors
/// When there is none.
pub fn algorithm(name: &str) -> Result<&'static CatalogueEntry, CatalogueError> {
    ALGORITHMS.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let near = similar_names(&name.to_ascii_lowercase(), names());
        let hint = if near.is_empty() {
            format!("write {}", names().collect::<Vec<_>>().join(", "))
        } else {
            format!("the nearest are {}", near.join(", "))
        };
        CatalogueError::Name { name: name.to_owned(), hint }
    })
}

/// All names.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALGORITHMS.iter().map(|entry| entry.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::player::{Presentation, State, estimator::Estimate};
    use serde_json::Map;

    #[test]
    fn an_unknown_name_is_told_its_nearest() {
        let error = |name| algorithm(name).map(|_| ()).unwrap_err().to_string();
        assert!(error("bolla").contains("the nearest are bola"), "{}", error("bolla"));
        assert!(error("xyzzyx").contains("write bba, bba-2, bola"), "{}", error("xyzzyx"));
    }

    #[test]
    fn names_are_sorted_and_unique() {
        let names: Vec<_> = names().collect();
        assert!(names.is_sorted_by(|one, other| one < other), "{names:?}");
    }

    /// Whatever comes first, an algorithm stays within the ladder, also with a single rendition.
    #[test]
    fn every_algorithm_chooses_from_the_ladder() {
        for bitrates in [vec![300.0], vec![300.0, 700.0, 2000.0]] {
            let presentation = Presentation::endless(4000.0, bitrates).unwrap();
            let config = Map::new();
            let setup = AlgorithmSetup {
                presentation: &presentation,
                dimensions: &[],
                live: false,
                seed: 1,
                config: &config,
            };
            for entry in ALGORITHMS {
                let mut abr = entry.make(&setup).unwrap();
                for (segment, level) in [0.0, 4000.0, 29_000.0, 100.0].into_iter().enumerate() {
                    let estimate = (segment > 0 && !entry.measures)
                        .then_some(Estimate { throughput: 900.0, latency: 50.0 });
                    let now = 4000.0 * f64::from(u32::try_from(segment).unwrap());
                    let state = State::new(&presentation, level, estimate, segment, now);
                    let choice = abr.choose(&state);
                    assert!(choice.rung <= presentation.top(), "{}: {choice:?}", entry.name);
                    assert!(choice.wait >= 0.0, "{}: {choice:?}", entry.name);
                }
            }
        }
    }
}
