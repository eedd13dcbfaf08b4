//! The address at which a player reaches the proxy, as far as its request says.

use crate::{proxy::trusted_front::first_word, sessions::Origin};
use http::{HeaderValue, header, request, uri::Authority};

/// What a request says of the address. It becomes text only where a manifest is rewritten.
#[derive(Debug, Default)]
pub(in crate::proxy) struct OwnAddress {
    host: Option<HeaderValue>,
    forwarded_host: Option<HeaderValue>,
    forwarded_scheme: Option<HeaderValue>,
    forwarded: Option<HeaderValue>,
    authority: Option<Authority>,
    over_tls: bool,
}

impl OwnAddress {
    /// Takes the `Host` of the proxy out of a request.
    pub(in crate::proxy) fn take(head: &mut request::Parts, over_tls: bool) -> Self {
        let mut own =
            Self { authority: head.uri.authority().cloned(), over_tls, ..Self::default() };
        // In one pass: most requests have none of them.
        for (name, value) in &head.headers {
            let place = match name.as_str() {
                "x-forwarded-host" => &mut own.forwarded_host,
                "x-forwarded-proto" => &mut own.forwarded_scheme,
                "forwarded" => &mut own.forwarded,
                _ => continue,
            };
            // The first of several.
            place.get_or_insert_with(|| value.clone());
        }
        own.host = head.headers.remove(header::HOST);
        own
    }

    /// Whether the player uses TLS, with the proxy or with a server in front of it.
    pub(in crate::proxy) fn is_secure(&self) -> bool {
        self.over_tls || self.forwarded_scheme_is_https() == Some(true)
    }

    /// Whether a server in front of the proxy names `https`, if it names a scheme.
    fn forwarded_scheme_is_https(&self) -> Option<bool> {
        let scheme = first_word(self.forwarded_scheme.as_ref(), self.forwarded.as_ref(), "proto");
        scheme.map(|scheme| scheme.eq_ignore_ascii_case("https"))
    }

    /// The address (`scheme://host`), if the request says it.
    pub(in crate::proxy) fn text(&self) -> Option<String> {
        // A server in front of the proxy may terminate TLS, under its own name.
        let word = |listed, name| first_word(listed, self.forwarded.as_ref(), name);
        let secure = self.forwarded_scheme_is_https().unwrap_or(self.over_tls);
        let named = self.host.as_ref().and_then(|host| host.to_str().ok());
        let host = word(self.forwarded_host.as_ref(), "host").or(named);
        let host = host.or_else(|| self.authority.as_ref().map(Authority::as_str))?;
        // It is written into manifests, so it must be a valid host and nothing else.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        let host = Some(host).filter(|host| host.bytes().all(plain));
        let origin = Origin::new(if secure { "https" } else { "http" }, host?)?;
        Some(origin.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn address(headers: &[(&'static str, &str)], over_tls: bool) -> Option<String> {
        let (mut head, ()) = Request::new(()).into_parts();
        for (name, value) in headers {
            head.headers.append(*name, value.parse().unwrap());
        }
        let own = OwnAddress::take(&mut head, over_tls);
        assert!(!head.headers.contains_key(header::HOST));
        own.text()
    }

    #[test]
    fn a_server_in_front_has_the_last_word() {
        let own = |headers: &[(&'static str, &str)], tls| address(headers, tls).unwrap_or_default();
        assert_eq!(own(&[("host", "a:80")], false), "http://a");
        assert_eq!(own(&[("host", "a")], true), "https://a");
        let front = [("host", "a"), ("x-forwarded-host", "b, c"), ("x-forwarded-proto", "HTTPS")];
        assert_eq!(own(&front, false), "https://b");
        assert_eq!(own(&[("host", "a"), ("x-forwarded-proto", "http")], true), "http://a");
        let front = [("host", "a"), ("forwarded", "for=192.0.2.7;host=\"b:8443\";proto=https")];
        assert_eq!(own(&front, false), "https://b:8443");
        assert_eq!(address(&[], false), None);
        assert_eq!(address(&[("host", "a/b")], false), None);
    }
}
