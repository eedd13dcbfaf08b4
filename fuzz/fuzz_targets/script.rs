//! What a player and an origin send, from one input.
//!
//! Bytes are sent as they are, except for four control characters: GS ends the bytes of the player and of each connection
//! of the origin, RS pauses, US waits for bytes of the other side, and FS ends what this side sends. Without bytes of its
//! own, a connection of the origin sends a short response.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
    time::{sleep, timeout},
};

const END: u8 = 0x1c;
const SIDE: u8 = 0x1d;
const PAUSE: u8 = 0x1e;
const WAIT: u8 = 0x1f;

const PAUSE_TIME: Duration = Duration::from_millis(50);
/// How long a side waits for the other one.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is read of the other side, and kept.
const MOST: usize = 1 << 20;

/// The bytes of the player, and those of each connection of the origin.
pub struct Script<'a> {
    pub player: &'a [u8],
    pub origin: Vec<&'a [u8]>,
}

impl<'a> Script<'a> {
    pub fn new(input: &'a [u8]) -> Self {
        let mut sides = input.split(|byte| *byte == SIDE);
        let player = sides.next().unwrap_or_default();
        Self { player, origin: sides.filter(|side| !side.is_empty()).collect() }
    }
}

/// The bytes of a side without its control characters.
pub fn literal(side: &[u8]) -> Vec<u8> {
    let end = side.iter().position(|byte| *byte == END).unwrap_or(side.len());
    side[..end].iter().copied().filter(|byte| ![PAUSE, WAIT].contains(byte)).collect()
}

/// What one side has received.
#[derive(Clone, Default)]
pub struct Received {
    bytes: Arc<Mutex<Vec<u8>>>,
    more: Arc<Notify>,
}

impl Received {
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads until the other side ends.
    pub async fn read_all(&self, mut stream: impl AsyncRead + Unpin) -> io::Result<()> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = stream.read(&mut buffer).await?;
            if read > 0 {
                let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
                let room = MOST.saturating_sub(bytes.len()).min(read);
                bytes.extend_from_slice(&buffer[..room]);
            }
            self.more.notify_one();
            if read == 0 {
                return Ok(());
            }
        }
    }
}

/// Sends `side` on `stream` while everything that comes is read; returns when the other side has ended, or after `most`.
/// Returns whether it has ended.
pub async fn play(stream: TcpStream, side: &[u8], received: &Received, most: Duration) -> bool {
    // A close is a reset: no port stays in use after the input.
    let _ = stream.set_zero_linger();
    let (reader, mut writer) = stream.into_split();
    let writing = async {
        let mut piece = Vec::new();
        for byte in side {
            if ![END, PAUSE, WAIT].contains(byte) {
                piece.push(*byte);
                continue;
            }
            // An error: the other side has closed, which the reader sees too.
            let _ = writer.write_all(&std::mem::take(&mut piece)).await;
            match *byte {
                END => {
                    let _ = writer.shutdown().await;
                    break;
                }
                PAUSE => sleep(PAUSE_TIME).await,
                _ => {
                    let _ = timeout(PATIENCE, received.more.notified()).await;
                }
            }
        }
        let _ = writer.write_all(&piece).await;
        std::future::pending::<()>().await;
    };
    let both = async {
        tokio::select! {
            _ = received.read_all(reader) => {}
            () = writing => {}
        }
    };
    timeout(most, both).await.is_ok()
}
