//! Few file descriptors: connections beyond the limit wait or are refused, and the service continues.

use crate::program::{PATIENCE, Program, request, shell};
use http_body_util::BodyExt as _;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{fs, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

/// Three megabytes: it takes minutes on `edge`.
const SEGMENT: &str = "/demo/media/v6/seg-1.m4s";

/// With at most 128 open files, enough for 16 players and their requests.
async fn poor(profile: &str) -> Program {
    let script = "ulimit -n 128; exec \"$0\" \"$@\"";
    Program::start(shell(script, &["--profile", profile, "--session-by", "client"])).await
}

/// A request of player `number`, on its own connection and link.
async fn ask(program: &Program, number: usize, path: &str) -> TcpStream {
    let mut player = TcpStream::connect(program.listen).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: {number}\r\n\r\n");
    player.write_all(head.as_bytes()).await.unwrap();
    player
}

/// The first bytes of a response, if they arrive in time.
async fn answered(player: &mut TcpStream, within: Duration) -> Option<String> {
    let mut head = [0; 12];
    timeout(within, player.read_exact(&mut head)).await.ok()?.ok()?;
    Some(String::from_utf8(head.to_vec()).unwrap())
}

#[tokio::test]
async fn the_soft_limit_is_raised() {
    let script = "ulimit -Sn 200; ulimit -Hn 2000; exec \"$0\" \"$@\"";
    let program = Program::start(shell(script, &[])).await;
    let limits = fs::read_to_string(format!("/proc/{}/limits", program.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let values: Vec<_> = line.split_whitespace().skip(3).take(2).collect();
    assert_eq!(values, ["2000", "2000"]);
}

/// Far more players than the limit: some are served, the others wait, the admin server responds, and when
/// players disconnect others are served.
#[tokio::test]
async fn players_beyond_the_limit_wait() {
    let program = poor("edge").await;
    let mut players = Vec::new();
    for number in 0..100 {
        players.push(ask(&program, number, SEGMENT).await);
    }
    let mut served = 0;
    for (number, player) in players.iter_mut().enumerate() {
        let patience = if number < 10 { PATIENCE } else { Duration::from_millis(50) };
        let answer = answered(player, patience).await;
        assert!(answer.as_deref().is_none_or(|head| head == "HTTP/1.1 200"), "{answer:?}");
        served += usize::from(answer.is_some());
    }
    assert!((10..=16).contains(&served), "{served} were served at once");
    assert!(program.metric("vsps_sessions_active").await >= 1.0);
    players.drain(..60);
    for player in &mut players[..10] {
        let answer = answered(player, PATIENCE).await;
        assert_eq!(answer.as_deref(), Some("HTTP/1.1 200"), "a place has come free");
    }
    drop(players);
    assert_eq!(program.status("/demo/media/v1/seg-1.m4s").await, Some(200));
    assert_eq!(program.end().await, Some(0));
}

/// An idle connection is closed for a player that has a request now.
#[tokio::test]
async fn idle_connections_give_way() {
    let program = poor("unlimited").await;
    let mut idle = Vec::new();
    for _ in 0..16 {
        idle.push(TcpStream::connect(program.listen).await.unwrap());
    }
    for number in 0..30 {
        let mut player = ask(&program, number, "/demo/none").await;
        let answer = answered(&mut player, Duration::from_secs(10)).await;
        assert_eq!(answer.as_deref(), Some("HTTP/1.1 404"), "player {number}");
        idle.push(player);
    }
    let mut first = idle.remove(0);
    let closed = timeout(PATIENCE, first.read(&mut [0])).await.unwrap();
    assert_eq!(closed.unwrap_or(0), 0, "the longest idle is closed first");
}

/// Two connections with as many streams as they may have: requests without an origin connection are refused,
/// and may be retried.
#[tokio::test]
async fn streams_beyond_the_limit_are_refused() {
    let program = poor("edge").await;
    let mut answers = JoinSet::new();
    for _ in 0..2 {
        let stream = TcpStream::connect(program.listen).await.unwrap();
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        for _ in 0..200 {
            let (mut sender, request) = (sender.clone(), request(program.listen, SEGMENT));
            answers.spawn(async move { sender.send_request(request).await });
        }
    }
    let (mut served, mut refused) = (Vec::new(), 0);
    while let Some(answer) = timeout(PATIENCE, answers.join_next()).await.unwrap() {
        let answer = answer.unwrap().unwrap();
        match answer.status().as_u16() {
            200 => served.push(answer),
            503 => {
                assert_eq!(answer.headers()["retry-after"], "1");
                assert_eq!(answer.headers()["vsps-error"], "internal; connections");
                refused += 1;
            }
            other => panic!("{other}: {:?}", answer.headers()),
        }
    }
    assert!(
        served.len() >= 12 && served.len() <= 16 && refused > 300,
        "{} served, {refused} refused",
        served.len()
    );
    drop(served);
    assert_eq!(program.status("/demo/media/v1/seg-1.m4s").await, Some(200));
    assert_eq!(program.end().await, Some(0));
}

/// Connections without requests take no descriptors from the admin server, nor from origin connections.
#[tokio::test]
async fn silent_connections_end_nothing() {
    let program = poor("unlimited").await;
    let mut silent = Vec::new();
    for address in [program.listen, program.admin] {
        for _ in 0..150 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(silent);
    let (sender, connection) = http2::handshake(
        TokioExecutor::new(),
        TokioIo::new(TcpStream::connect(program.listen).await.unwrap()),
    )
    .await
    .unwrap();
    tokio::spawn(connection);
    let answer = sender.clone().send_request(request(program.listen, SEGMENT)).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.into_body().collect().await.unwrap().to_bytes().len() > 1_000_000);
    assert_eq!(program.end().await, Some(0));
}
