//! The steps that were read so far, never more than a trace can have.

use super::error::Fault;
use crate::model::{Step, Trace};

/// Steps in order. Bounded here and not only when all are read: a line may stand for a year of bins.
#[derive(Debug)]
pub(super) struct Recorded {
    steps: Vec<Step>,
    most: usize,
}

impl Recorded {
    pub(super) const fn new() -> Self {
        Self { steps: Vec::new(), most: Trace::MOST_STEPS }
    }

    /// One step more; `line` is where it stands, or 0 where that is for others to say.
    pub(super) fn push(&mut self, line: u64, step: Step) -> Result<(), Fault> {
        if self.steps.len() >= self.most {
            let problem = format!("is one step more than the {} that a trace can have", self.most);
            let hint = "cut it, or write fewer a second (`bin` for mahimahi's)";
            return Err(Fault::at(line, problem, hint));
        }
        self.steps.push(step);
        Ok(())
    }

    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::BitRate;
    use std::time::Duration;

    #[test]
    fn what_goes_beyond_the_most_is_told_with_its_line() {
        let mut recorded = Recorded { most: 2, ..Recorded::new() };
        let step = Step { lasts: Duration::from_secs(1), rate: BitRate::ZERO };
        assert!(recorded.push(1, step).is_ok() && recorded.push(2, step).is_ok());
        let fault = recorded.push(3, step).unwrap_err().within("t");
        insta::assert_snapshot!(fault, @"t:3: is one step more than the 2 that a trace can have; cut it, or write fewer a second (`bin` for mahimahi's)");
        assert_eq!(recorded.into_steps().len(), 2);
    }
}
