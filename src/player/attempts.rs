//! What follows the requests for one segment that fail.

use super::{
    failure::Failure, network::Download, request_policy::RequestPolicy,
    session_error::SessionError, session_report::FailedRequests,
};

/// The requests for one segment: which rung is requested, and which requests have failed.
#[derive(Debug, Clone, Copy)]
pub struct Attempts {
    policy: RequestPolicy,
    segment: usize,
    /// The rung to request.
    pub rung: usize,
    /// The number of the request at this rung, from 1.
    number: u32,
    /// Those that have failed, at all rungs.
    pub failed: FailedRequests,
}

impl Attempts {
    /// Before the first request for `segment`, at `rung`.
    #[must_use]
    pub fn new(policy: RequestPolicy, segment: usize, rung: usize) -> Self {
        Self { policy, segment, rung, number: 1, failed: FailedRequests::default() }
    }

    /// A request has failed as `download` says. Returns how long to wait in ms before the next one, at
    /// [`rung`](Self::rung).
    ///
    /// # Errors
    /// When the policy has no further request.
    pub fn fail(&mut self, failure: Failure, download: &Download) -> Result<f64, SessionError> {
        self.failed.count += 1;
        self.failed.received += download.progress.received;
        if let Some(wait) = self.policy.retry(failure, self.number) {
            self.number += 1;
            return Ok(wait);
        }
        if self.fall_back() {
            return Ok(0.0);
        }
        let Self { segment, rung, failed, .. } = *self;
        Err(SessionError::Failed { segment, rung, failure, attempts: failed.count })
    }

    /// Goes to the next lower rung, if the policy does that and there is one; returns whether it does.
    pub(super) const fn fall_back(&mut self) -> bool {
        let falls = self.policy.falls_back && self.rung > 0;
        if falls {
            (self.rung, self.number) = (self.rung - 1, 1);
        }
        falls
    }
}
