//! Why a manifest could not be read, and where.

use super::ManifestFormat;
use std::{borrow::Cow, fmt};

/// A manifest that cannot be read. The caller passes its bytes on unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{format} manifest{at}: {cause}")]
pub struct ManifestError {
    /// The format it was taken for.
    pub format: ManifestFormat,
    /// Where the fault is, as far as known.
    pub at: At,
    /// What is wrong with it.
    pub cause: ManifestFault,
}

/// A place in a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The manifest as a whole, or not known.
    Whole,
    /// A line, from 1.
    Line(usize),
    /// A byte, from 0.
    Byte(u64),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Line(line) => write!(f, ", line {line}"),
            Self::Byte(byte) => write!(f, ", byte {byte}"),
        }
    }
}

/// What can be wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestFault {
    /// The body is something else: an error page, media, nothing.
    #[error("not a manifest: it begins with {found:?}, not with {expected}")]
    Alien {
        /// The first characters.
        found: String,
        /// What begins such a manifest.
        expected: &'static str,
    },
    /// It is longer than a manifest may be.
    #[error("{bytes} bytes, of which at most {limit} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("not UTF-8")]
    Encoding,
    /// It stops before its end.
    #[error("it ends inside {inside}")]
    Truncated {
        /// The element or value that is not closed.
        inside: String,
    },
    /// It is nested more deeply or larger than a manifest may be.
    #[error("more than {limit} {what}")]
    Excess {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// It violates the format's grammar.
    #[error("{0}")]
    Syntax(String),
}

impl ManifestError {
    pub(super) const fn new(format: ManifestFormat, at: At, cause: ManifestFault) -> Self {
        Self { format, at, cause }
    }
}

/// The longest body taken for a manifest.
pub const MANIFEST_LIMIT: usize = 16 << 20;

/// The body as text, if it is of a length and encoding a manifest can have. A BOM stays.
pub(super) fn text(format: ManifestFormat, body: &[u8]) -> Result<&str, ManifestError> {
    bounded(format, body)?;
    std::str::from_utf8(body).map_err(|error| {
        let at = At::Byte(error.valid_up_to() as u64);
        ManifestError::new(format, at, ManifestFault::Encoding)
    })
}

/// The body as text of the same length, in which bytes that are not UTF-8 are masked. Players read such
/// manifests too, and the grammar of HLS is plain ASCII.
pub(super) fn masked(format: ManifestFormat, body: &[u8]) -> Result<Cow<'_, str>, ManifestError> {
    const SUBSTITUTE: &str = "\u{1a}";
    bounded(format, body)?;
    if let Ok(text) = std::str::from_utf8(body) {
        return Ok(Cow::Borrowed(text));
    }
    let mut text = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(&SUBSTITUTE.repeat(chunk.invalid().len()));
    }
    Ok(Cow::Owned(text))
}

pub(super) fn bounded(format: ManifestFormat, body: &[u8]) -> Result<(), ManifestError> {
    if body.len() <= MANIFEST_LIMIT {
        return Ok(());
    }
    let cause = ManifestFault::TooLong { bytes: body.len(), limit: MANIFEST_LIMIT };
    Err(ManifestError::new(format, At::Whole, cause))
}

/// The error for a body that does not begin as its format requires.
pub(super) fn alien(format: ManifestFormat, text: &str, expected: &'static str) -> ManifestError {
    let found = text.chars().take(16).collect();
    ManifestError::new(format, At::Whole, ManifestFault::Alien { found, expected })
}
