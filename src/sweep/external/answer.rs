//! What a script or a program answers.

use serde::Deserialize;

/// The answer to one finished download. Fields that are not known are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct Answer {
    /// The 0-based rendition of the next segment.
    pub(super) rendition: i64,
    /// How long to wait before the request.
    #[serde(default)]
    pub(super) wait_ms: f64,
    /// The algorithm's estimate of the throughput, for reports alone.
    #[serde(default)]
    pub(super) estimate_bps: Option<f64>,
}

/// The longest wait that may be asked for, in ms.
const LONGEST_WAIT: f64 = 600_000.0;

impl Answer {
    /// The rung, if the answer makes sense on a ladder whose highest rung is `top`.
    pub(super) fn check(&self, top: usize) -> Result<usize, String> {
        if !(0.0..=LONGEST_WAIT).contains(&self.wait_ms) {
            return Err(format!("`wait_ms` is {}; answer 0 to {LONGEST_WAIT}", self.wait_ms));
        }
        let rung = usize::try_from(self.rendition).ok().filter(|rung| *rung <= top);
        rung.ok_or_else(|| format!("`rendition` is {}; answer 0 to {top}", self.rendition))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused() {
        let check = |line: &str| {
            let answer: Answer = serde_json::from_str(line).map_err(|error| error.to_string())?;
            answer.check(5)
        };
        assert_eq!(check(r#"{"rendition":5,"estimate_bps":null,"more":1}"#), Ok(5));
        for (line, problem) in [
            (r#"{"rendition":6}"#, "`rendition` is 6; answer 0 to 5"),
            (r#"{"rendition":-1}"#, "`rendition` is -1; answer 0 to 5"),
            (r#"{"rendition":1,"wait_ms":-1}"#, "`wait_ms` is -1; answer 0 to 600000"),
            (r#"{"rendition":1.5}"#, "expected i64"),
            (r#"{"rendition":NaN}"#, "expected value"),
            (r#"{}"#, "missing field `rendition`"),
        ] {
            let found = check(line).unwrap_err();
            assert!(found.contains(problem), "{line}: {found}");
        }
    }
}
