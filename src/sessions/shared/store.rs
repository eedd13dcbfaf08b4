//! What replicas need of a store, and what goes wrong with one.

use std::{fmt, future::Future, pin::Pin, time::Duration};
use tokio::sync::broadcast;

/// How long the store remembers that a session was ended, so that a replica that was cut off meanwhile does not write it
/// again.
pub(super) const ENDED: Duration = Duration::from_secs(600);

/// The most commands that a session keeps: they are replayed by replicas that have not seen it.
pub(super) const MOST_COMMANDS: usize = 4096;
/// The most sessions of all replicas.
pub(super) const MOST_SESSIONS: usize = 1_000_000;

/// What a store answers.
pub type StateAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StateError>> + Send + 'a>>;

/// Why the shared state cannot be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// There is no connection to the store.
    #[error(
        "the shared state cannot be reached: {0}; running sessions go on, and nothing can be changed"
    )]
    Unreachable(String),
    /// The store has not answered a request: it may have been carried out.
    #[error(
        "the shared state did not answer: {0}; the change may have been made, or not: read it again before you repeat it"
    )]
    Unanswered(String),
    /// The store cannot be used as it was given on the command line.
    #[error("{0}")]
    Setup(String),
    /// The store has lost what it had, or was exchanged. The replica writes its sessions into it again.
    #[error("the shared state was lost and is being restored; try again")]
    Lost,
    /// The replicas do not agree.
    #[error("{0}")]
    Differs(String),
    /// Something in the store is not what this version wrote.
    #[error("the shared state has something that this version cannot read: {0}")]
    Unreadable(String),
    /// There are too many sessions.
    #[error(
        "all replicas together have {0} sessions, and more are not possible: end some, or wait until some have ended"
    )]
    Full(usize),
    /// The session has had too many commands.
    #[error("the session has had {0} commands, which is the most; start a new one")]
    TooManyCommands(usize),
    /// A namespace is at its quota.
    #[error("namespace `{0}` is at its quota of {1}")]
    Quota(String, String),
}

impl StateError {
    /// Whether the store cannot be reached, or does not answer.
    #[must_use]
    pub const fn is_outage(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Unanswered(_))
    }

    /// `namespace` has `most` sessions.
    pub(in crate::sessions) fn too_many_in(namespace: &str, most: u64) -> Self {
        let remedy = "end sessions of this namespace, or raise the bound (--namespace-sessions)";
        Self::Quota(namespace.to_owned(), format!("{most} sessions; {remedy}"))
    }

    /// `most` sessions of `namespace` were started in this second.
    pub(in crate::sessions) fn too_fast_in(namespace: &str, most: u64) -> Self {
        let remedy = "wait a second, or raise the bound (--namespace-rate)";
        Self::Quota(namespace.to_owned(), format!("{most} new sessions a second; {remedy}"))
    }
}

/// What a new session is written with.
#[derive(Debug, Clone, Default)]
pub struct NewRecord<'a> {
    /// How it was started, as JSON.
    pub record: &'a str,
    /// It ends after this time without a request.
    pub idle: Duration,
    /// The namespace that it counts in, and the quota there.
    pub namespace: Option<(&'a str, Quota)>,
}

/// The bounds of a namespace; `None` = no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// Sessions at a time.
    pub sessions: Option<u64>,
    /// Sessions started in a second.
    pub per_second: Option<u64>,
}

/// A session that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created {
    /// Its number among all sessions of all replicas, from 1.
    pub ordinal: u64,
    /// When, in ms on the clock of the store.
    pub at: u64,
}

/// A command of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// When it was accepted, in ms on the clock of the store.
    pub at: u64,
    /// The command as JSON.
    pub command: String,
}

/// A session as it is in the store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored {
    /// How it was started, as JSON.
    pub record: String,
    /// When, in ms on the clock of the store.
    pub created: u64,
    /// When its first request came, if it did.
    pub started: Option<u64>,
    /// The hosts that its manifests named, as JSON.
    pub hosts: String,
    /// The counters of its rules, as JSON.
    pub usage: String,
    /// The name of the replica that got its last requests; empty = none yet.
    pub by: String,
    /// Its commands, in order.
    pub commands: Vec<Logged>,
}

/// What is new of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Updates {
    /// The name of the replica that got its last requests; empty = none yet.
    pub by: String,
    /// Its further commands, in order.
    pub commands: Vec<Logged>,
}

/// What a replica writes of a session it has, again and again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touch {
    /// Which.
    pub ordinal: u64,
    /// When its first request came, in ms on the clock of the store.
    pub started: Option<u64>,
    /// The hosts that its manifests named, if they are to be written.
    pub hosts: Option<String>,
    /// The counters of its rules, if they are to be written.
    pub usage: Option<String>,
    /// How long it stays without another request, if that is to be written. It is never shortened.
    pub left: Option<Duration>,
    /// Whether its requests now come to this replica: others with a copy are informed that theirs is out of date.
    pub claims: bool,
}

/// The answer to a replica that joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Names the content of the store: another name means that it was lost.
    pub run: String,
    /// What the first replica was started with.
    pub fleet: String,
    /// What session ids are signed with, unless a key was given: keys with commas in between. The first one signs, and
    /// ids with any of them are valid.
    pub key: String,
    /// The number of changes so far.
    pub position: u64,
    /// The time on the clock of the store, in ms.
    pub now: u64,
}

/// The highest numbers that are known to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UsedNumbers {
    /// Of a session.
    pub ordinal: u64,
    /// Of a change.
    pub position: u64,
}

/// Something that another replica changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// A session: it has another command, or it has ended.
    Session {
        /// Which.
        ordinal: u64,
        /// The number of changes with this one.
        position: u64,
    },
    /// The rules of all sessions.
    Rules {
        /// The number of changes with this one.
        position: u64,
    },
    /// It is not known what: messages may have been missed.
    Unknown,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Append {
    /// It is the next one, accepted at this time.
    Done(u64),
    /// Others came first: these.
    Behind(Vec<Logged>),
    /// There is no such session (any more).
    Missing,
}

/// What became of a session that was to be written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// The store has it.
    There,
    /// It was ended by a request.
    Ended,
    /// The store has given its number to another session since.
    Taken,
}

/// A store of sessions, shared by replicas. Times are in ms on the store's own clock, so that the clocks of the
/// replicas may differ. One call is one round trip. A session is there only in the `run` in which it was written: in another
/// one its number may be that of another session.
pub trait StateStore: fmt::Debug + Send + Sync {
    /// Joins the replicas that were started with `fleet`, or is the first. No number of a session or of a change up to those
    /// of `used` is given out again, and ids that were signed with one of `keys` stay valid if no session was started yet.
    fn join<'a>(
        &'a self,
        fleet: &'a str,
        keys: Option<&'a str>,
        used: UsedNumbers,
    ) -> StateAnswer<'a, Joined>;

    /// Says that a replica of `run` is alive. What comes back has the name of the run there is.
    fn heartbeat<'a>(&'a self, run: &'a str) -> StateAnswer<'a, Joined>;

    /// Writes a new session.
    fn create<'a>(&'a self, run: &'a str, new: NewRecord<'a>) -> StateAnswer<'a, Created>;

    /// Reads a session; `None` = there is none, or it has ended. [`StateError::Lost`] if `run` is not the present one.
    fn load<'a>(&'a self, run: &'a str, ordinal: u64) -> StateAnswer<'a, Option<Stored>>;

    /// What is new of a session after its first `from` commands; `None` = there is no such session, or it has fewer.
    fn updates<'a>(
        &'a self,
        run: &'a str,
        ordinal: u64,
        from: usize,
    ) -> StateAnswer<'a, Option<Updates>>;

    /// Adds a command after `from` others: compare-and-set. A session with fewer commands is missing: the store went back.
    fn append<'a>(
        &'a self,
        run: &'a str,
        ordinal: u64,
        from: usize,
        command: &'a str,
    ) -> StateAnswer<'a, Append>;

    /// Writes what the replica called `by` has new of sessions; hosts and counters only of those whose requests do not come
    /// to another one. Whether each is still there.
    fn touch<'a>(
        &'a self,
        run: &'a str,
        by: &'a str,
        sessions: &'a [Touch],
    ) -> StateAnswer<'a, Vec<bool>>;

    /// Writes a session again that the store has lost, unless it is there with as many commands. Hosts and counters are
    /// those of the replica with the last requests, if that is known; those of an earlier run are out of date. The session
    /// counts in `namespace`.
    fn restore<'a>(
        &'a self,
        ordinal: u64,
        session: &'a Stored,
        namespace: Option<&'a str>,
        idle: Duration,
    ) -> StateAnswer<'a, Restored>;

    /// Ends a session; whether there was one. [`StateError::Lost`] if `run` is not the present one.
    fn end<'a>(&'a self, run: &'a str, ordinal: u64) -> StateAnswer<'a, bool>;

    /// All sessions: ordinal, record, and when each was created; oldest first.
    fn list(&self) -> StateAnswer<'_, Vec<(u64, String, u64)>>;

    /// The rules of all sessions, if they were replaced, and their version (from 1). [`StateError::Lost`] if `run` is not the
    /// present one.
    fn rules<'a>(&'a self, run: &'a str) -> StateAnswer<'a, (u64, Option<String>)>;

    /// Replaces the rules of all sessions if they are at version `present`. `None` = those of the command line. The version
    /// after that, and whether they were replaced. [`StateError::Lost`] if `run` is not the present one.
    fn replace_rules<'a>(
        &'a self,
        run: &'a str,
        present: u64,
        rules: Option<&'a str>,
    ) -> StateAnswer<'a, (u64, bool)>;

    /// Writes the rules of all sessions again, unless the store has as high a version, or they were replaced in this run.
    /// What the store has after that.
    fn restore_rules<'a>(
        &'a self,
        version: u64,
        rules: Option<&'a str>,
    ) -> StateAnswer<'a, (u64, Option<String>)>;

    /// What others change from now on.
    fn changes(&self) -> broadcast::Receiver<Changed>;
}
