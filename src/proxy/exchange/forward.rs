//! Requests of clients that use vsps as their forward proxy (RFC 9110 §3.7): which host they are for, and which session
//! they belong to. Their URLs do not change.

use super::{
    headers,
    identify::{Identified, arming, split_parameters},
    proxy::Proxy,
};
use crate::proxy::{config::ForwardConfig, downstream::connection::Connection, error::ProxyError};
use crate::sessions::{HostPattern, LocateError, Origin, UpstreamUrl, Viewer};
use http::{HeaderMap, Method, Version, header, request};
use hyper::upgrade::OnUpgrade;
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

/// More proxies of this kind in `Via` mean that a request goes in a circle.
const MOST_HOPS: usize = 8;

/// Refuses a request that has passed too many proxies of this kind.
pub(in crate::proxy) fn check_hops(headers: &HeaderMap) -> Result<(), ProxyError> {
    let values = headers.get_all(header::VIA).iter().filter_map(|value| value.to_str().ok());
    let hops = values.flat_map(|value| value.split(','));
    if hops.filter(|hop| hop.trim().ends_with(" vsps")).count() > MOST_HOPS {
        return Err(ProxyError::Hops(MOST_HOPS));
    }
    Ok(())
}

/// Marks a request whose client uses vsps as its forward proxy.
#[derive(Debug, Clone, Copy)]
pub(in crate::proxy) struct Forwarded;

/// Whether `head` is a request of a forward proxy's client.
pub(in crate::proxy) fn is_forwarded(head: &request::Parts) -> bool {
    head.extensions.get::<Forwarded>().is_some()
}

/// The host and the path that a forward proxy's client asks for; `None` = it asks vsps itself.
pub(in crate::proxy) fn target(
    proxy: &Proxy,
    connection: &Connection,
    head: &request::Parts,
) -> Result<Option<UpstreamUrl>, ProxyError> {
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    if let Some(origin) = connection.peer.intercepted() {
        if head.method == Method::CONNECT {
            return Err(ProxyError::Method(head.method.clone()));
        }
        return Ok(Some(UpstreamUrl::new(origin.clone(), path.to_owned())));
    }
    // In HTTP/2 every request has a scheme and an authority.
    if head.version == Version::HTTP_2 && head.method != Method::CONNECT {
        return Ok(None);
    }
    let malformed = || ProxyError::Framing("its target has no usable host");
    let Some(authority) = head.uri.authority() else { return Ok(None) };
    if head.method == Method::CONNECT {
        // HTTP/3 can't hand over its streams.
        if proxy.config.forward.is_none() || head.extensions.get::<OnUpgrade>().is_none() {
            return Err(ProxyError::Method(head.method.clone()));
        }
        // The port has no default (RFC 9110 §9.3.6).
        if authority.port_u16().is_none() {
            return Err(ProxyError::Framing("the target of CONNECT is HOST:PORT"));
        }
        let origin = Origin::new("https", authority.as_str()).ok_or_else(malformed)?;
        return Ok(Some(UpstreamUrl::new(origin, "/".to_owned())));
    }
    let scheme = head.uri.scheme_str().unwrap_or_default();
    let origin = Origin::new(scheme, authority.as_str()).ok_or_else(malformed)?;
    // Every server accepts its own URL in this form (RFC 9112 §3.2.2).
    let public = proxy.config.public_url.as_deref().and_then(|url| Origin::split(url).ok());
    let local = connection.peer.local_address();
    if public.is_some_and(|(public, _)| public == origin)
        || local.is_some_and(|local| is_written(local, &origin))
    {
        return Ok(None);
    }
    if proxy.config.forward.is_none() {
        // A name of this machine can't be told from others, but the port can.
        let named = local.is_none_or(|local| local.port() == origin.port());
        return if named { Ok(None) } else { Err(ProxyError::NoForwardProxy(origin.to_string())) };
    }
    Ok(Some(UpstreamUrl::new(origin, path.to_owned())))
}

/// Whether `origin` is `address`, written as an IP address or as `localhost`.
fn is_written(address: SocketAddr, origin: &Origin) -> bool {
    let host = origin.authority.host().trim_matches(['[', ']']);
    let ip = if host == "localhost" { Some(Ipv4Addr::LOCALHOST.into()) } else { host.parse().ok() };
    ip.is_some_and(|ip: IpAddr| {
        let (ip, ours) = (ip.to_canonical(), address.ip().to_canonical());
        origin.port() == address.port() && (ip == ours || (ip.is_loopback() && ours.is_loopback()))
    })
}

/// Finds or starts the session of a request for `url` from `client`.
pub(in crate::proxy) async fn identify(
    proxy: &Proxy,
    client: IpAddr,
    head: &request::Parts,
    connection: &Connection,
    url: UpstreamUrl,
) -> Result<Identified, ProxyError> {
    let UpstreamUrl { origin, path } = url;
    let (path, parameters) = split_parameters(&path);
    let user = user(&head.headers).map(Arc::from).or_else(|| connection.peer.user());
    let armed = match &user {
        Some(user) => match proxy.registry.locate(user).await {
            Ok(session) => Some(session),
            // It is a name.
            Err(LocateError::Missing(_) | LocateError::Forged(_)) => None,
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    let session = match armed {
        Some(session) => session,
        None => {
            let by = user.map_or(Viewer::Address(client), |user| Viewer::User(user.to_string()));
            proxy.registry.of_viewer(by, client, arming(&proxy.catalog, &parameters)?)?
        }
    };
    Ok(Identified::Request { session, url: UpstreamUrl::new(origin, path.into_owned()) })
}

/// The user of a request to a forward proxy: of Basic credentials the name, of others all.
pub(in crate::proxy) fn user(headers: &HeaderMap) -> Option<String> {
    /// Longer ones are cut, to bound the memory for keys.
    const LONGEST: usize = 256;
    let credentials = headers::text(headers, header::PROXY_AUTHORIZATION)?;
    let user = match credentials.split_once(' ') {
        Some((scheme, value)) if scheme.eq_ignore_ascii_case("basic") => {
            let decoded = base64(value.trim());
            let text = String::from_utf8_lossy(&decoded).into_owned();
            text.split(':').next().unwrap_or_default().to_owned()
        }
        _ => credentials.to_owned(),
    };
    Some(user.chars().take(LONGEST).collect::<String>()).filter(|user| !user.is_empty())
}

/// Decodes base64 (RFC 4648 §4), up to the first character that does not belong to it.
fn base64(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes().map_while(value) {
        bits = (bits << 6) | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

/// The rules of a browser for which hosts it uses the proxy at `host` (a PAC file).
pub(in crate::proxy) fn pac(proxy: &Proxy, forward: &ForwardConfig, host: &str) -> String {
    let own = |host: &str| serde_json::Value::from(host).to_string();
    let mut text = "function FindProxyForURL(url, host) {\n".to_owned();
    let through = own(&format!("PROXY {host}"));
    if forward.open {
        text += &format!("  return {through};\n}}\n");
        return text;
    }
    let default = proxy.registry.config().origin.authority.host();
    let patterns = proxy.config.allow.iter().map(HostPattern::host);
    // Patterns may differ in their ports alone.
    for pattern in patterns.chain([default]).collect::<BTreeSet<_>>() {
        text += &format!("  if (shExpMatch(host, {})) return {through};\n", own(pattern));
    }
    text + "  return \"DIRECT\";\n}\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn an_own_address_is_known_in_every_form_and_no_other_is_taken_for_it() {
        let written = |address: &str, authority: &str| {
            is_written(address.parse().unwrap(), &Origin::new("http", authority).unwrap())
        };
        for own in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "127.0.0.2:8080"] {
            assert!(written("127.0.0.1:8080", own), "{own}");
        }
        assert!(
            written("192.0.2.1:80", "192.0.2.1") && written("[::ffff:192.0.2.1]:80", "192.0.2.1")
        );
        for other in ["192.0.2.7:8080", "127.0.0.1:8081", "127.0.0.1", "cdn.example:8080"] {
            assert!(!written("127.0.0.1:8080", other), "{other}");
        }
        assert!(!written("192.0.2.1:8080", "192.0.2.7:8080"));
        assert!(!written("192.0.2.1:8080", "localhost:8080"));
    }

    #[test]
    fn eight_proxies_of_this_kind_are_passed_and_nine_are_not() {
        let passes = |fields: &[&str]| {
            let fields = fields.iter().map(|value| (header::VIA, value.parse().unwrap()));
            check_hops(&fields.collect()).is_ok()
        };
        let of = |count| vec!["1.1 vsps"; count].join(", ");
        assert!(passes(&[]) && passes(&[&of(8)]) && !passes(&[&of(9)]));
        assert!(!passes(&[&of(4), &of(5)]) && passes(&[&of(4), "1.1 cdn, 1.1 cdn", &of(4)]));
    }

    #[test]
    fn users_are_read_from_credentials() {
        let of = |text: &'static str| {
            let value = HeaderValue::from_static(text);
            user(&HeaderMap::from_iter([(header::PROXY_AUTHORIZATION, value)]))
        };
        assert_eq!(of("Basic YWxpY2U6c2VjcmV0").as_deref(), Some("alice"));
        assert_eq!(of("basic azc6").as_deref(), Some("k7"));
        assert_eq!(of("Bearer token-1").as_deref(), Some("Bearer token-1"));
        assert_eq!(of("Basic Og=="), None);
        assert_eq!(of("Basic ==="), None);
        assert_eq!(user(&HeaderMap::new()), None);
    }
}
