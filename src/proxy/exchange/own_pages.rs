//! What the data port serves beside media: the certificate of the local CA, and the way to HTTPS for those who came
//! without it.

use super::{forward, headers, proxy::Proxy, reply};
use crate::local_ca::{LocalCa, TRUST_STEPS, TrustSteps};
use crate::proxy::{body::source::Source, downstream::connection::Connection};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header, request, uri::Authority};

/// The page about the local CA, with a mark for the steps and one for the script.
const PAGE: &str = include_str!("ca_page.html");
/// Draws QR codes; the console uses it too.
const QR: &str = include_str!("../../../console/web/parts/qr.js");

/// The response to a request that is not for an origin; `None` = it is for one.
pub(in crate::proxy) fn answer(
    proxy: &Proxy,
    connection: &Connection,
    head: &request::Parts,
) -> Option<Response<Source>> {
    let config = &proxy.config;
    if config.tls.is_none() && config.forward.is_none() {
        return None;
    }
    let path = head.uri.path();
    let interception = config.forward.as_ref().and_then(|forward| forward.certificates.as_ref());
    if let Some(ca) =
        [&config.tls.as_ref(), &interception].into_iter().flatten().find_map(|tls| tls.ca())
        && let Some(page) = of_ca(ca, path)
    {
        return Some(page);
    }
    if let Some(forward) = &config.forward
        && path == "/-/proxy.pac"
    {
        let pac = forward::pac(proxy, forward, host(head).unwrap_or_default());
        return Some(page_of("application/x-ns-proxy-autoconfig", pac.into(), None));
    }
    (config.tls.is_some() && !connection.is_secure()).then(|| to_https(head))
}

/// The host and the port at which a player reaches the proxy. In HTTP/2 and 3 they are usually in `:authority`.
fn host(head: &request::Parts) -> Option<&str> {
    let named = headers::text(&head.headers, header::HOST);
    named.or_else(|| head.uri.authority().map(Authority::as_str))
}

/// The pages about `ca`. They are served without TLS as well: who opens them does not trust the CA yet.
fn of_ca(ca: &LocalCa, path: &str) -> Option<Response<Source>> {
    match path {
        "/-/ca" | "/-/ca/" => {
            let page = PAGE.replace("{{STEPS}}", &steps()).replace("{{QR}}", QR);
            Some(page_of("text/html; charset=utf-8", page.into(), None))
        }
        // This type makes phones offer to install it.
        "/-/ca.pem" => {
            let pem = ca.pem().to_owned();
            Some(page_of("application/x-x509-ca-cert", pem.into(), Some("vsps-local-ca.pem")))
        }
        "/-/ca.der" | "/-/ca.crt" => {
            let der = Bytes::copy_from_slice(ca.der());
            Some(page_of("application/x-x509-ca-cert", der, Some("vsps-local-ca.crt")))
        }
        _ => None,
    }
}

/// The steps for each system, as HTML.
fn steps() -> String {
    let escaped = |text: &str| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        text.replace("FILE", "<var>vsps-local-ca.pem</var>").replace("PAGE", "this page")
    };
    let one = |TrustSteps { system, steps }: &TrustSteps| {
        let items: Vec<_> =
            steps.iter().map(|step| format!("<li>{}</li>", escaped(step))).collect();
        format!(
            "<details><summary>{}</summary><ol>{}</ol></details>",
            escaped(system),
            items.concat()
        )
    };
    TRUST_STEPS.iter().map(one).collect()
}

fn page_of(kind: &'static str, body: Bytes, file: Option<&str>) -> Response<Source> {
    let mut response = Response::new(Source::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let named = file.map(|file| HeaderValue::from_str(&format!("attachment; filename=\"{file}\"")));
    if let Some(Ok(value)) = named {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// The response to a plain request on a port that uses TLS.
fn to_https(head: &request::Parts) -> Response<Source> {
    let host = host(head);
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let location =
        host.and_then(|host| HeaderValue::from_str(&format!("https://{host}{path}")).ok());
    let hint = "this port speaks HTTPS: write https:// in place of http://";
    match location {
        Some(location) => {
            let mut response = reply::refused(StatusCode::PERMANENT_REDIRECT, hint);
            response.headers_mut().insert(header::LOCATION, location);
            response
        }
        None => reply::refused(StatusCode::BAD_REQUEST, hint),
    }
}
