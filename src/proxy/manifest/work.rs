//! Decodes, reads, edits and rewrites a manifest. A short one is processed at once. Others are processed on separate threads, a
//! few at the same time and one per session, so that they delay no other request; those of usual length do not wait for the
//! longest ones.

use super::{content_codings::Codings, context::ManifestContext};
use crate::proxy::{exchange::Exchange, fault};
use crate::{
    event::{Bus, Event, RequestTag},
    media::{ManifestFormat, rewrite, sniff, without_directives},
    memory::UsedUp,
    rules::{Plan, Reservations},
    sessions::{Session, UpstreamUrl},
};
use bytes::Bytes;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task, time};
use url::Url;

/// The longest decoded manifest that is processed on the request's task: it takes about a millisecond.
const SHORT: usize = 64 << 10;
/// The longest decoded manifest that does not wait for longer ones: it takes some tens of milliseconds.
const USUAL: usize = 1 << 20;
/// How many manifests of usual length, and how many longer ones, are processed at the same time.
const AT_A_TIME: usize = 2;
/// The time limit for a manifest that is not short: waiting for its turn, and processing.
const LONGEST: Duration = Duration::from_secs(10);

static USUAL_TURNS: Semaphore = Semaphore::const_new(AT_A_TIME);
static LONG_TURNS: Semaphore = Semaphore::const_new(AT_A_TIME);

/// A body that is, or may be, a manifest.
pub(in crate::proxy) struct Manifest {
    /// `None` for an encoded body whose format is not known yet.
    pub(in crate::proxy) format: Option<ManifestFormat>,
    pub(in crate::proxy) coding: Option<Codings>,
    /// The size limit, in bytes.
    pub(in crate::proxy) most: usize,
}

/// A manifest to be processed, with the data that this needs.
pub(in crate::proxy) struct Work {
    manifest: Manifest,
    session: Arc<Session>,
    request: Arc<RequestTag>,
    plan: Option<Arc<Plan>>,
    reservations: Option<Arc<Reservations>>,
    bus: Arc<Bus>,
    url: UpstreamUrl,
    own: Option<String>,
    public: Option<Arc<str>>,
    scripted: bool,
    forwarded: bool,
}

/// What the references of a document resolve against, if it is not the document itself.
#[derive(Debug, Default)]
struct Start {
    /// The URL that takes the place of its own: the base of a remote element's link, or the MPD that a patch changes.
    base: Option<UpstreamUrl>,
    /// The BaseURLs of the MPD that it belongs to.
    bases: Vec<String>,
}

/// Why a manifest is not made for the player.
enum Failure {
    /// It can't be read: the origin's is passed on.
    Unread(String),
    /// There is no memory for what it says.
    Memory(UsedUp),
}

impl From<UsedUp> for Failure {
    fn from(used_up: UsedUp) -> Self {
        Self::Memory(used_up)
    }
}

/// The result of processing a manifest.
pub(in crate::proxy) struct Read {
    /// The new manifest, with the same content coding, if it changed.
    pub(in crate::proxy) new: Option<Vec<u8>>,
    /// The request, reclassified from the manifest.
    pub(in crate::proxy) request: Arc<RequestTag>,
    /// Why there was no memory for what it says: then there is no new manifest.
    pub(in crate::proxy) refused: Option<UsedUp>,
}

/// Processes the manifest `bytes`. Fails if that takes too long.
pub(in crate::proxy) async fn run(
    work: Work,
    bytes: Bytes,
    session: &Session,
) -> Result<Read, String> {
    let decoded = match &work.manifest.coding {
        None if bytes.len() <= SHORT => Some(bytes.clone()),
        None => None,
        Some(coding) => coding.decode(&bytes, SHORT.min(work.manifest.most)).ok().map(Bytes::from),
    };
    if let Some(decoded) = decoded {
        return Ok(work.read(&decoded));
    }
    let reading = async {
        let next = session.next_manifest().await;
        let mut long = (Box::new(work), next);
        if long.0.manifest.coding.is_some() || bytes.len() <= USUAL {
            let turn = USUAL_TURNS.acquire().await;
            let own = session.begin_reading().await;
            let bytes = bytes.clone();
            let (work, next) = long;
            let usual = task::spawn_blocking(move || {
                let read = work.read_usual(&bytes);
                drop((own, turn));
                read.map_err(|work| (work, next))
            });
            match usual.await.map_err(|error| error.to_string())? {
                Ok(read) => return Ok(read),
                Err(longer) => long = longer,
            }
        }
        let turn = LONG_TURNS.acquire().await;
        let own = session.begin_reading().await;
        let (work, next) = long;
        let work = task::spawn_blocking(move || {
            let read = work.decode(&bytes);
            drop((own, turn, next));
            read
        });
        work.await.map_err(|error| error.to_string())
    };
    let timed_out = |_| format!("reading it took longer than {} seconds", LONGEST.as_secs());
    time::timeout(LONGEST, reading).await.map_err(timed_out)?
}

impl Work {
    pub(in crate::proxy) fn new(
        manifest: Manifest,
        source: &ManifestContext<'_>,
        exchange: &Exchange,
    ) -> Self {
        Self {
            manifest,
            session: Arc::clone(&exchange.session),
            request: Arc::clone(&exchange.request),
            plan: exchange.decision.plan.clone(),
            reservations: exchange.decision.reservations.clone(),
            bus: Arc::clone(exchange.bus()),
            url: source.url.clone(),
            own: source.own.text(),
            public: source.public.cloned(),
            scripted: source.scripted,
            forwarded: source.forwarded,
        }
    }

    /// Reads the manifest, unless it is longer than usual when it is decoded.
    fn read_usual(self, bytes: &Bytes) -> Result<Read, Box<Self>> {
        let most = USUAL.min(self.manifest.most);
        match self.manifest.coding.as_ref().map(|coding| coding.decode(bytes, most)) {
            None => Ok(self.read(bytes)),
            Some(Ok(decoded)) => Ok(self.read(&Bytes::from(decoded))),
            // Too long, or broken.
            Some(Err(_)) => Err(Box::new(self)),
        }
    }

    /// Decodes the manifest and reads it.
    fn decode(self, bytes: &Bytes) -> Read {
        let Manifest { coding, most, format } = &self.manifest;
        match coding.as_ref().map(|coding| coding.decode(bytes, *most)) {
            None => self.read(bytes),
            Some(Ok(decoded)) => self.read(&Bytes::from(decoded)),
            Some(Err(problem)) => {
                if format.is_some() {
                    self.unread(problem.to_string());
                }
                Read { new: None, request: self.request, refused: None }
            }
        }
    }

    /// Stores the manifest's information, and makes the version for the player.
    fn read(mut self, decoded: &Bytes) -> Read {
        // The first bytes are more reliable than the declared media type.
        let format = sniff(None, "", decoded).or(self.manifest.format);
        let changed = format.map(|format| self.change(format, decoded));
        let (new, refused) = match changed {
            None => (None, None),
            Some(Ok(new)) => (new, None),
            Some(Err(Failure::Memory(used_up))) => (None, Some(used_up)),
            Some(Err(Failure::Unread(problem))) => {
                self.unread(problem);
                (None, None)
            }
        };
        Read { new, request: self.request, refused }
    }

    fn change(
        &mut self,
        format: ManifestFormat,
        decoded: &Bytes,
    ) -> Result<Option<Vec<u8>>, Failure> {
        // If reading it fails, its URIs are rewritten nevertheless.
        let (start, mut problem) = self.learn(format, decoded)?;
        let (base, url) = (start.base.as_ref().unwrap_or(&self.url), self.url.text());
        let uris = self.session.uris(&base.origin).reached_at(self.own.as_deref());
        let uris = uris.of_document(&base.text());
        let uris = uris.public_at(self.public.as_deref()).below(start.bases);
        let uris = uris.left_unchanged(self.forwarded);
        let (url, keep) = (without_directives(&url), self.scripted);
        let fault_reporter = self.fault_reporter();
        let (plan, session) = (self.plan.as_deref(), &self.session);
        let edited =
            fault::edit(&url, format, decoded.clone(), plan, session, keep, &fault_reporter);
        let new = match rewrite(format, &edited, &uris) {
            // An edited manifest may be invalid on purpose.
            new if edited != *decoded => new.ok().flatten().or_else(|| Some(edited.into())),
            new => new.map_err(|error| {
                Failure::Unread(problem.take().unwrap_or_else(|| error.to_string()))
            })?,
        };
        if let Some(problem) = problem {
            self.unread(format!("its URLs were rewritten, but {problem}"));
        }
        match (new, &self.manifest.coding) {
            (Some(new), Some(coding)) => {
                coding.encode(&new).map(Some).map_err(|error| Failure::Unread(error.to_string()))
            }
            (new, _) => Ok(new),
        }
    }

    /// Stores the manifest's information in the session's ladder, and reclassifies the request. Returns what its
    /// references resolve against, and a problem if it could not be read.
    fn learn(
        &mut self,
        format: ManifestFormat,
        bytes: &[u8],
    ) -> Result<(Start, Option<String>), UsedUp> {
        let url = match Url::parse(&self.url.text()) {
            Ok(url) => url,
            Err(error) => return Ok((Start::default(), Some(error.to_string()))),
        };
        let session = &self.session;
        let (resource, start, problem) = session.learn(&url, bytes.len(), |ladder| {
            let problem = ladder.learn(&url, format, bytes).err().map(|error| error.to_string());
            let found = ladder.resolve(url.as_str(), None);
            let otherwise = found.kind != self.request.resource.kind;
            let base = ladder.base_of_part(&url, format);
            let base = base.and_then(|base| base.as_str().parse().ok());
            let start = Start { base, bases: ladder.bases_of_part(&url, format) };
            (otherwise.then_some(found), start, problem)
        })?;
        if let Some(resource) = resource {
            self.request = Arc::new(RequestTag { resource, ..RequestTag::clone(&self.request) });
        }
        if session.ladder_learnt() {
            self.bus.emit(&session.link_changed());
        }
        Ok((start, problem))
    }

    fn unread(&self, problem: String) {
        let request = Arc::clone(&self.request);
        self.bus.emit(&Event::ManifestUnread { request, problem });
    }

    /// Reports the edits that a rule makes.
    fn fault_reporter(&self) -> fault::FaultReporter {
        let (bus, request) = (Arc::clone(&self.bus), Arc::clone(&self.request));
        fault::FaultReporter::new(bus, request, self.reservations.clone())
    }
}
