//! When the time of a session starts, on paused time.

use super::{ArmingRequest, Origin, Registry, RegistryConfig, Session};
use crate::{
    clock::Clock,
    event::Bus,
    profiles::Profile,
    rules::RuleSet,
    seed::Seed,
    units::{BitRate, LinkTime, ProcessTime, SessionTime},
};
use std::{hash::RandomState, sync::Arc, time::Duration};
use tokio::time::advance;

const SECOND: Duration = Duration::from_secs(1);

/// 5 Mbit/s for two seconds, then 500 kbit/s.
const STEPS: &str = r#"
summary = "two steps"
source = "made for a test"
[downlink]
schedule = [{ for = "2 s", rate = "5 Mbit/s" }, { for = "60 s", rate = "500 kbit/s" }]
"#;

fn registry(link: Option<&str>) -> Registry {
    keyed(link, None)
}

fn keyed(link: Option<&str>, id_key: Option<RandomState>) -> Registry {
    let config = RegistryConfig {
        seed: Seed::new(7),
        id_key,
        origin: Origin::new("http", "origin.example").unwrap(),
        profile: Arc::new(Profile::from_toml("steps", "steps.toml", STEPS).unwrap()),
        catalog: Arc::default(),
        link: link.map(Arc::from),
        rules: Arc::new(RuleSet::default()),
        idle: Duration::from_secs(120),
        most_sessions: 10,
    };
    let clock = Clock::start();
    Registry::new(config, clock, Arc::new(Bus::new(clock, Vec::new())))
}

/// Made without a request of a player, as over the API.
fn armed(registry: &Registry) -> Arc<Session> {
    registry.start(None, ArmingRequest::default()).unwrap()
}

fn rate(session: &Session) -> u64 {
    session.rate().map_or(0, BitRate::bits_per_second) / 1000
}

/// Who has some ids, and the seed, can't compute the others, unless the seed was given.
#[tokio::test(start_paused = true)]
async fn ids_follow_from_the_seed_only_if_it_was_given() {
    let ids = |id_key| {
        let registry = keyed(None, id_key);
        (0..10).map(|_| armed(&registry).tag.id.to_string()).collect::<Vec<_>>()
    };
    let (given, one, other) =
        (ids(None), ids(Some(RandomState::new())), ids(Some(RandomState::new())));
    assert_eq!(given, ids(None));
    let mut all = [given, one, other].concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 30);
}

/// The schedule of a session that was armed ahead of its player waits for the player; that of a session made
/// by a request does not.
#[tokio::test(start_paused = true)]
async fn a_schedule_starts_with_the_first_request() {
    let registry = registry(None);
    let ahead = armed(&registry);
    let visitor = registry.start(Some([127, 0, 0, 1].into()), ArmingRequest::default()).unwrap();
    advance(3 * SECOND).await;
    assert_eq!((ahead.time(), ahead.age(), rate(&ahead)), (None, 3 * SECOND, 5000));
    assert_eq!((visitor.time(), rate(&visitor)), (Some(SessionTime::from_secs(3)), 500));
    assert_eq!(ahead.begin(), SessionTime::ZERO);
    advance(SECOND).await;
    assert_eq!(
        (ahead.begin(), rate(&ahead)),
        (SessionTime::from_secs(1), 5000),
        "a second request starts nothing"
    );
    advance(SECOND).await;
    assert_eq!(rate(&ahead), 500);
    assert_eq!(ahead.process_time(ahead.now()), ProcessTime::from_secs(5));
}

/// A shared link starts with the first request of any of its sessions, and does not start over for the others.
#[tokio::test(start_paused = true)]
async fn a_shared_link_starts_with_the_first_request() {
    let registry = registry(Some("home"));
    let (one, two) = (armed(&registry), armed(&registry));
    advance(3 * SECOND).await;
    assert_eq!((rate(&one), rate(&two)), (5000, 5000));
    one.begin();
    advance(3 * SECOND / 2).await;
    assert_eq!((two.begin(), rate(&two)), (SessionTime::ZERO, 5000));
    assert_eq!(two.downlink.link_time(SessionTime::from_secs(1)), LinkTime::from_millis(2500));
    assert_eq!(two.downlink.session_time(LinkTime::from_secs(2)), SessionTime::from_millis(500));
    advance(SECOND).await;
    assert_eq!((rate(&one), rate(&two)), (500, 500));
}

/// Redirects that nobody follows do not keep others out: when all places are taken, their sessions end. Sessions that wait for
/// their player, and those that play, stay.
#[tokio::test(start_paused = true)]
async fn sessions_that_no_player_uses_make_room() {
    let registry = registry(None);
    let client = Some(std::net::Ipv4Addr::LOCALHOST.into());
    let redirected = || registry.start(client, ArmingRequest::default());
    let (waiting, playing) = (armed(&registry), redirected().unwrap());
    playing.enter();
    playing.leave(playing.now());
    for _ in 0..8 {
        redirected().unwrap();
    }
    advance(Duration::from_secs(9)).await;
    assert!(redirected().is_err(), "they may still come");
    advance(Duration::from_secs(1)).await;
    redirected().unwrap();
    let left: Vec<_> = registry.list().iter().map(|session| session.tag.ordinal).collect();
    assert!(left.contains(&waiting.tag.ordinal) && left.contains(&playing.tag.ordinal));
    assert_eq!(left.len(), 3);
}

/// A posted report goes to the session of its `sid`, but not to that of another client or namespace with the same one.
#[tokio::test(start_paused = true)]
async fn a_report_finds_the_session_of_its_sid() {
    let registry = registry(None);
    let id: Arc<str> = "test".into();
    let started = |client: [u8; 4], label: Option<&str>| {
        let label = label.map(Arc::from);
        let request = ArmingRequest { label, ..ArmingRequest::default() };
        let session = registry.start(Some(client.into()), request).unwrap();
        session.note_cmcd_id(&id);
        session
    };
    let found =
        |known: &Session| registry.with_cmcd_id("test", known).map(|session| session.tag.ordinal);
    let own = started([10, 0, 0, 1], None);
    let newer = registry.start(Some([10, 0, 0, 1].into()), ArmingRequest::default()).unwrap();
    let of_other_client = started([10, 0, 0, 2], None);
    let of_other_team = started([10, 0, 0, 1], Some("team-b/x"));
    assert_eq!(found(&newer), Some(own.tag.ordinal));
    assert_eq!(found(&of_other_client), Some(of_other_client.tag.ordinal));
    assert_eq!(found(&of_other_team), Some(of_other_team.tag.ordinal));
    let nobody = registry.start(Some([10, 0, 0, 3].into()), ArmingRequest::default()).unwrap();
    assert_eq!(found(&nobody), None);
}
