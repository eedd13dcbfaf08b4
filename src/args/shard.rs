//! `--shard`: which part of the work is this machine's.

use crate::sweep::matrix::Shard;
use std::{fmt, str::FromStr};

/// The variables of Kubernetes (an Indexed Job) and of Slurm (an array job).
const KUBERNETES: &str = "JOB_COMPLETION_INDEX";
const SLURM: &str = "SLURM_ARRAY_TASK_ID";

/// A part as it was typed: `2/8`, or `auto` and `auto/8` for the number that a scheduler gave this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardArg {
    /// Part I of N, from 1.
    Part(Shard),
    /// The number is read from the environment, and so is the number of all parts unless it was typed.
    Auto(Option<usize>),
}

impl ShardArg {
    /// The part. `variable` reads the environment.
    ///
    /// `JOB_COMPLETION_INDEX` counts from 0, and the number of parts must be typed. An array job of Slurm may count
    /// from any number in any step; it says itself how many tasks it has.
    ///
    /// # Errors
    /// When the environment has no part, or one outside of the number that was typed.
    pub fn resolve(self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard, String> {
        let typed = match self {
            Self::Part(shard) => return Ok(shard),
            Self::Auto(typed) => typed,
        };
        let number = |name: &str| -> Result<Option<usize>, String> {
            let Some(text) = variable(name) else { return Ok(None) };
            let number = text.trim().parse().ok();
            number.map(Some).ok_or_else(|| format!("{name} is '{text}', which is no whole number"))
        };
        if let Some(index) = number(KUBERNETES)? {
            let Some(count) = typed else {
                return Err(format!(
                    "{KUBERNETES} does not say of how many: write auto/N with the completions of the job"
                ));
            };
            return part(KUBERNETES, index.checked_add(1), count);
        }
        let Some(id) = number(SLURM)? else {
            return Err(format!("neither {KUBERNETES} nor {SLURM} is set; write I/N, as in 1/4"));
        };
        let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(1);
        let step = number("SLURM_ARRAY_TASK_STEP")?.filter(|step| *step > 0).unwrap_or(1);
        let tasks = number("SLURM_ARRAY_TASK_COUNT")?;
        let count = match (typed, tasks) {
            (Some(typed), Some(tasks)) if typed != tasks => {
                return Err(format!("the array has {tasks} tasks: write auto, or auto/{tasks}"));
            }
            (typed, tasks) => {
                typed.or(tasks).ok_or("SLURM_ARRAY_TASK_COUNT is not set: write auto/N")?
            }
        };
        let index = id.checked_sub(first).map(|index| index / step + 1);
        part(SLURM, index, count)
    }

    /// The part, by the environment of this process.
    ///
    /// # Errors
    /// See [`Self::resolve`].
    pub fn from_environment(self) -> Result<Shard, String> {
        self.resolve(&|name| std::env::var(name).ok())
    }
}

fn part(variable: &str, index: Option<usize>, count: usize) -> Result<Shard, String> {
    match index {
        Some(index) if (1..=count).contains(&index) => Ok(Shard { index, count }),
        _ => Err(format!(
            "{variable} names no part of {count}; write the number of all tasks after auto/"
        )),
    }
}

impl FromStr for ShardArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix("auto") else { return text.parse().map(Self::Part) };
        if rest.is_empty() {
            return Ok(Self::Auto(None));
        }
        let count = rest.strip_prefix('/').and_then(|count| count.parse().ok()).filter(|n| *n > 0);
        let hint = || {
            format!("'{text}' is not a part; write auto/N with the number of parts, as in auto/8")
        };
        Ok(Self::Auto(Some(count.ok_or_else(hint)?)))
    }
}

impl fmt::Display for ShardArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(Shard { index, count }) => write!(f, "{index}/{count}"),
            Self::Auto(None) => f.write_str("auto"),
            Self::Auto(Some(count)) => write!(f, "auto/{count}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, environment: &[(&str, &str)]) -> Result<(usize, usize), String> {
        let variable = |name: &str| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let shard = text.parse::<ShardArg>()?.resolve(&variable)?;
        Ok((shard.index, shard.count))
    }

    #[test]
    fn a_part_is_typed_or_comes_from_the_scheduler() {
        assert_eq!(resolved("2/8", &[(KUBERNETES, "5")]), Ok((2, 8)));
        assert_eq!(resolved("auto/8", &[(KUBERNETES, "0")]), Ok((1, 8)));
        assert_eq!(resolved("auto/8", &[(KUBERNETES, "7")]), Ok((8, 8)));
        let array = [
            (SLURM, "16"),
            ("SLURM_ARRAY_TASK_MIN", "10"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "5"),
        ];
        assert_eq!(resolved("auto", &array), Ok((4, 5)));
        assert_eq!(resolved("auto/5", &array), Ok((4, 5)));
    }

    #[test]
    fn a_part_that_is_none_is_refused() {
        let refused = |text, environment: &[(&str, &str)], problem| {
            let error = resolved(text, environment).unwrap_err();
            assert!(error.contains(problem), "{error}");
        };
        refused("auto", &[], "neither JOB_COMPLETION_INDEX nor");
        refused("auto", &[(KUBERNETES, "3")], "write auto/N");
        refused("auto/3", &[(KUBERNETES, "3")], "names no part of 3");
        refused("auto/3", &[(KUBERNETES, "x")], "no whole number");
        refused("auto/4", &[(SLURM, "1"), ("SLURM_ARRAY_TASK_COUNT", "5")], "has 5 tasks");
        refused("auto", &[(SLURM, "0"), ("SLURM_ARRAY_TASK_COUNT", "5")], "names no part of 5");
        for text in ["auto/0", "auto/x", "automatic", "0/3"] {
            assert!(text.parse::<ShardArg>().is_err(), "{text}");
        }
    }
}
