//! Stopping, and live changes during a response.

use super::{
    origin::{Origin, Step, ok, pattern},
    player::End,
    rig::Rig,
};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// An origin that takes `pause` in the middle of ten bytes.
async fn slow(pause: Duration) -> Origin {
    Origin::start(move |_| {
        let answer = ok("", b"0123456789");
        let (first, rest) = answer.split_at(answer.len() - 5);
        vec![Step::Send(first.to_vec()), Step::Pause(pause), Step::Send(rest.to_vec())]
    })
    .await
}

#[tokio::test]
async fn what_is_under_way_ends_and_nobody_else_comes_in() {
    let origin = slow(Duration::from_secs(1)).await;
    let mut rig = Rig::before(&origin).await;
    let (mut busy, mut idle) = (rig.player().await, rig.player().await);
    busy.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(busy.body_of(5).await.text(), "01234");
    rig.stop();
    assert_eq!(idle.rest().await.end, End::Fin);
    assert!(TcpStream::connect(rig.listen).await.is_err(), "the door is shut");
    let rest = busy.rest().await;
    assert_eq!((rest.text(), rest.end), ("56789", End::Fin));
    let (report, events) = rig.stopped().await;
    assert!(report.to_string().contains("complete 1"), "{report}");
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["session_started", "request_planned", "request_finished", "session_ended"]);
    assert_eq!(events[2]["outcome"], "complete");
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut() {
    let origin = slow(Duration::from_secs(60)).await;
    let mut rig = Rig::start(Some(origin.address), |config| {
        config.proxy.timeouts.drain = Duration::from_millis(300);
    })
    .await;
    let mut busy = rig.player().await;
    busy.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(busy.body_of(5).await.text(), "01234");
    rig.stop();
    let rest = busy.rest().await;
    assert_eq!((rest.body.len(), rest.end), (0, End::Fin));
    let (_, events) = rig.stopped().await;
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["session_started", "request_planned", "request_finished", "session_ended"]);
}

/// Long enough for a change by the API to be there in time, on a loaded machine too.
const PAUSE: Duration = Duration::from_secs(3);

/// A response that began without a rate is slowed by a rate that is set later.
#[tokio::test]
async fn a_rate_is_felt_by_a_response_that_began_unshaped() {
    let origin = Origin::start(|_| {
        let answer = ok("", &pattern(1_000_000));
        let (first, rest) = answer.split_at(answer.len() - 50_000);
        let pause = Step::Pause(PAUSE);
        vec![Step::Send(first.to_vec()), pause, Step::Send(rest.to_vec())]
    })
    .await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    let mut player = rig.player().await;
    #[expect(clippy::disallowed_methods, reason = "a lower bound, on the wall's clock")]
    let asked = Instant::now();
    player.send(format!("GET {inside}/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await;
    assert_eq!(player.body_of(950_000).await.body.len(), 950_000);
    rig.patch(&inside, r#"{ "rate": "200 kbit/s" }"#).await;
    // 50 kB at 200 kbit/s take two seconds.
    let rest = player.rest().await;
    assert_eq!((rest.body.len(), rest.end), (50_000, End::Fin));
    let least = PAUSE + Duration::from_millis(1800);
    assert!(asked.elapsed() > least, "{:?}", asked.elapsed());
}
