//! Which seeds are run, and which share of all runs.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The most seeds of one sweep.
const MOST: u64 = 1_000_000;

/// Seeds from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SeedsEntry")]
pub struct Seeds {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl Seeds {
    /// How many they are.
    #[must_use]
    pub const fn count(self) -> usize {
        (self.last - self.first) as usize + 1
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.first, self.last)
    }
}

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("'{text}' is not a range of seeds; write the first and the last, as in 1..20")
        };
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
        let (first, last) = match text.split_once("..") {
            None => (number(text)?, number(text)?),
            Some((first, last)) => {
                (number(first)?, number(last.strip_prefix('=').unwrap_or(last))?)
            }
        };
        SeedsEntry { first, last }.try_into().map_err(|problem| format!("'{text}' {problem}"))
    }
}

/// Seeds as a file has them.
#[derive(Deserialize)]
struct SeedsEntry {
    first: u64,
    last: u64,
}

impl TryFrom<SeedsEntry> for Seeds {
    type Error = String;

    fn try_from(SeedsEntry { first, last }: SeedsEntry) -> Result<Self, String> {
        if last < first {
            return Err(format!("ends before it starts; write {last}..{first}"));
        }
        if last - first >= MOST {
            return Err(format!("has over {MOST} seeds; write fewer"));
        }
        Ok(Self { first, last })
    }
}

/// Part `index` (from 1) of `count`: every run whose number leaves this remainder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ShardEntry")]
pub struct Shard {
    /// From 1.
    pub index: usize,
    /// At least 1.
    pub count: usize,
}

impl Shard {
    /// All runs.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    /// Whether run number `run` (from 0) belongs to it.
    #[must_use]
    pub const fn has(self, run: usize) -> bool {
        run % self.count == self.index - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(index, count)| {
            Some((index.trim().parse::<usize>().ok()?, count.trim().parse::<usize>().ok()?))
        });
        let part = parts.and_then(|(index, count)| ShardEntry { index, count }.try_into().ok());
        part.ok_or_else(|| {
            format!("'{text}' is not a part; write I/N with I from 1 to N, as in 1/4")
        })
    }
}

/// A part as a file has it.
#[derive(Deserialize)]
struct ShardEntry {
    index: usize,
    count: usize,
}

impl TryFrom<ShardEntry> for Shard {
    type Error = String;

    fn try_from(ShardEntry { index, count }: ShardEntry) -> Result<Self, String> {
        if (1..=count).contains(&index) {
            Ok(Self { index, count })
        } else {
            Err(format!("part {index} of {count} does not exist; parts are numbered from 1"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_seeds() {
        assert_eq!("1..20".parse::<Seeds>().unwrap().count(), 20);
        assert_eq!("7".parse(), Ok(Seeds { first: 7, last: 7 }));
        assert_eq!(
            "3..1".parse::<Seeds>().unwrap_err(),
            "'3..1' ends before it starts; write 1..3"
        );
        for text in ["", "..", "a..b", "1..", "1..-2"] {
            assert!(text.parse::<Seeds>().unwrap_err().contains("as in 1..20"), "{text}");
        }
        assert!("0..18446744073709551615".parse::<Seeds>().unwrap_err().contains("write fewer"));
    }

    #[test]
    fn parts_are_disjoint_and_whole() {
        let parts: Vec<Shard> = ["1/3", "2/3", "3/3"].map(|text| text.parse().unwrap()).into();
        for run in 0..20 {
            assert_eq!(parts.iter().filter(|part| part.has(run)).count(), 1);
        }
        for text in ["0/3", "4/3", "1", "a/b", "1/0"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    /// A file may have any numbers: those that no option can have are refused there, too.
    #[test]
    fn parts_and_seeds_of_files_are_checked() {
        let part = |text| serde_json::from_str::<Shard>(text);
        assert_eq!(part(r#"{"index":2,"count":3}"#).unwrap(), Shard { index: 2, count: 3 });
        for text in
            [r#"{"index":0,"count":3}"#, r#"{"index":1,"count":0}"#, r#"{"index":4,"count":3}"#]
        {
            assert!(part(text).is_err(), "{text}");
        }
        let seeds = |text| serde_json::from_str::<Seeds>(text);
        assert_eq!(seeds(r#"{"first":3,"last":3}"#).unwrap().count(), 1);
        for text in [r#"{"first":3,"last":2}"#, r#"{"first":0,"last":18446744073709551615}"#] {
            assert!(seeds(text).is_err(), "{text}");
        }
    }
}
