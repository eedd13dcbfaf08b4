//! Sessions whose requests go from one replica to another, and back.

use super::{S, applies, open, open_with, rate, replica, request, wire::Wire};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;
use vsps::{
    clock::Clock,
    rules::RuleSet,
    sessions::{Command, LocateError, MemoryStore},
    units::BitRate,
};

/// Longer than what happens at a replica takes to be written.
const WRITTEN: Duration = Duration::from_millis(250);

/// The counters and the start of a session are the same at each replica that has a copy of it.
#[tokio::test(start_paused = true)]
async fn a_copy_is_up_to_date_when_requests_come_back() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let ((one, _a), (two, _b)) = (replica(&store).await, replica(&store).await);
    for (rules, expected) in [
        ("segment:status=404,times=3", [true, true, true, false, false, false]),
        ("segment,nth=2|4|6:status=404", [false, true, false, true, false, true]),
    ] {
        let id = open_with(&one, rules).await;
        // A request to the API makes a copy, too.
        assert_eq!(two.locate(&id).await.unwrap().time(), None);
        for (number, expected) in expected.into_iter().enumerate() {
            let here = if number % 2 == 0 { &one } else { &two };
            assert_eq!(request(here, &id).await, expected, "request {number}: {rules}");
            sleep(WRITTEN).await;
        }
        let [first, second] = [&one, &two].map(|here| here.find(&id).unwrap().time().unwrap());
        let apart = first.since_zero().abs_diff(second.since_zero());
        assert!(apart <= Duration::from_millis(2), "{apart:?}");
    }
}

/// Also when the store had counters from before the reset, or another replica has written them since.
#[tokio::test(start_paused = true)]
async fn a_reset_goes_with_the_session() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    for used_after in [0, 1] {
        let (one, _a) = replica(&store).await;
        let id = open_with(&one, "segment:status=404,times=3").await;
        assert_eq!([request(&one, &id).await, request(&one, &id).await], [true, true]);
        sleep(WRITTEN).await;
        let session = one.find(&id).unwrap();
        one.change(&session, &Command::Reset, &|_| true).await.unwrap();
        if used_after > 0 {
            assert!(request(&one, &id).await);
            sleep(WRITTEN).await;
        }
        let (two, _b) = replica(&store).await;
        for left in (used_after..3).map(|_| true).chain([false]) {
            assert_eq!(request(&two, &id).await, left, "{used_after} used after the reset");
        }
    }
}

/// Between the answer of the store and the copy that is made from it, another replica gives a command.
#[tokio::test(start_paused = true)]
async fn a_command_that_is_given_while_a_session_is_read_is_not_lost() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let slow = Wire::new(&store, Duration::from_millis(40));
    let ((one, _a), (two, _b)) = (replica(&store).await, replica(&slow).await);
    sleep(S(1)).await;
    let id = open(&one, "cable").await;
    let first = one.locate(&id).await.unwrap();
    let (reader, read) = (Arc::clone(&two), Arc::clone(&id));
    let reading = tokio::spawn(async move { reader.locate(&read).await.unwrap() });
    sleep(Duration::from_millis(20)).await;
    one.change(&first, &rate(321, None), &|_| true).await.unwrap();
    let second = reading.await.unwrap();
    assert_eq!(second.rate(), Some(BitRate::from_kilobits_per_second(321)));
}

/// The replica may have applied a command before the answer to it arrives.
#[tokio::test(start_paused = true)]
async fn the_name_of_a_fault_is_known_whoever_applies_it() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let slow = Wire::new(&store, Duration::from_millis(40));
    let (one, _a) = replica(&slow).await;
    sleep(S(1)).await;
    let id = open(&one, "cable").await;
    let session = one.locate(&id).await.unwrap();
    let rules = RuleSet::from_text("segment:status=404").unwrap();
    for (expected, version) in [("lost", 2), ("lost-2", 3)] {
        let rules = rules.clone();
        let arm = Command::ArmFault { name: "lost".into(), rules, times: 1, ttl: None };
        let applied = one.change(&session, &arm, &|_| true).await.unwrap();
        assert_eq!((applied.fault.as_deref(), applied.version), (Some(expected), version));
    }
}

/// Requests to the API are not requests of a player.
#[tokio::test(start_paused = true)]
async fn reading_a_session_does_not_keep_it() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let ((one, _a), (two, _b)) = (replica(&store).await, replica(&store).await);
    for played in [false, true] {
        let id = open(&one, "cable").await;
        if played {
            request(&one, &id).await;
        }
        for _ in 0..11 {
            sleep(S(10)).await;
            two.locate(&id).await.unwrap();
        }
        sleep(S(11)).await;
        let gone = two.locate(&id).await;
        assert!(matches!(gone, Err(LocateError::Missing(_))), "played: {played}, {gone:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_starts_later_has_the_rules_of_all_sessions() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let (one, _a) = replica(&store).await;
    let rules = Arc::new(RuleSet::from_text("segment:status=404").unwrap());
    one.change_rules(Some(rules), &|_| true).await.unwrap();
    let id = open(&one, "cable").await;
    let (two, _b) = replica(&store).await;
    sleep(Duration::from_millis(10)).await;
    assert_eq!(two.rules().1, 2);
    assert!(applies(&two.locate(&id).await.unwrap()));
    let (three, following) = replica(&store).await;
    following.abort();
    three.catch_up().await.unwrap();
    assert_eq!(three.rules().1, 2);
}
