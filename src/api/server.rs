//! Serves the control plane.

use super::State;
use axum::{Router, routing::get};
use std::future::Future;
use tokio::net::TcpListener;

/// Serves on `listener` until `stop`.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    state: State,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let metrics = move || async move { state.recorder.render() };
    let router = Router::new().route("/metrics", get(metrics));
    axum::serve(listener, router).with_graceful_shutdown(stop).await?;
    Ok(())
}
