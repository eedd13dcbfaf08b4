//! Why options can't be used.

use crate::{
    args::ListenAddress, document::FileError, local_ca::LocalCaError, profiles::ProfileError,
    proxy::CertificateError, rules::ScriptError, sessions::OriginError, units::ByteSize,
};
use std::{io, net::SocketAddr, path::PathBuf};

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
        "--session-metrics {given} is too many: each session adds ten series; write at most {most}"
    )]
    SessionMetrics {
        /// What was typed.
        given: usize,
        /// The most there may be.
        most: usize,
    },
    /// A log file that would hold a few lines.
    #[error("--log-file-size {0} is too small: write at least `64 KiB`")]
    LogFileSize(ByteSize),
    /// A memory budget that is enough for nothing.
    #[error(
        "--memory-budget {0} is too small: write at least `1 MiB`, or leave it out for the default"
    )]
    MemoryBudget(ByteSize),
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
