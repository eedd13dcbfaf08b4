//! An algorithm of the user's own, which is called for each decision and may fail.

use super::answer::Answer;
use crate::{
    player::{Abr, Choice, SessionReport, State},
    sweep::decision_lines::Finished,
};

/// Answers one question of a session after the other.
pub(super) trait Answers: Send {
    /// The rung of the first segment, if there is a wish.
    fn first(&mut self) -> Result<Option<Answer>, String>;

    /// What comes after a finished download.
    fn answer(&mut self, finished: &Finished) -> Result<Answer, String>;
}

/// An [`Abr`] over [`Answers`]. After the first failure it is not called any more.
pub(super) struct Asked<A> {
    answers: A,
    top: usize,
    /// The last download that was not asked about.
    report: Option<SessionReport>,
    estimate: Option<f64>,
    failure: Option<String>,
}

impl<A: Answers> Asked<A> {
    /// `answers` about a ladder whose highest rung is `top`.
    pub(super) const fn new(answers: A, top: usize) -> Self {
        Self { answers, top, report: None, estimate: None, failure: None }
    }

    /// A choice of an answer; the lowest rung, and a failure, if it makes no sense.
    fn take(&mut self, answer: Result<Answer, String>) -> Choice {
        match answer.and_then(|answer| Ok((answer.check(self.top)?, answer))) {
            Ok((rung, answer)) => {
                self.estimate = answer.estimate_bps.filter(|estimate| estimate.is_finite());
                Choice { rung, wait: answer.wait_ms }
            }
            Err(problem) => {
                self.failure = Some(problem);
                Choice::now(0)
            }
        }
    }
}

impl<A: Answers> Abr for Asked<A> {
    fn first(&mut self) -> usize {
        match self.answers.first() {
            Ok(None) => 0,
            Ok(Some(answer)) => self.take(Ok(answer)).rung,
            Err(problem) => self.take(Err(problem)).rung,
        }
    }

    fn choose(&mut self, state: &State<'_>) -> Choice {
        let report = self.report.take().filter(|_| self.failure.is_none());
        let Some(report) = report else { return Choice::now(0) };
        let answer = self.answers.answer(&Finished::of(&report, state));
        self.take(answer)
    }

    fn on_first(&mut self, _state: &State<'_>, report: &SessionReport) {
        self.report = Some(*report);
    }

    fn on_download(&mut self, _state: &State<'_>, report: &SessionReport) {
        self.report = Some(*report);
    }

    fn estimate(&self) -> Option<f64> {
        self.estimate
    }

    fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}
