//! A store in Redis.

use super::{
    random::random,
    redis_connection::{Call, RedisConnection, failed},
    redis_scripts::Scripts,
    store::{
        Append, Changed, Created, ENDED, Joined, Logged, MOST_COMMANDS, MOST_SESSIONS, NewRecord,
        Restored, StateAnswer, StateError, StateStore, Stored, Touch, Updates, UsedNumbers,
    },
};
use redis::{RedisError, ScriptInvocation};
use std::time::Duration;
use tokio::sync::broadcast;

/// Without a sign of a replica for this long, a replica may start with other options.
const ALIVE: Duration = Duration::from_secs(30);
/// Sessions that are read at a time.
const PAGE: usize = 500;

/// A store in Redis (6 or newer), over one connection that carries requests and changes.
#[derive(Debug)]
pub struct RedisStore {
    connection: RedisConnection,
    scripts: Scripts,
}

impl RedisStore {
    /// The store at `url`, as in `redis://:PASSWORD@HOST:6379/0`. Connects at the first call.
    ///
    /// # Errors
    /// When the URL is none of Redis. The message does not repeat it: it may have a password.
    pub fn new(url: &str) -> Result<Self, String> {
        Ok(Self { connection: RedisConnection::new(url)?, scripts: Scripts::new() })
    }

    /// Host and port.
    pub(super) fn address(&self) -> String {
        self.connection.address()
    }

    /// Runs one script: one round trip, unless Redis does not have the script yet.
    async fn run<T: redis::FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StateError> {
        let mut call = self.connection.call().await?;
        match script.invoke_async(&mut call.connection).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.failed(&call, &error).await),
        }
    }

    /// Drops a connection that is broken: the next call makes a new one.
    async fn failed(&self, call: &Call<'_>, error: &RedisError) -> StateError {
        let problem = failed(error);
        if matches!(problem, StateError::Unanswered(_)) {
            self.connection.drop_broken(call).await;
        }
        problem
    }

    async fn list_all(&self) -> Result<Vec<(u64, String, u64)>, StateError> {
        let mut call = self.connection.call().await?;
        let connection = &mut call.connection;
        let mut all = Vec::new();
        let read = async {
            let ordinals: Vec<u64> = redis::cmd("ZRANGE")
                .arg("vsps:index")
                .arg(0)
                .arg(-1)
                .query_async(connection)
                .await?;
            for page in ordinals.chunks(PAGE) {
                let mut pipe = redis::pipe();
                for ordinal in page {
                    pipe.cmd("HMGET").arg(format!("vsps:s:{ordinal}")).arg("record").arg("created");
                }
                let rows: Vec<(Option<String>, Option<u64>)> = pipe.query_async(connection).await?;
                let known = page
                    .iter()
                    .zip(rows)
                    .filter_map(|(ordinal, (record, created))| Some((*ordinal, record?, created?)));
                all.extend(known);
            }
            Ok::<(), RedisError>(())
        };
        if let Err(error) = read.await {
            return Err(self.failed(&call, &error).await);
        }
        all.sort_unstable_by_key(|(ordinal, ..)| *ordinal);
        Ok(all)
    }
}

/// Version and text of the rules of all sessions.
fn rules(answer: Vec<String>) -> Result<(u64, Option<String>), StateError> {
    let mut answer = answer.into_iter();
    let version = answer.next().ok_or(StateError::Lost)?;
    Ok((version.parse().map_err(|_| unreadable("rules"))?, answer.next()))
}

fn joined(answer: &[String]) -> Result<Joined, StateError> {
    let [run, fleet, key, position, now] = answer else { return Err(unreadable("join")) };
    let number = |text: &str| text.parse().map_err(|_| unreadable("join"));
    Ok(Joined {
        run: run.clone(),
        fleet: fleet.clone(),
        key: key.clone(),
        position: number(position)?,
        now: number(now)?,
    })
}

fn unreadable(what: &str) -> StateError {
    StateError::Unreadable(format!("an answer to `{what}`"))
}

/// A command as it is stored: `MS JSON`.
fn logged(text: &str) -> Result<Logged, StateError> {
    let parsed = text.split_once(' ').and_then(|(at, command)| {
        Some(Logged { at: at.parse().ok()?, command: command.to_owned() })
    });
    parsed.ok_or_else(|| unreadable("command"))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).min(366 * 24 * 3_600_000)
}

fn optional(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

impl StateStore for RedisStore {
    fn join<'a>(
        &'a self,
        fleet: &'a str,
        keys: Option<&'a str>,
        used: UsedNumbers,
    ) -> StateAnswer<'a, Joined> {
        Box::pin(async move {
            let (run, key) = (random::<32>()?, random::<32>()?);
            let mut script = self.scripts.join.prepare_invoke();
            script.arg(fleet).arg(run).arg(key).arg(used.ordinal).arg(millis(ALIVE));
            script.arg(keys.unwrap_or_default()).arg(used.position);
            joined(&self.run::<Vec<String>>(&script).await?)
        })
    }

    fn heartbeat<'a>(&'a self, run: &'a str) -> StateAnswer<'a, Joined> {
        Box::pin(async move {
            let mut script = self.scripts.heartbeat.prepare_invoke();
            script.arg(run).arg(millis(ALIVE));
            joined(&self.run::<Vec<String>>(&script).await?)
        })
    }

    fn create<'a>(&'a self, run: &'a str, new: NewRecord<'a>) -> StateAnswer<'a, Created> {
        Box::pin(async move {
            let (namespace, quota) = new.namespace.unwrap_or_default();
            let mut script = self.scripts.create.prepare_invoke();
            script.arg(run).arg(new.record).arg(millis(new.idle)).arg(MOST_SESSIONS);
            script.arg(namespace).arg(optional(quota.sessions)).arg(optional(quota.per_second));
            let answer: Vec<String> = self.run(&script).await?;
            let words: Vec<&str> = answer.iter().map(String::as_str).collect();
            match words.as_slice() {
                ["ok", ordinal, at] => {
                    let number = |text: &str| text.parse().map_err(|_| unreadable("create"));
                    Ok(Created { ordinal: number(ordinal)?, at: number(at)? })
                }
                ["lost"] => Err(StateError::Lost),
                ["full"] => Err(StateError::Full(MOST_SESSIONS)),
                ["sessions"] => {
                    let most = new.namespace.and_then(|(_, quota)| quota.sessions);
                    Err(StateError::too_many_in(namespace, most.unwrap_or_default()))
                }
                ["rate"] => {
                    let most = new.namespace.and_then(|(_, quota)| quota.per_second);
                    Err(StateError::too_fast_in(namespace, most.unwrap_or_default()))
                }
                _ => Err(unreadable("create")),
            }
        })
    }

    fn load<'a>(&'a self, run: &'a str, ordinal: u64) -> StateAnswer<'a, Option<Stored>> {
        Box::pin(async move {
            let mut script = self.scripts.load.prepare_invoke();
            let answer: Vec<String> = self.run(script.arg(ordinal).arg(run)).await?;
            if answer.len() == 1 {
                return Err(StateError::Lost);
            }
            let [record, created, started, hosts, usage, by, commands @ ..] = answer.as_slice()
            else {
                return Ok(None);
            };
            Ok(Some(Stored {
                record: record.clone(),
                created: created.parse().map_err(|_| unreadable("load"))?,
                started: started.parse().ok(),
                hosts: hosts.clone(),
                usage: usage.clone(),
                by: by.clone(),
                commands: commands.iter().map(|text| logged(text)).collect::<Result<_, _>>()?,
            }))
        })
    }

    fn updates<'a>(
        &'a self,
        run: &'a str,
        ordinal: u64,
        from: usize,
    ) -> StateAnswer<'a, Option<Updates>> {
        Box::pin(async move {
            let mut script = self.scripts.updates.prepare_invoke();
            let answer: Vec<String> = self.run(script.arg(ordinal).arg(from).arg(run)).await?;
            let [first, by, commands @ ..] = answer.as_slice() else { return Ok(None) };
            if first != "ok" {
                return Err(unreadable("updates"));
            }
            let commands = commands.iter().map(|text| logged(text)).collect::<Result<_, _>>()?;
            Ok(Some(Updates { by: by.clone(), commands }))
        })
    }

    fn append<'a>(
        &'a self,
        run: &'a str,
        ordinal: u64,
        from: usize,
        command: &'a str,
    ) -> StateAnswer<'a, Append> {
        Box::pin(async move {
            let mut script = self.scripts.append.prepare_invoke();
            script.arg(ordinal).arg(from).arg(command).arg(MOST_COMMANDS).arg(run);
            let answer: Vec<String> = self.run(&script).await?;
            let (first, rest) = answer.split_first().ok_or_else(|| unreadable("append"))?;
            match (first.as_str(), rest) {
                ("ok", [at]) => Ok(Append::Done(at.parse().map_err(|_| unreadable("append"))?)),
                ("behind", rest) => {
                    let rest: Result<_, _> = rest.iter().map(|text| logged(text)).collect();
                    Ok(Append::Behind(rest?))
                }
                ("full", _) => Err(StateError::TooManyCommands(MOST_COMMANDS)),
                ("missing", _) => Ok(Append::Missing),
                _ => Err(unreadable("append")),
            }
        })
    }

    fn touch<'a>(
        &'a self,
        run: &'a str,
        by: &'a str,
        sessions: &'a [Touch],
    ) -> StateAnswer<'a, Vec<bool>> {
        Box::pin(async move {
            let mut there = Vec::with_capacity(sessions.len());
            for page in sessions.chunks(PAGE) {
                let mut script = self.scripts.touch.prepare_invoke();
                script.arg(run).arg(by);
                for Touch { ordinal, started, hosts, usage, left, claims } in page {
                    script.arg(ordinal).arg(optional(*started));
                    script.arg(hosts.as_deref().unwrap_or_default());
                    script.arg(usage.as_deref().unwrap_or_default());
                    script.arg(optional(left.map(millis))).arg(u8::from(*claims));
                }
                let page: Vec<u8> =
                    self.run::<Vec<u64>>(&script).await?.iter().map(|n| *n as u8).collect();
                there.extend(page.iter().map(|there| *there == 1));
            }
            Ok(there)
        })
    }

    fn restore<'a>(
        &'a self,
        ordinal: u64,
        session: &'a Stored,
        namespace: Option<&'a str>,
        idle: Duration,
    ) -> StateAnswer<'a, Restored> {
        Box::pin(async move {
            let mut script = self.scripts.restore.prepare_invoke();
            script.arg(ordinal).arg(millis(idle)).arg(namespace.unwrap_or_default());
            script.arg(&session.record).arg(session.created).arg(optional(session.started));
            script.arg(&session.hosts).arg(&session.usage).arg(&session.by);
            for Logged { at, command } in &session.commands {
                script.arg(format!("{at} {command}"));
            }
            match self.run::<u64>(&script).await? {
                0 => Ok(Restored::Ended),
                1 => Ok(Restored::There),
                _ => Ok(Restored::Taken),
            }
        })
    }

    fn end<'a>(&'a self, run: &'a str, ordinal: u64) -> StateAnswer<'a, bool> {
        Box::pin(async move {
            let mut script = self.scripts.end.prepare_invoke();
            match self.run::<u64>(script.arg(ordinal).arg(millis(ENDED)).arg(run)).await? {
                0 => Ok(false),
                1 => Ok(true),
                _ => Err(StateError::Lost),
            }
        })
    }

    fn list(&self) -> StateAnswer<'_, Vec<(u64, String, u64)>> {
        Box::pin(self.list_all())
    }

    fn rules<'a>(&'a self, run: &'a str) -> StateAnswer<'a, (u64, Option<String>)> {
        Box::pin(async move {
            let mut script = self.scripts.rules.prepare_invoke();
            rules(self.run(script.arg(run)).await?)
        })
    }

    fn replace_rules<'a>(
        &'a self,
        run: &'a str,
        present: u64,
        rules: Option<&'a str>,
    ) -> StateAnswer<'a, (u64, bool)> {
        Box::pin(async move {
            let mut script = self.scripts.replace_rules.prepare_invoke();
            script.arg(present).arg(u8::from(rules.is_some())).arg(rules.unwrap_or_default());
            match self.run::<(u64, u64)>(script.arg(run)).await? {
                (0, _) => Err(StateError::Lost),
                (version, replaced) => Ok((version, replaced == 1)),
            }
        })
    }

    fn restore_rules<'a>(
        &'a self,
        version: u64,
        text: Option<&'a str>,
    ) -> StateAnswer<'a, (u64, Option<String>)> {
        Box::pin(async move {
            let mut script = self.scripts.restore_rules.prepare_invoke();
            script.arg(version).arg(u8::from(text.is_some())).arg(text.unwrap_or_default());
            rules(self.run(&script).await?)
        })
    }

    fn changes(&self) -> broadcast::Receiver<Changed> {
        self.connection.changes()
    }
}
