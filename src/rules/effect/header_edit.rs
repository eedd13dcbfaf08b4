//! Faults of headers: edits, CORS, ranges, dates.

use http::{HeaderName, HeaderValue};
use std::{fmt, sync::Arc};

/// Response headers to set and to remove; removal goes first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeaderEdit {
    /// Headers to set; they replace existing ones. At most 32.
    pub set: Arc<[(HeaderName, HeaderValue)]>,
    /// Headers to remove. At most 32.
    pub remove: Arc<[HeaderName]>,
}

impl fmt::Display for HeaderEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = self.set.iter().map(|(name, _)| format!("set {name}"));
        let words = set.chain(self.remove.iter().map(|name| format!("remove {name}")));
        f.write_str(&words.collect::<Vec<_>>().join(", "))
    }
}

/// An enum of unit variants, each with its name in files and logs.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$vdoc])* $variant,)* }

        impl $type {
            /// Every value, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name used in files and logs.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(super) use named;

named! {
    /// A fault of the CORS headers of a response (Fetch standard §3.3). It is applied after the proxy has
    /// added its own CORS headers, and overrides them.
    Cors {
        /// No `Access-Control-Allow-Origin`.
        Missing = "missing",
        /// It names another origin: `https://elsewhere.invalid`.
        WrongOrigin = "wrong-origin",
        /// It is there twice: `*, *`.
        Duplicated = "duplicated",
        /// No `Access-Control-Expose-Headers`.
        Unexposed = "unexposed",
        /// The preflight (OPTIONS) is answered 403; other requests are not affected.
        Preflight = "preflight",
    }
}

named! {
    /// A fault of the response to a range request. Other requests are not affected.
    RangeFault {
        /// `Range` is not forwarded: 200 and the whole body.
        Ignored = "ignored",
        /// 206 with the whole body, and a `Content-Range` that covers it.
        Whole = "whole",
        /// 206 with the right body, and a `Content-Range` that begins one byte later.
        Shifted = "shifted",
        /// 206 without a body.
        Empty = "empty",
        /// 206 in chunks, without `Content-Length`.
        Unsized = "unsized",
        /// 416, with the true length in `Content-Range`.
        Unsatisfiable = "unsatisfiable",
    }
}

/// By how much dates are shifted: into the future, or (negative) into the past; in milliseconds.
///
/// It applies to the `Date` header and, if the body is a single ISO 8601 time (of a time server for
/// `UTCTiming`), to the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Skew {
    /// Milliseconds; at most a year in both directions.
    pub milliseconds: i64,
}

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.milliseconds < 0 { "-" } else { "+" };
        let span = std::time::Duration::from_millis(self.milliseconds.unsigned_abs());
        write!(f, "{sign}{}", crate::units::span::print(span))
    }
}
