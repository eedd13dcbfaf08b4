//! How often and for how long a rule may strike.

use crate::units::span;
use parking_lot::Mutex;
use std::{fmt, sync::Arc, time::Duration};

/// A rule's bounds. All that are given hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Strikes no more than this often.
    pub(super) times: Option<u64>,
    /// Strikes no later than this after its first strike (the end excluded).
    pub(super) lasts: Option<Duration>,
    /// After a strike, leaves everything alone for this long (the end included in striking again).
    pub(super) cooldown: Option<Duration>,
    /// Strikes no later than this after the rule came into force (the end excluded).
    pub(super) ttl: Option<Duration>,
}

/// Who shares a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Each session has its own.
    Session,
    /// All sessions that have the rule from the same loading of it share one.
    Global,
}

/// What was used of a budget so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    times: u64,
    first: Option<Duration>,
    last: Option<Duration>,
    /// When the rule was first asked: it came into force then.
    since: Option<Duration>,
}

/// Bounds, and for a global budget what all sessions used of it together.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    pub(super) limits: Limits,
    pub(super) extent: Extent,
    /// Shared by all copies of the rule.
    shared: Arc<Mutex<Spent>>,
}

/// What was spent does not make it another budget.
impl PartialEq for Budget {
    fn eq(&self, other: &Self) -> bool {
        (self.limits, self.extent) == (other.limits, other.extent)
    }
}

impl Budget {
    pub(super) fn new(limits: Limits, extent: Extent) -> Self {
        Self { limits, extent, shared: Arc::default() }
    }

    /// Other bounds on the same spending: what one strikes, the other has spent.
    pub(super) fn sharing(&self, limits: Limits) -> Self {
        Self { limits, extent: Extent::Global, shared: Arc::clone(&self.shared) }
    }

    /// How often it was spent by all sessions together, if it is global.
    pub(super) fn spent(&self) -> u64 {
        self.shared.lock().times
    }

    /// The rule was asked at `now`: its time to live begins, if it has not.
    pub(super) fn notice(&self, own: &mut Spent, now: Duration) {
        if self.limits.ttl.is_some() {
            let start = |spent: &mut Spent| *spent.since.get_or_insert(now);
            match self.extent {
                Extent::Session => start(own),
                Extent::Global => start(&mut self.shared.lock()),
            };
        }
    }

    /// Whether a strike at `now` would be within bounds. Times must be of one clock: the session's
    /// for its own budget, the process's for a global one.
    pub(super) fn is_open(&self, own: &mut Spent, now: Duration) -> bool {
        match self.extent {
            Extent::Session => own.allows(&self.limits, now),
            Extent::Global => self.shared.lock().allows(&self.limits, now),
        }
    }

    /// Spends one strike; `false` = another session was faster, and there is none left.
    pub(super) fn take(&self, own: &mut Spent, now: Duration) -> bool {
        match self.extent {
            Extent::Session => own.take(&self.limits, now),
            // Question and answer under one lock: n asked is n done, however many ask at once.
            Extent::Global => self.shared.lock().take(&self.limits, now),
        }
    }
}

impl Spent {
    fn allows(&mut self, limits: &Limits, now: Duration) -> bool {
        let since = *self.since.get_or_insert(now);
        let within = |start: Option<Duration>, most: Option<Duration>| match (start, most) {
            (Some(start), Some(most)) => now.saturating_sub(start) < most,
            _ => true,
        };
        limits.times.is_none_or(|times| self.times < times)
            && within(self.first, limits.lasts)
            && within(Some(since), limits.ttl)
            && !matches!((self.last, limits.cooldown), (Some(last), Some(pause))
                if now.saturating_sub(last) < pause)
    }

    fn take(&mut self, limits: &Limits, now: Duration) -> bool {
        let open = self.allows(limits, now);
        if open {
            self.times += 1;
            self.first.get_or_insert(now);
            self.last = Some(now);
        }
        open
    }
}

/// `3 times, for 20 s, globally`.
impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Limits { times, lasts, cooldown, ttl } = self.limits;
        let mut words = Vec::new();
        match times {
            Some(1) => words.push("once".to_owned()),
            Some(times) => words.push(format!("{times} times")),
            None => {}
        }
        let spans = [("for", lasts), ("cooldown", cooldown), ("ttl", ttl)];
        words.extend(
            spans
                .iter()
                .filter_map(|(name, span)| Some(format!("{name} {}", span::print((*span)?)))),
        );
        if self.extent == Extent::Global {
            words.push("for all sessions together".to_owned());
        }
        f.write_str(&words.join(", "))
    }
}
