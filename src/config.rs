//! What the program needs to run: options, environment and file, joined and checked.

mod bounds;
mod error;
mod options_file;
mod servers;

pub use error::ConfigError;

use crate::{
    args::{LogFormat, RunArgs},
    clock::Clock,
    profiles::{Catalog, Profile, Shaping, Shared},
    proxy::{ProxyConfig, Resolver, SessionBy},
    rules::{RuleSet, Script},
    seed::Seed,
    sessions::{AccessToken, Origin, Quota, RedisStore, StateOptions},
    units::ByteSize,
};
use bounds::{limits, log_file_size, memory_budget, session_metrics, timeouts};
use options_file::{read, text};
use servers::{address, forward, http3, tls};
use std::{
    ffi::OsString,
    hash::{BuildHasher as _, RandomState},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Everything `vsps run` needs.
#[derive(Debug)]
pub struct Config {
    /// The origin, and the path that players request; `None` = the built-in one.
    pub origin: Option<(Origin, String)>,
    /// The network of sessions that name none.
    pub profile: Arc<Profile>,
    /// The link that all sessions share, if they do.
    pub link: Option<Arc<str>>,
    /// All random numbers derive from it.
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
    /// A session ends after this time without a request.
    pub session_idle: Duration,
    /// The most sessions at a time.
    pub most_sessions: usize,
    /// What the process may hold for its clients.
    pub memory_budget: ByteSize,
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
    /// Joins `args` with the file that they name, and checks them.
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
        let tls = args.tls.as_ref().map(|choice| tls(choice, args.public_url.as_ref()));
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
                tls: tls.transpose()?,
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
            memory_budget: memory_budget(&args.bounds)?,
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
    Ok(Arc::new(Script::load(path, Arc::new(move || clock.now()))?))
}

/// A random seed. Short enough to be typed again.
#[must_use]
pub fn draw_seed() -> u64 {
    RandomState::new().hash_one("seed") % 1_000_000_000
}
