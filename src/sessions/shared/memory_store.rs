//! A store in the memory of one process: for several registries in one process, and for tests.

use super::store::{
    Append, Changed, Created, ENDED, Joined, Logged, MOST_COMMANDS, MOST_SESSIONS, NewRecord,
    Quota, Restored, StateAnswer, StateError, StateStore, Stored, Touch, Updates, UsedNumbers,
};
use crate::clock::Clock;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use tokio::sync::broadcast;

/// Changes that a slow replica may be behind before it reads everything again.
const CHANGES: usize = 1024;
/// The most keys that sign ids.
const MOST_KEYS: usize = 4;

#[derive(Debug, Clone)]
struct Entry {
    stored: Stored,
    /// The run in which the replica with the last requests wrote it.
    run: u64,
    /// When it ends without a touch, in ms.
    until: u64,
    namespace: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct State {
    run: u64,
    fleet: Option<String>,
    keys: String,
    /// Sessions that were ended, and how long that is kept, in ms.
    ended: BTreeMap<u64, u64>,
    ordinal: u64,
    position: u64,
    sessions: BTreeMap<u64, Entry>,
    rules: (u64, Option<String>),
    /// The run in which they were replaced.
    rules_run: u64,
    started: Started,
}

/// The sessions that were started in one second, by namespace.
#[derive(Debug, Clone, Default)]
struct Started {
    second: u64,
    counts: HashMap<String, u64>,
}

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    clock: Clock,
    state: Mutex<State>,
    /// What it goes back to.
    saved: Mutex<State>,
    changes: broadcast::Sender<Changed>,
    /// Whether it answers: tests switch it off.
    reachable: std::sync::atomic::AtomicBool,
}

impl MemoryStore {
    /// An empty store on this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let (changes, _) = broadcast::channel(CHANGES);
        let state = Mutex::new(State { rules: (1, None), ..State::default() });
        Self { clock, state, saved: Mutex::default(), changes, reachable: true.into() }
    }

    /// Loses everything, as a server that was started again without its file.
    pub fn lose(&self) {
        let mut state = self.state.lock();
        let run = state.run;
        *state = State { run, rules: (1, None), ..State::default() };
    }

    /// Saves what it has, for [`Self::go_back`].
    pub fn save(&self) {
        *self.saved.lock() = self.state.lock().clone();
    }

    /// Loses what was changed since it was saved, as a server that was started again with its last file.
    pub fn go_back(&self) {
        let saved = self.saved.lock().clone();
        let mut state = self.state.lock();
        *state = State { run: state.run + 1, ..saved };
    }

    /// Whether it answers from now on.
    pub fn set_reachable(&self, reachable: bool) {
        self.reachable.store(reachable, std::sync::atomic::Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.unix_time(self.clock.now()).since_zero().as_millis())
            .unwrap_or(u64::MAX)
    }

    fn answer<'a, T: Send + 'a>(
        &self,
        work: impl FnOnce(&mut State, u64) -> Result<T, StateError>,
    ) -> StateAnswer<'a, T> {
        let now = self.now();
        let answer = if self.reachable.load(std::sync::atomic::Ordering::Relaxed) {
            let mut state = self.state.lock();
            state.sessions.retain(|_, entry| entry.until > now);
            state.ended.retain(|_, until| *until > now);
            work(&mut state, now)
        } else {
            Err(StateError::Unreachable("it was switched off".to_owned()))
        };
        Box::pin(std::future::ready(answer))
    }

    fn changed(&self, state: &mut State, ordinal: Option<u64>) {
        state.position += 1;
        let position = state.position;
        // It fails if there is no receiver.
        let _ = self.changes.send(match ordinal {
            Some(ordinal) => Changed::Session { ordinal, position },
            None => Changed::Rules { position },
        });
    }
}

impl State {
    fn is_run(&self, run: &str) -> bool {
        self.fleet.is_some() && self.run.to_string() == run
    }

    /// The session with this ordinal, if `run` is the present one.
    fn session(&mut self, run: &str, ordinal: u64) -> Option<&mut Entry> {
        if self.is_run(run) { self.sessions.get_mut(&ordinal) } else { None }
    }

    fn joined(&self, now: u64) -> Joined {
        Joined {
            run: self.run.to_string(),
            fleet: self.fleet.clone().unwrap_or_default(),
            key: self.keys.clone(),
            position: self.position,
            now,
        }
    }

    fn admit(&mut self, namespace: &str, quota: Quota, now: u64) -> Result<(), StateError> {
        let in_it = |entry: &&Entry| entry.namespace.as_deref() == Some(namespace);
        let sessions = self.sessions.values().filter(in_it).count() as u64;
        if let Some(most) = quota.sessions.filter(|most| sessions >= *most) {
            return Err(StateError::too_many_in(namespace, most));
        }
        let second = now / 1000;
        if self.started.second != second {
            self.started = Started { second, counts: HashMap::new() };
        }
        let started = self.started.counts.entry(namespace.to_owned()).or_default();
        if let Some(most) = quota.per_second.filter(|most| *started >= *most) {
            return Err(StateError::too_fast_in(namespace, most));
        }
        *started += 1;
        Ok(())
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl StateStore for MemoryStore {
    fn join<'a>(
        &'a self,
        fleet: &'a str,
        keys: Option<&'a str>,
        used: UsedNumbers,
    ) -> StateAnswer<'a, Joined> {
        self.answer(move |state, now| {
            if state.fleet.is_none() {
                state.fleet = Some(fleet.to_owned());
                state.run += 1;
                state.keys = keys.map_or_else(|| format!("memory-{}", state.run), str::to_owned);
            }
            // Later, another session could have the number in an id.
            let unused = state.ordinal == 0;
            for key in keys.into_iter().flat_map(|keys| keys.split(',')) {
                let mut known = state.keys.split(',');
                if unused && known.clone().count() < MOST_KEYS && !known.any(|known| known == key) {
                    state.keys = format!("{},{key}", state.keys);
                }
            }
            state.ordinal = state.ordinal.max(used.ordinal);
            state.position = state.position.max(used.position);
            Ok(state.joined(now))
        })
    }

    fn heartbeat<'a>(&'a self, run: &'a str) -> StateAnswer<'a, Joined> {
        self.answer(|state, now| {
            let joined = state.joined(now);
            let known = state.fleet.is_some() && joined.run == run;
            Ok(Joined { run: if known { joined.run } else { String::new() }, ..joined })
        })
    }

    fn create<'a>(&'a self, run: &'a str, new: NewRecord<'a>) -> StateAnswer<'a, Created> {
        self.answer(|state, now| {
            if !state.is_run(run) {
                return Err(StateError::Lost);
            }
            if state.sessions.len() >= MOST_SESSIONS {
                return Err(StateError::Full(MOST_SESSIONS));
            }
            if let Some((namespace, quota)) = new.namespace {
                state.admit(namespace, quota, now)?;
            }
            state.ordinal += 1;
            let stored =
                Stored { record: new.record.to_owned(), created: now, ..Stored::default() };
            let namespace = new.namespace.map(|(namespace, _)| namespace.to_owned());
            let (until, run) = (now + millis(new.idle), state.run);
            state.sessions.insert(state.ordinal, Entry { stored, run, until, namespace });
            Ok(Created { ordinal: state.ordinal, at: now })
        })
    }

    fn load<'a>(&'a self, run: &'a str, ordinal: u64) -> StateAnswer<'a, Option<Stored>> {
        self.answer(|state, _| {
            if !state.is_run(run) {
                return Err(StateError::Lost);
            }
            Ok(state.sessions.get(&ordinal).map(|entry| entry.stored.clone()))
        })
    }

    fn updates<'a>(
        &'a self,
        run: &'a str,
        ordinal: u64,
        from: usize,
    ) -> StateAnswer<'a, Option<Updates>> {
        self.answer(|state, _| {
            let stored = state.session(run, ordinal).map(|entry| &entry.stored);
            Ok(stored.and_then(|stored| {
                let commands = stored.commands.get(from..)?.to_vec();
                Some(Updates { by: stored.by.clone(), commands })
            }))
        })
    }

    fn append<'a>(
        &'a self,
        run: &'a str,
        ordinal: u64,
        from: usize,
        command: &'a str,
    ) -> StateAnswer<'a, Append> {
        self.answer(|state, now| {
            let Some(entry) = state.session(run, ordinal) else { return Ok(Append::Missing) };
            let commands = &mut entry.stored.commands;
            if commands.len() != from {
                let others = commands.get(from..);
                return Ok(others.map_or(Append::Missing, |others| Append::Behind(others.to_vec())));
            }
            if from >= MOST_COMMANDS {
                return Err(StateError::TooManyCommands(MOST_COMMANDS));
            }
            commands.push(Logged { at: now, command: command.to_owned() });
            self.changed(state, Some(ordinal));
            Ok(Append::Done(now))
        })
    }

    fn touch<'a>(
        &'a self,
        run: &'a str,
        by: &'a str,
        sessions: &'a [Touch],
    ) -> StateAnswer<'a, Vec<bool>> {
        self.answer(|state, now| {
            let mut moved = Vec::new();
            let touched = sessions.iter().map(|touch| {
                let Some(entry) = state.session(run, touch.ordinal) else { return false };
                if let Some(left) = touch.left {
                    entry.until = entry.until.max(now + millis(left));
                }
                let last = &entry.stored.by;
                let own = touch.claims || last.is_empty() || last == by;
                if touch.claims && last != by {
                    moved.extend((!entry.stored.by.is_empty()).then_some(touch.ordinal));
                    by.clone_into(&mut entry.stored.by);
                }
                let stored = &mut entry.stored;
                stored.started = stored.started.or(touch.started);
                if let Some(hosts) = touch.hosts.as_ref().filter(|_| own) {
                    stored.hosts.clone_from(hosts);
                }
                if let Some(usage) = touch.usage.as_ref().filter(|_| own) {
                    stored.usage.clone_from(usage);
                }
                true
            });
            let touched = touched.collect();
            moved.into_iter().for_each(|ordinal| self.changed(state, Some(ordinal)));
            Ok(touched)
        })
    }

    fn restore<'a>(
        &'a self,
        ordinal: u64,
        session: &'a Stored,
        namespace: Option<&'a str>,
        idle: Duration,
    ) -> StateAnswer<'a, Restored> {
        self.answer(|state, now| {
            if state.ended.contains_key(&ordinal) {
                return Ok(Restored::Ended);
            }
            let known = state.sessions.get(&ordinal);
            if known.is_some_and(|known| known.stored.created != session.created) {
                return Ok(Restored::Taken);
            }
            let last = !session.by.is_empty();
            let mut entry = Entry {
                stored: session.clone(),
                run: if last { state.run } else { 0 },
                until: now + millis(idle),
                namespace: namespace.map(str::to_owned),
            };
            let was_there = known.is_some();
            if let Some(known) = known {
                let (stored, before) = (&mut entry.stored, &known.stored);
                let longer = before.commands.len() < session.commands.len();
                let older = before.by.is_empty() || last && known.run != state.run;
                if !(longer || last && older) {
                    return Ok(Restored::There);
                }
                if !longer {
                    stored.commands.clone_from(&before.commands);
                }
                if !last {
                    entry.run = known.run;
                }
                if !last && !before.by.is_empty() {
                    stored.by.clone_from(&before.by);
                    stored.hosts.clone_from(&before.hosts);
                    stored.usage.clone_from(&before.usage);
                }
                stored.started = before.started.or(stored.started);
                entry.until = entry.until.max(known.until);
            }
            state.sessions.insert(ordinal, entry);
            if was_there {
                self.changed(state, Some(ordinal));
            }
            Ok(Restored::There)
        })
    }

    fn end<'a>(&'a self, run: &'a str, ordinal: u64) -> StateAnswer<'a, bool> {
        self.answer(|state, now| {
            if !state.is_run(run) {
                return Err(StateError::Lost);
            }
            let ended = state.sessions.remove(&ordinal).is_some();
            if ended {
                state.ended.insert(ordinal, now + millis(ENDED));
                self.changed(state, Some(ordinal));
            }
            Ok(ended)
        })
    }

    fn list(&self) -> StateAnswer<'_, Vec<(u64, String, u64)>> {
        self.answer(|state, _| {
            let all = state.sessions.iter();
            let view = |(ordinal, entry): (&u64, &Entry)| {
                (*ordinal, entry.stored.record.clone(), entry.stored.created)
            };
            Ok(all.map(view).collect())
        })
    }

    fn rules<'a>(&'a self, run: &'a str) -> StateAnswer<'a, (u64, Option<String>)> {
        self.answer(
            |state, _| {
                if state.is_run(run) { Ok(state.rules.clone()) } else { Err(StateError::Lost) }
            },
        )
    }

    fn replace_rules<'a>(
        &'a self,
        run: &'a str,
        present: u64,
        rules: Option<&'a str>,
    ) -> StateAnswer<'a, (u64, bool)> {
        self.answer(|state, _| {
            if !state.is_run(run) {
                return Err(StateError::Lost);
            }
            if state.rules.0 != present {
                return Ok((state.rules.0, false));
            }
            state.rules = (present + 1, rules.map(str::to_owned));
            state.rules_run = state.run;
            self.changed(state, None);
            Ok((present + 1, true))
        })
    }

    fn restore_rules<'a>(
        &'a self,
        version: u64,
        rules: Option<&'a str>,
    ) -> StateAnswer<'a, (u64, Option<String>)> {
        self.answer(move |state, _| {
            if state.rules.0 < version && state.rules_run != state.run {
                state.rules = (version, rules.map(str::to_owned));
                self.changed(state, None);
            }
            Ok(state.rules.clone())
        })
    }

    fn changes(&self) -> broadcast::Receiver<Changed> {
        self.changes.subscribe()
    }
}
