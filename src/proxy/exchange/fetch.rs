//! Sends a request to the origin, and prepares its response for the player.

use super::{
    cmcd_collector::collect,
    cookies,
    cookies::PlayerView,
    exchange::Exchange,
    forward,
    headers::pass_on,
    max_forwards, observe,
    observe::Observer,
    origin_policy::{reach, reach_forwarded},
    outbound::Outbound,
    own_address::OwnAddress,
    protocol_switch::OriginAnswer,
    proxy::Proxy,
    redirect_target::RedirectTarget,
    reply, switch,
};
use crate::proxy::{
    body::{observed_body::ObservedBody, source::Source, upload::Upload},
    config::SessionBy,
    error::ProxyError,
    manifest::{
        content_codings::request_known_codings, context::ManifestContext, transform,
        transform::Reading,
    },
    upstream::{OriginBody, Reach},
};
use crate::{
    event::Event,
    media::{Kind, ManifestFormat, is_held, rewrite_uri},
    sessions::{Session, UpstreamUrl},
};
use http::{HeaderValue, Method, Response, StatusCode, Uri, Version, header, request};
use hyper::body::Body as _;
use percent_encoding::{CONTROLS, percent_encode};
use std::{borrow::Cow, sync::Arc};
use url::Url;

impl Proxy {
    /// Sends the request to the origin. A failure becomes an error response.
    pub(in crate::proxy) async fn fetch_from_origin(
        &self,
        mut outbound: Box<Outbound>,
        exchange: &mut Exchange,
    ) -> Response<Source> {
        if let Some(collected) = collect(&mut outbound).await {
            return collected;
        }
        if let Some(answer) = max_forwards::count(&mut outbound) {
            return answer;
        }
        let forwarded = forward::is_forwarded(&outbound.head);
        match fetch(self, outbound, exchange).await {
            Ok(response) => response,
            Err(ProxyError::Private { host, address }) if forwarded => {
                let error = ProxyError::PrivateForwarded { host, address };
                reply::refusal(exchange.connection(), &error)
            }
            Err(error) => reply::refusal(exchange.connection(), &error),
        }
    }
}

/// Sends the request to the origin and prepares its response for the player.
async fn fetch(
    proxy: &Proxy,
    outbound: Box<Outbound>,
    exchange: &mut Exchange,
) -> Result<Response<Source>, ProxyError> {
    let Outbound { url, mut head, body, .. } = *outbound;
    let session = Arc::clone(&exchange.session);
    let forwarded = forward::is_forwarded(&head);
    let reach = match forwarded {
        true => reach_forwarded(&proxy.config, &session, &url.origin),
        false => reach(&proxy.config, &session, &url.origin, &exchange.request.resource),
    };
    let reach = reach.ok_or_else(|| ProxyError::Host(url.origin.authority.to_string()))?;
    if head.method == Method::CONNECT {
        return Box::pin(connect(proxy, &url, reach, exchange, forwarded)).await;
    }
    let protocol = switch::wanted(&head);
    let own = OwnAddress::take(&mut head, exchange.connection().is_secure());
    let asked = head.uri.clone();
    let view = || player_view(proxy, &asked, &own).filter(|_| !forwarded);
    if head.headers.contains_key(header::COOKIE) && view().is_some() {
        cookies::restore(&mut head.headers, &exchange.session, &url);
    }
    pass_on(&mut head.headers, head.version);
    let kind = exchange.request.resource.kind;
    let is_manifest = kind.is_manifest() || ManifestFormat::of_json(kind).is_some();
    let head_only = head.method == Method::HEAD;
    if is_manifest {
        request_manifest(&mut head);
    }
    add_credentials(&mut head, &session, &url);
    let body = Upload::new(body, exchange);
    let requested_at = exchange.session.now();
    let peak = exchange.session.arming().link.rate.peak();
    exchange.await_origin_from(requested_at);
    let answer = match protocol {
        Some(protocol) => {
            let upgrade = switch::upgrade(proxy, &url, reach, head, body, protocol, peak);
            match Box::pin(upgrade).await {
                Ok(OriginAnswer::Switched(response)) => {
                    exchange.origin_delivered();
                    return Ok(response);
                }
                Ok(OriginAnswer::Response(response)) => Ok(response),
                Err(error) => Err(error),
            }
        }
        None => {
            let now = exchange.session.instant(requested_at);
            proxy.upstream.fetch(&url, reach, head, body, peak, now).await
        }
    };
    let answered_at = exchange.session.now();
    exchange.origin_delivered_at(answered_at);
    let mut response = answer.inspect_err(|error| report(error, exchange))?;
    // A blocking playlist reload or a hinted part is held by the origin on purpose: its time is not measured.
    if !is_held(&exchange.request.resource, &url.path) {
        exchange.upstream_answered(answered_at - requested_at);
    }
    adapt_head(&mut response, &url, exchange, view);
    rewrite_location(&mut response, &url, exchange, forwarded);
    if is_manifest {
        observe::note_origin_time(&exchange.session, response.headers());
    }
    let (limits, own) = (&proxy.config.limits, &own);
    let scripted = proxy.config.script.is_some();
    let public = proxy.config.public_url.as_ref();
    let context = ManifestContext { url: &url, own, public, limits, scripted, forwarded };
    let reading = reading(&url, &response, exchange).filter(|_| !head_only || is_manifest);
    let response = match reading {
        Some(reading) => Box::pin(transform::pass(reading, response, &context, exchange)).await,
        None => observed(response, &url, exchange),
    };
    Ok(if head_only && is_manifest { without_body(response) } else { response })
}

/// Answers CONNECT, which only a forward proxy accepts.
async fn connect(
    proxy: &Proxy,
    url: &UpstreamUrl,
    reach: Reach<'_>,
    exchange: &mut Exchange,
    forwarded: bool,
) -> Result<Response<Source>, ProxyError> {
    if !forwarded {
        return Err(ProxyError::Method(Method::CONNECT));
    }
    let opened = switch::connect(proxy, url, reach, exchange).await;
    opened.inspect_err(|error| report(error, exchange))
}

/// Adds the credentials of the session for the origin, if the player sends none.
fn add_credentials(head: &mut request::Parts, session: &Session, url: &UpstreamUrl) {
    if !head.headers.contains_key(header::AUTHORIZATION)
        && let Some(credentials) = session.credentials(&url.origin)
    {
        head.headers.insert(header::AUTHORIZATION, credentials);
    }
}

/// Emits the event of a failed origin.
fn report(error: &ProxyError, exchange: &Exchange) {
    if let ProxyError::Upstream { cause, .. } = error
        && exchange.cut_on_uplink().is_none()
    {
        let (request, cause) = (Arc::clone(&exchange.request), cause.as_str());
        exchange.emit(&Event::UpstreamFailed { request, cause });
    }
}

/// How the player sees the request for `asked`, for cookies.
fn player_view(proxy: &Proxy, asked: &Uri, own: &OwnAddress) -> Option<PlayerView> {
    let known = proxy.config.session_by == SessionBy::Client;
    let address = asked.path_and_query().map_or("/", |path| path.as_str());
    PlayerView::new(address, known, own.is_secure())
}

/// Changes a manifest request so that the response can be read and rewritten: known content codings, and GET
/// instead of HEAD, to know the rewritten length.
fn request_manifest(head: &mut request::Parts) {
    request_known_codings(&mut head.headers);
    if head.method == Method::HEAD {
        head.method = Method::GET;
    }
}

/// Makes the head of `response` one of the proxy. `view` is how the player sees the request, for cookies.
fn adapt_head(
    response: &mut Response<OriginBody>,
    url: &UpstreamUrl,
    exchange: &Exchange,
    view: impl FnOnce() -> Option<PlayerView>,
) {
    let version = std::mem::replace(response.version_mut(), Version::HTTP_11);
    pass_on(response.headers_mut(), version);
    if response.headers().contains_key(header::SET_COOKIE)
        && let Some(view) = view()
    {
        cookies::rewrite_set_cookie(response.headers_mut(), &view, &exchange.session, url);
    }
}

/// How `response` is to be read as a manifest; `None` = it is only observed.
fn reading(
    url: &UpstreamUrl,
    response: &Response<OriginBody>,
    exchange: &Exchange,
) -> Option<Reading> {
    let kind = exchange.request.resource.kind;
    let expected = observe::expected(kind, response);
    match transform::reading(url, kind, response) {
        // A format known from another manifest has priority over detection by the first bytes.
        None | Some(Reading::Sniff) if expected.is_some() => expected.map(Reading::As),
        reading => reading,
    }
}

/// A response whose body is observed as it passes.
fn observed(
    response: Response<OriginBody>,
    url: &UpstreamUrl,
    exchange: &Exchange,
) -> Response<Source> {
    let text = || url.text();
    let observer = Observer::of(&exchange.session, &exchange.request, text, &response);
    let one_of_many = exchange.connection().is_http2();
    response.map(|mut body| {
        if one_of_many {
            body.set_one_of_many();
        }
        Source::from(ObservedBody::new(body, observer))
    })
}

/// Rewrites the `Location` of the origin's redirect so that the player stays in its session, and records that the
/// target is the requested resource.
fn rewrite_location(
    response: &mut Response<OriginBody>,
    url: &UpstreamUrl,
    exchange: &mut Exchange,
    forwarded: bool,
) {
    let Some(location) = response.headers().get(header::LOCATION) else { return };
    // Some origins send bytes that are not ASCII. Players encode them.
    let location: Cow<'_, str> = percent_encode(location.as_bytes(), CONTROLS).into();
    let location = location.as_ref();
    if let Ok(from) = Url::parse(&url.text())
        && let Ok(to) = from.join(location)
    {
        if exchange.request.resource.kind != Kind::Other {
            exchange.session.with_ladder(|ladder| ladder.redirected(&from, &to));
        }
        if is_redirect(response.status())
            && let Ok(url) = to.as_str().parse()
        {
            exchange.redirect_target =
                Some(RedirectTarget { url, ours: false, same: true, marked: false });
        }
    }
    let uris =
        exchange.session.uris(&url.origin).of_document(&url.text()).left_unchanged(forwarded);
    let Some(inside) = rewrite_uri(location, &uris) else { return };
    if let Ok(value) = HeaderValue::from_str(&inside) {
        response.headers_mut().insert(header::LOCATION, value);
    }
}

/// Whether a response with this status is a redirect that players follow (RFC 9110 §15.4).
const fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The response to HEAD: the length of the response to GET, without its body.
fn without_body(response: Response<Source>) -> Response<Source> {
    let (mut head, source) = response.into_parts();
    if let Some(length) = source.size_hint().exact() {
        head.headers.entry(header::CONTENT_LENGTH).or_insert(HeaderValue::from(length));
    }
    Response::from_parts(head, Source::default())
}
