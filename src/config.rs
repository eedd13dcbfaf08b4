//! What the program needs to run: options, environment and file, made whole and checked.

use crate::{
    args::{BoundArgs, ListenAddress, LogFormat, PublicUrl, RunArgs, TlsChoice},
    clock::Clock,
    document::{FileError, nearest},
    local_ca::{self, LocalCaError},
    profiles::{Catalog, Profile, ProfileError, Shaping, Shared},
    proxy::{
        CertificateError, ForwardConfig, Limits, ProxyConfig, Resolver, SessionBy, Timeouts,
        TlsServer,
    },
    rules::{RuleSet, Script, ScriptError},
    seed::Seed,
    sessions::{AccessToken, Origin, OriginError, Quota, RedisStore, StateOptions},
    units::ByteSize,
};
use clap::Args as _;
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    hash::{BuildHasher as _, RandomState},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Why the options can't be used, and what to write instead.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The origin's address.
    #[error("--origin: {0}")]
    Origin(#[from] OriginError),
    /// The profile.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A file that can't be read.
    #[error("{option} {path}: {cause}; write the path of {holds}")]
    Unreadable {
        /// The option that names it.
        option: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
        /// What the file is to hold.
        holds: &'static str,
    },
    /// The configuration file's text.
    #[error("{path}:{line}: {problem}")]
    File {
        /// Which.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// The rule file.
    #[error(transparent)]
    Rules(#[from] FileError),
    /// The name of a ready fault, or rules in the short form.
    #[error("--rules: {0}")]
    ShortRules(String),
    /// A name to listen on that has no address.
    #[error("{option} {address}: the name can't be looked up: {cause}")]
    NoAddress {
        /// `--listen` or `--admin`.
        option: &'static str,
        /// What was typed.
        address: ListenAddress,
        /// Why.
        cause: io::Error,
    },
    /// The script.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// An admin side that others can reach, without a token.
    #[error(
        "--admin {0} can be reached from other machines: add --admin-token TOKEN (or --token, or --token-file), or \
         write 127.0.0.1 in its place"
    )]
    OpenAdmin(SocketAddr),
    /// The certificate of the data port.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The local CA.
    #[error("--tls local: {0}")]
    LocalCa(#[from] LocalCaError),
    /// A forward proxy that others can reach and that fetches from everywhere.
    #[error(
        "--forward: {0} can be reached from other machines, and any host could be fetched: add \
         --allow-origin PATTERN (`*` for every host), or use 127.0.0.1"
    )]
    OpenForward(SocketAddr),
    /// An option of the forward proxy without it.
    #[error("{0} needs --forward")]
    NeedsForward(&'static str),
    /// HTTP/3 that can't be served.
    #[error("--h3 {0}")]
    Http3(&'static str),
    /// The name of a link.
    #[error("--link: {0}")]
    Link(String),
    /// The profile and the link that all are to share.
    #[error(
        "--link: profile `{0}` has shares of a session's ladder, which no shared link can follow"
    )]
    Relative(String),
    /// Too many sessions with metrics of their own.
    #[error(
        "--session-metrics {0} is too many: each session adds ten series; write at most {MOST_SESSION_METRICS}"
    )]
    SessionMetrics(usize),
    /// A log file that would hold a few lines.
    #[error("--log-file-size {0} is too small: write at least `64 KiB`")]
    LogFileSize(ByteSize),
    /// The tokens of a file.
    #[error("--token-file {path}: {problem}")]
    Tokens {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Where sessions are kept.
    #[error("--state: {0}")]
    State(String),
    /// A key for shared sessions where there are none.
    #[error(
        "--state-key signs the ids of sessions that replicas share: add --state redis://HOST:PORT/DATABASE, or leave \
         it out"
    )]
    StateKey,
    /// A bound of nothing.
    #[error("{0} is zero: nothing could be served; leave it out for the default")]
    Zero(&'static str),
}

/// The most sessions with Prometheus series of their own.
const MOST_SESSION_METRICS: usize = 1000;

/// The smallest limit of a log file.
const LEAST_LOG_FILE: ByteSize = ByteSize::from_kibibytes(64);

/// Everything `vsps run` needs.
#[derive(Debug)]
pub struct Config {
    /// The origin, and the path that players request; `None` = the built-in one.
    pub origin: Option<(Origin, String)>,
    /// The network of sessions that name none.
    pub profile: Arc<Profile>,
    /// The link that all sessions share, if they do.
    pub link: Option<Arc<str>>,
    /// All chance follows from it.
    pub seed: Seed,
    /// The key of the ids of sessions, if the seed was drawn (not given).
    pub id_key: Option<RandomState>,
    /// Rules for every session.
    pub rules: Arc<RuleSet>,
    /// Where players connect.
    pub listen: SocketAddr,
    /// Where metrics and API are.
    pub admin: SocketAddr,
    /// The token of the admin side.
    pub admin_token: Option<String>,
    /// Further tokens of the admin side.
    pub tokens: Vec<AccessToken>,
    /// Where changes over the API are logged.
    pub audit: Option<PathBuf>,
    /// A session idle for so long is over.
    pub session_idle: Duration,
    /// The most sessions at a time.
    pub most_sessions: usize,
    /// How many sessions have Prometheus series of their own.
    pub session_metrics: usize,
    /// Where sessions are kept.
    pub state: StateOptions,
    /// The data plane's settings.
    pub proxy: ProxyConfig,
    /// How logs are written.
    pub log: LogFormat,
    /// Where logs go; `None` = standard error.
    pub log_file: Option<PathBuf>,
    /// How large that file may get before a new one begins; `None` = no limit.
    pub log_file_size: Option<ByteSize>,
    /// Where profiles of the network behind the proxy go.
    pub record: Option<PathBuf>,
    /// Whether HTTP/3 is served too.
    pub http3: bool,
    /// What to run as a client of the forward proxy; empty = nothing.
    pub command: Vec<OsString>,
    /// Where events go.
    pub events: Option<PathBuf>,
}

impl Config {
    /// Makes `args` whole, with the file they name, and checks them.
    ///
    /// # Errors
    /// When something can't be used.
    pub fn new(args: RunArgs, catalog: &Catalog) -> Result<Self, ConfigError> {
        let args = match args.config.clone() {
            Some(path) => args.over(read(&path)?),
            None => args,
        };
        let listen = address(args.listen.as_ref(), "--listen", 8080)?;
        let admin = address(args.admin.as_ref(), "--admin", 8081)?;
        let tokens = tokens(&args)?;
        let guarded =
            !args.admin_token.as_deref().unwrap_or_default().is_empty() || !tokens.is_empty();
        if !admin.ip().is_loopback() && !guarded {
            return Err(ConfigError::OpenAdmin(admin));
        }
        let forward = forward(&args, listen)?;
        let origin = args.origin.as_deref().map(Origin::split).transpose()?;
        let rules = args.rules.as_deref().map(rules).transpose()?;
        let most_sessions = args.bounds.max_sessions.unwrap_or(10_000);
        if most_sessions == 0 {
            return Err(ConfigError::Zero("--max-sessions"));
        }
        if args.session_idle.is_some_and(|idle| idle.is_zero()) {
            return Err(ConfigError::Zero("--session-idle"));
        }
        let link = args.link.as_deref().map(Shared::link).transpose().map_err(ConfigError::Link)?;
        let shaping = Shaping { rate: args.rate, rtt: args.rtt, loss: args.loss };
        let profile = catalog.find(args.profile.as_deref().unwrap_or("unlimited"))?;
        let profile = shaping.apply(&profile);
        if link.is_some() && profile.link.resolve(&|_| None).is_some() {
            return Err(ConfigError::Relative(profile.name.clone()));
        }
        Ok(Self {
            origin,
            profile,
            link,
            seed: Seed::new(args.seed.unwrap_or_else(draw_seed)),
            id_key: args.seed.is_none().then(RandomState::new),
            state: state(&args)?,
            rules: Arc::new(rules.unwrap_or_default()),
            listen,
            admin,
            admin_token: args.admin_token,
            tokens,
            audit: args.audit,
            session_idle: args.session_idle.unwrap_or(Duration::from_secs(120)),
            most_sessions,
            proxy: ProxyConfig {
                session_by: args.session_by.unwrap_or_default(),
                allow: args.allow_origin,
                cors: !args.no_cors.unwrap_or(false),
                alt_svc: None,
                tls: args
                    .tls
                    .as_ref()
                    .map(|choice| tls(choice, args.public_url.as_ref()))
                    .transpose()?,
                trust_proxy: args.trust_proxy,
                forward,
                public_url: args.public_url.map(|url| Arc::clone(url.as_shared())),
                strip_cmcd: args.strip_cmcd.unwrap_or(false),
                cmsd: args.cmsd.unwrap_or(false),
                script: args.script.as_deref().map(script).transpose()?,
                resolver: Resolver::default(),
                timeouts: timeouts(&args.bounds)?,
                limits: limits(&args.bounds)?,
            },
            session_metrics: session_metrics(&args.bounds)?,
            log: args.log.unwrap_or_default(),
            log_file_size: log_file_size(args.log_file_size)?,
            log_file: args.log_file,
            record: args.record,
            http3: http3(args.h3, args.tls.is_some())?,
            command: args.command,
            events: args.events,
        })
    }
}

/// The tokens that were given, and those of the file.
fn tokens(args: &RunArgs) -> Result<Vec<AccessToken>, ConfigError> {
    let mut tokens = args.token.clone();
    if let Some(path) = &args.token_file {
        let wrong = |problem| ConfigError::Tokens { path: path.clone(), problem };
        let text = text("--token-file", path, "a file with a ROLE:TOKEN in each line")?;
        tokens.extend(AccessToken::list(&text).map_err(wrong)?);
    }
    Ok(tokens)
}

/// Where sessions are kept.
fn state(args: &RunArgs) -> Result<StateOptions, ConfigError> {
    let url = args.state.clone().filter(|state| state != "memory");
    if url.is_some() && args.session_by == Some(SessionBy::Client) {
        let problem = "sessions that are found by client cannot be shared: leave --session-by out";
        return Err(ConfigError::State(problem.to_owned()));
    }
    if let Some(url) = &url {
        RedisStore::new(url).map_err(ConfigError::State)?;
    }
    let key = args.state_key.clone().filter(|key| !key.is_empty());
    if args.state.is_none() && key.is_some() {
        return Err(ConfigError::StateKey);
    }
    Ok(StateOptions {
        url,
        key,
        seeded: args.seed.is_some(),
        origin: args.origin.clone(),
        quota: Quota {
            sessions: args.bounds.namespace_sessions,
            per_second: args.bounds.namespace_rate,
        },
    })
}

/// Where to listen; `port` of this machine unless `typed` names another address.
fn address(
    typed: Option<&ListenAddress>,
    option: &'static str,
    port: u16,
) -> Result<SocketAddr, ConfigError> {
    let Some(typed) = typed else { return Ok(SocketAddr::from(([127, 0, 0, 1], port))) };
    typed.resolve().map_err(|cause| ConfigError::NoAddress {
        option,
        address: typed.clone(),
        cause,
    })
}

/// The forward proxy on `listen`, if there is to be one.
fn forward(args: &RunArgs, listen: SocketAddr) -> Result<Option<ForwardConfig>, ConfigError> {
    if !args.forward.unwrap_or(false) {
        return match (args.intercept.is_empty(), args.command.is_empty()) {
            (false, _) => Err(ConfigError::NeedsForward("--intercept")),
            (_, false) => Err(ConfigError::NeedsForward("a command after `--`")),
            _ => Ok(None),
        };
    }
    let open = args.allow_origin.is_empty();
    if open && !listen.ip().is_loopback() {
        return Err(ConfigError::OpenForward(listen));
    }
    let certificates =
        if args.intercept.is_empty() { None } else { Some(tls(&TlsChoice::Local, None)?) };
    Ok(Some(ForwardConfig { open, intercept: args.intercept.clone(), certificates }))
}

/// Whether HTTP/3 is to be served.
fn http3(wanted: Option<bool>, tls: bool) -> Result<bool, ConfigError> {
    match wanted.unwrap_or(false) {
        false => Ok(false),
        true if !cfg!(feature = "h3") => {
            Err(ConfigError::Http3("is not in this build: build with `--features h3`"))
        }
        true if !tls => Err(ConfigError::Http3("needs --tls: QUIC has no form without TLS")),
        true => Ok(true),
    }
}

/// The server side of TLS.
fn tls(choice: &TlsChoice, public_url: Option<&PublicUrl>) -> Result<Arc<TlsServer>, ConfigError> {
    let clock = Clock::start();
    let now = clock.epoch(clock.now());
    Ok(Arc::new(match choice {
        TlsChoice::Local => {
            let ca = local_ca::open(&local_ca::default_folder()?, now)?;
            let addresses = public_url.map(|url| url.host().to_owned()).into_iter().collect();
            TlsServer::local(Arc::new(ca), addresses)
        }
        TlsChoice::Files { certificate, key } => TlsServer::from_files(certificate, key, now)?,
    }))
}

/// The rules of a file, or else of a text: the names of ready faults, and rules in the short form.
/// What exists as a file is one, and so is what looks like a path and not like a rule.
fn rules(typed: &str) -> Result<RuleSet, ConfigError> {
    let path = Path::new(typed);
    let short = typed.contains([':', ';']);
    let like_a_path = typed.contains(['/', std::path::MAIN_SEPARATOR]) || typed.ends_with(".toml");
    if path.is_file() || like_a_path && !short {
        return Ok(RuleSet::load(path)?);
    }
    RuleSet::from_text(typed).map_err(ConfigError::ShortRules)
}

fn script(path: &Path) -> Result<Arc<Script>, ConfigError> {
    let clock = Clock::start();
    Ok(Arc::new(Script::load(path, Arc::new(move || clock.now().since_zero()))?))
}

/// How many sessions have Prometheus series of their own.
fn session_metrics(bounds: &BoundArgs) -> Result<usize, ConfigError> {
    match bounds.session_metrics.unwrap_or(0) {
        most if most > MOST_SESSION_METRICS => Err(ConfigError::SessionMetrics(most)),
        most => Ok(most),
    }
}

/// The size of the log file; a limit of a few lines would keep nothing.
fn log_file_size(size: Option<ByteSize>) -> Result<Option<ByteSize>, ConfigError> {
    match size {
        Some(size) if size < LEAST_LOG_FILE => Err(ConfigError::LogFileSize(size)),
        size => Ok(size),
    }
}

fn timeouts(args: &BoundArgs) -> Result<Timeouts, ConfigError> {
    for (name, span) in [
        ("--header-timeout", args.header_timeout),
        ("--idle-timeout", args.idle_timeout),
        ("--connect-timeout", args.connect_timeout),
        ("--first-byte-timeout", args.first_byte_timeout),
    ] {
        if span.is_some_and(|span| span.is_zero()) {
            return Err(ConfigError::Zero(name));
        }
    }
    let default = Timeouts::default();
    Ok(Timeouts {
        header: args.header_timeout.unwrap_or(default.header),
        idle: args.idle_timeout.unwrap_or(default.idle),
        connect: args.connect_timeout.unwrap_or(default.connect),
        first_byte: args.first_byte_timeout.unwrap_or(default.first_byte),
        drain: args.drain_timeout.unwrap_or(default.drain),
    })
}

fn limits(args: &BoundArgs) -> Result<Limits, ConfigError> {
    let default = Limits::default();
    let limits = Limits {
        header: args.max_header.unwrap_or(default.header),
        request_body: args.max_request_body.unwrap_or(default.request_body),
        manifest: args.max_manifest.unwrap_or(default.manifest),
        connections: args.max_connections.unwrap_or(default.connections),
        origin_connections: default.origin_connections,
    };
    if limits.connections == 0 {
        return Err(ConfigError::Zero("--max-connections"));
    }
    Ok(limits)
}

/// A random seed. Short enough to be typed again.
#[must_use]
pub fn draw_seed() -> u64 {
    RandomState::new().hash_one("seed") % 1_000_000_000
}

/// The text of the file that `option` names, which `holds` something.
fn text(option: &'static str, path: &Path, holds: &'static str) -> Result<String, ConfigError> {
    let unreadable =
        |cause| ConfigError::Unreadable { option, path: path.to_owned(), cause, holds };
    fs::read_to_string(path).map_err(unreadable)
}

fn read(path: &Path) -> Result<RunArgs, ConfigError> {
    let text = text("--config", path, "a TOML file with options, as in docs/reference-config.md")?;
    toml::from_str(&text).map_err(|error| {
        let whole = || {
            let at = error.span().map_or(0, |span| span.start);
            (at, error.message().to_owned())
        };
        let (at, problem) = option_at_fault(&text).unwrap_or_else(whole);
        ConfigError::File {
            path: path.to_owned(),
            line: text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1,
            problem: problem.trim_end().to_owned(),
        }
    })
}

/// The first option at fault in `text`: where it stands, in bytes, and what is wrong. serde loses
/// the place of options that it flattens, and of unknown ones; so each is read alone.
/// `None` when the text is not TOML.
fn option_at_fault(text: &str) -> Option<(usize, String)> {
    let options: BTreeMap<toml::Spanned<String>, toml::Value> = toml::from_str(text).ok()?;
    let names = option_names();
    let problems = options.into_iter().filter_map(|(key, value)| {
        let (at, key) = (key.span().start, key.into_inner());
        if !names.contains(&key) {
            return Some((at, unknown(&key, &names)));
        }
        let alone = toml::Table::from_iter([(key.clone(), value)]);
        let error = alone.try_into::<RunArgs>().err()?;
        Some((at, format!("{key}: {}", error.message())))
    });
    problems.min()
}

fn unknown(key: &str, names: &[String]) -> String {
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    match nearest(key, &all) {
        Some(name) => format!("`{key}` is not an option; did you mean `{name}`?"),
        None => format!("`{key}` is not an option; write one of {}", names.join(", ")),
    }
}

/// What can stand in a file: every option but the one that names the file.
fn option_names() -> Vec<String> {
    let command = RunArgs::augment_args(clap::Command::new("run"));
    let names = command.get_arguments().filter_map(|argument| argument.get_long());
    names.filter(|name| *name != "config").map(str::to_owned).collect()
}
