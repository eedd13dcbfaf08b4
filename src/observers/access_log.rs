//! One log line for each request: what was answered, what was done to it, and where its time went.

use super::{archive::Exchange, request_fields::ms};

/// The target of the lines, for `VSPS_LOG_LEVEL`: `info,vsps::access=debug`.
const TARGET: &str = "vsps::access";

/// Writes the line of an exchange that is over, at level `debug`. With `--log json` each value is a member.
pub(super) fn write(exchange: &Exchange) {
    if !tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
        return;
    }
    let (request, end) = (&exchange.request, &exchange.end);
    let split = &end.split;
    tracing::debug!(
        target: TARGET,
        session = %request.session.id,
        method = %request.method,
        path = %request.path,
        attempt = request.attempt,
        status = end.status,
        outcome = end.outcome.as_str(),
        bytes = end.bytes,
        total_ms = ms(end.lasted),
        latency_ms = ms(split.latency),
        fault_ms = ms(split.fault),
        origin_ms = ms(split.origin),
        token_ms = ms(split.token),
        stall_ms = ms(split.stall),
        done = %done(exchange),
        "request"
    );
}

/// What was done to a request: effects with their rules, drops, and a failure of the origin.
fn done(exchange: &Exchange) -> String {
    let faults = exchange.faults.iter().map(|fault| format!("{} ({})", fault.effect, fault.rule));
    let drops = (exchange.dropped > 0).then(|| format!("{} packets lost", exchange.dropped));
    let failure = exchange.upstream_failure.as_ref().map(|cause| format!("origin: {cause}"));
    let all: Vec<_> = faults.chain(drops).chain(failure).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}
