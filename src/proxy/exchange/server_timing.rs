//! The `Server-Timing` header: the delays that the proxy adds before the first byte.

use super::exchange::Exchange;
use http::HeaderValue;
use std::{fmt::Write as _, time::Duration};

/// The delays before the first byte, as `Server-Timing` for the player's network panel (W3C Server Timing). `None` if
/// neither the link nor a rule affects the response.
pub(in crate::proxy) fn server_timing(exchange: &Exchange) -> Option<HeaderValue> {
    let plan = exchange.plan();
    if exchange.arming.link.is_transparent() && plan.is_none() {
        return None;
    }
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    // Writing to a String can't fail.
    let mut text = String::new();
    let _ = write!(text, "vsps-latency;dur={:.1}", ms(exchange.latency));
    if let Some(delay) = plan.and_then(|plan| plan.delay.as_ref()) {
        let _ = write!(text, ", vsps-delay;dur={:.1}", ms(delay.effect));
    }
    if let Some(rate) = plan.and_then(|plan| plan.rate.as_ref()) {
        let _ = write!(text, ", vsps-rate;desc=\"{}\"", rate.effect);
    }
    HeaderValue::from_str(&text).ok()
}
