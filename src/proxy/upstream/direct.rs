//! Connections to origins that are not pooled: for tunnels, and for requests that ask for another protocol.

use super::{
    OriginClient, Reach,
    client::target,
    failure::Failure,
    pool::{Pool, failed},
    read_policy::ReadPolicy,
    stream::Stream,
    throttled_stream::ThrottledStream,
    tls::Protocol,
};
use crate::{
    proxy::{
        body::upload::Upload,
        error::{Cause, ProxyError},
    },
    sessions::{Origin, UpstreamUrl},
    system::keep_alive,
    units::BitRate,
};
use bytes::Bytes;
use http::{Request, Response, StatusCode, Version, request, uri::Scheme};
use http_body_util::Limited;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::io;

/// An open connection to an origin, and bytes that were read with the head of its response.
pub(in crate::proxy) struct Direct {
    pub(in crate::proxy) stream: ThrottledStream,
    pub(in crate::proxy) first: Bytes,
}

/// The response to a request for another protocol.
pub(in crate::proxy) enum Answer {
    /// The origin has switched to it.
    Switched(Response<()>, Box<Direct>),
    /// It has not.
    Kept(Response<Incoming>),
}

impl OriginClient {
    /// Connects to the host of `origin`, for bytes that are not read. `peak` is the highest rate of the session's link.
    pub(in crate::proxy) async fn connect(
        &self,
        origin: &Origin,
        reach: Reach<'_>,
        peak: BitRate,
    ) -> Result<Direct, ProxyError> {
        let opened = self.pool.open(origin, reach, peak, Security::Opaque).await;
        let stream = opened.map_err(|failure| failure.to_proxy_error(origin))?;
        Ok(Direct { stream, first: Bytes::new() })
    }

    /// Sends a request for another protocol to `url`, on a connection of its own. `peak` is the highest rate of the
    /// session's link.
    pub(in crate::proxy) async fn request_switch(
        &self,
        url: &UpstreamUrl,
        reach: Reach<'_>,
        mut head: request::Parts,
        body: Upload,
        peak: BitRate,
    ) -> Result<Answer, ProxyError> {
        let origin = &url.origin;
        head.uri = target(url)?;
        head.version = Version::HTTP_11;
        let host = http::HeaderValue::from_str(origin.authority.as_str());
        head.headers
            .insert(http::header::HOST, host.map_err(|_| ProxyError::Host(origin.to_string()))?);
        let request = Request::from_parts(head, Limited::new(body, self.most_body));
        let answer = async {
            let stream = self.pool.open(origin, reach, peak, Security::OfScheme).await?;
            switch(stream, request).await
        };
        match tokio::time::timeout(self.first_byte, answer).await {
            Ok(answer) => answer.map_err(|failure| failure.to_proxy_error(origin)),
            Err(_) => Err(ProxyError::Upstream {
                cause: Cause::FirstByteTimeout,
                problem: format!("{origin} sent no response within {:?}", self.first_byte),
            }),
        }
    }
}

/// Whether a connection does a handshake of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// No: the player does its own, if any.
    Opaque,
    /// As the scheme of the origin says.
    OfScheme,
}

impl Pool {
    async fn open(
        &self,
        origin: &Origin,
        reach: Reach<'_>,
        peak: BitRate,
        security: Security,
    ) -> Result<ThrottledStream, Failure> {
        let public_only = self.networks.public_only(reach);
        let close_idle = || self.close_idle();
        let opened =
            self.guard.connect(origin, ReadPolicy::of(peak), public_only, close_idle).await;
        let opened = opened.map_err(|error| failed(error, true))?;
        self.networks.note(origin, reach, opened.private);
        // A tunnel has no time-out of its own while both sides are open.
        let _ = keep_alive(&opened.stream);
        let stream = if security == Security::Opaque || origin.scheme == Scheme::HTTP {
            Stream::Tcp(opened.stream)
        } else {
            let timeout = self.guard.timeout();
            let secured = self.tls.handshake(opened.stream, origin, Protocol::Http1, timeout).await;
            secured.map_err(|error| failed(error, true))?.0
        };
        Ok(ThrottledStream::new(stream, u64::MAX).at(opened.place))
    }
}

/// Sends `request` on `stream`, and takes the stream back if the origin switches to another protocol.
async fn switch(
    stream: ThrottledStream,
    request: Request<Limited<Upload>>,
) -> Result<Answer, Failure> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(error, true))?;
    tokio::spawn(async move {
        // Its error is that of the request.
        let _ = connection.with_upgrades().await;
    });
    let mut response = sender.send_request(request).await.map_err(|error| failed(error, false))?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(Answer::Kept(response));
    }
    let upgraded = hyper::upgrade::on(&mut response).await.map_err(|error| failed(error, false))?;
    let parts = upgraded
        .downcast::<TokioIo<ThrottledStream>>()
        .map_err(|_| failed(io::Error::other("the connection could not be taken over"), false))?;
    let direct = Direct { stream: parts.io.into_inner(), first: parts.read_buf };
    Ok(Answer::Switched(response.map(drop), Box::new(direct)))
}
