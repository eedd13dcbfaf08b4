//! Whatever the network does, the bytes that come are the origin's.

use super::{
    origin::{Origin, ok, pattern},
    rig::Rig,
};
use vsps::profiles::Catalog;

const LENGTH: usize = 24 * 1024;

#[tokio::test]
async fn bodies_are_equal_under_every_profile_however_stalled() {
    let origin = Origin::saying(ok("ETag: \"q\"\r\n", &pattern(LENGTH))).await;
    let rig = &Rig::before(&origin).await;
    let catalog = Catalog::new();
    let names: Vec<_> = catalog.names().map(str::to_owned).collect();
    assert!(names.len() >= 12, "{names:?}");
    let fetch = async |name: &str| {
        let inside = rig.session(&format!("vsps.profile={name}")).await;
        let got = rig.get(&format!("{inside}/a")).await;
        assert_eq!((got.status(), got.header("etag")), (200, "\"q\""), "{name}");
        assert!(got.body == pattern(LENGTH), "{name}: {} bytes", got.body.len());
        let timing = got.header("server-timing");
        assert_eq!(timing.is_empty(), name == "unlimited", "{name}: `{timing}`");
    };
    let mut all: Vec<_> = names.iter().map(|name| Box::pin(fetch(name))).collect();
    std::future::poll_fn(|cx| {
        all.retain_mut(|one| one.as_mut().poll(cx).is_pending());
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}
