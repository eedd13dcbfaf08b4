//! Metrics in the text format of Prometheus: toxiproxy's two families, and connections.

use super::reply::plain;
use crate::tcp::{direction::Direction, state::State};
use axum::{
    extract,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use prometheus::{
    Encoder as _, IntCounterVec, IntGaugeVec, Opts, Registry, TEXT_FORMAT, TextEncoder,
};
use std::sync::Arc;

/// The families of one scrape: they are made from counts that the connections keep.
struct Families {
    registry: Registry,
    received: IntCounterVec,
    sent: IntCounterVec,
    accepted: IntCounterVec,
    open: IntGaugeVec,
}

impl Families {
    fn new() -> prometheus::Result<Self> {
        const BYTES: &[&str] = &["direction", "proxy", "listener", "upstream"];
        let counters =
            |name, help, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let families = Self {
            registry: Registry::new(),
            received: counters("toxiproxy_proxy_received_bytes_total", "Bytes received.", BYTES)?,
            sent: counters("toxiproxy_proxy_sent_bytes_total", "Bytes sent.", BYTES)?,
            accepted: counters("vsps_tcp_connections_total", "Connections accepted.", &["proxy"])?,
            open: IntGaugeVec::new(
                Opts::new("vsps_tcp_connections_open", "Connections that are open."),
                &["proxy"],
            )?,
        };
        let registry = &families.registry;
        registry.register(Box::new(families.received.clone()))?;
        registry.register(Box::new(families.sent.clone()))?;
        registry.register(Box::new(families.accepted.clone()))?;
        registry.register(Box::new(families.open.clone()))?;
        Ok(families)
    }
}

pub(super) async fn metrics(extract::State(state): extract::State<Arc<State>>) -> Response {
    match scrape(&state).await {
        Ok(body) => {
            let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(TEXT_FORMAT))];
            (StatusCode::OK, kind, body).into_response()
        }
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn scrape(state: &State) -> prometheus::Result<Vec<u8>> {
    let families = Families::new()?;
    for proxy in state.proxies.lock().await.iter() {
        let counters = &proxy.counters;
        let name = proxy.name.as_str();
        for direction in [Direction::Upstream, Direction::Downstream] {
            let labels = [direction.as_str(), name, &proxy.listen, &proxy.upstream];
            let bytes = counters.of(direction);
            families.received.with_label_values(&labels).inc_by(bytes.received());
            families.sent.with_label_values(&labels).inc_by(bytes.sent());
        }
        families.accepted.with_label_values(&[name]).inc_by(counters.accepted_connections());
        let open = i64::try_from(counters.open_connections()).unwrap_or(i64::MAX);
        families.open.with_label_values(&[name]).set(open);
    }
    let mut body = Vec::new();
    TextEncoder::new().encode(&families.registry.gather(), &mut body)?;
    Ok(body)
}
