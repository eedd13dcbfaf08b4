//! One viewer's run through the proxy: its link, rules, ladder and counters.

use super::{
    address::{Target, prefix},
    arming::Arming,
    attempts::{Asked, Attempts},
    bottleneck::Bottleneck,
    clock::Clock,
    command::{Applied, Command, CommandError},
    control::Control,
    cookies::Cookies,
    credentials::Credentials,
    downlink::Downlink,
    error_cache::ErrorCache,
    host::Origin,
    led::Followed,
    limits::Limits,
    recent_segments::RecentSegments,
    report_dedup::ReportDedup,
    settings::{Fault, Settings},
    shared_link::{LinkError, SharedLink},
    uris::SessionUris,
};
use crate::{
    event::{Event, SessionTag},
    media::{Ladder, MediaType, Resource, edit::EditMemory},
    profiles::Profile,
    rules::{
        Answer, Counters, Facts, Joined, Matched, Plan, Reservations, RuleSet, Script,
        ScriptFailure, ScriptState,
    },
    seed::Seed,
    units::BitRate,
};
use http::{HeaderValue, uri::Authority};
use parking_lot::{Mutex, RwLock};
use rand::RngExt as _;
use std::{
    collections::HashSet,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Hosts a session's manifests may open for it; further ones stay closed.
const MOST_HOSTS: usize = 256;

/// One viewer. (One request and its answer is an exchange; one TCP connection is neither.)
#[derive(Debug)]
pub struct Session {
    /// Who it is.
    pub tag: Arc<SessionTag>,
    /// Where its requests go unless their address says otherwise.
    pub origin: Origin,
    /// Its link.
    pub downlink: Downlink,
    /// The way of its requests, in session time.
    pub uplink: Bottleneck,
    /// What holds its responses up beside the link.
    pub limits: Limits,
    /// What its manifests said.
    pub ladder: Mutex<Ladder>,
    /// The next long manifest to be read, and the one that is being read.
    next_manifest: Arc<Semaphore>,
    reading: Arc<Semaphore>,
    /// What edits of manifests remember; nothing without rules that edit.
    pub edits: Mutex<EditMemory>,
    /// The errors kept for it, as a rule asks.
    pub error_cache: Mutex<ErrorCache>,
    /// The segments it asked for last, if a rule swaps segments.
    pub trail: Mutex<RecentSegments>,
    /// The redirects that its player may follow.
    pub followed: Mutex<Followed>,
    /// The cookies that are for several of its hosts.
    pub cookies: Mutex<Cookies>,
    /// The reports that it posted last.
    pub posted: Mutex<ReportDedup>,
    seed: Seed,
    clock: Clock,
    /// When it was made, in process time.
    made: Duration,
    /// The zero of its session time, in process time: when its first request came.
    started: OnceLock<Duration>,
    arming: RwLock<Arc<Arming>>,
    /// Locked before `arming`.
    control: Mutex<Control>,
    counters: Mutex<Counters>,
    remembered: Mutex<ScriptState>,
    attempts: Mutex<Attempts>,
    joined: Mutex<Joined>,
    rungs: Mutex<Vec<(MediaType, u16)>>,
    hosts: RwLock<HashSet<Authority>>,
    credentials: RwLock<Credentials>,
    last_active: AtomicU64,
    exchanges: AtomicU32,
    /// Whether its id stands in its addresses (otherwise it is found by viewer).
    pub(super) addressed: bool,
}

impl Session {
    /// Waits until no other long manifest is about to be read.
    pub async fn next_manifest(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.next_manifest).acquire_owned().await.ok()
    }

    /// Begins to read a long manifest: requests wait until the permit is dropped, see [`Self::settled`].
    pub async fn begin_reading(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.reading).acquire_owned().await.ok()
    }

    /// Waits while a long manifest is read that may say what is asked for.
    pub async fn settled(&self) {
        if self.reading.available_permits() == 0 {
            drop(self.reading.acquire().await);
        }
    }

    /// A session whose time starts with its first request, see [`Self::begin`]; on a link of its own unless
    /// there is one that it shares.
    #[must_use]
    pub(super) fn new(
        tag: Arc<SessionTag>,
        seed: Seed,
        origin: Origin,
        (settings, common): (Settings, &RuleSet),
        clock: Clock,
        shared: Option<Arc<SharedLink>>,
        addressed: bool,
    ) -> Self {
        let made = clock.now();
        let arming = settings.arming(common);
        let downlink = match shared {
            Some(shared) => Downlink::over(shared, &arming.link),
            None => Downlink::new(&arming.link, seed.named("downlink")),
        };
        let start = downlink.link_time(Duration::ZERO);
        let mut counters = Counters::default();
        counters.arm(&arming.rules, Duration::ZERO, made);
        Self {
            limits: Limits::new(Arc::clone(&arming.profile.limits), start, seed.named("limits")),
            uplink: Bottleneck::new(&arming.profile.uplink, seed.named("uplink")),
            downlink,
            control: Mutex::new(Control::new(Arc::clone(&tag.id), settings)),
            tag,
            origin,
            seed,
            clock,
            made,
            started: OnceLock::new(),
            arming: RwLock::new(Arc::new(arming)),
            ladder: Mutex::default(),
            next_manifest: Arc::new(Semaphore::new(1)),
            reading: Arc::new(Semaphore::new(1)),
            edits: Mutex::default(),
            error_cache: Mutex::default(),
            trail: Mutex::default(),
            followed: Mutex::default(),
            cookies: Mutex::default(),
            posted: Mutex::default(),
            counters: Mutex::new(counters),
            remembered: Mutex::default(),
            attempts: Mutex::default(),
            joined: Mutex::default(),
            rungs: Mutex::default(),
            hosts: RwLock::default(),
            credentials: RwLock::default(),
            last_active: AtomicU64::new(millis(made)),
            exchanges: AtomicU32::new(0),
            addressed,
        }
    }

    /// A request has come: with the first one session time starts. The session time of now.
    pub fn begin(&self) -> Duration {
        self.started.get_or_init(|| {
            let started = self.clock.now();
            self.downlink.begin(started);
            self.limits.begin(self.downlink.link_time(Duration::ZERO));
            started
        });
        self.now()
    }

    /// Session time: how long ago its first request came, zero before it. Its link runs on this time.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.time().unwrap_or_default()
    }

    /// Session time; `None` before the first request.
    #[must_use]
    pub fn time(&self) -> Option<Duration> {
        self.started.get().map(|started| self.clock.now().saturating_sub(*started))
    }

    /// How long ago it was made.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.clock.now().saturating_sub(self.made)
    }

    /// The moment of session time `time`, for a timer.
    #[must_use]
    pub fn instant(&self, time: Duration) -> tokio::time::Instant {
        self.clock.instant(self.process_time(time))
    }

    /// What it is armed with.
    #[must_use]
    pub fn arming(&self) -> Arc<Arming> {
        Arc::clone(&self.arming.read())
    }

    /// Obeys `command`, unless `expected` refuses the present version; no other command comes between.
    /// Tells what came of it, and whether the profile or the link is another one now. `common` are the
    /// rules of all sessions.
    ///
    /// # Errors
    /// When it can't be done; then nothing has changed.
    pub(super) fn apply_command(
        &self,
        command: &Command,
        expected: &dyn Fn(u64) -> bool,
        common: &RwLock<Arc<RuleSet>>,
    ) -> Result<(Applied, bool), CommandError> {
        let mut control = self.control.lock();
        let present = control.version();
        if !expected(present) {
            return Err(CommandError::Stale { session: Arc::clone(&self.tag.id), present });
        }
        let mut next = control.clone();
        let fault = next.apply_command(command, self.clock.now())?;
        let network = self.rearm(|_| next.settings.arming(&common.read()))?;
        if matches!(command, Command::Reset) {
            let (mut counters, now) = (Counters::default(), self.now());
            counters.arm(&self.arming().rules, now, self.process_time(now));
            *self.counters.lock() = counters;
        }
        let obeyed = Applied { version: next.version(), fault };
        *control = next;
        Ok((obeyed, network))
    }

    /// Changes the settings by what is no command, if `work` says that it did. Tells whether the
    /// network is another one now.
    pub(super) fn adjust(
        &self,
        common: &RwLock<Arc<RuleSet>>,
        work: impl FnOnce(&mut Control, Duration) -> bool,
    ) -> Result<bool, LinkError> {
        let mut control = self.control.lock();
        let mut next = control.clone();
        if !work(&mut next, self.clock.now()) {
            return Ok(false);
        }
        let network = self.rearm(|_| next.settings.arming(&common.read()))?;
        *control = next;
        Ok(network)
    }

    /// Whether `command` could be obeyed now, as far as its link goes.
    ///
    /// # Errors
    /// When it could not.
    pub(super) fn can_apply(&self, command: &Command) -> Result<(), CommandError> {
        let mut next = self.control.lock().clone();
        next.apply_command(command, self.clock.now())?;
        let arming = next.settings.arming(&RuleSet::default());
        let present = self.arming();
        if Arc::ptr_eq(&arming.profile, &present.profile) && arming.rate == present.rate {
            return Ok(());
        }
        Ok(self.downlink.would_admit(&arming.profile)?)
    }

    /// What live commands have set.
    pub(super) fn settings(&self) -> Settings {
        self.control.lock().settings.clone()
    }

    /// Goes up whenever a command, or the end of one's time, has changed it.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.control.lock().version()
    }

    /// How many commands can be undone.
    #[must_use]
    pub fn undoable(&self) -> usize {
        self.control.lock().undoable()
    }

    /// The faults that were fired by hand, oldest first; those that have struck out may be gone.
    #[must_use]
    pub fn faults(&self) -> Arc<[Fault]> {
        Arc::clone(&self.control.lock().settings.faults)
    }

    /// What reverts by itself, and in how long.
    #[must_use]
    pub fn reverts(&self) -> Vec<(String, Duration)> {
        let (settings, now) = (self.settings(), self.clock.now());
        let left = |(name, until): (&str, Duration)| (name.to_owned(), until.saturating_sub(now));
        settings.reverts().map(left).collect()
    }

    /// Replaces network and rules by what `change` makes of the present ones; no other change comes
    /// between. The link changes at once, for responses in flight too; when only the rules differ it
    /// runs on undisturbed; rules that stay go on counting where they were, and new ones come into
    /// force. Tells whether the profile or the link is another one now.
    ///
    /// # Errors
    /// When it shares its link and needs another one; then nothing has changed.
    fn rearm(&self, change: impl FnOnce(&Arming) -> Arming) -> Result<bool, LinkError> {
        let mut current = self.arming.write();
        let arming = change(&current).on_ladder(&self.ladder.lock());
        let new_link = arming.link != current.link;
        if new_link || !Arc::ptr_eq(&arming.profile, &current.profile) {
            self.downlink.admit(&arming.profile, arming.rate)?;
        }
        let now = self.now();
        if new_link {
            self.downlink.change(now, &arming.link);
        }
        self.change_beside(now, &current.profile, &arming.profile);
        let paused = arming.paused != current.paused;
        if paused {
            self.limits.pause(arming.paused, self.downlink.link_time(now));
            self.downlink.wake();
        }
        let new_profile = arming.profile_name != current.profile_name;
        *current = Arc::new(arming);
        self.counters.lock().arm(&current.rules, now, self.process_time(now));
        Ok(new_link || new_profile || paused)
    }

    /// Changes what stands beside the link.
    fn change_beside(&self, now: Duration, from: &Profile, to: &Profile) {
        if from.uplink != to.uplink {
            self.uplink.change(now, &to.uplink);
        }
        if from.limits != to.limits {
            self.limits.change(Arc::clone(&to.limits), self.downlink.link_time(now));
            self.downlink.wake();
        }
    }

    /// Whether response bodies must ask the link, or the limits beside it, at all.
    #[must_use]
    pub fn shapes_bodies(&self) -> bool {
        self.downlink.shapes_bodies() || self.limits.version() > 0
    }

    /// A manifest was learnt: rates that are shares of the ladder become plain, and the link starts
    /// over with them. Tells whether it did.
    pub fn ladder_learnt(&self) -> bool {
        // A shared link follows no ladder, so this meets no error.
        self.arming().relative && self.rearm(Arming::clone).unwrap_or(false)
    }

    /// Notes that the player asks for `resource`; whether its link is another one therefore, because it
    /// depends on the ladder that plays.
    #[must_use]
    pub fn plays(&self, resource: &Resource) -> bool {
        resource.rungs.is_some() && self.ladder.lock().plays(resource) && self.ladder_learnt()
    }

    /// The event of its link's change.
    #[must_use]
    pub fn link_changed(&self) -> Event {
        let profile = Arc::clone(&self.arming().profile_name);
        Event::LinkChanged { session: Arc::clone(&self.tag), profile, rate: self.rate() }
    }

    /// The rate of its link now, zero while it is paused; `None` = no limit.
    #[must_use]
    pub fn rate(&self) -> Option<BitRate> {
        if self.arming.read().paused {
            return Some(BitRate::ZERO);
        }
        self.downlink.rate(self.now())
    }

    /// What a request for `resource` asks for. `path` is its key without the range, `range` the range. Bytes of
    /// one file are counted apart where they are of another kind: parts and the segment that they make up.
    #[must_use]
    pub fn asked(&self, path: &str, range: Option<&str>, resource: &Resource) -> Asked {
        Asked::new(self.seed.named(path), range, resource)
    }

    /// The number of this request for what is `asked` (from 1), whether an earlier one failed, and the seed of
    /// its chances: they depend on session, `key` and number, not on what other requests come between.
    #[must_use]
    pub fn attempt(&self, key: &str, asked: Asked) -> (u32, bool, Seed) {
        let (attempt, resumes) = self.attempts.lock().next(asked);
        (attempt, resumes, self.seed.named(key).numbered(attempt.into()))
    }

    /// The last request for what was `asked` brought an error, or not all of it.
    pub fn attempt_failed(&self, asked: Asked) {
        self.attempts.lock().failed(asked);
    }

    /// Where the live edge was when it first asked for a segment like `resource`.
    #[must_use]
    pub fn joined(&self, resource: &Resource) -> Option<u64> {
        resource.number?;
        self.joined.lock().edge(resource)
    }

    /// What `script` does to a request, which has the first word; nothing if it fails.
    ///
    /// # Errors
    /// When it fails.
    pub fn ask(
        &self,
        script: &Script,
        facts: &Facts<'_>,
        seed: Seed,
    ) -> Result<Plan, ScriptFailure> {
        script.decide(&mut self.remembered.lock(), self.seed.value(), facts, seed)
    }

    /// What `script` does to an answer, beside what is in `plan` already.
    ///
    /// # Errors
    /// When it fails.
    pub fn ask_again(
        &self,
        script: &Script,
        plan: Plan,
        facts: &Facts<'_>,
        answer: Answer<'_>,
        seed: Seed,
    ) -> Result<Plan, ScriptFailure> {
        let mut remembered = self.remembered.lock();
        script.respond(&mut remembered, self.seed.value(), plan, facts, answer, seed)
    }

    /// What `rules` do to a request, after what is in `first` already; `None` = nothing. (A plan is
    /// large, and most requests have none.) With it, what they took from budgets, if they did. Rules that have
    /// `matched` the request where it was redirected from have no further say; what they have `taken` from
    /// budgets is added.
    #[must_use]
    pub fn decide(
        &self,
        first: Plan,
        matched: &mut Matched,
        rules: &RuleSet,
        facts: &Facts<'_>,
        seed: Seed,
        taken: Option<Arc<Reservations>>,
    ) -> (Option<Arc<Plan>>, Option<Arc<Reservations>>) {
        if rules.is_empty() && first.is_empty() {
            return (None, taken);
        }
        let mut chance = |rule: &str| seed.named("rule").named(rule).stream().random::<f64>();
        let (plan, mut charges) =
            rules.decide_once(first, matched, &mut self.counters.lock(), facts, &mut chance);
        if let Some(taken) = taken {
            charges.take_over(&taken);
        }
        let plan = (!plan.is_empty()).then(|| Arc::new(plan));
        (plan, (!charges.is_empty()).then(|| Arc::new(charges)))
    }

    /// Notes that a segment of `rung` was asked for; the rung before, if it was another.
    #[must_use]
    pub fn switch(&self, media: MediaType, rung: u16) -> Option<u16> {
        let mut rungs = self.rungs.lock();
        match rungs.iter_mut().find(|(of, _)| *of == media) {
            Some((_, last)) => {
                let before = std::mem::replace(last, rung);
                (before != rung).then_some(before)
            }
            None => {
                rungs.push((media, rung));
                None
            }
        }
    }

    /// Opens `host` to this session, since a manifest or redirect it was given names it.
    pub fn open(&self, host: &Authority) {
        if self.hosts.read().contains(host) {
            return;
        }
        let mut hosts = self.hosts.write();
        if hosts.len() < MOST_HOSTS {
            hosts.insert(host.clone());
        }
    }

    /// Whether a manifest or redirect opened `host`.
    #[must_use]
    pub fn opened(&self, host: &Authority) -> bool {
        self.hosts.read().contains(host)
    }

    /// Keeps the user information that stands before `origin`'s host in a URL.
    pub(super) fn sign_in(&self, origin: &Origin, user: &str) {
        self.credentials.write().keep(origin, user);
    }

    /// The Authorization for `origin`, if a URL told it.
    #[must_use]
    pub fn credentials(&self, origin: &Origin) -> Option<HeaderValue> {
        self.credentials.read().of(origin)
    }

    /// How the URIs of a document from `origin` are written so that they stay in this session.
    #[must_use]
    pub fn uris(self: &Arc<Self>, origin: &Origin) -> SessionUris {
        SessionUris::new(Arc::clone(self), origin.clone())
    }

    /// The process's time at session time `time`. Before the first request session time zero is always now.
    #[must_use]
    pub fn process_time(&self, time: Duration) -> Duration {
        self.started.get().copied().unwrap_or_else(|| self.clock.now()) + time
    }

    /// The time since 1970-01-01T00:00:00Z at session time `time`.
    #[must_use]
    pub fn epoch(&self, time: Duration) -> Duration {
        self.clock.epoch(self.process_time(time))
    }

    /// An exchange of this session begins.
    pub fn enter(&self) {
        self.exchanges.fetch_add(1, Ordering::Relaxed);
    }

    /// An exchange of this session is over at session time `now`.
    pub fn leave(&self, now: Duration) {
        self.last_active.store(millis(self.process_time(now)), Ordering::Relaxed);
        self.exchanges.fetch_sub(1, Ordering::Relaxed);
    }

    /// Exchanges under way.
    #[must_use]
    pub fn exchanges(&self) -> u32 {
        self.exchanges.load(Ordering::Relaxed)
    }

    /// For how long it has been idle; zero while an exchange is under way.
    #[must_use]
    pub fn idle(&self) -> Duration {
        if self.exchanges() > 0 {
            return Duration::ZERO;
        }
        let last = Duration::from_millis(self.last_active.load(Ordering::Relaxed));
        self.clock.now().saturating_sub(last)
    }

    pub(super) fn prefix(&self, target: &Target) -> String {
        prefix(self.addressed.then_some(&*self.tag.id), target)
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}
