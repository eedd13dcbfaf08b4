//! Requests about the toxics of a proxy.

use super::reply::json;
use crate::tcp::{error::ApiError, state::State};
use axum::{
    body::Bytes,
    extract::{self, Path},
    http::StatusCode,
    response::Response,
};
use std::sync::Arc;

type Shared = extract::State<Arc<State>>;

pub(super) async fn list(
    extract::State(state): Shared,
    Path(proxy): Path<String>,
) -> Result<Response, ApiError> {
    let proxies = state.proxies.lock().await;
    let toxics = proxies.get(&proxy)?.toxics.list();
    let views: Vec<_> = toxics.iter().map(|toxic| toxic.to_view()).collect();
    Ok(json(StatusCode::OK, &views))
}

pub(super) async fn create(
    extract::State(state): Shared,
    Path(proxy): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let mut proxies = state.proxies.lock().await;
    let toxics = &mut proxies.get_mut(&proxy)?.toxics;
    let toxic = toxics.add(&body, &state.environment.catalog)?;
    Ok(json(StatusCode::OK, &toxic.to_view()))
}

pub(super) async fn show(
    extract::State(state): Shared,
    Path((proxy, toxic)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let proxies = state.proxies.lock().await;
    let toxic = proxies.get(&proxy)?.toxics.get(&toxic)?;
    Ok(json(StatusCode::OK, &toxic.to_view()))
}

pub(super) async fn update(
    extract::State(state): Shared,
    Path((proxy, toxic)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let proxies = state.proxies.lock().await;
    let toxics = &proxies.get(&proxy)?.toxics;
    let toxic = toxics.update(&toxic, &body, &state.environment.catalog)?;
    Ok(json(StatusCode::OK, &toxic.to_view()))
}

pub(super) async fn delete(
    extract::State(state): Shared,
    Path((proxy, toxic)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    state.proxies.lock().await.get(&proxy)?.toxics.remove(&toxic)?;
    Ok(StatusCode::NO_CONTENT)
}
