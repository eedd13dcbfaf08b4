//! Tunnels between connections in memory, on paused time.

use super::{
    direction::Direction,
    flow::{Flow, Step, Towards},
    relay::{End, relay},
};
use crate::{
    event::Outcome,
    model::{ResponseShaper, Transport, TransportSpec},
    proxy::{
        body::{link_driver::LinkDriver, uplink_loss},
        test_session::session,
    },
    seed::Seed,
    sessions::{Session, ShapedResponse},
};
use parking_lot::Mutex;
use proptest::{collection::vec, prelude::*};
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{
        AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf,
        duplex, split,
    },
    time::{Instant, sleep},
};

/// How long a tunnel goes on without bytes when one side has closed.
const IDLE: Duration = Duration::from_secs(75);

const FREE: &str = "";
/// 100,000 bytes per second to the player, 50,000 to the origin.
const SLOW: &str = r#"
[latency]
rtt = "100 ms"
[downlink]
rate = "800 kbit/s"
[uplink]
rate = "400 kbit/s"
"#;
const LOSSY: &str = r#"
[latency]
uplink = "80 ms"
downlink = "20 ms"
[downlink]
rate = "8 Mbit/s"
[loss]
model = { bernoulli = 0.05 }
[uplink]
rate = "4 Mbit/s"
loss = { model = { bernoulli = 0.05 } }
"#;
const TCP: &str = r#"
[latency]
rtt = "60 ms"
[downlink]
rate = "5 Mbit/s"
transport = "tcp"
[loss]
model = { bernoulli = 0.01 }
"#;

fn down(session: &Arc<Session>) -> Flow {
    let link = Arc::clone(&session.arming().link);
    let mut response = ShapedResponse::new(ResponseShaper::new(&link, None, Seed::new(3)));
    if link.transport == TransportSpec::Tcp {
        response = response.over_tcp(Arc::new(Mutex::new(Transport::new(link.latency.rtt))));
    }
    Flow::new(session, Towards::Player, LinkDriver::down(session, response), &[])
}

fn up(session: &Arc<Session>) -> Flow {
    let shaper = uplink_loss::shaper(session, Seed::new(4));
    Flow::new(session, Towards::Origin, LinkDriver::up(session, shaper), &[])
}

/// Relays between two connections, in a session with `profile`.
async fn relay_between<P, O>(profile: &str, player: P, origin: O) -> End
where
    P: AsyncRead + AsyncWrite + Unpin,
    O: AsyncRead + AsyncWrite + Unpin,
{
    let session = session(profile);
    let (from_player, to_player) = split(player);
    let (from_origin, to_origin) = split(origin);
    let mut down = Direction::new(down(&session), from_origin, to_player);
    let mut up = Direction::new(up(&session), from_player, to_origin);
    relay(&mut down, &mut up, IDLE, |_, _| {}).await
}

/// Bytes that differ from their neighbours, and from those of another `seed`.
fn bytes(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|at| (at as u8).wrapping_mul(31) ^ (at >> 8) as u8 ^ seed).collect()
}

/// What one side does: it writes pieces with pauses between them, and closes.
#[derive(Debug, Clone)]
struct Side {
    pieces: Vec<(usize, u64)>,
    /// Closes only after it has read everything.
    reads_first: bool,
}

impl Side {
    fn sent(&self, seed: u8) -> Vec<u8> {
        bytes(self.pieces.iter().map(|(length, _)| length).sum(), seed)
    }

    /// Writes its pieces and reads until the other side has closed. Returns what it has read.
    async fn run(self, stream: DuplexStream, seed: u8) -> Vec<u8> {
        let (mut from, mut to) = split(stream);
        let sent = self.sent(seed);
        let writing = async {
            let mut rest = &*sent;
            for (length, pause) in &self.pieces {
                let (piece, after) = rest.split_at(*length);
                to.write_all(piece).await.unwrap();
                rest = after;
                if *pause > 0 {
                    sleep(Duration::from_millis(*pause)).await;
                }
            }
            if !self.reads_first {
                to.shutdown().await.unwrap();
            }
            to
        };
        let mut read = Vec::new();
        let (mut to, received) = tokio::join!(writing, from.read_to_end(&mut read));
        received.unwrap();
        if self.reads_first {
            to.shutdown().await.unwrap();
        }
        read
    }
}

fn side() -> impl Strategy<Value = Side> {
    let length = prop_oneof![0..2_000_usize, Just(20_000), Just(32 * 1024), 0..70_000_usize];
    let pieces = vec((length, prop_oneof![Just(0_u64), 0..200_u64]), 0..6);
    (pieces, any::<bool>()).prop_map(|(pieces, reads_first)| Side { pieces, reads_first })
}

fn on_paused_time<T>(work: impl Future<Output = T>) -> T {
    let builder = &mut tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the pieces, the pauses, the sizes of the buffers, the network and the order in which the sides close:
    /// each side gets all bytes of the other, in order, and then its end.
    #[test]
    fn all_bytes_arrive_in_order(
        player in side(),
        origin in side(),
        buffers in (1..70_000_usize, 1..70_000_usize),
        profile in prop_oneof![Just(FREE), Just(SLOW), Just(LOSSY), Just(TCP)],
    ) {
        // One of them has to close first.
        let origin = Side { reads_first: origin.reads_first && !player.reads_first, ..origin };
        let (sent_up, sent_down) = (player.sent(1), origin.sent(2));
        let (got_down, got_up, end) = on_paused_time(async {
            let (players, ours) = duplex(buffers.0);
            let (theirs, origins) = duplex(buffers.1);
            tokio::join!(player.run(players, 1), origin.run(origins, 2), relay_between(profile, ours, theirs))
        });
        prop_assert!(got_down == sent_down, "{} of {} bytes to the player", got_down.len(), sent_down.len());
        prop_assert!(got_up == sent_up, "{} of {} bytes to the origin", got_up.len(), sent_up.len());
        prop_assert_eq!(end, End { outcome: Outcome::Complete, reset: false });
    }
}

/// A connection that delivers `bytes` and then fails, and that accepts `accepts` bytes before writes fail.
struct Failing {
    bytes: io::Cursor<Vec<u8>>,
    accepts: usize,
    /// Its error is reported once: after a write has failed, its bytes end as if it were closed.
    fails_once: bool,
    failed: bool,
}

impl AsyncRead for Failing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.bytes).poll_read(cx, buf);
        if buf.filled().len() == before && self.fails_once && !self.failed {
            return Poll::Pending;
        }
        if buf.filled().len() == before && !self.failed {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        read
    }
}

impl AsyncWrite for Failing {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = bytes.len().min(self.accepts);
        self.accepts -= written;
        self.failed = self.fails_once && written == 0;
        Poll::Ready(if written > 0 { Ok(written) } else { Err(io::ErrorKind::BrokenPipe.into()) })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn failing(bytes: Vec<u8>, accepts: usize) -> Failing {
    Failing { bytes: io::Cursor::new(bytes), accepts, fails_once: false, failed: false }
}

/// Reads until the end, while writing `sent`.
async fn read_while_sending(stream: DuplexStream, sent: &[u8]) -> Vec<u8> {
    let (mut from, mut to) = split(stream);
    let mut read = Vec::new();
    let reading = async {
        from.read_to_end(&mut read).await.unwrap();
    };
    // The other side may not accept all of it.
    let writing = async { drop(to.write_all(sent).await) };
    tokio::join!(reading, writing);
    read
}

#[test]
fn what_came_before_a_reset_arrives() {
    for profile in [FREE, SLOW, TCP] {
        let sent = bytes(60_000, 1);
        // The origin resets, also while the player sends to it; then the player resets.
        for player_sends in [0, 10_000] {
            let (got, end) = on_paused_time(async {
                let (players, ours) = duplex(1000);
                let origin = failing(sent.clone(), 0);
                let relayed = async { relay_between(profile, ours, origin).await };
                let upload = bytes(player_sends, 2);
                tokio::join!(read_while_sending(players, &upload), relayed)
            });
            assert!(got == sent, "{} bytes", got.len());
            assert_eq!(end, End { outcome: Outcome::OriginCut, reset: true });
        }
        let (got, end) = on_paused_time(async {
            let (theirs, origins) = duplex(1000);
            let player = failing(sent.clone(), 0);
            let relayed = async { relay_between(profile, player, theirs).await };
            tokio::join!(read_while_sending(origins, &[]), relayed)
        });
        assert!(got == sent, "{} bytes", got.len());
        assert_eq!(end, End { outcome: Outcome::PlayerGone, reset: false });
    }
}

/// A write to the origin reports its reset, and reads do not report it again.
#[test]
fn a_reset_that_a_write_reports_is_no_orderly_end() {
    for profile in [FREE, SLOW, TCP] {
        let sent = bytes(60_000, 1);
        let (got, end) = on_paused_time(async {
            let (players, ours) = duplex(1000);
            let origin = Failing { fails_once: true, ..failing(sent.clone(), 0) };
            let upload = bytes(10_000, 2);
            tokio::join!(read_while_sending(players, &upload), relay_between(profile, ours, origin))
        });
        assert!(got == sent, "{} bytes", got.len());
        assert_eq!(end, End { outcome: Outcome::OriginCut, reset: true });
    }
}

/// An origin that has closed in order and then accepts no more bytes: the player got its orderly end already.
#[test]
fn an_orderly_end_before_a_reset_stays_one() {
    let end = on_paused_time(async {
        let (mut players, ours) = duplex(1000);
        let origin = Failing { fails_once: true, failed: true, ..failing(bytes(5_000, 1), 0) };
        let player = async {
            let mut got = Vec::new();
            players.read_to_end(&mut got).await.unwrap();
            assert_eq!(got.len(), 5_000);
            players.write_all(b"more").await.unwrap();
        };
        tokio::join!(player, relay_between(SLOW, ours, origin)).1
    });
    assert_eq!(end, End { outcome: Outcome::OriginCut, reset: false });
}

/// A player that closes while the origin still sends: the tunnel ends as soon as that is noticed.
#[test]
fn a_player_that_accepts_no_more_ends_the_tunnel() {
    let end = on_paused_time(async {
        let (theirs, origins) = duplex(1000);
        let player = failing(Vec::new(), 5_000);
        let sent = bytes(60_000, 1);
        tokio::join!(read_while_sending(origins, &sent), relay_between(SLOW, player, theirs)).1
    });
    assert_eq!(end, End { outcome: Outcome::PlayerGone, reset: false });
}

#[test]
fn a_half_closed_tunnel_ends_when_it_is_idle() {
    // Each side closes, and the other says something for some minutes, and then no more.
    for closes in [Towards::Player, Towards::Origin] {
        let (end, took) = on_paused_time(async {
            let (players, ours) = duplex(1000);
            let (theirs, origins) = duplex(1000);
            let (mut closed, mut open) = match closes {
                Towards::Player => (players, origins),
                Towards::Origin => (origins, players),
            };
            let started = Instant::now();
            let talking = async {
                closed.shutdown().await.unwrap();
                for _ in 0..5 {
                    sleep(Duration::from_secs(60)).await;
                    open.write_all(b"still here").await.unwrap();
                }
            };
            let (end, ()) = tokio::join!(relay_between(SLOW, ours, theirs), talking);
            drop((closed, open));
            (end, started.elapsed())
        });
        assert_eq!(end, End { outcome: Outcome::Complete, reset: false });
        let quiet = took - Duration::from_secs(300);
        assert!(quiet >= IDLE && quiet < 2 * IDLE + Duration::from_secs(1), "{quiet:?}");
    }
}

/// Bytes that a stall or an outage holds back are not idle time.
#[test]
fn a_half_closed_tunnel_waits_for_its_link() {
    let outage = "[downlink]\nschedule = [{ for = \"400 s\", rate = \"0 kbit/s\" }, { for = \"600 s\", rate = \"1 Mbit/s\" }]\n";
    let (got, end) = on_paused_time(async {
        let (mut players, ours) = duplex(1000);
        let (theirs, mut origins) = duplex(100_000);
        players.shutdown().await.unwrap();
        origins.write_all(&bytes(50_000, 1)).await.unwrap();
        let reading = async {
            let mut got = Vec::new();
            players.read_to_end(&mut got).await.unwrap();
            got
        };
        let closing = async {
            sleep(Duration::from_secs(500)).await;
            origins.shutdown().await.unwrap();
        };
        let (got, end, ()) = tokio::join!(reading, relay_between(outage, ours, theirs), closing);
        (got, end)
    });
    assert!(got == bytes(50_000, 1), "{} bytes", got.len());
    assert_eq!(end.outcome, Outcome::Complete);
}

/// Sends `length` bytes in one direction of a new tunnel. Returns when the first and the last of them came.
async fn time_of(profile: &str, towards: Towards, length: usize) -> (Duration, Duration) {
    let (players, ours) = duplex(1 << 20);
    let (theirs, origins) = duplex(1 << 20);
    let (mut sender, mut receiver) = match towards {
        Towards::Player => (origins, players),
        Towards::Origin => (players, origins),
    };
    let started = Instant::now();
    let sending = async {
        sender.write_all(&bytes(length, 1)).await.unwrap();
        let _ = receiver.read_u8().await.unwrap();
        let first = started.elapsed();
        let mut rest = vec![0; length - 1];
        receiver.read_exact(&mut rest).await.unwrap();
        (first, started.elapsed())
    };
    tokio::select! {
        times = sending => times,
        end = relay_between(profile, ours, theirs) => panic!("{end:?}"),
    }
}

/// A link lets some bytes pass at once after a pause, and timers have a resolution of a millisecond.
fn is_about(time: Duration, millis: u64) -> bool {
    time.abs_diff(Duration::from_millis(millis)) < Duration::from_millis(25)
}

#[test]
fn each_direction_has_its_rate_and_its_latency() {
    for (profile, towards, first, last) in [
        (SLOW, Towards::Player, 50, 50 + 500),
        (SLOW, Towards::Origin, 50, 50 + 1000),
        (FREE, Towards::Player, 0, 0),
        (FREE, Towards::Origin, 0, 0),
    ] {
        let times = on_paused_time(time_of(profile, towards, 50_000));
        assert!(is_about(times.0, first) && is_about(times.1, last), "{towards:?}: {times:?}");
    }
    // A latency for each direction, not half of the round trip.
    let apart = "[latency]\nuplink = \"80 ms\"\ndownlink = \"20 ms\"\n";
    for (towards, latency) in [(Towards::Player, 20), (Towards::Origin, 80)] {
        let times = on_paused_time(time_of(apart, towards, 5_000));
        assert!(is_about(times.0, latency) && is_about(times.1, latency), "{towards:?}: {times:?}");
    }
}

/// Over simulated TCP more than one piece is in flight: a tunnel gets the rate of a link with a long round trip.
#[test]
fn simulated_tcp_fills_the_link() {
    let profile =
        "[latency]\nrtt = \"200 ms\"\n[downlink]\nrate = \"20 Mbit/s\"\ntransport = \"tcp\"\n";
    let (_, last) = on_paused_time(time_of(profile, Towards::Player, 1_000_000 - 1));
    // 0.4 s at the rate of the link, and slow start. One read at a time would need more than six seconds.
    assert!(last < Duration::from_secs(3), "{last:?}");
}

#[test]
fn a_new_round_trip_counts_from_then_on() {
    let (before, after) = on_paused_time(async {
        let session = session(
            "[latency]\nschedule = [{ for = \"10 s\", rtt = \"100 ms\" }, { for = \"100 s\", rtt = \"600 ms\" }]\n",
        );
        let (mut origins, from_origin) = duplex(1000);
        let (to_player, mut players) = duplex(1000);
        let mut down = Direction::new(down(&session), from_origin, to_player);
        let measuring = async {
            let mut times = Vec::new();
            for _ in 0..2 {
                let started = Instant::now();
                origins.write_all(b"a").await.unwrap();
                let _ = players.read_u8().await.unwrap();
                times.push(started.elapsed());
                sleep(Duration::from_secs(10)).await;
            }
            (times[0], times[1])
        };
        tokio::select! {
            times = measuring => times,
            ended = std::future::poll_fn(|cx| down.poll(cx, &mut |_| {})) => panic!("{ended:?}"),
        }
    });
    assert!(is_about(before, 50), "{before:?}");
    assert!(is_about(after, 300), "{after:?}");
}

/// Losses: sent again, or the end of the tunnel.
#[test]
fn a_loss_does_what_the_profile_says() {
    let run = |action: &str| {
        let profile = format!(
            "[downlink]\nrate = \"8 Mbit/s\"\n[loss]\nmodel = {{ bernoulli = 0.05 }}\non-drop = \"{action}\"\n"
        );
        on_paused_time(async move {
            let session = session(&profile);
            let (mut players, ours) = duplex(1000);
            let (theirs, mut origins) = duplex(300_000);
            origins.write_all(&bytes(200_000, 1)).await.unwrap();
            origins.shutdown().await.unwrap();
            players.shutdown().await.unwrap();
            let (from_player, to_player) = split(ours);
            let (from_origin, to_origin) = split(theirs);
            let mut down = Direction::new(down(&session), from_origin, to_player);
            let mut up = Direction::new(up(&session), from_player, to_origin);
            let mut losses = 0;
            let relayed = async {
                let end = relay(&mut down, &mut up, IDLE, |_, step| {
                    losses += u32::from(matches!(step, Step::Lost { .. }));
                })
                .await;
                drop((down, up));
                end
            };
            let mut got = Vec::new();
            let (end, read) = tokio::join!(relayed, players.read_to_end(&mut got));
            read.unwrap();
            (end, losses, got)
        })
    };
    let whole = bytes(200_000, 1);
    for action in ["retransmit", "corrupt"] {
        let (end, losses, got) = run(action);
        assert_eq!(end, End { outcome: Outcome::Complete, reset: false }, "{action}");
        assert!(losses > 1 && got == whole, "{action}: {losses} losses, {} bytes", got.len());
    }
    for (action, reset) in [("truncate", false), ("reset", true)] {
        let (end, losses, got) = run(action);
        assert_eq!(end, End { outcome: Outcome::Cut, reset }, "{action}");
        assert!(losses == 1 && got.len() < whole.len() && whole.starts_with(&got), "{action}");
    }
}
