//! Requests about proxies.

use super::reply::{ErrorView, json};
use crate::tcp::{
    error::ApiError,
    listen_address::Addresses,
    proxy::Proxy,
    proxy_set::{Update, Wanted},
    state::State,
    toxic::{Toxic, ToxicView},
};
use axum::{
    body::Bytes,
    extract::{self, Path},
    http::StatusCode,
    response::Response,
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
    let wanted = Wanted::read(&body)?;
    let addresses = Addresses::find([wanted.listen()]).await;
    let mut proxies = state.proxies.lock().await;
    let proxy = proxies.create(wanted, &addresses, &state.environment)?;
    Ok(shown(StatusCode::CREATED, proxy))
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
    let present = state.proxies.lock().await.get(&name)?.listen.clone();
    let update = Update::read(&body)?;
    let addresses = Addresses::find([update.listen(&present)]).await;
    let mut proxies = state.proxies.lock().await;
    let proxy = proxies.update(&name, update, &addresses, &state.environment).await?;
    Ok(shown(StatusCode::OK, proxy))
}

pub(super) async fn delete(
    extract::State(state): Shared,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    let mut removed = state.proxies.lock().await.remove(&name)?;
    removed.stop().await;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn populate(extract::State(state): Shared, body: Bytes) -> Response {
    let (views, result) = match state.populate(&body).await {
        Ok((proxies, made, result)) => {
            let made = made.iter().filter_map(|name| proxies.get(name).ok());
            (made.map(view).collect(), result)
        }
        Err(error) => (Vec::new(), Err(error)),
    };
    let error = result.as_ref().err();
    let status = error.map_or(StatusCode::CREATED, |error| {
        StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    });
    let proxies = Some(views).filter(|views| !views.is_empty());
    json(status, &Populated { error: error.map(ErrorView::new), proxies })
}

pub(super) async fn reset(extract::State(state): Shared) -> Result<StatusCode, ApiError> {
    let disabled = state.proxies.lock().await.disabled();
    let addresses = Addresses::find(disabled).await;
    state.proxies.lock().await.reset(&addresses, &state.environment)?;
    Ok(StatusCode::NO_CONTENT)
}
