//! Replicas that share sessions, over a store in memory and on paused time.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails so")]

mod figures;
mod links;
mod losses;
mod moves;
mod outages;
mod simulation;
mod suite;
mod wire;

use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, advance, sleep},
};
use vsps::{
    clock::Clock,
    event::Bus,
    listen::Workers,
    media::{Kind, Protocol, Resource},
    profiles::Catalog,
    proxy::{self, ForwardConfig, Proxy, ProxyConfig},
    rules::{Facts, Policy, RuleSet},
    seed::Seed,
    sessions::{
        ArmingRequest, Change, Command, CommandError, Fleet, LocateError, MemoryStore, Opened,
        Origin, Patch, Quota, Registry, RegistryConfig, Replica, Session, StartError, StateError,
        StateStore,
    },
    units::BitRate,
};

const S: fn(u64) -> Duration = Duration::from_secs;

fn config(seed: u64) -> RegistryConfig {
    let catalog = Arc::new(Catalog::new());
    RegistryConfig {
        seed: Seed::new(seed),
        id_key: None,
        origin: Origin::new("http", "origin.example").unwrap(),
        profile: catalog.named("cable").unwrap(),
        catalog,
        link: None,
        rules: Arc::default(),
        idle: S(120),
        most_sessions: 100,
    }
}

async fn joined(
    store: &Arc<impl StateStore + 'static>,
    config: RegistryConfig,
    seeded: bool,
) -> Result<Arc<Registry>, StateError> {
    let clock = Clock::start();
    let fleet = Fleet::new(&config, None, None);
    let store: Arc<dyn StateStore> = Arc::clone(store) as _;
    let replica = Replica::join(store, fleet, seeded, None, Quota::default(), clock).await?;
    let config = RegistryConfig { seed: replica.fleet().seed(), ..config };
    let registry = Registry::new(config, clock, Arc::new(Bus::new(clock, Vec::new())));
    Ok(Arc::new(registry.with_replica(Some(Arc::new(replica)))))
}

/// A replica that follows the others.
async fn replica(store: &Arc<impl StateStore + 'static>) -> (Arc<Registry>, JoinHandle<()>) {
    let registry = joined(store, config(1), true).await.unwrap();
    let kept = Arc::clone(&registry);
    let following = tokio::spawn(async move {
        tokio::join!(kept.keep_shared(), kept.keep_reverting());
    });
    (registry, following)
}

async fn open(registry: &Registry, profile: &str) -> Arc<str> {
    let profile = Some(registry.config().catalog.named(profile).unwrap());
    let request = ArmingRequest { profile, ..ArmingRequest::default() };
    registry.open(None, request).await.unwrap().id
}

fn rate(kbps: u64, ttl: Option<Duration>) -> Command {
    let change =
        Change { rate: Patch::Set(BitRate::from_kilobits_per_second(kbps)), ..Change::default() };
    Command::Set { change, ttl }
}

/// Starts a session with these rules of its own.
async fn open_with(registry: &Registry, rules: &str) -> Arc<str> {
    let rules = Some(Arc::new(RuleSet::from_text(rules).unwrap()));
    let request = ArmingRequest { rules, ..ArmingRequest::default() };
    registry.open(None, request).await.unwrap().id
}

/// A request for a segment of the session `id` at this replica. Whether a rule applies to it.
async fn request(registry: &Registry, id: &str) -> bool {
    let session = registry.locate(id).await.unwrap();
    session.begin();
    session.enter();
    let applies = applies(&session);
    session.leave(session.now());
    applies
}

/// Whether a rule of `session` applies to a segment requested now.
fn applies(session: &Session) -> bool {
    let resource = Resource::new(Protocol::Hls, Kind::Segment);
    let now = session.now();
    let process_time = session.process_time(now);
    let facts = Facts { process_time, ..Facts::new(&resource, now) };
    let rules = Arc::clone(&session.arming().rules);
    let policy = Policy { script: None, rules: &rules };
    let decision = session.decide(policy, &facts, Seed::new(1), None);
    if let Some(reservations) = &decision.reservations {
        rules.iter().for_each(|rule| reservations.keep_by_name(rule.name()));
    }
    decision.plan.is_some()
}

#[tokio::test(start_paused = true)]
async fn a_store_in_memory_does_what_every_store_must() {
    suite::holds(&MemoryStore::new(Clock::start())).await;
}

/// The rate at each second is the one that the first replica would have had, through temporary and lasting changes.
#[tokio::test(start_paused = true)]
async fn a_session_goes_on_where_it_is_at_another_replica() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let (one, following) = replica(&store).await;
    for changed in [false, true] {
        let id = open(&one, "abr-ramp").await;
        let first = one.locate(&id).await.unwrap();
        sleep(S(3)).await;
        first.begin();
        sleep(S(10)).await;
        if changed {
            one.change(&first, &rate(700, Some(S(5))), &|_| true).await.unwrap();
            sleep(S(9)).await;
            one.change(&first, &rate(900, Some(S(30))), &|_| true).await.unwrap();
        }
        sleep(S(4)).await;
        one.flush().await;
        // Its clock starts here: all of that was before.
        let (two, following) = replica(&store).await;
        let second = two.locate(&id).await.unwrap();
        assert_eq!((second.tag.seed, second.tag.ordinal), (first.tag.seed, first.tag.ordinal));
        assert_eq!((second.version(), second.undoable()), (first.version(), first.undoable()));
        for _ in 0..60 {
            let time = |session: &Session| session.time().unwrap().since_zero();
            let (here, there) = (time(&first), time(&second));
            assert!(here.abs_diff(there) <= Duration::from_millis(2), "{here:?} {there:?}");
            assert_eq!(first.rate(), second.rate(), "at {here:?}, changed: {changed}");
            sleep(Duration::from_millis(997)).await;
        }
        following.abort();
    }
    following.abort();
}

#[tokio::test(start_paused = true)]
async fn a_command_takes_effect_at_every_replica() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let ((one, _a), (two, _b)) = (replica(&store).await, replica(&store).await);
    let id = open(&one, "cable").await;
    let (first, second) = (one.locate(&id).await.unwrap(), two.locate(&id).await.unwrap());
    first.begin();
    sleep(S(1)).await;
    let (start, wanted) = (Instant::now(), Some(BitRate::from_kilobits_per_second(321)));
    one.change(&first, &rate(321, None), &|_| true).await.unwrap();
    while second.rate() != wanted {
        sleep(Duration::from_millis(1)).await;
    }
    assert!(start.elapsed() <= Duration::from_millis(100), "{:?}", start.elapsed());
    // A version that is over is refused at either.
    let stale = two.change(&second, &rate(5, None), &|version| version == 1).await.unwrap_err();
    assert!(matches!(stale, CommandError::Stale { present: 2, .. }), "{stale}");
    // Rules and the end of the session are for both, too.
    let rules = Arc::new(RuleSet::from_text("segment:status=404").unwrap());
    assert_eq!(two.change_rules(Some(rules), &|version| version == 1).await, Ok(2));
    sleep(Duration::from_millis(50)).await;
    assert!(applies(&first) && applies(&second));
    two.close(&id).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    assert!(one.find(&id).is_err() && two.find(&id).is_err());
    assert!(matches!(one.locate(&id).await, Err(LocateError::Missing(_))));
}

/// Commands that are given at two replicas at the same time are applied at both in one order.
#[tokio::test(start_paused = true)]
async fn commands_at_the_same_time_have_one_order() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let ((one, _a), (two, _b)) = (replica(&store).await, replica(&store).await);
    let id = open(&one, "cable").await;
    let mut tasks = Vec::new();
    for number in 0..30 {
        let registry = Arc::clone(if number % 2 == 0 { &one } else { &two });
        let id = Arc::clone(&id);
        tasks.push(tokio::spawn(async move {
            let session = registry.locate(&id).await.unwrap();
            registry.change(&session, &rate(1000 + number, None), &|_| true).await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    sleep(S(3)).await;
    let (first, second) = (one.find(&id).unwrap(), two.find(&id).unwrap());
    assert_eq!((first.version(), second.version()), (31, 31));
    assert_eq!(first.arming().shaping.rate, second.arming().shaping.rate);
}

/// Three times are three times, whichever replica has the session.
#[tokio::test(start_paused = true)]
async fn budgets_and_counts_go_with_the_session() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    for rules in ["segment:status=404,times=3", "segment,nth=1|2|5:status=404"] {
        let (one, _a) = replica(&store).await;
        let id = open_with(&one, rules).await;
        assert_eq!([request(&one, &id).await, request(&one, &id).await], [true; 2], "{rules}");
        one.flush().await;
        let (two, _b) = replica(&store).await;
        let second = two.locate(&id).await.unwrap();
        let seen = [(); 4].map(|()| applies(&second));
        let expected = if rules.contains("nth") {
            [false, false, true, false]
        } else {
            [true, false, false, false]
        };
        assert_eq!(seen, expected, "{rules}");
    }
}

#[tokio::test(start_paused = true)]
async fn sessions_go_on_without_the_store_and_nothing_is_changed() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let (one, _a) = replica(&store).await;
    let id = open(&one, "cable").await;
    let session = one.locate(&id).await.unwrap();
    session.begin();
    store.set_reachable(false);
    sleep(S(2)).await;
    assert!(!one.replica().unwrap().reachable());
    assert!(one.find(&id).is_ok() && one.locate(&id).await.is_ok());
    let refused = one.change(&session, &rate(5, None), &|_| true).await.unwrap_err();
    assert!(matches!(refused, CommandError::State(StateError::Unreachable(_))), "{refused}");
    let refused = one.open(None, ArmingRequest::default()).await.unwrap_err();
    assert!(matches!(refused, StartError::State(StateError::Unreachable(_))), "{refused}");
    store.set_reachable(true);
    sleep(S(2)).await;
    assert!(one.replica().unwrap().reachable());
    one.change(&session, &rate(5, None), &|_| true).await.unwrap();
}

/// What the store has lost, the replicas write again; no number of a session is given out twice.
#[tokio::test(start_paused = true)]
async fn a_store_that_loses_its_data_gets_it_again() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let (one, _a) = replica(&store).await;
    let id = open(&one, "cable").await;
    let session = one.locate(&id).await.unwrap();
    session.begin();
    one.change(&session, &rate(77, None), &|_| true).await.unwrap();
    store.lose();
    let lost = one.open(None, ArmingRequest::default()).await.unwrap_err();
    assert_eq!(lost, StartError::State(StateError::Lost));
    sleep(S(3)).await;
    let (two, _b) = replica(&store).await;
    let again = two.locate(&id).await.unwrap();
    assert_eq!(again.rate(), Some(BitRate::from_kilobits_per_second(77)));
    let Opened { id: next, .. } = two.open(None, ArmingRequest::default()).await.unwrap();
    assert!(two.locate(&next).await.unwrap().tag.ordinal > 1_000_000);
}

#[tokio::test(start_paused = true)]
async fn ids_that_are_forged_or_over_are_refused() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let (one, _a) = replica(&store).await;
    let id = open(&one, "cable").await;
    let forged = format!("c{}", &id[1..]);
    assert!(matches!(one.locate(&forged).await, Err(LocateError::Forged(_))));
    assert!(matches!(one.locate("abcdefghjk").await, Err(LocateError::Forged(_))));
    advance(S(121)).await;
    assert!(matches!(one.locate(&id).await, Err(LocateError::Missing(_))));
}

#[tokio::test(start_paused = true)]
async fn replicas_that_differ_are_refused() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let _one = joined(&store, config(1), true).await.unwrap();
    let refused = joined(&store, config(2), true).await.err().unwrap().to_string();
    assert!(refused.starts_with("--seed is 2 here and 1 at the replicas that run"), "{refused}");
    // Without a seed of its own, a replica takes that of the others.
    assert_eq!(joined(&store, config(2), false).await.unwrap().config().seed, Seed::new(1));
    let profile = config(1).catalog.named("3g").unwrap();
    let other = RegistryConfig { profile, ..config(1) };
    let refused = joined(&store, other, true).await.err().unwrap().to_string();
    assert!(refused.starts_with("--profile is 3g ("), "{refused}");
}

/// The user of a forward proxy may be a session that another replica has started.
#[tokio::test]
async fn a_user_of_the_forward_proxy_gets_a_session_of_another_replica() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let ((one, _), (two, _)) = (replica(&store).await, replica(&store).await);
    let id = open(&one, "cable").await;
    assert!(two.find(&id).is_err());
    let config = ProxyConfig { forward: Some(ForwardConfig::default()), ..ProxyConfig::default() };
    let catalog = Arc::clone(&two.config().catalog);
    let proxy = Arc::new(Proxy::new(Arc::clone(&two), catalog, config, Vec::new()));
    let workers = Workers::of_current_runtime(proxy);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let head = format!(
        "GET http://cdn.example/a HTTP/1.1\r\nHost: cdn.example\r\nProxy-Authorization: {id}\r\n\
         Connection: close\r\n\r\n"
    );
    client.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::select! {
        _ = proxy::run(workers, listener, Clock::start(), std::future::pending()) => {}
        read = client.read_to_string(&mut answer) => drop(read.unwrap()),
    }
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(two.find(&id).is_ok(), "it goes on here");
}
