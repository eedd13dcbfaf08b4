//! Changes that revert automatically: at the right time, and to the earlier state.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use std::{sync::Arc, time::Duration};
use tokio::time::advance;
use vsps::{
    clock::Clock,
    event::Bus,
    media::{Kind, Protocol, Resource},
    profiles::Catalog,
    rules::{Facts, Policy, RuleSet},
    seed::Seed,
    sessions::{ArmingRequest, Change, Command, Origin, Patch, Registry, RegistryConfig, Session},
    units::{BitRate, Ratio},
};

const MBIT: fn(u64) -> BitRate = |n| BitRate::from_kilobits_per_second(1000 * n);
const S: fn(u64) -> Duration = Duration::from_secs;

/// A registry that reverts automatically.
fn registry() -> Arc<Registry> {
    let catalog = Arc::new(Catalog::new());
    let config = RegistryConfig {
        seed: Seed::new(1),
        id_key: None,
        origin: Origin::new("http", "origin.example").unwrap(),
        profile: catalog.named("cable").unwrap(),
        catalog,
        link: None,
        rules: Arc::default(),
        idle: S(3600),
        most_sessions: 10,
    };
    let clock = Clock::start();
    let bus = Arc::new(Bus::new(clock, Vec::new()));
    let registry = Arc::new(Registry::new(config, clock, bus));
    let reverting = Arc::clone(&registry);
    tokio::spawn(async move { reverting.keep_reverting().await });
    registry
}

fn start(registry: &Registry, link: Option<&str>) -> Arc<Session> {
    let link = link.map(Arc::from);
    let session = registry.start(None, ArmingRequest { link, ..ArmingRequest::default() }).unwrap();
    session.begin();
    session
}

fn set(registry: &Registry, session: &Session, change: Change, lasts: Option<u64>) {
    let command = Command::Set { change, ttl: lasts.map(S) };
    registry.command(session, &command, &|_| true).unwrap();
}

fn rate(mbit: u64) -> Change {
    Change { rate: Patch::Set(MBIT(mbit)), ..Change::default() }
}

/// Whether a rule of `session` applies to a segment requested now.
fn applies(session: &Session) -> bool {
    let resource = Resource::new(Protocol::Hls, Kind::Segment);
    let now = session.now();
    let process_time = session.process_time(now);
    let facts = Facts { process_time, ..Facts::new(&resource, now) };
    let policy = Policy { script: None, rules: &session.arming().rules };
    session.decide(policy, &facts, Seed::new(1), None).plan.is_some()
}

/// Advances time, and lets waiting tasks run.
async fn pass(time: Duration) {
    // Tasks that have not set their timers yet do so first.
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
    advance(time).await;
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_reverts_when_its_time_is_over() {
    let registry = registry();
    let session = start(&registry, None);
    let change = Change { paused: Patch::Set(true), ..rate(9) };
    set(&registry, &session, change, Some(30));
    let state = || (session.arming().shaping.rate, session.arming().paused);
    pass(Duration::from_millis(29_900)).await;
    assert_eq!(state(), (Some(MBIT(9)), true));
    let version = session.version();
    pass(Duration::from_millis(150)).await;
    assert_eq!(state(), (None, false));
    assert_eq!(session.version(), version + 1, "whoever read it before learns of it");
    assert!(session.reverts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_later_change_supersedes_its_member_alone() {
    let registry = registry();
    let session = start(&registry, None);
    let change = Change { paused: Patch::Set(true), ..rate(9) };
    set(&registry, &session, change, Some(30));
    set(&registry, &session, rate(5), None);
    pass(S(31)).await;
    assert_eq!((session.arming().shaping.rate, session.arming().paused), (Some(MBIT(5)), false));
    // An earlier end wakes the task that waits for a later one.
    set(&registry, &session, rate(1), Some(100));
    pass(S(1)).await;
    set(&registry, &session, rate(2), Some(10));
    pass(S(11)).await;
    assert_eq!(
        session.arming().shaping.rate,
        Some(MBIT(5)),
        "to what lasts, not to what was for a while"
    );
}

#[tokio::test(start_paused = true)]
async fn undo_brings_back_nothing_whose_time_is_over() {
    let registry = registry();
    let session = start(&registry, None);
    set(&registry, &session, rate(9), Some(10));
    set(&registry, &session, Change { paused: Patch::Set(true), ..Change::default() }, None);
    pass(S(11)).await;
    let undo = || registry.command(&session, &Command::Undo, &|_| true);
    undo().unwrap();
    assert_eq!((session.arming().shaping.rate, session.arming().paused), (None, false));
    undo().unwrap();
    assert!(undo().is_err());
    // While its time is not over, what lasts comes back under it.
    set(&registry, &session, rate(7), None);
    set(&registry, &session, rate(9), Some(10));
    undo().unwrap();
    assert_eq!(session.arming().shaping.rate, Some(MBIT(7)));
    pass(S(11)).await;
    assert_eq!(session.arming().shaping.rate, Some(MBIT(7)));
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_has_not_struck_is_gone_in_time() {
    let registry = registry();
    let session = start(&registry, None);
    let rules = serde_json::json!([{ "then": { "status": 404 } }]);
    let rules = RuleSet::from_json("rules", rules).unwrap();
    let name = Arc::from("fault");
    let fire = Command::ArmFault { name, rules, times: 3, ttl: Some(S(20)) };
    registry.command(&session, &fire, &|_| true).unwrap();
    pass(S(19)).await;
    assert_eq!((session.faults().len(), session.arming().rules.len()), (1, 1));
    pass(S(2)).await;
    assert_eq!((session.faults().len(), session.arming().rules.len()), (0, 0));
}

/// Round trip and loss replace those of the profile, whichever it is, and end as the rate does.
#[tokio::test(start_paused = true)]
async fn round_trip_and_loss_are_set_for_a_while() {
    let registry = registry();
    let session = start(&registry, None);
    let network = || {
        let link = Arc::clone(&session.arming().link);
        (link.latency.rtt, link.loss.is_some())
    };
    let own = network();
    assert!(!own.1 && own.0 < S(1), "{own:?}");
    let loss = Patch::Set(Ratio::new(0.02).unwrap());
    let change = Change { rtt: Patch::Set(S(1)), loss, ..Change::default() };
    set(&registry, &session, change, Some(30));
    assert_eq!(network(), (S(1), true));
    set(
        &registry,
        &session,
        Change { profile: Patch::Set("3g".into()), ..Change::default() },
        None,
    );
    assert_eq!((&*session.arming().profile_name, network()), ("3g", (S(1), true)));
    set(&registry, &session, Change { loss: Patch::Restore, ..Change::default() }, None);
    assert_eq!(network(), (S(1), false));
    registry.command(&session, &Command::Undo, &|_| true).unwrap();
    registry.command(&session, &Command::Undo, &|_| true).unwrap();
    assert_eq!((&*session.arming().profile_name, network()), ("cable", (S(1), true)));
    assert_eq!(session.reverts().len(), 2);
    pass(S(31)).await;
    assert_eq!(network(), own);
}

/// A profile is found by its name when the command is applied: a wrong one changes nothing.
#[tokio::test(start_paused = true)]
async fn a_command_with_an_unknown_profile_changes_nothing() {
    let registry = registry();
    let session = start(&registry, None);
    let change = Change { profile: Patch::Set("no-such".into()), ..rate(9) };
    let command = Command::Set { change, ttl: None };
    let refused = registry.command(&session, &command, &|_| true);
    assert!(refused.unwrap_err().to_string().contains("`no-such`"));
    assert_eq!((session.version(), session.arming().shaping.rate), (1, None));
    set(
        &registry,
        &session,
        Change { profile: Patch::Set("3g".into()), ..Change::default() },
        None,
    );
    set(&registry, &session, Change { profile: Patch::Restore, ..Change::default() }, None);
    assert_eq!(&*session.arming().profile_name, "cable");
}

/// The rate of a link belongs to all who share it, and so does its end.
#[tokio::test(start_paused = true)]
async fn a_shared_rate_reverts_for_all() {
    let registry = registry();
    let (one, two) = (start(&registry, Some("house")), start(&registry, Some("house")));
    set(&registry, &one, rate(9), Some(10));
    assert_eq!(two.arming().shaping.rate, Some(MBIT(9)));
    pass(S(1)).await;
    // The session that set it may have ended by then.
    registry.end(&one.tag.id).unwrap();
    pass(S(10)).await;
    assert_eq!(
        (two.arming().shaping.rate, two.rate()),
        (None, two.arming().profile.link.rate.peak().into())
    );
}

/// A rule's `ttl` runs from when a session gets the rule, and not from its next request; a reset begins
/// it anew.
#[tokio::test(start_paused = true)]
async fn a_rule_lives_from_when_it_is_armed() {
    const RULE: &str = "[[rule]]\nbudget = { ttl = \"10 s\" }\nthen = { status = 503 }";
    let registry = registry();
    let session = start(&registry, None);
    pass(S(60)).await;
    let rules = Arc::new(RuleSet::from_toml("r", RULE).unwrap());
    let change = Change { rules: Patch::Set(Arc::clone(&rules)), ..Change::default() };
    set(&registry, &session, change, None);
    pass(S(9)).await;
    // Another change leaves its time alone.
    set(&registry, &session, rate(5), None);
    assert!(applies(&session));
    pass(S(1)).await;
    assert!(!applies(&session));
    let again = RuleSet::from_toml("r", RULE).unwrap();
    let twice = Arc::new(RuleSet::concat([&again, &again]));
    set(&registry, &session, Change { rules: Patch::Set(twice), ..Change::default() }, None);
    pass(S(11)).await;
    assert!(!applies(&session), "nobody asked, and its time went by");

    let arming = ArmingRequest { rules: Some(rules), ..ArmingRequest::default() };
    let armed = registry.start(None, arming).unwrap();
    armed.begin();
    pass(S(10)).await;
    assert!(!applies(&armed));
    registry.command(&armed, &Command::Reset, &|_| true).unwrap();
    pass(S(9)).await;
    assert!(applies(&armed));
    pass(S(1)).await;
    assert!(!applies(&armed));
}

/// Values that replace those of a profile, and another profile for a while, leave its schedule where it is: when they are gone,
/// the network is that of a session without any command. A profile that is picked starts at its beginning.
#[tokio::test(start_paused = true)]
async fn a_schedule_runs_on_underneath() {
    for profile in ["3g", "abr-dropout", "lte"] {
        let (registry, catalog) = (registry(), Catalog::new());
        let [changed, untouched] = [(); 2].map(|()| {
            let profile = Some(catalog.named(profile).unwrap());
            let request =
                ArmingRequest { profile, seed: Some(Seed::new(7)), ..ArmingRequest::default() };
            let session = registry.start(None, request).unwrap();
            session.begin();
            session
        });
        let seen = |session: &Session| {
            let now = session.now();
            (session.downlink.rate(now), session.downlink.running(now))
        };
        let carried = |session: &Session| session.downlink.carried(session.now()).unwrap() as i64;
        let same = async |what: &str| {
            let ahead = carried(&changed) - carried(&untouched);
            for _ in 0..50 {
                pass(Duration::from_millis(300)).await;
                assert_eq!(seen(&changed), seen(&untouched), "{profile}, after {what}");
                // Both are rounded down.
                let now = carried(&changed) - carried(&untouched);
                assert!((now - ahead).abs() <= 1, "{profile}, after {what}: {ahead} → {now}");
            }
        };
        pass(S(13)).await;
        let rtt = Change { rtt: Patch::Set(Duration::from_millis(100)), ..Change::default() };
        set(&registry, &changed, rtt, None);
        same("a round trip").await;
        let loss = Change { loss: Patch::Set(Ratio::new(0.01).unwrap()), ..Change::default() };
        set(&registry, &changed, loss, None);
        same("a loss").await;
        set(&registry, &changed, rate(1), Some(2));
        assert_eq!(seen(&changed).0, Some(MBIT(1)));
        pass(S(2)).await;
        same("a rate for two seconds").await;
        set(&registry, &changed, rate(2), None);
        pass(S(3)).await;
        registry.command(&changed, &Command::Undo, &|_| true).unwrap();
        same("an undo").await;
        let pick = |name: &str| Change { profile: Patch::Set(name.into()), ..Change::default() };
        set(&registry, &changed, pick("wifi"), Some(3));
        pass(S(3)).await;
        same("another profile for three seconds").await;
        set(&registry, &changed, pick(profile), None);
        same("the same profile").await;
        set(&registry, &changed, pick("wifi"), None);
        set(&registry, &changed, pick(profile), None);
        assert_eq!(seen(&changed).1, Duration::ZERO, "{profile} starts");
        registry.command(&changed, &Command::Reset, &|_| true).unwrap();
        same("a reset").await;
    }
}

/// The same on a link that sessions may share, while one session uses it.
#[tokio::test(start_paused = true)]
async fn a_schedule_runs_on_underneath_on_a_shared_link() {
    let registry = registry();
    let start = |link: Option<&str>| {
        let profile = Some(Catalog::new().named("abr-dropout").unwrap());
        let link = link.map(Arc::from);
        let request = ArmingRequest { profile, link, ..ArmingRequest::default() };
        let session = registry.start(None, request).unwrap();
        session.begin();
        session
    };
    let (changed, untouched) = (start(Some("house")), start(None));
    let seen = |session: &Session| {
        let now = session.now();
        (session.downlink.rate(now), session.downlink.running(now))
    };
    let wifi = || Change { profile: Patch::Set("wifi".into()), ..Change::default() };
    pass(S(13)).await;
    set(&registry, &changed, wifi(), Some(3));
    pass(S(3)).await;
    assert_eq!(seen(&changed), seen(&untouched), "after a ttl");
    set(&registry, &changed, rate(1), Some(2));
    pass(S(2)).await;
    assert_eq!(seen(&changed), seen(&untouched), "after a rate");
    set(&registry, &changed, wifi(), None);
    pass(S(4)).await;
    registry.command(&changed, &Command::Undo, &|_| true).unwrap();
    assert_eq!(seen(&changed), seen(&untouched), "after an undo");
    let dropout = Change { profile: Patch::Set("abr-dropout".into()), ..Change::default() };
    set(&registry, &changed, wifi(), None);
    set(&registry, &changed, dropout, None);
    assert_eq!(seen(&changed).1, Duration::ZERO, "it was picked again");
}

/// So does that of the uplink, also where two profiles have the same one.
#[tokio::test(start_paused = true)]
async fn the_schedule_of_the_uplink_runs_on_underneath() {
    let registry = registry();
    let session = start(&registry, None);
    let pick = |name: &str| Change { profile: Patch::Set(name.into()), ..Change::default() };
    let running = || {
        let now = vsps::units::LinkTime::new(session.now().since_zero());
        session.uplink.with(|link| link.running(now))
    };
    set(&registry, &session, pick("abr-dropout"), None);
    pass(S(3)).await;
    set(&registry, &session, pick("abr-ramp"), None);
    pass(S(5)).await;
    assert_eq!(running(), S(5));
    set(&registry, &session, pick("wifi"), Some(2));
    pass(S(2)).await;
    assert_eq!((&*session.arming().profile_name, running()), ("abr-ramp", S(7)));
}
