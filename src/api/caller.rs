//! Who sent a request, and what it may do.

use super::problem::Problem;
use crate::sessions::{Registry, RegistryError, Role, namespace};
use axum::{
    extract::Request,
    http::{Method, StatusCode, Uri},
};
use std::sync::Arc;

/// The address of sessions.
const SESSIONS: &str = "/api/v1/sessions";
/// Addresses below that of sessions that are not about one session.
const GROUP: [&str; 4] = ["", "faults", "undo", "reset"];
/// What holders of a token for one namespace may read besides their sessions: nothing there is of others.
const COMMON: [&str; 4] =
    ["/api/v1/profiles", "/api/v1/faults", "/api/v1/status", "/api/v1/openapi.json"];

/// Who sent a request: it is an extension of the request.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) role: Role,
    /// The only namespace that it sees.
    pub(super) namespace: Option<Arc<str>>,
}

impl Caller {
    /// Somebody on this machine, where no tokens are set.
    pub(super) const LOCAL: Self = Self { role: Role::Admin, namespace: None };

    /// Whether it may see a session with this label.
    pub(super) fn sees(&self, label: Option<&str>) -> bool {
        match &self.namespace {
            None => true,
            Some(own) => label.and_then(namespace) == Some(own),
        }
    }

    /// The label of a session that it starts with `label`.
    pub(super) fn label(&self, label: Option<Arc<str>>) -> Result<Option<Arc<str>>, Problem> {
        let Some(own) = &self.namespace else { return Ok(label) };
        match label {
            None => Ok(Some(format!("{own}/").into())),
            Some(label) if self.sees(Some(&label)) => Ok(Some(label)),
            Some(_) => Err(self.outside()),
        }
    }

    /// Checks that its role allows `request`.
    pub(super) fn check_role(&self, request: &Request) -> Result<(), Problem> {
        let needed = match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD | &Method::OPTIONS, _) => Role::Read,
            (_, "/api/v1/rules" | "/api/v1/reset") => Role::Admin,
            _ => Role::Control,
        };
        if self.role >= needed {
            return Ok(());
        }
        let detail = format!(
            "this token has the role {}; the request needs {}",
            self.role.as_str(),
            needed.as_str()
        );
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }

    /// Checks that a request for `uri` is about its namespace alone.
    pub(super) async fn check_namespace(
        &self,
        registry: &Registry,
        uri: &Uri,
    ) -> Result<(), Problem> {
        if self.namespace.is_none() {
            return Ok(());
        }
        let path = uri.path();
        let common = |known: &&str| {
            path.strip_prefix(*known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if COMMON.iter().any(common) {
            return Ok(());
        }
        let Some(rest) = path.strip_prefix(SESSIONS) else { return Err(self.outside()) };
        let first = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
        if GROUP.contains(&first) {
            return self.check_label(uri.query());
        }
        let session = registry.locate(first).await?;
        // The same answer as for a session that is not there.
        if self.sees(session.tag.label.as_deref()) {
            Ok(())
        } else {
            Err(RegistryError(first.to_owned()).into())
        }
    }

    /// A request without a label starts a session or lists them: those handlers look themselves.
    fn check_label(&self, query: Option<&str>) -> Result<(), Problem> {
        let pairs = query.into_iter().flat_map(|query| query.split('&'));
        let mut labels = pairs.filter_map(|pair| pair.strip_prefix("label="));
        let seen = labels.all(|label| {
            let label = label.replace('+', " ");
            let label = percent_encoding::percent_decode_str(&label).decode_utf8_lossy();
            self.sees(Some(&label))
        });
        if seen { Ok(()) } else { Err(self.outside()) }
    }

    fn outside(&self) -> Problem {
        let own = self.namespace.as_deref().unwrap_or_default();
        let detail =
            format!("this token is for namespace `{own}`: write a label that begins with `{own}/`");
        Problem::new(StatusCode::FORBIDDEN, detail)
    }
}
