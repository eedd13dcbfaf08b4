//! Options for reading a trace: format, columns and units.

pub(super) mod spelling;

use crate::units::ByteSize;
use std::{str::FromStr, time::Duration};

/// Defines an enum with a name for each value.
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

            /// The value with this name, or else the one that `spelled` finds.
            ///
            /// # Errors
            /// What to write, if there is none.
            pub(super) fn parse(
                text: &str,
                spelled: fn(&str) -> Option<Self>,
            ) -> Result<Self, String> {
                let named = Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
                let found = named.or_else(|| spelled(text));
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
        /// Columns, with names or without.
        Csv = "csv",
        /// The six columns of the HSDPA and Ghent logs.
        Log = "log",
        /// The output of iperf, as text or JSON.
        Iperf = "iperf",
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
        /// 1,000,000,000 bit/s
        Gigabit = "Gbit/s",
        /// 1024 bit/s
        Kibibit = "Kibit/s",
        /// 1,048,576 bit/s
        Mebibit = "Mibit/s",
        /// 8 bit/s
        Byte = "byte/s",
        /// 8000 bit/s
        Kilobyte = "kB/s",
        /// 8,000,000 bit/s
        Megabyte = "MB/s",
        /// 8,000,000,000 bit/s
        Gigabyte = "GB/s",
        /// 8192 bit/s
        Kibibyte = "KiB/s",
        /// 8,388,608 bit/s
        Mebibyte = "MiB/s",
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
        /// Nanoseconds.
        Nanosecond = "ns",
        /// Minutes.
        Minute = "min",
    }
}

/// Formats have one spelling each.
impl FromStr for TraceFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text, |_| None)
    }
}

impl RateUnit {
    pub(super) const fn bits(self) -> f64 {
        match self {
            Self::Bit => 1.0,
            Self::Kilobit => 1e3,
            Self::Megabit => 1e6,
            Self::Gigabit => 1e9,
            Self::Kibibit => 1024.0,
            Self::Mebibit => 1_048_576.0,
            Self::Byte => 8.0,
            Self::Kilobyte => 8e3,
            Self::Megabyte => 8e6,
            Self::Gigabyte => 8e9,
            Self::Kibibyte => 8192.0,
            Self::Mebibyte => 8_388_608.0,
        }
    }
}

impl TimeUnit {
    pub(super) const fn seconds(self) -> f64 {
        match self {
            Self::Second => 1.0,
            Self::Millisecond => 1e-3,
            Self::Microsecond => 1e-6,
            Self::Nanosecond => 1e-9,
            Self::Minute => 60.0,
        }
    }
}

/// Options for reading a trace. `None` = detected from the file.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceOptions {
    /// The format.
    pub format: Option<TraceFormat>,
    /// The name of the CSV column with times.
    pub time_column: Option<String>,
    /// The name of the CSV column with rates.
    pub rate_column: Option<String>,
    /// The unit of times, if it is not that of the format.
    pub time_unit: Option<TimeUnit>,
    /// The unit of rates, if it is not that of the format.
    pub rate_unit: Option<RateUnit>,
    /// The length of each line; the times in the file are then ignored.
    pub step: Option<Duration>,
    /// The length of the bins in which a mahimahi trace is counted; default [`Self::BIN`].
    pub bin: Option<Duration>,
    /// The largest file.
    pub limit: ByteSize,
}

impl TraceOptions {
    /// The default length of a bin: 10 ms.
    pub const BIN: Duration = Duration::from_millis(10);
    /// The default limit: 64 MiB.
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
            bin: None,
            limit: Self::LIMIT,
        }
    }
}
