//! The work that a manifest makes: decoding, learning, editing and rewriting it. A long one is read on a
//! thread of its own, few at a time and one of a session, so that it holds no other request up.

use super::{content_coding::Coding, transform::ManifestContext};
use crate::proxy::{exchange::ticket::Ticket, fault};
use crate::{
    event::{Bus, Event, RequestTag},
    media::{ManifestFormat, rewrite, sniff, without_directives},
    rules::{Plan, Reservations},
    sessions::{Origin, Session},
};
use bytes::Bytes;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task, time};
use url::Url;

/// The longest manifest, decoded, that is read where its answer is waited for: it takes a millisecond.
const SHORT: usize = 64 << 10;
/// How many long ones are read at a time.
const AT_A_TIME: usize = 2;
/// How long a long one may wait for its turn and be read.
const LONGEST: Duration = Duration::from_secs(10);

static TURNS: Semaphore = Semaphore::const_new(AT_A_TIME);

/// A body that is, or may be, a manifest.
pub(in crate::proxy) struct Manifest {
    /// Not known yet of an encoded body that nobody says anything about.
    pub(in crate::proxy) format: Option<ManifestFormat>,
    pub(in crate::proxy) coding: Option<Coding>,
    /// The longest one that is read, in bytes.
    pub(in crate::proxy) most: usize,
}

/// A manifest to be read, with all that it takes.
pub(in crate::proxy) struct Work {
    manifest: Manifest,
    session: Arc<Session>,
    request: Arc<RequestTag>,
    plan: Option<Arc<Plan>>,
    charges: Option<Arc<Reservations>>,
    bus: Arc<Bus>,
    origin: Origin,
    path: String,
    own: Option<String>,
    public: Option<Arc<str>>,
    scripted: bool,
}

/// Where the references of a document start from, if that is not the document itself.
#[derive(Debug, Default)]
struct Start {
    /// The origin of its root, for an element that an MPD links to.
    origin: Option<Origin>,
    /// The BaseURLs of the MPD that it is a part of.
    bases: Vec<String>,
}

/// What came of it.
pub(in crate::proxy) struct Read {
    /// What the manifest becomes, encoded as it was, if it changes.
    pub(in crate::proxy) new: Option<Vec<u8>>,
    /// What the request turned out to be.
    pub(in crate::proxy) request: Arc<RequestTag>,
}

/// Reads the manifest `bytes`; an error if it took too long.
pub(in crate::proxy) async fn run(
    work: Work,
    bytes: Bytes,
    session: &Session,
) -> Result<Read, String> {
    let decoded = match work.manifest.coding {
        None if bytes.len() <= SHORT => Some(bytes.clone()),
        None => None,
        Some(coding) => coding.decode(&bytes, SHORT.min(work.manifest.most)).ok().map(Bytes::from),
    };
    if let Some(decoded) = decoded {
        return Ok(work.read(&decoded));
    }
    let reading = async {
        let next = session.next_manifest().await;
        let turn = TURNS.acquire().await;
        let own = session.begin_reading().await;
        let work = task::spawn_blocking(move || {
            let read = work.decode(&bytes);
            drop((own, turn, next));
            read
        });
        work.await.map_err(|error| error.to_string())
    };
    let late = |_| format!("reading it took longer than {} seconds", LONGEST.as_secs());
    time::timeout(LONGEST, reading).await.map_err(late)?
}

impl Work {
    pub(in crate::proxy) fn new(
        manifest: Manifest,
        context: &ManifestContext<'_>,
        ticket: &Ticket,
    ) -> Self {
        Self {
            manifest,
            session: Arc::clone(&ticket.session),
            request: Arc::clone(&ticket.request),
            plan: ticket.plan.clone(),
            charges: ticket.charges.clone(),
            bus: Arc::clone(ticket.bus()),
            origin: context.origin.clone(),
            path: context.path.to_owned(),
            own: context.own.map(str::to_owned),
            public: context.public.cloned(),
            scripted: context.scripted,
        }
    }

    /// Decodes the manifest and reads it.
    fn decode(self, bytes: &Bytes) -> Read {
        let Manifest { coding, most, format } = self.manifest;
        match coding.map(|coding| coding.decode(bytes, most)) {
            None => self.read(bytes),
            Some(Ok(decoded)) => self.read(&Bytes::from(decoded)),
            Some(Err(problem)) => {
                if format.is_some() {
                    self.unread(problem.to_string());
                }
                Read { new: None, request: self.request }
            }
        }
    }

    /// Learns from the manifest, and makes of it what the player is to get.
    fn read(mut self, decoded: &Bytes) -> Read {
        // Its first bytes say more than what it was declared as.
        let format = sniff(None, "", decoded).or(self.manifest.format);
        let new = format.and_then(|format| {
            self.change(format, decoded).unwrap_or_else(|problem| {
                self.unread(problem);
                None
            })
        });
        Read { new, request: self.request }
    }

    fn change(
        &mut self,
        format: ManifestFormat,
        decoded: &Bytes,
    ) -> Result<Option<Vec<u8>>, String> {
        // Whatever keeps it from being learnt does not keep its URIs from being rewritten.
        let (start, mut problem) = self.learn(format, decoded);
        let origin = start.origin.as_ref().unwrap_or(&self.origin);
        let url = self.origin.url(&self.path);
        let uris = self.session.uris(origin).reached_at(self.own.as_deref()).of_document(&url);
        let uris = uris.public_at(self.public.as_deref()).below(start.bases);
        let (url, keep) = (without_directives(&url), self.scripted);
        let edited = fault::edit((&url, format), decoded.clone(), self, keep);
        let new = match rewrite(format, &edited, &uris) {
            // What was made wrong on purpose need not be readable.
            new if edited != *decoded => new.ok().flatten().or_else(|| Some(edited.into())),
            new => new.map_err(|error| problem.take().unwrap_or_else(|| error.to_string()))?,
        };
        if let Some(problem) = problem {
            self.unread(format!("its URLs stay in the session, but {problem}"));
        }
        match (new, self.manifest.coding) {
            (Some(new), Some(coding)) => coding.encode(&new).map(Some).map_err(|e| e.to_string()),
            (new, _) => Ok(new),
        }
    }

    /// Learns what a manifest says, and what the request for it therefore was. Returns where its references
    /// start from, and what could not be learnt.
    fn learn(&mut self, format: ManifestFormat, bytes: &[u8]) -> (Start, Option<String>) {
        let url = match Url::parse(&self.origin.url(&self.path)) {
            Ok(url) => url,
            Err(error) => return (Start::default(), Some(error.to_string())),
        };
        let session = &self.session;
        let (resource, start, problem) = {
            let mut ladder = session.ladder.lock();
            let problem = ladder.learn(&url, format, bytes).err().map(|error| error.to_string());
            let found = ladder.resolve(url.as_str(), None);
            let otherwise = found.kind != self.request.resource.kind;
            let base = ladder.base_of_link(&url).and_then(|base| Origin::split(base.as_str()).ok());
            let bases = ladder.bases_of_part(&url, format);
            let start = Start { origin: base.map(|(origin, _)| origin), bases };
            (otherwise.then_some(found), start, problem)
        };
        if let Some(resource) = resource {
            self.request = Arc::new(RequestTag { resource, ..RequestTag::clone(&self.request) });
        }
        if session.ladder_learnt() {
            self.bus.emit(&session.link_changed());
        }
        (start, problem)
    }

    fn unread(&self, problem: String) {
        let request = Arc::clone(&self.request);
        self.bus.emit(&Event::ManifestUnread { request, problem });
    }

    /// What the request's rules ask for.
    pub(in crate::proxy) fn plan(&self) -> Option<&Plan> {
        self.plan.as_deref()
    }

    pub(in crate::proxy) fn session(&self) -> &Session {
        &self.session
    }

    /// Tells that `effect` of `rule` took place.
    pub(in crate::proxy) fn injected(&self, rule: &Arc<str>, effect: &'static str) {
        let (bus, request) = (Arc::clone(&self.bus), Arc::clone(&self.request));
        fault::FaultReporter::new(bus, request, self.charges.clone()).injected(rule, effect, None);
    }
}
