//! A store that is lost, or that one replica cannot reach.

use super::{S, open, open_with, rate, replica, request, wire::Wire};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;
use vsps::{
    clock::Clock,
    sessions::{CommandError, LocateError, MemoryStore, StateError},
    units::BitRate,
};

/// Longer than the idle time of sessions.
const LONG: u64 = 300;

async fn plays(registry: &vsps::sessions::Registry, id: &str, seconds: u64) {
    for _ in 0..seconds / 10 {
        sleep(S(10)).await;
        request(registry, id).await;
    }
}

/// A session that plays at a replica goes on there, however long the store cannot be reached, and is in the store again
/// afterwards.
#[tokio::test(start_paused = true)]
async fn a_session_that_plays_outlives_an_outage() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let wire = Wire::new(&store, Duration::ZERO);
    let ((one, _a), (two, _b)) = (replica(&wire).await, replica(&store).await);
    let (plays_on, idles) = (open(&one, "cable").await, open(&one, "cable").await);
    for id in [&plays_on, &idles] {
        request(&one, id).await;
    }
    sleep(S(1)).await;
    wire.set_cut(true);
    plays(&one, &plays_on, LONG - 20).await;
    assert!(matches!(two.locate(&plays_on).await, Err(LocateError::Missing(_))));
    // Ended by a request to another replica in the meantime.
    wire.set_cut(false);
    sleep(S(3)).await;
    wire.set_cut(true);
    request(&one, &plays_on).await;
    two.close(&plays_on).await.unwrap();
    plays(&one, &plays_on, 60).await;
    wire.set_cut(false);
    sleep(S(3)).await;
    assert!(one.find(&plays_on).is_err(), "it was ended");
    assert!(one.find(&idles).is_err(), "it had no requests");
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_another_replica_has_the_session_as_well() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let wire = Wire::new(&store, Duration::ZERO);
    let ((one, _a), (two, _b)) = (replica(&wire).await, replica(&store).await);
    let id = open(&one, "cable").await;
    request(&one, &id).await;
    one.change(&one.find(&id).unwrap(), &rate(77, None), &|_| true).await.unwrap();
    wire.set_cut(true);
    plays(&one, &id, LONG).await;
    wire.set_cut(false);
    sleep(S(3)).await;
    assert!(one.find(&id).is_ok());
    let second = two.locate(&id).await.unwrap();
    assert_eq!(second.rate(), Some(BitRate::from_kilobits_per_second(77)));
}

/// A change is made even if it is the first to find out that the store has lost its data.
#[tokio::test(start_paused = true)]
async fn a_change_right_after_a_loss_is_made() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let (one, following) = replica(&store).await;
    let id = open(&one, "cable").await;
    request(&one, &id).await;
    let session = one.find(&id).unwrap();
    one.change(&session, &rate(77, None), &|_| true).await.unwrap();
    following.abort();
    store.lose();
    let applied = one.change(&session, &rate(78, None), &|version| version == 2).await.unwrap();
    assert_eq!(applied.version, 3);
    let (two, _b) = replica(&store).await;
    let second = two.locate(&id).await.unwrap();
    assert_eq!(second.rate(), Some(BitRate::from_kilobits_per_second(78)));
    // One that was ended is not made again by a change.
    two.close(&id).await.unwrap();
    let ended = one.change(&session, &rate(79, None), &|_| true).await.unwrap_err();
    assert!(matches!(ended, CommandError::Ended(_)), "{ended}");
    assert!(one.find(&id).is_err());
}

/// Ids stay valid at all replicas, whichever of them joins first after the loss.
#[tokio::test(start_paused = true)]
async fn ids_are_valid_after_a_loss() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let (one, _a) = replica(&store).await;
    let before = open(&one, "cable").await;
    request(&one, &before).await;
    store.lose();
    // A replica that starts now draws a key of its own.
    let (two, _b) = replica(&store).await;
    sleep(S(3)).await;
    let after = open(&two, "cable").await;
    request(&two, &after).await;
    for registry in [&one, &two] {
        for id in [&before, &after] {
            registry.locate(id).await.unwrap_or_else(|problem| panic!("{id}: {problem}"));
        }
    }
    store.lose();
    sleep(S(3)).await;
    let (three, _c) = replica(&store).await;
    for id in [&before, &after] {
        three.locate(id).await.unwrap_or_else(|problem| panic!("{id}: {problem}"));
    }
    // A session is one session, whichever key its id was signed with.
    let ordinal = three.locate(&before).await.unwrap().tag.ordinal;
    let listed = three.list_all().await.unwrap();
    let listed = listed.into_iter().find(|(other, ..)| *other == ordinal).unwrap().1;
    assert!(Arc::ptr_eq(&three.locate(&listed).await.unwrap(), &three.find(&before).unwrap()));
}

/// A replica that starts right after the loss gives out a number again, before the others have joined: the two sessions
/// stay apart.
#[tokio::test(start_paused = true)]
async fn a_session_whose_number_is_taken_goes_on_where_it_is() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let (one, _a) = replica(&store).await;
    let before = open(&one, "cable").await;
    request(&one, &before).await;
    sleep(Duration::from_millis(500)).await;
    store.lose();
    let (two, _b) = replica(&store).await;
    let after = open(&two, "cable").await;
    let second = two.locate(&after).await.unwrap();
    request(&two, &after).await;
    // The first to find out is a change.
    let first = one.find(&before).unwrap();
    one.change(&first, &rate(77, None), &|_| true).await.unwrap();
    sleep(S(3)).await;
    assert!(Arc::ptr_eq(&one.locate(&before).await.unwrap(), &first));
    assert_eq!(first.tag.ordinal, second.tag.ordinal);
    assert!(matches!(two.locate(&before).await, Err(LocateError::Forged(_))));
    sleep(S(3)).await;
    let changed = Some(BitRate::from_kilobits_per_second(77));
    assert_eq!((first.rate() == changed, second.rate() == changed), (true, false));
}

/// A copy that was out of date before the loss still is, whichever replica is the first to write the session again.
#[tokio::test(start_paused = true)]
async fn counters_after_a_loss_are_those_of_the_last_requests() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let (one, _a) = replica(&store).await;
    sleep(Duration::from_millis(300)).await;
    let (two, _b) = replica(&store).await;
    // From now on the next heartbeat is that of the first replica.
    sleep(Duration::from_millis(350)).await;
    for (rules, expected) in [
        ("segment:status=404,times=2", [true, true, false, false]),
        ("segment,nth=3|4:status=404", [false, false, true, true]),
    ] {
        for (from, to) in [(&one, &two), (&two, &one)] {
            for changed_before in [false, true] {
                let id = open_with(from, rules).await;
                let mut seen = Vec::new();
                for (number, here) in [from, to, from, to].into_iter().enumerate() {
                    seen.push(request(here, &id).await);
                    sleep(S(1)).await;
                    if number == 1 {
                        let session = to.find(&id).unwrap();
                        if changed_before {
                            to.change(&session, &rate(76, None), &|_| true).await.unwrap();
                        }
                        store.lose();
                        sleep(S(3)).await;
                        to.change(&session, &rate(77, None), &|_| true).await.unwrap();
                        sleep(S(1)).await;
                    }
                }
                assert_eq!(seen, expected, "{rules}, changed before: {changed_before}");
            }
        }
    }
}

/// A copy that is out of date serves right after a loss, before its replica has found out about it.
#[tokio::test(start_paused = true)]
async fn an_outdated_copy_serves_right_after_a_loss() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let ((one, _a), (two, _b)) = (replica(&store).await, replica(&store).await);
    let id = open(&one, "cable").await;
    for here in [&one, &two] {
        request(here, &id).await;
        sleep(S(1)).await;
    }
    store.lose();
    request(&one, &id).await;
}

/// A number that was given out again after a loss does not lead to the session of another user.
#[tokio::test(start_paused = true)]
async fn an_id_from_before_a_loss_is_not_that_of_a_later_session() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let (one, following) = replica(&store).await;
    let before = open(&one, "cable").await;
    following.abort();
    store.lose();
    let (two, _b) = replica(&store).await;
    let after = open(&two, "cable").await;
    let lost = LocateError::State(StateError::Lost);
    assert_eq!(one.close(&before).await.unwrap_err(), lost);
    assert_eq!(one.locate(&before).await.map(drop).unwrap_err(), lost);
    assert_eq!(two.locate(&after).await.unwrap().tag.ordinal, 1);
}

/// A session that goes on here can be ended, also when the key that signed its id is gone.
#[tokio::test(start_paused = true)]
async fn a_session_can_be_ended_after_its_key_is_gone() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let (one, _a) = replica(&store).await;
    open(&one, "cable").await;
    let id = open(&one, "cable").await;
    request(&one, &id).await;
    sleep(Duration::from_millis(500)).await;
    store.lose();
    let (two, _b) = replica(&store).await;
    let other = open(&two, "cable").await;
    sleep(S(3)).await;
    assert!(matches!(two.locate(&id).await, Err(LocateError::Forged(_))));
    assert_eq!(one.close(&id).await, Ok(()));
    assert!(one.find(&id).is_err());
    two.locate(&other).await.unwrap();
}

/// Another replica gets the requests before the store has answered that they come here.
#[tokio::test(start_paused = true)]
async fn a_late_answer_of_the_store_makes_no_copy_current() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let wire = Wire::new(&store, Duration::ZERO);
    wire.set_touch_delay(400);
    let ((one, _a), (two, _b)) = (replica(&wire).await, replica(&store).await);
    let id = open_with(&one, "segment:status=404,times=2").await;
    assert!(request(&one, &id).await);
    sleep(Duration::from_millis(150)).await;
    assert!(request(&two, &id).await);
    sleep(S(2)).await;
    assert!(!request(&one, &id).await, "both times are used");
}

/// What a command sets for a while ends that long after the command, also where it arrives late.
#[tokio::test(start_paused = true)]
async fn a_temporary_change_that_arrives_late_ends_in_time() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let wire = Wire::new(&store, Duration::ZERO);
    let ((one, _a), (two, _b)) = (replica(&wire).await, replica(&store).await);
    let id = open(&one, "cable").await;
    request(&one, &id).await;
    let first = one.find(&id).unwrap();
    let (before, temporary) = (first.rate(), Some(BitRate::from_kilobits_per_second(321)));
    sleep(S(1)).await;
    wire.set_cut(true);
    let second = two.locate(&id).await.unwrap();
    two.change(&second, &rate(321, Some(S(10))), &|_| true).await.unwrap();
    sleep(S(6)).await;
    assert_eq!(first.rate(), before);
    wire.set_cut(false);
    sleep(S(3)).await;
    assert_eq!((first.rate(), second.rate()), (temporary, temporary));
    sleep(Duration::from_millis(1100)).await;
    assert_eq!((first.rate(), second.rate()), (before, before));
}

/// A store that cannot be reached does not delay requests of sessions that are here.
#[tokio::test(start_paused = true)]
async fn an_outdated_copy_serves_while_the_store_cannot_be_reached() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let wire = Wire::new(&store, Duration::ZERO);
    let ((one, _a), (two, _b)) = (replica(&wire).await, replica(&store).await);
    let id = open(&one, "cable").await;
    request(&one, &id).await;
    sleep(S(1)).await;
    request(&two, &id).await;
    sleep(S(1)).await;
    wire.set_cut(true);
    request(&one, &id).await;
    let session = one.find(&id).unwrap();
    let refused = one.change(&session, &rate(5, None), &|_| true).await.unwrap_err();
    assert!(matches!(refused, CommandError::State(StateError::Unreachable(_))), "{refused}");
    request(&one, &id).await;
}

/// Each replica has a system clock of its own: a temporary change starts and ends at all of them together.
#[tokio::test(start_paused = true)]
async fn clocks_that_differ_by_two_seconds_make_no_difference() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let (one, _a) = replica(&store).await;
    // On paused time the system clock stands still: a process that starts later is behind.
    sleep(S(4)).await;
    let (two, _b) = replica(&store).await;
    assert!(one.unix_time() - two.unix_time() >= S(2));
    let id = open(&one, "cable").await;
    request(&one, &id).await;
    sleep(S(1)).await;
    request(&two, &id).await;
    sleep(S(1)).await;
    let (first, second) = (one.find(&id).unwrap(), two.find(&id).unwrap());
    for (by, session) in [(&one, &first), (&two, &second)] {
        by.change(session, &rate(321, Some(S(3))), &|_| true).await.unwrap();
        let mut temporary = 0;
        for _ in 0..500 {
            sleep(Duration::from_millis(10)).await;
            assert_eq!(first.rate(), second.rate());
            temporary += u32::from(first.rate() == Some(BitRate::from_kilobits_per_second(321)));
        }
        assert!((298..=302).contains(&temporary), "{temporary} of 300");
    }
}
