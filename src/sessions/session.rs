//! A session: the link, rules, ladder and counters of one viewer.

use super::{
    address::{Target, prefix},
    arming::Arming,
    bottleneck::Bottleneck,
    command::{Applied, Command, CommandError},
    control::Control,
    cookies::Cookies,
    credentials::Credentials,
    downlink::Downlink,
    error_cache::ErrorCache,
    host::Origin,
    limits::Limits,
    link_sample::LinkSample,
    pending_redirects::PendingRedirects,
    recent_segments::RecentSegments,
    report_dedup::ReportDedup,
    settings::{Fault, Settings},
    shared_link::{LinkError, SharedLink},
    uris::SessionUris,
};
use crate::{
    clock::Clock,
    event::{Event, SessionTag},
    media::{Ladder, MediaType, Resource, edit::EditMemory},
    profiles::Profile,
    rules::{
        Answer, Attempt, AttemptKey, CarriedDecision, Decider, Decision, Facts, Plan, Policy,
        RequestKey, RuleSet, Script, ScriptFailure,
    },
    seed::Seed,
    units::BitRate,
};
use http::{HeaderValue, uri::Authority};
use parking_lot::{Mutex, RwLock};
use std::{
    collections::HashSet,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most hosts that a session's manifests can open. Further hosts stay closed.
const MOST_HOSTS: usize = 256;

/// The session of one viewer. (A request with its response is an exchange. A TCP connection is neither.)
#[derive(Debug)]
pub struct Session {
    /// Its id, ordinal, seed and label.
    pub tag: Arc<SessionTag>,
    /// The default origin of its requests.
    pub origin: Origin,
    /// The link of its responses.
    pub downlink: Downlink,
    /// The link of its requests, in session time.
    pub uplink: Bottleneck,
    /// Rate limits of its responses beside the link.
    pub limits: Limits,
    /// What was read from its manifests.
    pub ladder: Mutex<Ladder>,
    /// One permit for the next long manifest to be read, and one for the manifest being read.
    next_manifest: Arc<Semaphore>,
    reading: Arc<Semaphore>,
    /// The state of manifest edits; empty without rules that edit.
    pub edits: Mutex<EditMemory>,
    /// Error responses that a rule stores.
    pub error_cache: Mutex<ErrorCache>,
    /// The segments requested last, if a rule swaps segments.
    pub recent_segments: Mutex<RecentSegments>,
    /// The redirects that its player may still follow.
    pub pending_redirects: Mutex<PendingRedirects>,
    /// Cookies that are for more than one of its hosts.
    pub cookies: Mutex<Cookies>,
    /// The CMCD reports it posted last.
    pub recent_reports: Mutex<ReportDedup>,
    clock: Clock,
    /// When it was created, in process time.
    created: Duration,
    /// Session time zero, in process time: when its first request arrived.
    started: OnceLock<Duration>,
    arming: RwLock<Arc<Arming>>,
    /// Locked before `arming`.
    control: Mutex<Control>,
    decider: Mutex<Decider>,
    rungs: Mutex<Vec<(MediaType, u16)>>,
    hosts: RwLock<HashSet<Authority>>,
    credentials: RwLock<Credentials>,
    last_active: AtomicU64,
    exchanges: AtomicU32,
    delivered: AtomicU64,
    /// What was sampled last of its link.
    sampled: Mutex<LinkSample>,
    /// Whether its id is part of its addresses (otherwise it is found by viewer).
    pub(super) addressed: bool,
}

impl Session {
    /// Waits until no other long manifest is queued to be read.
    pub async fn next_manifest(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.next_manifest).acquire_owned().await.ok()
    }

    /// Starts reading a long manifest. Requests wait until the permit is dropped, see [`Self::settled`].
    pub async fn begin_reading(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.reading).acquire_owned().await.ok()
    }

    /// Waits while a long manifest is read, since it may describe the requested resource.
    pub async fn settled(&self) {
        if self.reading.available_permits() == 0 {
            drop(self.reading.acquire().await);
        }
    }

    /// A session on the `shared` link, or on its own link if that is `None`. Its time starts with its first request,
    /// see [`Self::begin`].
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
        let created = clock.now();
        let arming = settings.arming(common);
        let downlink = match shared {
            Some(shared) => Downlink::over(shared, &arming.link),
            None => Downlink::new(&arming.link, seed.named("downlink")),
        };
        let start = downlink.link_time(Duration::ZERO);
        let mut decider = Decider::new(seed);
        decider.arm(&arming.rules, Duration::ZERO, created);
        Self {
            limits: Limits::new(Arc::clone(&arming.profile.limits), start, seed.named("limits")),
            uplink: Bottleneck::new(&arming.profile.uplink, seed.named("uplink")),
            downlink,
            control: Mutex::new(Control::new(Arc::clone(&tag.id), settings)),
            tag,
            origin,
            clock,
            created,
            started: OnceLock::new(),
            arming: RwLock::new(Arc::new(arming)),
            ladder: Mutex::default(),
            next_manifest: Arc::new(Semaphore::new(1)),
            reading: Arc::new(Semaphore::new(1)),
            edits: Mutex::default(),
            error_cache: Mutex::default(),
            recent_segments: Mutex::default(),
            pending_redirects: Mutex::default(),
            cookies: Mutex::default(),
            recent_reports: Mutex::default(),
            decider: Mutex::new(decider),
            rungs: Mutex::default(),
            hosts: RwLock::default(),
            credentials: RwLock::default(),
            last_active: AtomicU64::new(millis(created)),
            exchanges: AtomicU32::new(0),
            delivered: AtomicU64::new(0),
            sampled: Mutex::default(),
            addressed,
        }
    }

    /// Called for each request. The first one starts session time. Returns the current session time.
    pub fn begin(&self) -> Duration {
        self.started.get_or_init(|| {
            let started = self.clock.now();
            self.downlink.begin(started);
            self.limits.begin(self.downlink.link_time(Duration::ZERO));
            started
        });
        self.now()
    }

    /// Session time: the time since its first request; zero before. Its link runs on this time.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.time().unwrap_or_default()
    }

    /// Session time; `None` before the first request.
    #[must_use]
    pub fn time(&self) -> Option<Duration> {
        self.started.get().map(|started| self.clock.now().saturating_sub(*started))
    }

    /// The time since it was created.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.clock.now().saturating_sub(self.created)
    }

    /// The instant of session time `time`, for a timer.
    #[must_use]
    pub fn instant(&self, time: Duration) -> tokio::time::Instant {
        self.clock.instant(self.process_time(time))
    }

    /// The network and the rules in force.
    #[must_use]
    pub fn arming(&self) -> Arc<Arming> {
        Arc::clone(&self.arming.read())
    }

    /// Applies `command`, unless `expected` rejects the current version. No other command runs in between. Returns
    /// the result, and whether the profile or the link changed. `common` are the rules of all sessions.
    ///
    /// # Errors
    /// When the command fails. Nothing has changed then.
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
            let now = self.now();
            self.decider.lock().rearm(&self.arming().rules, now, self.process_time(now));
        }
        let applied = Applied { version: next.version(), fault };
        *control = next;
        Ok((applied, network))
    }

    /// Changes the settings without a command, if `work` returns true. Returns whether the network changed.
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

    /// Checks that `command` could be applied now, including its link.
    ///
    /// # Errors
    /// When it could not be applied.
    pub(super) fn can_apply(&self, command: &Command) -> Result<(), CommandError> {
        let mut next = self.control.lock().clone();
        next.apply_command(command, self.clock.now())?;
        let arming = next.settings.arming(&RuleSet::default());
        let present = self.arming();
        if Arc::ptr_eq(&arming.profile, &present.profile)
            && arming.shaping.rate == present.shaping.rate
        {
            return Ok(());
        }
        Ok(self.downlink.would_admit(&arming.profile)?)
    }

    /// The current settings.
    pub(super) fn settings(&self) -> Settings {
        self.control.lock().settings.clone()
    }

    /// The version. It increases with each change by a command, and when a temporary change ends.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.control.lock().version()
    }

    /// How many commands can be undone.
    #[must_use]
    pub fn undoable(&self) -> usize {
        self.control.lock().undoable()
    }

    /// The faults armed over the API, oldest first. Faults that are used up may be missing.
    #[must_use]
    pub fn faults(&self) -> Arc<[Fault]> {
        Arc::clone(&self.control.lock().settings.faults)
    }

    /// The settings and faults that end automatically, and the time left.
    #[must_use]
    pub fn reverts(&self) -> Vec<(String, Duration)> {
        let (settings, now) = (self.settings(), self.clock.now());
        let left = |(name, until): (&str, Duration)| (name.to_owned(), until.saturating_sub(now));
        settings.reverts().map(left).collect()
    }

    /// Replaces network and rules by the result of `change`. No other change runs in between. The link changes at
    /// once, also for responses in flight; if only the rules differ, the link is not touched. Rules that stay keep
    /// their counters, and new rules come into force. Returns whether the profile or the link changed.
    ///
    /// # Errors
    /// When the session would need another link. Nothing has changed then.
    fn rearm(&self, change: impl FnOnce(&Arming) -> Arming) -> Result<bool, LinkError> {
        let mut current = self.arming.write();
        let arming = change(&current).on_ladder(&self.ladder.lock());
        let new_link = arming.link != current.link;
        if new_link || !Arc::ptr_eq(&arming.profile, &current.profile) {
            self.downlink.admit(&arming.profile, arming.shaping.rate)?;
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
        self.decider.lock().arm(&current.rules, now, self.process_time(now));
        Ok(new_link || new_profile || paused)
    }

    /// Changes uplink and limits.
    fn change_beside(&self, now: Duration, from: &Profile, to: &Profile) {
        if from.uplink != to.uplink {
            self.uplink.change(now, &to.uplink);
        }
        if from.limits != to.limits {
            self.limits.change(Arc::clone(&to.limits), self.downlink.link_time(now));
            self.downlink.wake();
        }
    }

    /// Whether response bodies must poll the link or the limits.
    #[must_use]
    pub fn shapes_bodies(&self) -> bool {
        self.downlink.shapes_bodies() || self.limits.version() > 0
    }

    /// Called after a manifest was read: resolves rates that are shares of the ladder, and restarts the link with
    /// them. Returns whether the link changed.
    pub fn ladder_learnt(&self) -> bool {
        // A shared link does not depend on a ladder, so this can't fail.
        self.arming().relative && self.rearm(Arming::clone).unwrap_or(false)
    }

    /// Records that the player requests `resource`. Returns whether the link changed, because its rate depends on
    /// the ladder that plays.
    #[must_use]
    pub fn plays(&self, resource: &Resource) -> bool {
        resource.rungs.is_some() && self.ladder.lock().plays(resource) && self.ladder_learnt()
    }

    /// The event that reports the current link.
    #[must_use]
    pub fn link_changed(&self) -> Event {
        let profile = Arc::clone(&self.arming().profile_name);
        Event::LinkChanged { session: Arc::clone(&self.tag), profile, rate: self.rate() }
    }

    /// The current rate of its link; zero while paused, `None` = no limit.
    #[must_use]
    pub fn rate(&self) -> Option<BitRate> {
        if self.arming.read().paused {
            return Some(BitRate::ZERO);
        }
        self.downlink.rate(self.now())
    }

    /// Counts a request for `resource`.
    #[must_use]
    pub fn attempt(&self, key: RequestKey<'_>, resource: &Resource) -> Attempt {
        self.decider.lock().attempt(key, resource)
    }

    /// Records that the last request with this key ended with an error or an incomplete body.
    pub fn attempt_failed(&self, key: AttemptKey) {
        self.decider.lock().attempt_failed(key);
    }

    /// The live edge when it first requested a segment like `resource`.
    #[must_use]
    pub fn joined(&self, resource: &Resource) -> Option<u64> {
        resource.number?;
        self.decider.lock().joined(resource)
    }

    /// Decides what happens to a request, see [`Decider::decide`].
    #[must_use]
    pub fn decide(
        &self,
        policy: Policy<'_>,
        facts: &Facts<'_>,
        seed: Seed,
        carried: Option<CarriedDecision>,
    ) -> Decision {
        if policy.is_empty() && carried.is_none() {
            return Decision::default();
        }
        self.decider.lock().decide(policy, facts, seed, carried)
    }

    /// Runs `script` for a response, and returns `plan` with the effects that it adds.
    ///
    /// # Errors
    /// When it fails.
    pub fn run_response_script(
        &self,
        script: &Script,
        plan: Plan,
        facts: &Facts<'_>,
        answer: Answer<'_>,
        seed: Seed,
    ) -> Result<Plan, ScriptFailure> {
        self.decider.lock().respond(script, plan, facts, answer, seed)
    }

    /// Records a request for a segment of `rung`. Returns the previous rung if it was different.
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

    /// Opens `host` to this session: a manifest or redirect named it.
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

    /// Stores the user information of a URL of `origin`.
    pub(super) fn keep_credentials(&self, origin: &Origin, user: &str) {
        self.credentials.write().keep(origin, user);
    }

    /// The `Authorization` value for `origin`, if a URL contained user information.
    #[must_use]
    pub fn credentials(&self, origin: &Origin) -> Option<HeaderValue> {
        self.credentials.read().of(origin)
    }

    /// The rewriter that keeps the URIs of a document from `origin` inside this session.
    #[must_use]
    pub fn uris(self: &Arc<Self>, origin: &Origin) -> SessionUris {
        SessionUris::new(Arc::clone(self), origin.clone())
    }

    /// The process time at session time `time`. Before the first request, session time zero is the current time.
    #[must_use]
    pub fn process_time(&self, time: Duration) -> Duration {
        self.started.get().copied().unwrap_or_else(|| self.clock.now()) + time
    }

    /// The Unix time at session time `time`.
    #[must_use]
    pub fn epoch(&self, time: Duration) -> Duration {
        self.clock.epoch(self.process_time(time))
    }

    /// Called when an exchange of this session begins.
    pub fn enter(&self) {
        self.exchanges.fetch_add(1, Ordering::Relaxed);
    }

    /// Called when an exchange of this session ends, at session time `now`.
    pub fn leave(&self, now: Duration) {
        self.last_active.store(millis(self.process_time(now)), Ordering::Relaxed);
        self.exchanges.fetch_sub(1, Ordering::Relaxed);
    }

    /// The event that reports what its link has carried; `None` while nothing happens.
    pub(super) fn sample(&self) -> Option<Event> {
        let at = self.time()?;
        let delivered = self.delivered.load(Ordering::Relaxed);
        let granted = self.downlink.carried(at);
        let active = self.exchanges() > 0;
        let (since, granted) = self.sampled.lock().next(at, delivered, granted, active)?;
        Some(Event::LinkSampled { session: Arc::clone(&self.tag), since, at, delivered, granted })
    }

    /// The number of exchanges under way.
    #[must_use]
    pub fn exchanges(&self) -> u32 {
        self.exchanges.load(Ordering::Relaxed)
    }

    /// Counts `bytes` of a response body that were handed over to the player's connection.
    pub fn count_delivered(&self, bytes: u64) {
        self.delivered.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The bytes of all response bodies that were handed over so far, those of exchanges under way included.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// How long it has been idle; zero while an exchange is under way.
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
