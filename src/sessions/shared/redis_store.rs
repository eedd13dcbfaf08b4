//! A store in Redis.

use super::{
    redis_scripts::Scripts,
    store::{
        Append, Changed, Created, Joined, Logged, MOST_COMMANDS, MOST_SESSIONS, NewRecord,
        StateAnswer, StateError, StateStore, Stored, Touch,
    },
};
use redis::{
    AsyncConnectionConfig, Client, PushInfo, PushKind, RedisError, ScriptInvocation, Value,
    aio::MultiplexedConnection,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::time::Duration;
use tokio::sync::{Mutex, broadcast};

/// Longer, and Redis counts as not reachable.
const CONNECT: Duration = Duration::from_millis(500);
const RESPONSE: Duration = Duration::from_secs(1);
/// Without a sign of a replica for this long, a replica may start with other options.
const ALIVE: Duration = Duration::from_secs(30);
/// Changes that a slow replica may be behind before it reads all anew.
const CHANGES: usize = 4096;
/// Sessions that are read at a time.
const PAGE: usize = 500;
const CHANNEL: &str = "vsps:changes";

/// A store in Redis (6 or newer), over one connection that carries requests and changes.
#[derive(Debug)]
pub struct RedisStore {
    client: Client,
    scripts: Scripts,
    changes: broadcast::Sender<Changed>,
    /// The connection, if there is one. It is locked while one is made.
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl RedisStore {
    /// The store at `url`, as in `redis://:PASSWORD@HOST:6379/0`. Connects at the first call.
    ///
    /// # Errors
    /// When the URL is none of Redis.
    pub fn new(url: &str) -> Result<Self, String> {
        const HINT: &str = "write redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]";
        if !url.starts_with("redis://") {
            return Err(format!(
                "`{url}` is not a store; write memory, or {}",
                &HINT["write ".len()..]
            ));
        }
        // Changes come over the same connection, which needs version 3 of the protocol.
        let joint = if url.contains('?') { '&' } else { '?' };
        let client = Client::open(format!("{url}{joint}protocol=resp3"))
            .map_err(|error| format!("{error}; {HINT}"))?;
        let (changes, _) = broadcast::channel(CHANGES);
        Ok(Self { client, scripts: Scripts::new(), changes, connection: Mutex::default() })
    }

    async fn connection(&self) -> Result<MultiplexedConnection, StateError> {
        let mut place = self.connection.lock().await;
        if let Some(connection) = &*place {
            return Ok(connection.clone());
        }
        let changes = self.changes.clone();
        let pushed = move |info: PushInfo| {
            if let Some(changed) = changed(&info) {
                // Without a receiver nobody has to know.
                let _ = changes.send(changed);
            }
            Ok::<(), ()>(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(RESPONSE))
            .set_push_sender(pushed);
        let connected = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let mut connection = connected.map_err(|error| unreachable(&error))?;
        connection.subscribe(CHANNEL).await.map_err(|error| unreachable(&error))?;
        *place = Some(connection.clone());
        // What was published while there was no connection is not known.
        let _ = self.changes.send(Changed::Unknown);
        Ok(connection)
    }

    /// Runs one script: one round trip, unless Redis has to be told the script first.
    async fn run<T: redis::FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StateError> {
        let mut connection = self.connection().await?;
        match script.invoke_async(&mut connection).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.failed(&error).await),
        }
    }

    /// Drops a connection that is broken: the next call makes a new one.
    async fn failed(&self, error: &RedisError) -> StateError {
        if error.is_timeout() || error.is_io_error() || error.is_unrecoverable_error() {
            *self.connection.lock().await = None;
            return unreachable(error);
        }
        StateError::Unreadable(error.to_string())
    }

    async fn list_all(&self) -> Result<Vec<(u64, String, u64)>, StateError> {
        let mut connection = self.connection().await?;
        let mut all = Vec::new();
        let read = async {
            let ordinals: Vec<u64> = redis::cmd("ZRANGE")
                .arg("vsps:index")
                .arg(0)
                .arg(-1)
                .query_async(&mut connection)
                .await?;
            for page in ordinals.chunks(PAGE) {
                let mut pipe = redis::pipe();
                for ordinal in page {
                    pipe.cmd("HMGET").arg(format!("vsps:s:{ordinal}")).arg("record").arg("created");
                }
                let rows: Vec<(Option<String>, Option<u64>)> =
                    pipe.query_async(&mut connection).await?;
                let known = page
                    .iter()
                    .zip(rows)
                    .filter_map(|(ordinal, (record, created))| Some((*ordinal, record?, created?)));
                all.extend(known);
            }
            Ok::<(), RedisError>(())
        };
        if let Err(error) = read.await {
            return Err(self.failed(&error).await);
        }
        all.sort_unstable_by_key(|(ordinal, ..)| *ordinal);
        Ok(all)
    }

    async fn read_rules(&self) -> Result<(u64, Option<String>), StateError> {
        let mut connection = self.connection().await?;
        let mut command = redis::cmd("HMGET");
        let command = command.arg("vsps:rules").arg("version").arg("text");
        let read: Result<(Option<u64>, Option<String>), _> =
            command.query_async(&mut connection).await;
        match read {
            Ok((version, text)) => Ok((version.unwrap_or(1), text)),
            Err(error) => Err(self.failed(&error).await),
        }
    }
}

fn unreachable(error: &RedisError) -> StateError {
    StateError::Unreachable(format!("Redis: {error}"))
}

/// What a message of the channel says.
fn changed(info: &PushInfo) -> Option<Changed> {
    match info.kind {
        PushKind::Message => {}
        // What is published from now on is missed.
        PushKind::Disconnection => return Some(Changed::Unknown),
        _ => return None,
    }
    let Some(Value::BulkString(text)) = info.data.get(1) else { return Some(Changed::Unknown) };
    let parsed = std::str::from_utf8(text).ok().and_then(|text| {
        let (position, ordinal) = text.split_once(' ')?;
        Some((position.parse().ok()?, ordinal.parse().ok()?))
    });
    Some(match parsed {
        None => Changed::Unknown,
        Some((position, 0)) => Changed::Rules { position },
        Some((position, ordinal)) => Changed::Session { ordinal, position },
    })
}

/// 64 hexadecimal digits that nobody can guess.
fn random() -> Result<String, StateError> {
    let mut bytes = [0; 32];
    let wrong = |_| StateError::Unreachable("the system has no random numbers".to_owned());
    SystemRandom::new().fill(&mut bytes).map_err(wrong)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
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
    fn join<'a>(&'a self, fleet: &'a str, ordinal: u64) -> StateAnswer<'a, Joined> {
        Box::pin(async move {
            let (run, key) = (random()?, random()?);
            let mut script = self.scripts.join.prepare_invoke();
            script.arg(fleet).arg(run).arg(key).arg(ordinal).arg(millis(ALIVE));
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
            let quota = |bound| StateError::Quota(namespace.to_owned(), bound);
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
                    Err(quota(format!("{} sessions", most.unwrap_or_default())))
                }
                ["rate"] => {
                    let most = new.namespace.and_then(|(_, quota)| quota.per_second);
                    Err(quota(format!("{} new sessions a second", most.unwrap_or_default())))
                }
                _ => Err(unreadable("create")),
            }
        })
    }

    fn load(&self, ordinal: u64) -> StateAnswer<'_, Option<Stored>> {
        Box::pin(async move {
            let mut script = self.scripts.load.prepare_invoke();
            let answer: Vec<String> = self.run(script.arg(ordinal)).await?;
            let [record, created, started, hosts, usage, commands @ ..] = answer.as_slice() else {
                return Ok(None);
            };
            Ok(Some(Stored {
                record: record.clone(),
                created: created.parse().map_err(|_| unreadable("load"))?,
                started: started.parse().ok(),
                hosts: hosts.clone(),
                usage: usage.clone(),
                commands: commands.iter().map(|text| logged(text)).collect::<Result<_, _>>()?,
            }))
        })
    }

    fn commands(&self, ordinal: u64, from: usize) -> StateAnswer<'_, Option<Vec<Logged>>> {
        Box::pin(async move {
            let mut script = self.scripts.commands.prepare_invoke();
            let answer: Vec<String> = self.run(script.arg(ordinal).arg(from)).await?;
            match answer.split_first() {
                Some((first, rest)) if first == "ok" => {
                    rest.iter().map(|text| logged(text)).collect::<Result<_, _>>().map(Some)
                }
                _ => Ok(None),
            }
        })
    }

    fn append<'a>(
        &'a self,
        ordinal: u64,
        from: usize,
        command: &'a str,
    ) -> StateAnswer<'a, Append> {
        Box::pin(async move {
            let mut script = self.scripts.append.prepare_invoke();
            script.arg(ordinal).arg(from).arg(command).arg(MOST_COMMANDS);
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

    fn touch<'a>(&'a self, sessions: &'a [Touch], idle: Duration) -> StateAnswer<'a, Vec<bool>> {
        Box::pin(async move {
            let mut there = Vec::with_capacity(sessions.len());
            for page in sessions.chunks(PAGE) {
                let mut script = self.scripts.touch.prepare_invoke();
                script.arg(millis(idle));
                for Touch { ordinal, started, hosts, usage } in page {
                    script.arg(ordinal).arg(optional(*started));
                    script.arg(hosts.as_deref().unwrap_or_default());
                    script.arg(usage.as_deref().unwrap_or_default());
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
        idle: Duration,
    ) -> StateAnswer<'a, ()> {
        Box::pin(async move {
            let mut script = self.scripts.restore.prepare_invoke();
            script.arg(ordinal).arg(millis(idle)).arg(&session.record).arg(session.created);
            script.arg(optional(session.started)).arg(&session.hosts).arg(&session.usage);
            for Logged { at, command } in &session.commands {
                script.arg(format!("{at} {command}"));
            }
            self.run::<u64>(&script).await.map(|_| ())
        })
    }

    fn end(&self, ordinal: u64) -> StateAnswer<'_, bool> {
        Box::pin(async move {
            let mut script = self.scripts.end.prepare_invoke();
            Ok(self.run::<u64>(script.arg(ordinal)).await? == 1)
        })
    }

    fn list(&self) -> StateAnswer<'_, Vec<(u64, String, u64)>> {
        Box::pin(self.list_all())
    }

    fn rules(&self) -> StateAnswer<'_, (u64, Option<String>)> {
        Box::pin(self.read_rules())
    }

    fn replace_rules<'a>(
        &'a self,
        present: u64,
        rules: Option<&'a str>,
    ) -> StateAnswer<'a, (u64, bool)> {
        Box::pin(async move {
            let mut script = self.scripts.rules.prepare_invoke();
            script.arg(present).arg(u8::from(rules.is_some())).arg(rules.unwrap_or_default());
            let (version, replaced): (u64, u64) = self.run(&script).await?;
            Ok((version, replaced == 1))
        })
    }

    fn changes(&self) -> broadcast::Receiver<Changed> {
        self.changes.subscribe()
    }
}
