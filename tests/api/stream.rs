//! Events as they happen.

use super::rig::Rig;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use vsps::args::RunArgs;

/// A stream of events, and its first one.
async fn events(rig: &Rig, last: Option<&str>) -> (Incoming, String) {
    let mut request = Request::get(format!("http://{}/api/v1/events", rig.ready.admin));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let mut body = rig.send(request.body(Full::<Bytes>::default()).unwrap()).await.into_body();
    let first = next(&mut body).await;
    (body, first)
}

async fn next(body: &mut Incoming) -> String {
    let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
    String::from_utf8(frame.to_vec()).unwrap()
}

/// A client that connects again before its first event misses nothing: the first message has an id.
#[tokio::test]
async fn the_first_message_has_an_id() {
    let rig = Rig::start(RunArgs::default()).await;
    let (before, first) = events(&rig, None).await;
    assert_eq!(first, "id: 0\nevent: schema\ndata: {\"schema\":1}\n\n");
    drop(before);
    rig.arm(r#"{ "label": "missed" }"#).await;
    let (mut again, first) = events(&rig, Some("0")).await;
    assert!(first.starts_with("id: 0\nevent: schema\n"), "{first}");
    let missed = next(&mut again).await;
    assert!(missed.starts_with("id: 1\nevent: session_started\n"), "{missed}");
    // Without a number the stream begins now.
    let (_now, first) = events(&rig, None).await;
    assert!(first.starts_with("id: 1\nevent: schema\n"), "{first}");
}
