//! A resource: the content of an address at a given time, before conditional requests are evaluated.

use std::fmt;

use super::content::Content;
use crate::units::UnixTime;

/// Content and its HTTP metadata.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) content: Content,
    pub(super) content_type: &'static str,
    pub(super) caching: Caching,
    pub(super) validators: Validators,
}

/// The validators of the content.
#[derive(Debug, Clone)]
pub(super) struct Validators {
    /// A strong entity tag, quotes included.
    pub(super) etag: String,
    /// In whole seconds; only live content has one, because the build time of the origin is not
    /// known.
    pub(super) last_modified: Option<UnixTime>,
}

/// For how long a cache may keep the content.
#[derive(Debug, Clone, Copy)]
pub(super) enum Caching {
    /// It never changes in one release of the origin.
    Hour,
    /// It changes with every segment: half a segment's duration.
    Moment,
    /// It is stale at once.
    Never,
}

impl Caching {
    /// The `Cache-Control` header.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Hour => "public, max-age=3600",
            Self::Moment => "public, max-age=2",
            Self::Never => "no-store",
        }
    }
}

impl Resource {
    /// A text, tagged by its own bytes.
    pub(super) fn text(text: String, content_type: &'static str, caching: Caching) -> Self {
        let etag = format!("\"{:016x}\"", digest(text.as_bytes()));
        let validators = Validators { etag, last_modified: None };
        Self { content: text.into(), content_type, caching, validators }
    }

    /// Media, tagged by its name and a digest of what it is made from.
    pub(super) fn media(
        content: Content,
        content_type: &'static str,
        digest: u64,
        name: impl fmt::Display,
    ) -> Self {
        let validators =
            Validators { etag: format!("\"{digest:016x}-{name}\""), last_modified: None };
        Self { content, content_type, caching: Caching::Hour, validators }
    }

    /// The same, with the time of its creation.
    pub(super) fn modified_at(mut self, date: UnixTime) -> Self {
        self.validators.last_modified = Some(date);
        self
    }
}

/// FNV-1a, 64 bits: the same on every platform and release, which std's hashers do not guarantee.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_fnv_1a() {
        assert_eq!(digest(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(digest(b"foobar"), 0x8594_4171_f739_67e8); // from the algorithm's test suite
    }
}
