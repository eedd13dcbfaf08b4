//! The routes of the console: one for each embedded file.

use super::{
    files,
    response::{json, response},
};
use axum::{Router, routing::get};

/// The routes of the console. All are for GET and HEAD.
pub fn router() -> Router {
    let players = get(|| async { json(files::players()) });
    let routes = Router::new().route("/players.json", players);
    files::all().into_iter().fold(routes, |routes, (address, bytes)| {
        let path = address.clone();
        routes.route(&path, get(move || async move { response(&address, bytes) }))
    })
}
