//! Origins behind TLS: hyper-util's pool, which finds out whether they speak HTTP/1.1 or 2.

use super::{
    OriginBody,
    failure::Failure,
    guard::Guard,
    idle::{LONGEST, MOST},
    intake::Intake,
    leg::Outgoing,
};
use crate::proxy::upload::Upload;
use http::Response;
use http_body_util::Limited;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};

type Pool = Client<HttpsConnector<Guard>, Limited<Upload>>;

/// Asks origins behind TLS.
pub(super) struct Secure {
    fast: Pool,
    slow: [(Intake, Pool); Intake::SLOW.len()],
}

impl Secure {
    pub(super) fn new(guard: &Guard) -> Self {
        let tls = tls();
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(LONGEST)
            .pool_max_idle_per_host(MOST);
        let pool = |guard| {
            let https = HttpsConnectorBuilder::new().with_tls_config(tls.clone());
            builder.build(https.https_only().enable_http1().enable_http2().wrap_connector(guard))
        };
        let slow = Intake::SLOW.map(|(_, intake)| (intake, pool(guard.taking(intake))));
        Self { fast: pool(guard.clone()), slow }
    }

    /// The answer to `request`, which is read as `intake` says.
    pub(super) async fn ask(
        &self,
        request: Outgoing,
        intake: Intake,
    ) -> Result<Response<OriginBody>, Failure> {
        let slow = self.slow.iter().find(|(slow, _)| intake == *slow);
        let pool = slow.map_or(&self.fast, |(_, pool)| pool);
        let answer = pool.request(request).await;
        answer
            .map(|answer| answer.map(OriginBody::Pooled))
            .map_err(|error| Failure { connecting: error.is_connect(), error: error.into() })
    }
}

/// TLS with the platform's roots. Without any, https origins are refused and http ones work.
fn tls() -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        tracing::warn!(errors = ?found.errors, "no root certificates found: https origins will fail");
    }
    rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}
