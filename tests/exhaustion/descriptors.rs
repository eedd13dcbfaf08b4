//! Few descriptors: what can't be held waits or is refused, and the service goes on.

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

/// With no more than 128 open files, which hold 26 players and what they ask for.
async fn poor(profile: &str) -> Program {
    let script = "ulimit -n 128; exec \"$0\" \"$@\"";
    Program::start(shell(script, &["--profile", profile, "--session-by", "client"])).await
}

/// Player number `number` asks, on a connection and a link of its own.
async fn ask(program: &Program, number: usize, path: &str) -> TcpStream {
    let mut player = TcpStream::connect(program.listen).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: {number}\r\n\r\n");
    player.write_all(head.as_bytes()).await.unwrap();
    player
}

/// The first bytes of an answer, if they come in time.
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

/// Far more players than can be held: some are served, the others wait for a place, the admin side answers, and
/// when players leave others are served.
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
    assert!((10..=26).contains(&served), "{served} were served at once");
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

/// A connection that is kept for a next request makes room for a player who has one now.
#[tokio::test]
async fn idle_connections_give_way() {
    let program = poor("unlimited").await;
    let mut idle = Vec::new();
    for _ in 0..26 {
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

/// Two connections with as many streams as they may have: what the origin can't be asked for is refused, and may be
/// asked for again.
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
        served.len() >= 20 && served.len() <= 26 && refused > 300,
        "{} served, {refused} refused",
        served.len()
    );
    drop(served);
    assert_eq!(program.status("/demo/media/v1/seg-1.m4s").await, Some(200));
    assert_eq!(program.end().await, Some(0));
}

/// Connections that nobody asks anything on take no place from the admin side, nor from the origin.
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
