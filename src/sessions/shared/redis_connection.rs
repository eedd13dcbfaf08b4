//! The connection to Redis: it carries requests, and the changes that others publish.

use super::store::{Changed, StateError};
use redis::{
    AsyncConnectionConfig, Client, PushInfo, PushKind, RedisError, Value,
    aio::MultiplexedConnection,
};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::{Mutex, Semaphore, SemaphorePermit, broadcast},
};

/// Longer, and Redis counts as not reachable.
const CONNECT: Duration = Duration::from_millis(500);
const RESPONSE: Duration = Duration::from_secs(1);
/// Requests that may wait for Redis at a time; further ones fail at once.
const MOST_CALLS: usize = 4096;
/// Changes that a slow replica may be behind before it reads everything again.
const CHANGES: usize = 4096;
const CHANNEL: &str = "vsps:changes";

/// One connection to Redis, made when it is needed.
#[derive(Debug)]
pub(super) struct RedisConnection {
    client: Client,
    /// The runtime that reads and writes the connection, whichever worker needs it first; `None` = that of the caller.
    runtime: Option<Handle>,
    changes: broadcast::Sender<Changed>,
    places: Semaphore,
    /// It is locked while a connection is made.
    state: Mutex<State>,
    /// Connections that could not be made.
    failures: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    /// Connections so far.
    number: u64,
    /// Why the last connection could not be made.
    problem: String,
}

/// The connection for one request, and the place of that request.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) connection: MultiplexedConnection,
    number: u64,
    _place: SemaphorePermit<'a>,
}

impl RedisConnection {
    /// The connection to the server at `url`, on the current runtime.
    ///
    /// # Errors
    /// When the URL is none of Redis. The message does not repeat it: it may have a password.
    pub(super) fn new(url: &str) -> Result<Self, String> {
        const HINT: &str = "write memory, or redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]";
        if url.starts_with("rediss://") {
            return Err(format!("Redis over TLS is not supported; {HINT}"));
        }
        if !url.starts_with("redis://") {
            return Err(format!("this is not a store; {HINT}"));
        }
        // Changes come over the same connection, which needs version 3 of the protocol.
        let joint = if url.contains('?') { '&' } else { '?' };
        let client = Client::open(format!("{url}{joint}protocol=resp3"));
        let client = client.map_err(|_| format!("the URL cannot be read; {HINT}"))?;
        let (changes, _) = broadcast::channel(CHANGES);
        let (state, failures) = (Mutex::default(), AtomicU64::new(0));
        let (runtime, places) = (Handle::try_current().ok(), Semaphore::new(MOST_CALLS));
        Ok(Self { client, runtime, changes, places, state, failures })
    }

    /// Host and port.
    pub(super) fn address(&self) -> String {
        self.client.get_connection_info().addr().to_string()
    }

    /// What others change from now on.
    pub(super) fn changes(&self) -> broadcast::Receiver<Changed> {
        self.changes.subscribe()
    }

    /// A place for one request.
    ///
    /// # Errors
    /// When Redis cannot be reached, or too many requests wait for it.
    pub(super) async fn call(&self) -> Result<Call<'_>, StateError> {
        let Ok(place) = self.places.try_acquire() else {
            let problem = format!("Redis: {MOST_CALLS} requests wait for an answer already");
            return Err(StateError::Unreachable(problem));
        };
        let failures = self.failures.load(Ordering::Relaxed);
        let mut state = self.state.lock().await;
        if state.connection.is_none() {
            // What another request has just found holds for this one: it does not wait for a time-out of its own.
            if self.failures.load(Ordering::Relaxed) != failures {
                return Err(StateError::Unreachable(state.problem.clone()));
            }
            self.connect(&mut state).await?;
        }
        let connection = state.connection.clone();
        let connection = connection.ok_or_else(|| StateError::Unreachable(String::new()))?;
        Ok(Call { connection, number: state.number, _place: place })
    }

    async fn connect(&self, state: &mut State) -> Result<(), StateError> {
        let changes = self.changes.clone();
        let pushed = move |info: PushInfo| {
            if let Some(changed) = changed(&info) {
                // It fails if there is no receiver.
                let _ = changes.send(changed);
            }
            Ok::<(), ()>(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(RESPONSE))
            .set_push_sender(pushed);
        let client = self.client.clone();
        let connected = async move {
            let connected = client.get_multiplexed_async_connection_with_config(&config);
            let mut connection = connected.await?;
            connection.subscribe(CHANNEL).await?;
            Ok::<_, RedisError>(connection)
        };
        let connected = match &self.runtime {
            Some(runtime) => match runtime.spawn(connected).await {
                Ok(connected) => connected,
                Err(problem) => Err(RedisError::from(std::io::Error::other(problem))),
            },
            None => connected.await,
        };
        match connected {
            Ok(connection) => {
                state.connection = Some(connection);
                state.number += 1;
                // What was published while there was no connection is not known.
                let _ = self.changes.send(Changed::Unknown);
                Ok(())
            }
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                state.problem = format!("Redis: {}", described(&error));
                Err(StateError::Unreachable(state.problem.clone()))
            }
        }
    }

    /// Drops the connection of `call`, which is broken: the next call makes a new one.
    pub(super) async fn drop_broken(&self, call: &Call<'_>) {
        let mut state = self.state.lock().await;
        // Another request may have replaced it already.
        if state.number == call.number {
            state.connection = None;
        }
    }
}

/// What the `error` of a request that was sent means.
pub(super) fn failed(error: &RedisError) -> StateError {
    if error.is_timeout() || error.is_io_error() || error.is_unrecoverable_error() {
        return StateError::Unanswered(format!("Redis: {}", described(error)));
    }
    StateError::Unreadable(error.to_string())
}

fn described(error: &RedisError) -> String {
    if error.is_timeout() {
        return "it does not answer in time".to_owned();
    }
    error.to_string()
}

/// The change that a message of the channel is about.
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
        task::JoinSet,
        time::Instant,
    };

    #[test]
    fn a_url_with_a_password_is_not_repeated() {
        for wrong in [
            "redis//:hunter2@host",
            "rediss://:hunter2@host",
            "redis://:hunter2@host:port",
            "redis://:hunter2@host/first",
        ] {
            let problem = RedisConnection::new(wrong).unwrap_err();
            assert!(!problem.contains("hunter2"), "{problem}");
            assert!(problem.contains("write memory, or redis://"), "{problem}");
        }
        let connection = RedisConnection::new("redis://:hunter2@host:7/3").unwrap();
        assert_eq!(connection.address(), "host:7");
    }

    /// A server that accepts connections and never answers: all requests fail together, after one time-out or two.
    #[tokio::test(start_paused = true)]
    async fn requests_do_not_queue_behind_each_other_s_time_outs() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", silent.local_addr().unwrap());
        let connection = std::sync::Arc::new(RedisConnection::new(&url).unwrap());
        let start = Instant::now();
        let mut calls = JoinSet::new();
        for _ in 0..MOST_CALLS + 100 {
            let connection = std::sync::Arc::clone(&connection);
            calls.spawn(async move { connection.call().await.map(|_| ()).unwrap_err() });
        }
        let (mut waited, mut refused) = (0, 0);
        while let Some(problem) = calls.join_next().await {
            let StateError::Unreachable(problem) = problem.unwrap() else { panic!("reached") };
            match problem.contains("requests wait") {
                true => refused += 1,
                false => waited += 1,
            }
        }
        assert_eq!((waited, refused), (MOST_CALLS, 100));
        assert!(start.elapsed() <= 2 * CONNECT, "{:?}", start.elapsed());
    }

    /// Answers as Redis does, until the client closes.
    async fn answer(mut stream: TcpStream) {
        let mut commands = vec![0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut commands).await {
            let text = String::from_utf8_lossy(&commands[..read]).to_uppercase();
            for command in text.split('*').skip(1) {
                let answer = match command {
                    _ if command.contains("SUBSCRIBE") => {
                        format!(
                            ">3\r\n$9\r\nsubscribe\r\n${}\r\n{CHANNEL}\r\n:1\r\n",
                            CHANNEL.len()
                        )
                    }
                    _ if command.contains("HELLO") => "%1\r\n+proto\r\n:3\r\n".to_owned(),
                    _ => "+OK\r\n".to_owned(),
                };
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    }

    /// A worker that made the connection ends: the others use it further.
    #[tokio::test]
    async fn the_connection_stays_when_its_first_caller_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream));
            }
        });
        let connection = std::sync::Arc::new(RedisConnection::new(&url).unwrap());
        let shared = std::sync::Arc::clone(&connection);
        let worker = move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { shared.call().await.map(|_| ()).unwrap() });
        };
        tokio::task::spawn_blocking(worker).await.unwrap();
        let mut call = connection.call().await.unwrap();
        redis::cmd("PING").query_async::<()>(&mut call.connection).await.unwrap();
        assert_eq!(call.number, 1);
    }
}
