//! The middle of an exchange: from the origin's answer to what the player shall get of it.

use super::{
    cookies, cookies::Side, headers, headers::pass_on, observe, observe::Observer,
    origin_policy::reach, redirect_hops::Leads, service::Proxy, ticket::Ticket,
};
use crate::proxy::{
    body::{request_body::RequestBody, source::Source, upload::Upload},
    config::SessionBy,
    error::ProxyError,
    manifest::{
        content_coding::request_known_codings,
        transform,
        transform::{ManifestContext, Reading},
    },
    upstream::OriginBody,
};
use crate::{
    event::Event,
    media::{Kind, ManifestFormat, is_held, rewrite_uri},
    sessions::Origin,
};
use http::{
    HeaderName, HeaderValue, Method, Response, StatusCode, header, request, uri::Authority,
};
use std::sync::Arc;
use url::Url;

/// A request on its way to the origin.
pub(in crate::proxy) struct Outbound {
    pub(in crate::proxy) origin: Origin,
    pub(in crate::proxy) path: String,
    pub(in crate::proxy) head: request::Parts,
    pub(in crate::proxy) body: RequestBody,
    /// Bytes of the head, as the player sent it.
    pub(in crate::proxy) sent: u32,
}

/// Asks the origin and prepares its answer for the player.
pub(in crate::proxy) async fn fetch(
    proxy: &Proxy,
    outbound: Outbound,
    ticket: &mut Ticket,
) -> Result<Response<Source>, ProxyError> {
    let Outbound { origin, path, mut head, body, .. } = outbound;
    let session = Arc::clone(&ticket.session);
    let reach = reach(&proxy.config, &session, &origin, &ticket.request.resource);
    let reach = reach.ok_or_else(|| ProxyError::Host(origin.authority.to_string()))?;
    if head.method == Method::CONNECT {
        return Err(ProxyError::Method(head.method));
    }
    let side = side_of(proxy, &head);
    if side.is_some() {
        cookies::send_on(&mut head.headers, &ticket.session, (&origin, &path));
    }
    pass_on(&mut head.headers);
    let own = own_address(&mut head);
    let kind = ticket.request.resource.kind;
    let is_manifest = kind.is_manifest() || ManifestFormat::of_json(kind).is_some();
    let head_only = head.method == Method::HEAD;
    if is_manifest {
        ask_for_manifest(&mut head);
    }
    if !head.headers.contains_key(header::AUTHORIZATION)
        && let Some(credentials) = ticket.session.credentials(&origin)
    {
        head.headers.insert(header::AUTHORIZATION, credentials);
    }
    let body = Upload::new(body, ticket);
    let asked = ticket.session.now();
    let peak = ticket.session.arming().link.rate.peak();
    let answer = proxy.upstream.fetch((&origin, reach), &path, (head, body), peak).await;
    let mut response = answer.inspect_err(|error| {
        if let ProxyError::Upstream { cause, .. } = error
            && ticket.cut_on_its_way().is_none()
        {
            let (request, cause) = (Arc::clone(&ticket.request), cause.as_str());
            ticket.emit(&Event::UpstreamFailed { request, cause });
        }
    })?;
    // What the origin holds until there is news is no slowness of the origin's: a blocking reload, and
    // a part that was only hinted at, whose length nobody told yet.
    if !is_held(&ticket.request.resource, &path) {
        ticket.upstream_answered(ticket.session.now() - asked);
    }
    pass_on(response.headers_mut());
    if let Some(side) = &side {
        let headers = response.headers_mut();
        cookies::take_in(headers, side, &ticket.session, (&origin, &path));
    }
    keep_inside(&mut response, &origin, &path, ticket);
    if is_manifest {
        observe::tell_time(&ticket.session, response.headers());
    }
    let (limits, own) = (&proxy.config.limits, own.as_deref());
    let scripted = proxy.config.script.is_some();
    let public = proxy.config.public_url.as_ref();
    let context = ManifestContext { origin: &origin, path: &path, own, public, limits, scripted };
    let response = read(response, &context, !head_only || is_manifest, ticket).await;
    Ok(if head_only && is_manifest { without_body(response) } else { response })
}

/// The player's side of cookies.
fn side_of(proxy: &Proxy, head: &request::Parts) -> Option<Side> {
    let known = proxy.config.session_by == SessionBy::Client;
    let address = head.uri.path_and_query().map_or("/", |path| path.as_str());
    Side::new(address, known, cookies::is_secure(&head.headers))
}

/// Asks so that what is to be rewritten is readable, and its length is told to HEAD too.
fn ask_for_manifest(head: &mut request::Parts) {
    request_known_codings(&mut head.headers);
    if head.method == Method::HEAD {
        head.method = Method::GET;
    }
}

/// Reads an answer that is a manifest, if it is `readable`, and looks on as any other passes.
async fn read(
    response: Response<OriginBody>,
    context: &ManifestContext<'_>,
    readable: bool,
    ticket: &mut Ticket,
) -> Response<Source> {
    let kind = ticket.request.resource.kind;
    let expected = observe::expected(kind, &response);
    let reading = match transform::reading(context.path, kind, &response) {
        // What another manifest named goes before a guess by the first bytes.
        None | Some(Reading::Sniff) if expected.is_some() => expected.map(Reading::As),
        reading => reading,
    };
    match reading {
        Some(reading) if readable => transform::pass(reading, response, context, ticket).await,
        _ => {
            let url = || context.origin.url(context.path);
            let observer = Observer::of(&ticket.session, &ticket.request, url, &response);
            response.map(|body| Source::from(body).observed(observer))
        }
    }
}

/// Takes the host away under which the player knows the proxy: the origin has another name. The address
/// that the player knows, for all that is told.
fn own_address(head: &mut request::Parts) -> Option<String> {
    let named = head.headers.remove(header::HOST);
    // Something before the proxy may speak TLS for it, under a name of its own.
    let told = |name| {
        let told = headers::text(&head.headers, HeaderName::from_static(name))?;
        Some(told.split(',').next().unwrap_or_default().trim())
    };
    let secure =
        told("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let named = named.as_ref().and_then(|host| host.to_str().ok());
    let host = told("x-forwarded-host").or(named);
    let host = host.or_else(|| head.uri.authority().map(Authority::as_str))?;
    // What is written into manifests must be a host, and nothing else.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    let host = Some(host).filter(|host| host.bytes().all(plain));
    let origin = Origin::new(if secure { "https" } else { "http" }, host?)?;
    Some(origin.to_string())
}

/// A redirect of the origin's must not lead the player out of its session, and what was asked for is
/// what it leads to.
fn keep_inside(
    response: &mut Response<OriginBody>,
    origin: &Origin,
    path: &str,
    ticket: &mut Ticket,
) {
    let Some(location) = headers::text(response.headers(), header::LOCATION) else { return };
    if let Ok(from) = Url::parse(&origin.url(path))
        && let Ok(to) = from.join(location)
    {
        if ticket.request.resource.kind != Kind::Other {
            ticket.session.ladder.lock().redirected(&from, &to);
        }
        if leads_on(response.status()) && matches!(to.scheme(), "http" | "https") {
            let url = to.into();
            ticket.leads = Some(Leads { url, ours: false, same: true, marked: false });
        }
    }
    let uris = ticket.session.uris(origin).of_document(&origin.url(path));
    let Some(inside) = rewrite_uri(location, &uris) else { return };
    if let Ok(value) = HeaderValue::from_str(&inside) {
        response.headers_mut().insert(header::LOCATION, value);
    }
}

/// Whether players follow an answer with this status to its `Location` (RFC 9110 §15.4).
const fn leads_on(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The answer to HEAD: the length of what GET would bring, and nothing of it.
fn without_body(response: Response<Source>) -> Response<Source> {
    let (mut head, source) = response.into_parts();
    if let Some(length) = source.size_hint().exact() {
        head.headers.entry(header::CONTENT_LENGTH).or_insert(HeaderValue::from(length));
    }
    Response::from_parts(head, Source::default())
}
