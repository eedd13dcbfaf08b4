//! Reads the spelling of units in the headers and values of recordings.
//!
//! A `b` is a bit and a `B` a byte, unless the word names it (`Mbit/s`, `MBytes/sec`, `octets`), or is
//! all in capitals and ends in `PS`, as in `MBPS`: those are bits. An `i` after the prefix makes it a power of
//! 1024 (`MiB/s`). Prefixes in any case are kilo, mega or giga: `m` is never milli.

use super::{RateUnit, TimeUnit};
use std::str::FromStr;

/// A name, or another spelling: `kbps`, `Mbits/sec`, `MiB/s`.
impl FromStr for RateUnit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text, rate)
    }
}

/// A name, or another spelling: `seconds`, `µs`.
impl FromStr for TimeUnit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text, time)
    }
}

/// The base unit of a quantity.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Bit,
    Byte,
}

/// The unit of rates that the whole `text` spells: `Mbits/sec`, `kBps`, `bytes per second`.
pub(in crate::profiles::trace) fn rate(text: &str) -> Option<RateUnit> {
    let words = words(text);
    match words.as_slice() {
        [] => None,
        [word] => unit_of(word).map(|(unit, _)| unit),
        [word, rest @ ..] => {
            let (unit, per_second) = unit_of(word)?;
            (!per_second && is_per_second(rest) == rest.len()).then_some(unit)
        }
    }
}

/// The unit of rates in the name of a column: `throughput_kbps`, `RATE(MBit/s)`, `bytesPerSecond`; and
/// whether it is explicitly per second, not an amount.
pub(in crate::profiles::trace) fn rate_in(name: &str) -> Option<(RateUnit, bool)> {
    let lower = name.to_ascii_lowercase();
    if matches!(lower.as_str(), "dl_bitrate" | "ul_bitrate") {
        // The 4G and 5G logs of Raca et al.: kbit/s.
        return Some((RateUnit::Kilobit, true));
    }
    let words = words(name);
    let found = words.iter().enumerate().rev().find_map(|(i, word)| {
        let (unit, per_second) = endings(word).find_map(unit_of).or_else(|| run_together(word))?;
        let rest = words.get(i + 1..).unwrap_or_default();
        Some((unit, per_second || is_per_second(rest) > 0))
    });
    // A single letter is a name, not a unit.
    found.filter(|_| name.len() > 1)
}

/// The unit of times in the name of a column: `time_ms`, `Timestamp (s)`, `elapsedMillis`.
pub(in crate::profiles::trace) fn time_in(name: &str) -> Option<TimeUnit> {
    let words = words(name);
    let named = words
        .iter()
        .rev()
        .find_map(|word| endings(word).skip(usize::from(words.len() == 1)).find_map(time));
    let lower = name.to_ascii_lowercase();
    let run_together = || {
        if lower.strip_prefix('t').is_some_and(|rest| rest.ends_with("ms")) {
            Some(TimeUnit::Millisecond)
        } else {
            (lower == "seconds").then_some(TimeUnit::Second)
        }
    };
    named.or_else(run_together)
}

/// The unit of times that `text` spells.
pub(in crate::profiles::trace) fn time(text: &str) -> Option<TimeUnit> {
    Some(match text.to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => TimeUnit::Second,
        "ms" | "msec" | "msecs" | "milli" | "millis" | "millisec" | "millisecond"
        | "milliseconds" => TimeUnit::Millisecond,
        "us" | "µs" | "μs" | "usec" | "usecs" | "micro" | "micros" | "microsecond"
        | "microseconds" => TimeUnit::Microsecond,
        "ns" | "nsec" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => TimeUnit::Nanosecond,
        "min" | "mins" | "minute" | "minutes" => TimeUnit::Minute,
        _ => return None,
    })
}

/// The words of a name; a slash is part of its word.
fn words(name: &str) -> Vec<&str> {
    let apart = |c: char| !c.is_alphanumeric() && c != '/';
    name.split(apart).map(|word| word.trim_matches('/')).filter(|word| !word.is_empty()).collect()
}

/// A word, and its endings that begin at a capital after a lower-case letter: `rateKBps`, `KBps`.
fn endings(word: &str) -> impl Iterator<Item = &str> {
    let small_before =
        |at: usize| word[..at].ends_with(|c: char| c.is_lowercase() || c.is_ascii_digit());
    let starts = word
        .char_indices()
        .filter(move |(at, c)| *at == 0 || c.is_uppercase() && small_before(*at));
    starts.map(|(at, _)| &word[at..])
}

/// A unit at the end of a lower-case word: `bandwidthkbps`.
fn run_together(word: &str) -> Option<(RateUnit, bool)> {
    let known = [
        ("kbps", RateUnit::Kilobit),
        ("mbps", RateUnit::Megabit),
        ("gbps", RateUnit::Gigabit),
        ("bps", RateUnit::Bit),
    ];
    known.into_iter().find(|(end, _)| word.ends_with(end)).map(|(_, unit)| (unit, true))
}

/// How many of `words`, from the first, spell "per second".
fn is_per_second(words: &[&str]) -> usize {
    let second = |word: &str| {
        matches!(word.to_ascii_lowercase().as_str(), "s" | "sec" | "secs" | "second" | "seconds")
    };
    match words {
        [per, word, ..] if per.eq_ignore_ascii_case("per") && second(word) => 2,
        [word, ..] if second(word) => 1,
        _ => 0,
    }
}

/// The unit that a word spells, and whether it includes "per second".
fn unit_of(word: &str) -> Option<(RateUnit, bool)> {
    let lower = word.to_ascii_lowercase();
    let (prefix, after) = prefix(&lower);
    let (base, after, letter) = base(word, &lower, after)?;
    let per_second = match after {
        "" => false,
        "s" if letter => false,
        "ps" | "/s" | "/sec" | "/secs" | "/second" | "/seconds" | "p/s" | "persec"
        | "persecond" => true,
        _ => return None,
    };
    if letter && !per_second && matches!(prefix, Prefix::None) {
        return None;
    }
    let spelled_small = word.chars().all(|c| !c.is_lowercase());
    let base = if letter && spelled_small && after == "ps" { Base::Bit } else { base };
    Some((combined(prefix, base)?, per_second))
}

/// Powers of 1000 or 1024.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefix {
    None,
    Kilo,
    Mega,
    Giga,
    Kibi,
    Mebi,
    Gibi,
}

/// The prefix of a lower-case word, and the rest, which must be a unit.
fn prefix(lower: &str) -> (Prefix, &str) {
    const WORDS: [(&str, Prefix); 12] = [
        ("kilo", Prefix::Kilo),
        ("mega", Prefix::Mega),
        ("giga", Prefix::Giga),
        ("kibi", Prefix::Kibi),
        ("mebi", Prefix::Mebi),
        ("gibi", Prefix::Gibi),
        ("ki", Prefix::Kibi),
        ("mi", Prefix::Mebi),
        ("gi", Prefix::Gibi),
        ("k", Prefix::Kilo),
        ("m", Prefix::Mega),
        ("g", Prefix::Giga),
    ];
    let all = WORDS.iter().filter_map(|(word, prefix)| Some((*prefix, lower.strip_prefix(word)?)));
    // `kibit` begins with `kibi`, but that is not its prefix.
    let mut found = all.filter(|(_, rest)| rest.starts_with(['b', 'o']));
    found.next().unwrap_or((Prefix::None, lower))
}

/// The base unit, the text after it, and whether a single letter names it. `after` is the end of `lower`,
/// which is `word` in lower case.
fn base<'l>(word: &str, lower: &'l str, after: &'l str) -> Option<(Base, &'l str, bool)> {
    for (spelled, base) in [
        ("bits", Base::Bit),
        ("bit", Base::Bit),
        ("bytes", Base::Byte),
        ("byte", Base::Byte),
        ("octets", Base::Byte),
        ("octet", Base::Byte),
    ] {
        if let Some(rest) = after.strip_prefix(spelled) {
            return Some((base, rest, false));
        }
    }
    let place = lower.len() - after.len();
    match word.as_bytes().get(place)? {
        b'b' => Some((Base::Bit, &after[1..], true)),
        b'B' => Some((Base::Byte, &after[1..], true)),
        b'o' | b'O' if place > 0 && after.len() > 1 => Some((Base::Byte, &after[1..], true)),
        _ => None,
    }
}

const fn combined(prefix: Prefix, base: Base) -> Option<RateUnit> {
    Some(match (prefix, base) {
        (Prefix::None, Base::Bit) => RateUnit::Bit,
        (Prefix::Kilo, Base::Bit) => RateUnit::Kilobit,
        (Prefix::Mega, Base::Bit) => RateUnit::Megabit,
        (Prefix::Giga, Base::Bit) => RateUnit::Gigabit,
        (Prefix::Kibi, Base::Bit) => RateUnit::Kibibit,
        (Prefix::Mebi, Base::Bit) => RateUnit::Mebibit,
        (Prefix::None, Base::Byte) => RateUnit::Byte,
        (Prefix::Kilo, Base::Byte) => RateUnit::Kilobyte,
        (Prefix::Mega, Base::Byte) => RateUnit::Megabyte,
        (Prefix::Giga, Base::Byte) => RateUnit::Gigabyte,
        (Prefix::Kibi, Base::Byte) => RateUnit::Kibibyte,
        (Prefix::Mebi, Base::Byte) => RateUnit::Mebibyte,
        (Prefix::Gibi, _) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_and_bytes_are_told_apart_in_headers() {
        for (name, bits) in [
            ("throughput_kbps", 1e3),
            ("RATE(MBit/s)", 1e6),
            ("Rate [Kbit/s]", 1e3),
            ("kbps", 1e3),
            ("Kbps", 1e3),
            ("KBps", 8e3),
            ("kBps", 8e3),
            ("KB/s", 8e3),
            ("kb/s", 1e3),
            ("MBPS", 1e6),
            ("THROUGHPUT_KBPS", 1e3),
            ("Mbps", 1e6),
            ("mbps", 1e6),
            ("MBps", 8e6),
            ("MB/s", 8e6),
            ("Mb/s", 1e6),
            ("Gbps", 1e9),
            ("GB/s", 8e9),
            ("MiB/s", 8.0 * 1_048_576.0),
            ("KiB/s", 8.0 * 1024.0),
            ("Mibit/s", 1_048_576.0),
            ("Kibps", 1024.0),
            ("rate (Kibit/s)", 1024.0),
            ("kibibits per second", 1024.0),
            ("bps", 1.0),
            ("b/s", 1.0),
            ("B/s", 8.0),
            ("Bps", 8.0),
            ("rate (bit/s)", 1.0),
            ("Mbits/sec", 1e6),
            ("MBytes/sec", 8e6),
            ("KBytes/sec", 8e3),
            ("bytes_per_second", 8.0),
            ("bytesPerSecond", 8.0),
            ("bits_per_second", 1.0),
            ("bits per sec", 1.0),
            ("bytes_sec", 8.0),
            ("octets", 8.0),
            ("octets/s", 8.0),
            ("Mo/s", 8e6),
            ("kilobits per second", 1e3),
            ("megabytes/second", 8e6),
            ("DL_bitrate", 1e3),
            ("throughputKbps", 1e3),
            ("downloadThroughputKBps", 8e3),
            ("rateKBps", 8e3),
            ("bandwidthkbps", 1e3),
            ("rate_MB", 8e6),
            ("rate_Mb", 1e6),
            ("DL Mbit", 1e6),
        ] {
            assert_eq!(rate_in(name).map(|(unit, _)| unit.bits()), Some(bits), "{name}");
        }
        for name in [
            "bitrate",
            "speed",
            "Speed",
            "rate",
            "throughput",
            "b",
            "Band B",
            "mobility",
            "items",
            "km/h",
        ] {
            assert_eq!(rate_in(name), None, "{name}");
        }
    }

    #[test]
    fn only_what_is_per_second_is_sure_to_be_a_rate() {
        let sure = |name| rate_in(name).map(|(_, sure)| sure);
        assert_eq!(sure("Sent Bytes"), Some(false));
        assert_eq!(sure("rx_kbps"), Some(true));
        assert_eq!(sure("bytes_per_second"), Some(true));
    }

    #[test]
    fn a_value_has_its_unit_as_a_whole() {
        assert_eq!(rate("Mbits/sec"), Some(RateUnit::Megabit));
        assert_eq!(rate("bytes per second"), Some(RateUnit::Byte));
        assert_eq!(rate("MiB/s"), Some(RateUnit::Mebibyte));
        assert_eq!(rate("suburban"), None);
        assert_eq!(rate("kbps down"), None);
    }

    #[test]
    fn times_have_units_too() {
        for (name, unit) in [
            ("time_ms", Some(TimeUnit::Millisecond)),
            ("Time (s)", Some(TimeUnit::Second)),
            ("timestampMillis", Some(TimeUnit::Millisecond)),
            ("timems", Some(TimeUnit::Millisecond)),
            ("t_us", Some(TimeUnit::Microsecond)),
            ("time_ns", Some(TimeUnit::Nanosecond)),
            ("elapsed min", Some(TimeUnit::Minute)),
            ("seconds", Some(TimeUnit::Second)),
            ("Timestamp", None),
            ("time", None),
        ] {
            assert_eq!(time_in(name), unit, "{name}");
        }
    }
}
