//! A number and its unit, split: the part that the parsers of all quantities share.

/// Why a text is not the expected quantity, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}: {hint}")]
pub struct UnitError {
    /// What was written.
    pub text: String,
    /// The expected quantity, with its article: `a rate`.
    pub wanted: &'static str,
    /// What to write instead.
    pub hint: String,
}

impl UnitError {
    pub(super) fn new(text: &str, wanted: &'static str, hint: impl Into<String>) -> Self {
        Self { text: text.to_owned(), wanted, hint: hint.into() }
    }
}

/// Splits `12.5 ms` into `12.5` and `ms`. `None` when there is no finite number of at least zero.
pub(super) fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end =
        text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    let number: f64 = text[..end].replace('_', "").parse().ok()?;
    (number.is_finite() && number >= 0.0).then(|| (number, text[end..].trim()))
}

/// Prints `value` with at most three decimals and no trailing zeros: `1.5`, `12`, `0.125`.
pub(super) fn trim(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Serde by the text form, for a type with `Display` and `FromStr`.
macro_rules! serde_by_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(super) use serde_by_text;
