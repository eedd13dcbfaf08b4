//! A session: the link, rules, ladder and decisions of one viewer.

use super::{
    activity::Activity,
    address::{Target, prefix},
    arming::Arming,
    bottleneck::Bottleneck,
    control::Control,
    cookies::Cookies,
    downlink::Downlink,
    error_cache::ErrorCache,
    host::Origin,
    known_hosts::KnownHosts,
    limits::Limits,
    link_sample::LinkSample,
    manifest_reading::ManifestReading,
    pending_redirects::PendingRedirects,
    player_seen::PlayerSeen,
    recent_segments::RecentSegments,
    report_dedup::ReportDedup,
    session_clock::{Began, SessionClock},
    settings::Settings,
    shared::Shared,
    shared_link::SharedLink,
    signed_process_time::SignedProcessTime,
};
use crate::{
    clock::Clock,
    event::{Event, SessionTag},
    media::{Ladder, MediaType, edit::EditMemory},
    memory::{Charge, ClientMemory, Part},
    model::{ResponseShaper, Verdict},
    rules::{Decider, RuleSet},
    seed::Seed,
    units::{BitRate, LinkTime, ProcessTime, SessionTime, UnixTime},
};
use http::{HeaderValue, uri::Authority};
use parking_lot::{Mutex, RwLock};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

mod decisions;
mod learnt;
mod player_state;
mod rearm;
mod replay;

/// The session of one viewer. (A request with its response is an exchange. A TCP connection is neither.)
///
/// What changes is behind locks that are private: each method holds one of them for a short time.
#[derive(Debug)]
pub struct Session {
    /// Its id, ordinal, seed and label.
    pub tag: Arc<SessionTag>,
    /// The default origin of its requests.
    pub origin: Origin,
    /// The link of its responses.
    pub downlink: Downlink,
    /// The link of its requests. Its time zero is that of the session.
    pub uplink: Bottleneck,
    /// Rate limits of its responses beside the link.
    pub limits: Limits,
    /// Whether its id is part of its addresses (otherwise it is found by viewer).
    pub(super) addressed: bool,
    clock: SessionClock,
    arming: RwLock<Arc<Arming>>,
    /// Locked before `arming`.
    control: Mutex<Control>,
    decider: Mutex<Decider>,
    /// What was read from its manifests.
    ladder: Mutex<Ladder>,
    /// The memory that it takes. Locked before `ladder`.
    learnt: Mutex<Charge>,
    reading: ManifestReading,
    /// The state of manifest edits; empty without rules that edit.
    edits: Mutex<EditMemory>,
    /// Error responses that a rule stores.
    error_cache: Mutex<ErrorCache>,
    /// The segments requested last, if a rule swaps segments.
    recent_segments: Mutex<RecentSegments>,
    /// The redirects that its player may still follow.
    pending_redirects: Mutex<PendingRedirects>,
    /// Cookies that are for more than one of its hosts.
    cookies: Mutex<Cookies>,
    /// What its player says of itself: ids in CMCD, and whether it has requested media.
    player: PlayerSeen,
    /// The CMCD reports that its player posted last.
    recent_reports: Mutex<ReportDedup>,
    /// The rung requested last, for each media type.
    rungs: Mutex<Vec<(MediaType, u16)>>,
    hosts: KnownHosts,
    activity: Activity,
    /// The client that what it holds is charged to.
    memory: Arc<ClientMemory>,
    /// What was sampled last of its link.
    sampled: Mutex<LinkSample>,
    /// What the store has of it; `None` without a store.
    pub(super) shared: Mutex<Option<Box<Shared>>>,
    /// Whether there may be something to write to the store.
    unsaved: AtomicBool,
}

/// What a session is made of.
pub(super) struct NewSession {
    pub(super) tag: Arc<SessionTag>,
    pub(super) seed: Seed,
    pub(super) origin: Origin,
    pub(super) settings: Settings,
    /// The shared link that it uses; `None` = a link of its own.
    pub(super) shared: Option<Arc<SharedLink>>,
    /// Its id is part of its addresses.
    pub(super) addressed: bool,
    /// When it began, if another replica began it.
    pub(super) began: Option<Began>,
    /// What it holds is charged to this client.
    pub(super) memory: Arc<ClientMemory>,
}

impl Session {
    /// A session with `common`, the rules of all sessions. Its time starts with its first request, see
    /// [`Self::begin`].
    #[must_use]
    pub(super) fn new(new: NewSession, common: &RuleSet, clock: Clock) -> Self {
        let NewSession { tag, seed, origin, settings, shared, addressed, began, memory } = new;
        let clock = match began {
            Some(began) => SessionClock::continued(clock, began),
            None => SessionClock::new(clock),
        };
        let arming = settings.arming(common);
        let downlink = match shared {
            Some(shared) => Downlink::over(shared, &arming.link),
            None => Downlink::new(&arming.link, seed.named("downlink")),
        };
        if began.is_some_and(|began| began.started.is_some()) {
            downlink.begin(clock.process_time(SessionTime::ZERO));
        }
        let start = downlink.link_time(SessionTime::ZERO);
        let mut decider = Decider::new(seed);
        decider.arm(&arming.rules, SessionTime::ZERO, clock.created());
        Self {
            limits: Limits::new(Arc::clone(&arming.profile.limits), start, seed.named("limits")),
            uplink: Bottleneck::new(&arming.profile.uplink, seed.named("uplink")),
            downlink,
            control: Mutex::new(Control::new(Arc::clone(&tag.id), settings)),
            tag,
            origin,
            addressed,
            activity: Activity::new(clock.process_now()),
            clock,
            arming: RwLock::new(Arc::new(arming)),
            decider: Mutex::new(decider),
            ladder: Mutex::default(),
            learnt: Mutex::new(Charge::new(Arc::clone(&memory), Part::Manifests)),
            memory,
            reading: ManifestReading::default(),
            edits: Mutex::default(),
            error_cache: Mutex::default(),
            recent_segments: Mutex::default(),
            pending_redirects: Mutex::default(),
            cookies: Mutex::default(),
            player: PlayerSeen::default(),
            recent_reports: Mutex::default(),
            rungs: Mutex::default(),
            hosts: KnownHosts::default(),
            sampled: Mutex::default(),
            shared: Mutex::default(),
            unsaved: AtomicBool::new(false),
        }
    }

    /// Called for each request. The first one starts session time. Returns the current session time.
    pub fn begin(&self) -> SessionTime {
        self.clock.start(|started| {
            self.downlink.begin(started);
            self.limits.begin(self.downlink.link_time(SessionTime::ZERO));
            self.mark_unsaved();
        });
        self.now()
    }

    /// Starts session time at `started`, as another replica did, unless it has started here.
    pub(super) fn begin_at(&self, started: SignedProcessTime) {
        self.clock.start_at(started, |started| {
            self.downlink.begin(started);
            self.limits.begin(self.downlink.link_time(SessionTime::ZERO));
        });
    }

    /// Session time: the time since its first request; zero before. Its link runs on this time.
    #[must_use]
    pub fn now(&self) -> SessionTime {
        self.time().unwrap_or_default()
    }

    /// Session time; `None` before the first request.
    #[must_use]
    pub fn time(&self) -> Option<SessionTime> {
        self.clock.time()
    }

    /// The time since it was created.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.clock.age()
    }

    /// The instant of session time `time`, for a timer.
    #[must_use]
    pub fn instant(&self, time: SessionTime) -> tokio::time::Instant {
        self.clock.instant(time)
    }

    /// The process time at session time `time`. Before the first request, session time zero is the current time.
    #[must_use]
    pub fn process_time(&self, time: SessionTime) -> ProcessTime {
        self.clock.process_time(time)
    }

    /// The Unix time at session time `time`.
    #[must_use]
    pub fn unix_time(&self, time: SessionTime) -> UnixTime {
        self.clock.unix_time(time)
    }

    /// The uplink's time at session time `time`: no other session uses it, so it starts with the session.
    const fn uplink_time(time: SessionTime) -> LinkTime {
        LinkTime::new(time.since_zero())
    }

    /// Returns whether some of `available` bytes of a request may leave over the uplink at `now`: see
    /// [`ResponseShaper::poll`].
    pub fn poll_uplink(
        &self,
        shaper: &mut ResponseShaper,
        now: SessionTime,
        available: usize,
    ) -> Verdict<SessionTime> {
        let verdict = self.uplink.poll(shaper, Self::uplink_time(now), available);
        verdict.on_clock(|time| SessionTime::new(time.since_zero()))
    }

    /// The current rate of its uplink; `None` = no limit.
    #[must_use]
    pub fn uplink_rate(&self) -> Option<BitRate> {
        self.uplink.rate(Self::uplink_time(self.now()))
    }

    /// The network and the rules in force.
    #[must_use]
    pub fn arming(&self) -> Arc<Arming> {
        Arc::clone(&self.arming.read())
    }

    /// Whether response bodies must poll the link or the limits.
    #[must_use]
    pub fn shapes_bodies(&self) -> bool {
        self.downlink.shapes_bodies() || self.limits.version() > 0
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

    /// Opens `host` to this session: a manifest or redirect named it.
    pub fn open(&self, host: &Authority) {
        if self.hosts.open(host) {
            self.mark_unsaved();
        }
    }

    /// Whether a manifest or redirect opened `host`.
    #[must_use]
    pub fn opened(&self, host: &Authority) -> bool {
        self.hosts.is_open(host)
    }

    /// Stores the user information of a URL of `origin`.
    pub(super) fn keep_credentials(&self, origin: &Origin, user: &str) {
        self.hosts.keep_credentials(origin, user);
    }

    /// The `Authorization` value for `origin`, if a URL contained user information.
    #[must_use]
    pub fn credentials(&self, origin: &Origin) -> Option<HeaderValue> {
        self.hosts.credentials(origin)
    }

    /// Called when an exchange of this session begins.
    pub fn enter(&self) {
        self.activity.enter();
    }

    /// Called when an exchange of this session ends, at session time `now`.
    pub fn leave(&self, now: SessionTime) {
        self.activity.leave(self.process_time(now));
    }

    /// The event that reports what its link has carried; `None` while nothing happens.
    pub(super) fn sample(&self) -> Option<Event> {
        let at = self.time()?;
        let delivered = self.delivered();
        let granted = self.downlink.carried(at);
        let active = self.exchanges() > 0;
        let (since, granted) = self.sampled.lock().next(at, delivered, granted, active)?;
        Some(Event::LinkSampled { session: Arc::clone(&self.tag), since, at, delivered, granted })
    }

    /// The event that reports a pause of the network that has ended, once, if the player waited for it.
    pub(super) fn ended_pause(&self) -> Option<Event> {
        let (at, lasts) = self.sampled.lock().take_pause()?;
        let waited = self.exchanges() > 0;
        waited.then(|| Event::Stalled { session: Arc::clone(&self.tag), at, lasts })
    }

    /// The number of exchanges under way.
    #[must_use]
    pub fn exchanges(&self) -> u32 {
        self.activity.exchanges()
    }

    /// Counts `bytes` of a response body that were handed over to the player's connection.
    pub fn count_delivered(&self, bytes: u64) {
        self.activity.count_delivered(bytes);
    }

    /// The bytes of all response bodies that were handed over so far, those of exchanges under way included.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.activity.delivered()
    }

    /// How long it has been idle; zero while an exchange is under way.
    #[must_use]
    pub fn idle(&self) -> Duration {
        self.activity.idle(self.clock.process_now())
    }

    /// Whether an exchange of it was here within the time `idle`.
    pub(super) fn in_use(&self, idle: Duration) -> bool {
        self.activity.has_served() && self.idle() < idle
    }

    /// Whether an exchange of it was here.
    pub(super) fn has_served(&self) -> bool {
        self.activity.has_served()
    }

    /// Records that an exchange has begun here.
    pub(super) fn mark_used(&self) {
        self.activity.mark_used();
    }

    /// Whether an exchange has begun here since the last call.
    pub(super) fn take_used(&self) -> bool {
        self.activity.take_used()
    }

    /// Records that there may be something to write to the store.
    pub(super) fn mark_unsaved(&self) {
        self.unsaved.store(true, Ordering::Relaxed);
    }

    /// Whether there may be something to write to the store. It is written now.
    pub(super) fn take_unsaved(&self) -> bool {
        self.unsaved.load(Ordering::Relaxed) && self.unsaved.swap(false, Ordering::Relaxed)
    }

    pub(super) fn prefix(&self, target: &Target) -> String {
        prefix(self.addressed.then_some(&*self.tag.id), target)
    }
}
