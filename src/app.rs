//! Puts the program together: binds the addresses, connects the modules, serves, and shuts down gracefully.

mod http3_listener;

use crate::{
    api,
    clock::Clock,
    config::Config,
    console,
    descriptors::Budget,
    event::{Bus, Observer},
    listen::{self, Workers, open_listener},
    memory::MemoryBudget,
    observers::{Analytics, EventLog, Feed, LogWriter, Recorder, Report, Summary},
    origin, output,
    output::LossCounter,
    profiles::Catalog,
    proxy,
    proxy::{DrainError, Proxy, ProxyConfig},
    sessions::{AccessToken, Origin, Registry, RegistryConfig, StateOptions},
    system,
};
use anyhow::{Context as _, anyhow};
use http3_listener::Http3Listener;
use std::{future::Future, io::ErrorKind, net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::{net::TcpListener, runtime::Handle, sync::watch, task::JoinSet};

/// The interval of the check for idle sessions.
const EXPIRY: Duration = Duration::from_secs(1);
/// The interval at which the links of active sessions are sampled.
const SAMPLING: Duration = Duration::from_millis(500);
/// How long the admin server and the built-in origin have to finish.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Warn if fewer connections of players than this are possible.
const FEW: usize = 1000;

/// The bound addresses, and the path for players.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Where players connect.
    pub listen: SocketAddr,
    /// Where metrics and the API are served.
    pub admin: SocketAddr,
    /// The path of the origin URL; `None` = the built-in origin.
    pub path: Option<String>,
    /// `scheme://host` under which players reach the proxy, if that was set.
    pub public_url: Option<Arc<str>>,
    /// `https` if players have to use TLS, else `http`.
    pub scheme: &'static str,
    /// Whether the local CA signs the certificates that players see.
    pub local_ca: bool,
    /// Whether it is a forward proxy.
    pub forward: bool,
}

impl Ready {
    fn new(
        config: &ProxyConfig,
        listen: SocketAddr,
        admin: SocketAddr,
        path: Option<String>,
    ) -> Self {
        Self {
            listen,
            admin,
            path,
            public_url: config.public_url.clone(),
            scheme: if config.tls.is_some() { "https" } else { "http" },
            forward: config.forward.is_some(),
            local_ca: config.tls.as_ref().is_some_and(|tls| tls.is_local()),
        }
    }
}

/// The proxy with all its parts, bound but not yet serving.
pub struct App {
    ready: Ready,
    registry: Arc<Registry>,
    proxy: Arc<Proxy>,
    clock: Clock,
    recorder: Arc<Recorder>,
    summary: Arc<Summary>,
    event_log: Option<Arc<EventLog>>,
    feed: Arc<Feed>,
    analytics: Arc<Analytics>,
    catalog: Arc<Catalog>,
    admin_token: Option<String>,
    tokens: Vec<AccessToken>,
    audit: Option<Arc<api::AuditLog>>,
    session_metrics: usize,
    /// `None` = players are served on the current runtime.
    workers: Option<Workers<Arc<Proxy>>>,
    listeners: Listeners,
}

struct Listeners {
    players: TcpListener,
    http3: Http3Listener,
    /// The listener, and the most connections at a time.
    admin: (TcpListener, usize),
    /// The built-in origin, if it is used.
    origin: Option<(TcpListener, origin::Origin)>,
}

impl App {
    /// Binds the addresses of `config` and connects all parts.
    ///
    /// # Errors
    /// If an address can't be bound or a file can't be written.
    pub async fn bind(config: Config, catalog: Arc<Catalog>) -> anyhow::Result<Self> {
        Self::bind_with(config, catalog, Vec::new()).await
    }

    /// As [`bind`](Self::bind), with further observers.
    ///
    /// # Errors
    /// If an address can't be bound or a file can't be written.
    pub async fn bind_with(
        mut config: Config,
        catalog: Arc<Catalog>,
        own_observers: Vec<Box<dyn Observer>>,
    ) -> anyhow::Result<Self> {
        let players = bind(config.listen, "--listen")?;
        let admin = bind(config.admin, "--admin")?;
        let (origin, path, built_in) = match config.origin {
            Some((origin, path)) => (origin, Some(path), None),
            None => {
                let (listener, origin) = built_in()?;
                let address = listener.local_addr()?;
                let here = Origin::new("http", &address.to_string())
                    .ok_or_else(|| anyhow!("the built-in origin has no usable address"))?;
                (here, None, Some((listener, origin)))
            }
        };
        let budget = Budget::of(system::open_files(), listen::cores(), built_in.is_some());
        keep_to(budget, &mut config.proxy);
        let (listen, address) = (players.local_addr()?, admin.local_addr()?);
        let ready = Ready::new(&config.proxy, listen, address, path);
        let clock = Clock::start();
        let http3 = Http3Listener::bind(config.http3, ready.listen, &mut config.proxy, clock)?;
        let (recorder, summary) = (Arc::new(Recorder::new()?), Arc::new(Summary::new()?));
        let (feed, analytics) = (Arc::<Feed>::default(), Arc::<Analytics>::default());
        let mut observers: Vec<Box<dyn Observer>> = vec![
            Box::new(Arc::clone(&feed)),
            Box::new(Arc::clone(&analytics)),
            Box::new(Arc::clone(&recorder)),
            Box::new(Arc::clone(&summary)),
            Box::new(LogWriter::default()),
        ];
        let event_log = config.events.as_deref().map(open_event_log).transpose()?;
        if let Some(log) = &event_log {
            recorder.show_lost_events(log.lost());
            observers.push(Box::new(Arc::clone(log)));
        }
        observers.extend(own_observers);
        recorder.expect_profile(&config.profile.name);
        let sessions = RegistryConfig {
            seed: config.seed,
            id_key: config.id_key,
            origin,
            profile: config.profile,
            catalog: Arc::clone(&catalog),
            link: config.link,
            rules: config.rules,
            idle: config.session_idle,
            most_sessions: config.most_sessions,
        };
        let bus = Arc::new(Bus::new(clock, observers));
        let memory = Arc::new(MemoryBudget::new(config.memory_budget.as_usize()));
        recorder.show_memory(Arc::clone(&memory));
        let registry = join(config.state, sessions, clock, bus, memory).await?;
        let own = vec![ready.listen, ready.admin];
        let proxy = Proxy::new(Arc::clone(&registry), Arc::clone(&catalog), config.proxy, own);
        Ok(Self {
            ready,
            registry,
            proxy: Arc::new(proxy),
            clock,
            recorder,
            summary,
            event_log,
            feed,
            analytics,
            catalog,
            admin_token: config.admin_token,
            tokens: config.tokens,
            audit: config.audit.as_deref().map(open_audit_log).transpose()?,
            session_metrics: config.session_metrics,
            workers: None,
            listeners: Listeners { players, http3, admin: (admin, budget.admin), origin: built_in },
        })
    }

    /// The bound addresses.
    #[must_use]
    pub const fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The sessions.
    #[must_use]
    pub const fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Starts a timer with a resolution finer than a millisecond, for the current runtime. Only for real time, not paused
    /// time.
    ///
    /// # Errors
    /// If it can't be started.
    pub fn use_precise_timer(&self) -> std::io::Result<()> {
        self.proxy.use_precise_timer(self.clock, &Handle::current())
    }

    /// Serves players on one thread for each core, each with its own runtime, connections to origins, and precise
    /// timer. Without it, they are served on the runtime that [`run`](Self::run) is called on. Only for real time, not paused time.
    ///
    /// # Errors
    /// If a thread can't be started.
    pub fn use_workers(&mut self) -> std::io::Result<()> {
        let workers = Workers::start(|runtime| {
            let proxy = self.proxy.for_worker();
            proxy.use_precise_timer(self.clock, runtime)?;
            Ok(Arc::new(proxy))
        });
        self.workers = Some(workers?);
        Ok(())
    }

    /// Reports `losses` in the metrics as log lines that could not be written.
    pub fn show_lost_log_lines(&self, losses: LossCounter) {
        self.recorder.show_lost_log_lines(losses);
    }

    /// Serves until `stop`, waits for current responses to finish, and reports on the run.
    ///
    /// # Errors
    /// If a part fails, or the report can't be made.
    pub async fn run(self, stop: impl Future<Output = ()>) -> anyhow::Result<Report> {
        let (stopping, stopped) = watch::channel(false);
        let mut parts = JoinSet::new();
        if let Some((listener, origin)) = self.listeners.origin {
            let stopped = after(stopped.clone());
            parts.spawn(async move {
                origin::serve(origin, listener, stopped).await;
                Ok(())
            });
        }
        let state = api::State::new(
            Arc::clone(&self.registry),
            Arc::clone(&self.catalog),
            Arc::clone(&self.recorder),
            self.feed,
            self.analytics,
            self.ready.listen,
            self.admin_token,
        )
        .reached_at(self.ready.public_url)
        .over(self.ready.scheme)
        .serving_built_in(self.ready.path.is_none())
        .with_session_metrics(self.session_metrics)
        .with_tokens(self.tokens)
        .with_audit(self.audit.clone());
        let (admin_listener, most_operators) = self.listeners.admin;
        let admin = state.clone();
        let (stop_players, players_stop) = watch::channel(false);
        let stop = async move {
            stop.await;
            admin.drain();
            // Without HTTP/3 nobody waits for it.
            let _ = stop_players.send(true);
        };
        let http3 =
            self.listeners.http3.serve(Arc::clone(&self.proxy), self.clock, after(players_stop));
        parts.spawn(api::serve(
            state,
            console::router(),
            admin_listener,
            most_operators,
            after(stopped.clone()),
        ));
        let expiring = tokio::spawn(expire(Arc::clone(&self.registry)));
        let workers = self.workers.unwrap_or_else(|| Workers::of_current_runtime(self.proxy));
        let players = proxy::run(workers, self.listeners.players, self.clock, stop);
        let draining = both(players, http3);
        tokio::pin!(draining);
        let drained = loop {
            tokio::select! {
                drained = &mut draining => break drained,
                Some(part) = parts.join_next() => part.context("a part of the program")??,
            }
        };
        if let Err(problem) = drained {
            tracing::warn!("{problem}");
        }
        expiring.abort();
        self.registry.flush().await;
        self.registry.end_all();
        // Let the admin server and the origin finish their requests, a last scrape for example.
        let _ = stopping.send(true);
        let _ = tokio::time::timeout(FLUSH_TIMEOUT, async {
            while parts.join_next().await.is_some() {}
        })
        .await;
        if let Some(audit) = &self.audit {
            audit.flush();
        }
        let mut report = self.summary.report()?;
        if let Some(Err(lost)) = self.event_log.map(|log| log.finish()) {
            report.events_lost = Some(lost);
        }
        Ok(report)
    }
}

/// Lowers `limits` to what the open file limit allows.
fn keep_to(budget: Budget, config: &mut ProxyConfig) {
    config.resolver.limit_lookups(budget.lookups);
    let limits = &mut config.limits;
    if budget.players < limits.connections.min(FEW) {
        tracing::warn!(
            players = budget.players,
            "the limit of open files is low: more connections than this have to wait; raise it (ulimit -n)"
        );
    }
    limits.connections = limits.connections.min(budget.players);
    limits.origin_connections = limits.origin_connections.min(budget.origins);
}

fn open_event_log(path: &Path) -> anyhow::Result<Arc<EventLog>> {
    let output = output::open(path).with_context(|| format!("--events {}", path.display()))?;
    Ok(Arc::new(EventLog::start(output)?))
}

/// The registry, alone or as one of several replicas.
async fn join(
    state: StateOptions,
    mut config: RegistryConfig,
    clock: Clock,
    bus: Arc<Bus>,
    memory: Arc<MemoryBudget>,
) -> anyhow::Result<Arc<Registry>> {
    let replica = state.join(&mut config, clock).await.context("--state")?;
    let registry = Registry::new(config, clock, bus).with_quota(state.quota);
    let registry = registry.with_replica(replica).with_memory(memory);
    registry.catch_up().await.context("--state")?;
    Ok(Arc::new(registry))
}

fn open_audit_log(path: &Path) -> anyhow::Result<Arc<api::AuditLog>> {
    let output = output::open_to_append(path);
    let output = output.with_context(|| format!("--audit {}", path.display()))?;
    Ok(Arc::new(api::AuditLog::start(output)?))
}

fn built_in() -> anyhow::Result<(TcpListener, origin::Origin)> {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0)), "the built-in origin")?;
    Ok((listener, origin::Origin::new()?))
}

fn bind(address: SocketAddr, what: &str) -> anyhow::Result<TcpListener> {
    open_listener(address).map_err(|problem| match problem.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "{what} {address}: {problem}; another program has this port: write another one, or 0 for any free one"
        ),
        ErrorKind::PermissionDenied => {
            anyhow!("{what} {address}: {problem}; write a port from 1024 on")
        }
        _ => anyhow!("{what} {address}: {problem}"),
    })
}

/// Waits until two listeners have drained.
async fn both(
    one: impl Future<Output = Result<(), DrainError>>,
    other: impl Future<Output = Result<(), DrainError>>,
) -> Result<(), DrainError> {
    let (one, other) = tokio::join!(one, other);
    one.and(other)
}

/// Ends when the program stops.
async fn after(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender was dropped: the program stops too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Ends idle sessions and temporary changes, and samples links; runs until it is cancelled.
async fn expire(registry: Arc<Registry>) {
    let mut ticks = tokio::time::interval(EXPIRY);
    let expiring = async {
        loop {
            ticks.tick().await;
            registry.expire();
        }
    };
    let sampling = async {
        let mut ticks = tokio::time::interval(SAMPLING);
        loop {
            ticks.tick().await;
            registry.sample_links();
        }
    };
    tokio::join!(expiring, sampling, registry.keep_reverting(), registry.keep_shared());
}
