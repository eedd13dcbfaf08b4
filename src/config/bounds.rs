//! The bounds of a run, with their defaults: times, sizes and numbers.

use super::ConfigError;
use crate::{
    args::BoundArgs,
    proxy::{Limits, Timeouts},
    system,
    units::ByteSize,
};

/// The smallest memory budget: what a few responses of HTTP/2 hold.
const LEAST_MEMORY: ByteSize = ByteSize::from_kibibytes(1024);
/// The size of the memory that is assumed where the system does not report it.
const USUAL_MEMORY: u64 = 4 << 30;

/// The most sessions with Prometheus series of their own.
const MOST_SESSION_METRICS: usize = 1000;

/// The smallest limit of a log file.
const LEAST_LOG_FILE: ByteSize = ByteSize::from_kibibytes(64);

/// How many sessions have Prometheus series of their own.
pub(super) fn session_metrics(bounds: &BoundArgs) -> Result<usize, ConfigError> {
    match bounds.session_metrics.unwrap_or(0) {
        given if given > MOST_SESSION_METRICS => {
            Err(ConfigError::SessionMetrics { given, most: MOST_SESSION_METRICS })
        }
        given => Ok(given),
    }
}

/// What the process may hold for its clients.
pub(super) fn memory_budget(bounds: &BoundArgs) -> Result<ByteSize, ConfigError> {
    match bounds.memory_budget {
        Some(budget) if budget < LEAST_MEMORY => Err(ConfigError::MemoryBudget(budget)),
        Some(budget) => Ok(budget),
        None => {
            let usable = system::usable_memory().unwrap_or(USUAL_MEMORY);
            Ok(ByteSize::from_bytes(usable / 4).max(LEAST_MEMORY))
        }
    }
}

/// The size of the log file; a limit of a few lines would keep nothing.
pub(super) fn log_file_size(size: Option<ByteSize>) -> Result<Option<ByteSize>, ConfigError> {
    match size {
        Some(size) if size < LEAST_LOG_FILE => Err(ConfigError::LogFileSize(size)),
        size => Ok(size),
    }
}

pub(super) fn timeouts(args: &BoundArgs) -> Result<Timeouts, ConfigError> {
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
        half_closed: args.half_close_timeout.unwrap_or(default.half_closed),
        drain: args.drain_timeout.unwrap_or(default.drain),
    })
}

pub(super) fn limits(args: &BoundArgs) -> Result<Limits, ConfigError> {
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
