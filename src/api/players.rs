//! The base URL of sessions, at which players connect.

use super::state::State;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts, uri::Authority},
};
use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
};

/// Scheme, host and port for players.
#[derive(Debug)]
pub(super) struct Players(String);

impl Players {
    /// The address `listen`. If that is the unspecified address, the host that the client used for this request, since the
    /// client can reach that host.
    fn new(scheme: &str, listen: SocketAddr, headers: &HeaderMap) -> Self {
        if !listen.ip().is_unspecified() {
            return Self(format!("{scheme}://{listen}"));
        }
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
        let authority = host.and_then(|host| host.parse::<Authority>().ok());
        let port = listen.port();
        match authority.as_ref().map(Authority::host).filter(|host| !host.is_empty()) {
            Some(host) => Self(format!("{scheme}://{host}:{port}")),
            None => Self(format!("{scheme}://{}:{port}", Ipv4Addr::LOCALHOST)),
        }
    }

    /// Scheme, host and port.
    pub(super) fn base(&self) -> &str {
        &self.0
    }

    /// The address of the session `id`.
    pub(super) fn session(&self, id: &str) -> String {
        format!("{}/-/s/{id}/", self.0)
    }
}

impl FromRequestParts<State> for Players {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Infallible> {
        Ok(match &state.public_url {
            Some(url) => Self(url.to_string()),
            None => Self::new(state.scheme, state.listen, &parts.headers),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_session_has_an_address_that_the_caller_can_reach() {
        let url = |listen: &str, host: &'static str| {
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            Players::new("http", listen.parse().unwrap(), &headers).session("k7")
        };
        assert_eq!(url("127.0.0.1:8080", "proxy:8081"), "http://127.0.0.1:8080/-/s/k7/");
        assert_eq!(url("0.0.0.0:8080", "proxy:8081"), "http://proxy:8080/-/s/k7/");
        assert_eq!(url("[::]:8080", "[2001:db8::1]:8081"), "http://[2001:db8::1]:8080/-/s/k7/");
        assert_eq!(url("[::]:8080", "a b"), "http://127.0.0.1:8080/-/s/k7/");
    }
}
