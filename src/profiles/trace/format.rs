//! How a trace is to be read: its format, columns and units.

use crate::units::ByteSize;
use std::time::Duration;

/// What names and parses a small set of words.
macro_rules! words {
    ($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $each:literal])* $variant:ident = $word:literal,)* }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[doc = $each])* $variant,)* }

        impl $name {
            /// All of them, by name.
            pub const ALL: &'static [(&'static str, Self)] = &[$(($word, Self::$variant),)*];

            /// The name used in files and options.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let found = Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
                let names: Vec<_> = Self::ALL.iter().map(|(name, _)| format!("`{name}`")).collect();
                found.ok_or_else(|| format!("write one of {}", names.join(", ")))
            }
        }
    };
}

words! {
    /// The formats that can be read.
    TraceFormat {
        /// Delivery opportunities.
        Mahimahi = "mahimahi",
        /// Sabre's JSON.
        Sabre = "sabre",
        /// Two columns: seconds and Mbit/s.
        Pensieve = "pensieve",
        /// Rates times seconds.
        List = "list",
        /// Columns with names.
        Csv = "csv",
        /// The six columns of the HSDPA and Ghent logs.
        Log = "log",
    }
}

words! {
    /// The unit of a column of rates.
    RateUnit {
        /// bit/s
        Bit = "bit/s",
        /// 1000 bit/s
        Kilobit = "kbit/s",
        /// 1,000,000 bit/s
        Megabit = "Mbit/s",
        /// 8 bit/s
        Byte = "byte/s",
        /// 8000 bit/s
        Kilobyte = "kB/s",
        /// 8,000,000 bit/s
        Megabyte = "MB/s",
    }
}

words! {
    /// The unit of a column of times.
    TimeUnit {
        /// Seconds.
        Second = "s",
        /// Milliseconds.
        Millisecond = "ms",
        /// Microseconds.
        Microsecond = "us",
    }
}

impl RateUnit {
    pub(super) const fn bits(self) -> f64 {
        match self {
            Self::Bit => 1.0,
            Self::Kilobit => 1e3,
            Self::Megabit => 1e6,
            Self::Byte => 8.0,
            Self::Kilobyte => 8e3,
            Self::Megabyte => 8e6,
        }
    }
}

impl TimeUnit {
    pub(super) const fn seconds(self) -> f64 {
        match self {
            Self::Second => 1.0,
            Self::Millisecond => 1e-3,
            Self::Microsecond => 1e-6,
        }
    }
}

/// How a trace is to be read. What is `None` is recognised.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceOptions {
    /// The format.
    pub format: Option<TraceFormat>,
    /// The name of the CSV column with times.
    pub time_column: Option<String>,
    /// The name of the CSV column with rates.
    pub rate_column: Option<String>,
    /// The unit of the CSV's times.
    pub time_unit: Option<TimeUnit>,
    /// The unit of the CSV's rates.
    pub rate_unit: Option<RateUnit>,
    /// Each CSV line lasts so long, whatever its time says.
    pub step: Option<Duration>,
    /// How long a mahimahi trace counts before it says a rate.
    pub bin: Duration,
    /// Larger files are refused.
    pub limit: ByteSize,
}

impl TraceOptions {
    /// Bins of 10 ms unless told otherwise.
    pub const BIN: Duration = Duration::from_millis(10);
    /// Up to 64 MiB unless told otherwise.
    pub const LIMIT: ByteSize = ByteSize::from_kibibytes(64 << 10);
}

impl Default for TraceOptions {
    fn default() -> Self {
        Self {
            format: None,
            time_column: None,
            rate_column: None,
            time_unit: None,
            rate_unit: None,
            step: None,
            bin: Self::BIN,
            limit: Self::LIMIT,
        }
    }
}
