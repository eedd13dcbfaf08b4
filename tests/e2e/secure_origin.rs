//! Origins behind TLS: viewers do not slow each other, and no response is lost when a connection ends.

use crate::{
    http2_origin::Http2Origin,
    process::Running,
    rig::scratch,
    secure_nginx::{LARGE, SMALL, SecureNginx, certify, vsps_before},
};
use http::header::LOCATION;
use http_body_util::BodyExt as _;
use std::{collections::HashSet, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

/// The address of a new session.
async fn session(vsps: &Running, listen: SocketAddr, parameters: &str) -> String {
    let answer = vsps.ask(&format!("http://{listen}/start.m3u8?{parameters}")).await;
    let location = answer.headers()[LOCATION].to_str().unwrap().to_owned();
    location.split("/start").next().unwrap().to_owned()
}

/// A viewer that requests `path`, reads the beginning of the response, and no more.
async fn paused(listen: SocketAddr, path: &str) -> TcpStream {
    let mut viewer = TcpStream::connect(listen).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    viewer.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    viewer.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    viewer
}

/// Status and length of the answer to a GET of `path`.
async fn get(vsps: &Running, listen: SocketAddr, path: &str) -> (u16, usize) {
    let (head, body) = vsps.ask(&format!("http://{listen}{path}")).await.into_parts();
    let body = timeout(Duration::from_secs(30), body.collect()).await.expect("no end").unwrap();
    (head.status.as_u16(), body.to_bytes().len())
}

/// Any number of unread or slow bodies: another session gets all that it requests.
async fn go_on_beside_paused(listen: SocketAddr, vsps: &Running) {
    let mut viewers = Vec::new();
    for parameters in ["vsps.profile=unlimited", "vsps.profile=3g"] {
        for _ in 0..2 {
            let inside = session(vsps, listen, parameters).await;
            for _ in 0..3 {
                viewers.push(paused(listen, &format!("{inside}/{LARGE}")).await);
            }
        }
    }
    let other = session(vsps, listen, "vsps.profile=unlimited").await;
    for _ in 0..15 {
        assert_eq!(get(vsps, listen, &format!("{other}/{SMALL}")).await, (200, SMALL));
    }
    assert_eq!(get(vsps, listen, &format!("{other}/{LARGE}")).await, (200, LARGE));
}

#[tokio::test]
async fn a_viewer_who_pauses_holds_up_no_other_one() {
    let nginx = SecureNginx::start(1000).await;
    let (vsps, listen) = vsps_before(nginx.address, &nginx.certificate).await;
    go_on_beside_paused(listen, &vsps).await;
    // One connection was enough for what came one after another.
    let asked = nginx.asked();
    let small = asked.iter().filter(|line| line.ends_with(&format!(" /{SMALL}")));
    let connections: HashSet<_> = small.map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(connections.len(), 1, "{asked:?}");
}

#[tokio::test]
async fn a_viewer_who_pauses_holds_up_no_other_one_where_only_http_2_is_spoken() {
    let folder = scratch("http2-origin");
    std::fs::create_dir_all(&folder).unwrap();
    let certificate = certify(&folder).await;
    let origin = Http2Origin::start(&folder, 1000).await;
    let (vsps, listen) = vsps_before(origin.address, &certificate).await;
    go_on_beside_paused(listen, &vsps).await;
    // Twelve who pause, and one connection for the rest.
    assert_eq!(origin.connections(), 13);
}

/// Sends `count` requests, eight at once; returns the wrong responses.
async fn ask_many(listen: SocketAddr, count: usize) -> Vec<String> {
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        workers.spawn(async move {
            let mut failed = Vec::new();
            let mut player = TcpStream::connect(listen).await.unwrap();
            for _ in 0..count / 8 {
                let request = format!("GET /{SMALL} HTTP/1.1\r\nHost: a\r\n\r\n");
                player.write_all(request.as_bytes()).await.unwrap();
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") {
                    player.read_exact(&mut byte).await.unwrap();
                    head.push(byte[0]);
                }
                let head = String::from_utf8(head).unwrap();
                let line =
                    head.lines().find(|line| line.to_lowercase().starts_with("content-length"));
                let mut body = vec![0; line.unwrap()[16..].parse().unwrap()];
                player.read_exact(&mut body).await.unwrap();
                if !head.starts_with("HTTP/1.1 200") || body.len() != SMALL {
                    failed.push(format!(
                        "{head}{}",
                        String::from_utf8_lossy(&body[..body.len().min(200)])
                    ));
                }
            }
            failed
        });
    }
    workers.join_all().await.concat()
}

#[tokio::test]
async fn no_request_is_lost_where_connections_end_after_a_few() {
    let nginx = SecureNginx::start(5).await;
    let (_vsps, listen) = vsps_before(nginx.address, &nginx.certificate).await;
    assert_eq!(ask_many(listen, 800).await, [""; 0]);
    assert_eq!(nginx.asked().iter().filter(|line| line.starts_with("200 ")).count(), 800);
}

/// GOAWAY, refused streams, and connections that end without a word.
#[tokio::test]
async fn no_request_is_lost_to_the_end_of_an_http_2_connection() {
    let folder = scratch("http2-origin");
    std::fs::create_dir_all(&folder).unwrap();
    let certificate = certify(&folder).await;
    let origin = Http2Origin::start(&folder, 5).await;
    let (_vsps, listen) = vsps_before(origin.address, &certificate).await;
    assert_eq!(ask_many(listen, 400).await, [""; 0]);
    assert!(origin.refused() > 10, "{} streams were refused", origin.refused());
    assert!(origin.connections() > 60, "{} connections", origin.connections());
}
