//! Who sent a request, and what it may do.

use super::problem::Problem;
use crate::sessions::{Command, Registry, RegistryError, Role, Session, namespace};
use axum::{
    extract::Request,
    http::{Method, StatusCode, request::Parts},
};
use std::sync::Arc;

/// The address of sessions.
const SESSIONS: &str = "/api/v1/sessions";
/// Addresses below that of sessions that are not about one session.
const GROUP: [&str; 4] = ["", "faults", "undo", "reset"];
/// Addresses of sessions with a label, which the query names.
const LABELLED: [&str; 3] = ["/api/v1/timeline", "/api/v1/qoe", "/api/v1/run"];
/// What holders of a token for one namespace may read besides their sessions: nothing there is of others.
const COMMON: [&str; 4] =
    ["/api/v1/profiles", "/api/v1/faults", "/api/v1/status", "/api/v1/openapi.json"];

/// Who sent a request: it is an extension of the request.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) role: Role,
    /// The only namespace whose sessions it may use.
    pub(super) namespace: Option<Arc<str>>,
}

impl Caller {
    /// A client on this machine, where no tokens are set.
    pub(super) const LOCAL: Self = Self { role: Role::Admin, namespace: None };

    /// The sender of the request with this head, if the request was admitted.
    pub(super) fn of(head: &Parts) -> Option<&Self> {
        head.extensions.get()
    }

    /// Whether it may see a session with this label.
    pub(super) fn may_see(&self, label: Option<&str>) -> bool {
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
            Some(label) if self.may_see(Some(&label)) => Ok(Some(label)),
            Some(_) => Err(self.other_label()),
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

    /// Checks that a request for `path` is about its namespace alone. Labels are checked where they are read: see
    /// [`Self::check_label`].
    pub(super) async fn check_namespace(
        &self,
        registry: &Registry,
        path: &str,
    ) -> Result<(), Problem> {
        let Some(own) = &self.namespace else { return Ok(()) };
        let common = |known: &&str| {
            path.strip_prefix(*known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if COMMON.iter().any(common) || LABELLED.contains(&path) {
            return Ok(());
        }
        let Some(rest) = path.strip_prefix(SESSIONS) else {
            let detail = format!(
                "this token is for namespace `{own}`, and this address is about all sessions: use a token without a \
                 namespace"
            );
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        };
        let first = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
        if GROUP.contains(&first) {
            return Ok(());
        }
        let session = registry.locate(first).await?;
        // The same answer as for a session that is not there.
        if self.may_see(session.tag.label.as_deref()) {
            Ok(())
        } else {
            Err(RegistryError(first.to_owned()).into())
        }
    }

    /// Checks that it may see the sessions with `label`; `None` = the request names no label.
    pub(super) fn check_label(&self, label: Option<&str>) -> Result<(), Problem> {
        if self.may_see(label) { Ok(()) } else { Err(self.other_label()) }
    }

    /// Checks that `command` for `session` changes no link that sessions of other namespaces use.
    pub(super) fn check_link(
        &self,
        registry: &Registry,
        session: &Session,
        command: &Command,
    ) -> Result<(), Problem> {
        let (Some(own), Some(common)) = (&self.namespace, &registry.config().link) else {
            return Ok(());
        };
        let on_it = session.downlink.shared().is_some_and(|link| link.name() == common);
        if !on_it || !command.sets_link() {
            return Ok(());
        }
        let detail = format!(
            "all sessions share the link `{common}` (--link): a token for namespace `{own}` cannot change its profile or \
             its rate; start the session with a `link` of its own"
        );
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }

    fn other_label(&self) -> Problem {
        let own = self.namespace.as_deref().unwrap_or_default();
        let detail =
            format!("this token is for namespace `{own}`: write a label that begins with `{own}/`");
        Problem::new(StatusCode::FORBIDDEN, detail)
    }
}
