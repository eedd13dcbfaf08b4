//! Requests about proxies.

use super::reply::{ErrorView, json};
use crate::tcp::{
    error::ApiError,
    proxy::Proxy,
    state::State,
    toxic::{Toxic, ToxicView},
};
use axum::{
    body::Bytes,
    extract::{self, Path},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};

type Shared = extract::State<Arc<State>>;

/// The JSON form of a proxy.
#[derive(Serialize)]
struct ProxyView<'a> {
    name: &'a str,
    listen: &'a str,
    upstream: &'a str,
    enabled: bool,
    toxics: Vec<ToxicView<'a>>,
}

/// The answer to `POST /populate`.
#[derive(Serialize)]
struct Populated<'a> {
    #[serde(flatten)]
    error: Option<ErrorView<'a>>,
    /// `null` if there are none.
    proxies: Option<Vec<serde_json::Value>>,
}

impl<'a> ProxyView<'a> {
    fn new(proxy: &'a Proxy, toxics: &'a [Arc<Toxic>]) -> Self {
        let toxics = toxics.iter().map(|toxic| toxic.to_view()).collect();
        let Proxy { name, listen, upstream, .. } = proxy;
        Self { name, listen, upstream, enabled: proxy.is_enabled(), toxics }
    }
}

fn view(proxy: &Proxy) -> serde_json::Value {
    serde_json::json!(ProxyView::new(proxy, &proxy.toxics.list()))
}

fn shown(status: StatusCode, proxy: &Proxy) -> Response {
    json(status, &ProxyView::new(proxy, &proxy.toxics.list()))
}

pub(super) async fn list(extract::State(state): Shared) -> Response {
    let proxies = state.proxies.lock().await;
    let views: BTreeMap<_, _> = proxies.iter().map(|proxy| (&proxy.name, view(proxy))).collect();
    json(StatusCode::OK, &views)
}

pub(super) async fn create(
    extract::State(state): Shared,
    body: Bytes,
) -> Result<Response, ApiError> {
    let mut proxies = state.proxies.lock().await;
    let name = proxies.create(&body, &state.environment).await?;
    Ok(shown(StatusCode::CREATED, proxies.get(&name)?))
}

pub(super) async fn show(
    extract::State(state): Shared,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    Ok(shown(StatusCode::OK, state.proxies.lock().await.get(&name)?))
}

pub(super) async fn update(
    extract::State(state): Shared,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let mut proxies = state.proxies.lock().await;
    proxies.update(&name, &body, &state.environment).await?;
    Ok(shown(StatusCode::OK, proxies.get(&name)?))
}

pub(super) async fn delete(
    extract::State(state): Shared,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    state.proxies.lock().await.remove(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn populate(extract::State(state): Shared, body: Bytes) -> Response {
    let mut proxies = state.proxies.lock().await;
    let (made, result) = proxies.populate(&body, &state.environment).await;
    let views: Vec<_> = made.iter().filter_map(|name| proxies.get(name).ok()).map(view).collect();
    let error = result.as_ref().err();
    let status = error.map_or(StatusCode::CREATED, |error| {
        StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    });
    let proxies = Some(views).filter(|views| !views.is_empty());
    json(status, &Populated { error: error.map(ErrorView::new), proxies })
}

pub(super) async fn reset(extract::State(state): Shared) -> Response {
    match state.proxies.lock().await.reset(&state.environment).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => error.into_response(),
    }
}
