//! Shared links.

use super::{S, rate, replica};
use std::sync::Arc;
use tokio::time::sleep;
use vsps::{
    clock::Clock,
    sessions::{ArmingRequest, MemoryStore, Registry},
    units::BitRate,
};

async fn on_link(registry: &Registry, label: Option<&str>) -> Arc<str> {
    let profile = Some(registry.config().catalog.named("cable").unwrap());
    let (link, label) = (Some("house".into()), label.map(Arc::from));
    let request = ArmingRequest { profile, link, label, ..ArmingRequest::default() };
    registry.open(None, request).await.unwrap().id
}

/// The last command sets the link, in whichever order its sessions are made at another replica.
#[tokio::test(start_paused = true)]
async fn a_session_that_is_made_again_does_not_set_the_link_back() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let (one, _a) = replica(&store).await;
    let (early, late, none) =
        (on_link(&one, None).await, on_link(&one, None).await, on_link(&one, None).await);
    for (id, kbps) in [(&early, 1000), (&late, 2000)] {
        let session = one.locate(id).await.unwrap();
        session.begin();
        one.change(&session, &rate(kbps, None), &|_| true).await.unwrap();
        sleep(S(4)).await;
    }
    let wanted = Some(BitRate::from_kilobits_per_second(2000));
    for order in [[&early, &late, &none], [&late, &early, &none], [&none, &late, &early]] {
        let (two, _b) = replica(&store).await;
        for id in order {
            two.locate(id).await.unwrap();
            sleep(S(1)).await;
        }
        for id in order {
            let session = two.find(id).unwrap();
            assert_eq!((session.rate(), session.arming().shaping.rate), (wanted, wanted), "{id}");
        }
    }
}

/// A link is shared within a namespace: a command for one team does not reach the viewers of another.
#[tokio::test(start_paused = true)]
async fn namespaces_have_links_of_their_own() {
    let store = Arc::new(MemoryStore::new(Clock::start()));
    let (one, _a) = replica(&store).await;
    let mut sessions = Vec::new();
    for label in [Some("team-a/1"), Some("team-a/2"), Some("team-b/1"), Some("tv"), None] {
        sessions.push(one.locate(&on_link(&one, label).await).await.unwrap());
    }
    one.change(&sessions[0], &rate(500, None), &|_| true).await.unwrap();
    let changed = Some(BitRate::from_kilobits_per_second(500));
    let changed: Vec<bool> = sessions.iter().map(|session| session.rate() == changed).collect();
    assert_eq!(changed, [true, true, false, false, false]);
}
