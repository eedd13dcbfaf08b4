//! A store that loses its data, or goes back to an earlier point: what the replicas have counts.

use super::{S, applies, open, open_with, rate, replica, request};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};
use vsps::{
    clock::Clock,
    rules::RuleSet,
    sessions::{MemoryStore, Registry, Session},
    units::BitRate,
};

const MS: fn(u64) -> Duration = Duration::from_millis;

fn rules(text: &str) -> Option<Arc<RuleSet>> {
    Some(Arc::new(RuleSet::from_text(text).unwrap()))
}

/// A session that is here and there, with requests here.
async fn shared(one: &Registry, two: &Registry) -> (Arc<Session>, Arc<Session>) {
    let id = open(one, "cable").await;
    request(one, &id).await;
    (one.find(&id).unwrap(), two.locate(&id).await.unwrap())
}

/// How long it takes until `session` has this rate.
async fn felt(session: &Session, kbps: u64) -> Duration {
    let (start, wanted) = (Instant::now(), Some(BitRate::from_kilobits_per_second(kbps)));
    while session.rate() != wanted {
        assert!(start.elapsed() < S(10), "never");
        sleep(MS(1)).await;
    }
    start.elapsed()
}

/// Whether commands are given right after the loss, or once it was noticed, they are felt as soon as before.
#[tokio::test(start_paused = true)]
async fn a_command_after_a_loss_is_felt_everywhere_at_once() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let ((one, _a), (two, _b)) = (replica(&store).await, replica(&store).await);
    let (first, second) = shared(&one, &two).await;
    let mut kbps = 100;
    for since in [0, 30, 400, 1500] {
        for (by, here, there) in [(&one, &first, &second), (&two, &second, &first)] {
            for lose in [true, false] {
                if lose {
                    sleep(MS(1730)).await;
                    store.lose();
                    sleep(MS(since)).await;
                }
                kbps += 1;
                let before = here.version();
                by.change(here, &rate(kbps, None), &|version| version == before).await.unwrap();
                let late = felt(there, kbps).await;
                assert!(late <= MS(100), "{late:?}, {since} ms after the loss");
                assert_eq!((here.version(), there.version()), (before + 1, before + 1));
            }
        }
    }
    assert!([&one, &two].map(|here| here.replica().unwrap().losses()) >= [8, 8]);
}

/// Rules of all sessions are written again, and stay those of the last who replaced them.
#[tokio::test(start_paused = true)]
async fn rules_of_all_sessions_outlive_a_loss() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let ((one, _a), (two, _b)) = (replica(&store).await, replica(&store).await);
    let (first, second) = shared(&one, &two).await;
    assert_eq!(one.change_rules(rules("segment:status=404"), &|_| true).await, Ok(2));
    assert_eq!(one.change_rules(rules("segment:status=503"), &|_| true).await, Ok(3));
    sleep(S(1)).await;
    store.lose();
    sleep(S(3)).await;
    let (three, _c) = replica(&store).await;
    three.catch_up().await.unwrap();
    for here in [&one, &two, &three] {
        assert_eq!((here.rules().0.len(), here.rules().1), (1, 3));
    }
    assert!(applies(&first) && applies(&second));
    // Replaced right after a loss, by a replica that starts then: with a version that the others had before.
    store.lose();
    let (four, _d) = replica(&store).await;
    for version in [2, 3] {
        let none = rules("manifest:status=404");
        assert_eq!(four.change_rules(none, &|_| true).await, Ok(version));
    }
    sleep(S(3)).await;
    for here in [&one, &two, &three, &four] {
        assert_eq!(here.rules().1, 3);
    }
    assert!(!applies(&first) && !applies(&second));
}

/// A store that was started again with an older file has fewer commands, older counters, and knows an earlier replica.
#[tokio::test(start_paused = true)]
async fn nothing_goes_back_with_the_store() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let ((one, _a), (two, _b)) = (replica(&store).await, replica(&store).await);
    let id = open_with(&one, "segment:status=404,times=3").await;
    assert!(request(&one, &id).await);
    let first = one.find(&id).unwrap();
    one.change(&first, &rate(100, None), &|_| true).await.unwrap();
    sleep(S(1)).await;
    store.save();
    // The second and third time, at the other replica; and commands.
    assert!(request(&two, &id).await && request(&two, &id).await);
    let second = two.find(&id).unwrap();
    two.change(&second, &rate(101, None), &|_| true).await.unwrap();
    two.change(&second, &rate(102, None), &|_| true).await.unwrap();
    assert_eq!(two.change_rules(rules("manifest:status=404"), &|_| true).await, Ok(2));
    sleep(S(1)).await;
    store.go_back();
    one.change(&first, &rate(103, None), &|version| version == 4).await.unwrap();
    assert!(felt(&second, 103).await <= MS(100));
    sleep(S(3)).await;
    assert_eq!((first.version(), second.version()), (5, 5));
    let (three, _c) = replica(&store).await;
    three.catch_up().await.unwrap();
    for here in [&one, &two, &three] {
        assert!(!request(here, &id).await, "three times are used");
        assert_eq!(here.rules().1, 2);
        sleep(MS(300)).await;
    }
    assert_eq!(three.find(&id).unwrap().version(), 5);
}

/// Also a session without requests for long is there after a loss, at whichever moment it is noticed.
#[tokio::test(start_paused = true)]
async fn a_session_at_rest_is_not_forgotten() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let ((one, _a), (two, _b)) = (replica(&store).await, replica(&store).await);
    let mut sessions = Vec::new();
    for _ in 0..20 {
        sessions.push(shared(&one, &two).await);
    }
    sleep(S(100)).await;
    store.lose();
    // Found by a change at one of them, and by a heartbeat at the other.
    two.change(&sessions[19].1, &rate(320, None), &|_| true).await.unwrap();
    sleep(S(3)).await;
    for (first, second) in &sessions {
        assert!(one.find(&first.tag.id).is_ok() && two.find(&second.tag.id).is_ok());
        two.change(second, &rate(321, None), &|_| true).await.unwrap();
    }
    assert!(one.replica().unwrap().restored() >= 20 && !one.replica().unwrap().recovers());
}
