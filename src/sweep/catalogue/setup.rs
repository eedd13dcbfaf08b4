//! What an algorithm is made for, and the reading of its settings.

use super::CatalogueError;
use crate::player::Presentation;
use serde_json::{Map, Value};

/// What an algorithm is made for.
#[derive(Debug, Clone, Copy)]
pub struct AlgorithmSetup<'a> {
    /// What is played.
    pub presentation: &'a Presentation,
    /// Width and height of each rendition, as far as they are known.
    pub dimensions: &'a [Option<(f64, f64)>],
    /// Whether the stream is live.
    pub live: bool,
    /// Where random numbers come from, for algorithms that draw some.
    pub seed: u64,
    /// Settings by the names that the algorithm's authors gave them.
    pub config: &'a Map<String, Value>,
}

impl AlgorithmSetup<'_> {
    /// Hands every setting but `others` to `set`, which returns whether it has the key. All of them are
    /// numbers above 0.
    pub(super) fn numbers(
        &self,
        others: &[&str],
        mut set: impl FnMut(&str, f64) -> bool,
    ) -> Result<(), CatalogueError> {
        for (key, value) in self.config {
            if others.contains(&key.as_str()) {
                continue;
            }
            let number = value.as_f64().filter(|number| *number > 0.0 && number.is_finite());
            if !set(key, number.unwrap_or(1.0)) {
                return Err(unknown(key));
            }
            if number.is_none() {
                return Err(wrong(key, value, "a number above 0"));
            }
        }
        Ok(())
    }

    /// The setting `key`, which is true or false.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, CatalogueError> {
        let Some(value) = self.config.get(key) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| wrong(key, value, "true or false"))
    }

    /// The setting `key`, which is a rendition of the ladder.
    pub(super) fn rendition(&self, key: &str) -> Result<Option<usize>, CatalogueError> {
        let Some(value) = self.config.get(key) else { return Ok(None) };
        let top = self.presentation.top();
        let index = value.as_u64().and_then(|index| usize::try_from(index).ok());
        index
            .filter(|index| *index <= top)
            .map(Some)
            .ok_or_else(|| wrong(key, value, &format!("a rendition from 0 to {top}")))
    }
}

/// `key` has the wrong `value`.
pub(super) fn wrong(key: &str, value: &Value, right: &str) -> CatalogueError {
    CatalogueError::Config(format!("`{key}` is {value}; write {right}"))
}

/// There is no setting `key`.
pub(super) fn unknown(key: &str) -> CatalogueError {
    CatalogueError::Config(format!("`{key}` is not a setting of this algorithm's rate rules"))
}
