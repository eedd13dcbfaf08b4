//! One direction of a connection: from the socket of the source through the chain of toxics to that of the sink.

use super::setup::Relay;
use crate::{
    clock::Clock,
    tcp::{
        chain::{Chain, Chunk, Ending, Origin},
        counters::Counters,
        direction::Direction,
        toxics::ToxicList,
    },
    units::ProcessTime,
};
use bytes::{Bytes, BytesMut};
use std::io::{self, IoSlice};
use tokio::{net::TcpStream, sync::watch, time::sleep_until};

/// The largest chunk, as in toxiproxy: toxics count and delay chunks.
const CHUNK: usize = 32 * 1024;
/// The largest read without toxics.
const LARGEST_READ: usize = 256 * 1024;
/// The most chunks in one write.
const CHUNKS: usize = 64;
/// The number of reads and writes after which other connections get a turn.
const TURN: u32 = 32;

/// The sockets of a direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sockets<'a> {
    pub source: &'a TcpStream,
    pub sink: &'a TcpStream,
}

/// The result of a read or a write that does not wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Bytes were moved.
    Moved,
    /// The socket has to be waited for.
    Blocked,
    /// There is nothing to do.
    Idle,
}

/// One direction of a connection.
pub(super) struct Flow<'a> {
    sockets: Sockets<'a>,
    direction: Direction,
    counters: &'a Counters,
    clock: Clock,
    toxics: watch::Receiver<ToxicList>,
    chain: Chain,
    buffer: BytesMut,
    /// The source has ended.
    ended: bool,
    /// Reads and writes since others had a turn.
    moves: u32,
}

impl<'a> Flow<'a> {
    pub(super) fn new(sockets: Sockets<'a>, relay: &'a Relay, origin: Origin) -> Self {
        let mut toxics = relay.toxics.clone();
        toxics.mark_changed();
        Self {
            sockets,
            direction: origin.direction,
            counters: &relay.counters,
            clock: relay.clock,
            toxics,
            chain: Chain::new(origin),
            buffer: BytesMut::new(),
            ended: false,
            moves: 0,
        }
    }

    /// Relays until the direction has ended. If it has not [finished](Ending::Finished), the whole connection ends.
    pub(super) async fn run(mut self) -> Ending {
        loop {
            self.follow();
            let read = self.read();
            let wake = self.chain.poll(self.clock.now());
            let Ok(written) = self.write() else {
                return Ending::Reset;
            };
            if let Some(ending) = self.chain.output().ending() {
                return ending;
            }
            if read == Progress::Moved || written == Progress::Moved {
                self.give_turns().await;
                continue;
            }
            if read == Progress::Blocked {
                self.chain.source_empty();
            }
            if !self.wait(read, written, wake).await {
                return Ending::Closed;
            }
        }
    }

    /// Applies a change of the toxics.
    fn follow(&mut self) {
        // An error means that the proxy is gone: this connection is about to be closed.
        if self.toxics.has_changed().unwrap_or(false) {
            let list = ToxicList::clone(&self.toxics.borrow_and_update());
            self.chain.update(&list, self.clock.now());
        }
    }

    /// Reads one chunk, if the chain has room for it.
    fn read(&mut self) -> Progress {
        if self.ended || !self.chain.input().has_room() {
            return Progress::Idle;
        }
        let size = if self.chain.is_transparent() { LARGEST_READ } else { CHUNK };
        if self.buffer.capacity() < size {
            self.buffer.reserve(size);
        }
        let mut limited = bytes::BufMut::limit(&mut self.buffer, size);
        let read = self.sockets.source.try_read_buf(&mut limited);
        match read {
            Ok(0) => self.end(Ending::Finished),
            Ok(bytes) => {
                // Toxics that were added before these bytes were sent must see them.
                self.follow();
                self.counters.of(self.direction).receive(bytes);
                let data = self.take_read(size);
                self.chain.input().push(Chunk { data, arrived: self.clock.now() });
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Progress::Blocked,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.end(Ending::Reset),
        }
        Progress::Moved
    }

    /// What was read. A small part of the buffer is copied, or it would keep all of it in memory while it waits.
    fn take_read(&mut self, size: usize) -> Bytes {
        if self.buffer.len() > size / 2 {
            return self.buffer.split().freeze();
        }
        let copy = Bytes::copy_from_slice(&self.buffer);
        self.buffer.clear();
        copy
    }

    fn end(&mut self, ending: Ending) {
        self.ended = true;
        self.chain.input().end(ending);
    }

    /// Writes what has passed the chain.
    fn write(&mut self) -> io::Result<Progress> {
        let cuts = self.chain.cuts();
        let output = self.chain.output();
        if output.is_empty() {
            return Ok(Progress::Idle);
        }
        let mut slices = [IoSlice::new(&[]); CHUNKS];
        let most = if cuts { 1 } else { CHUNKS };
        let mut count = 0;
        for (slice, data) in slices.iter_mut().zip(output.chunks()).take(most) {
            *slice = IoSlice::new(data);
            count += 1;
        }
        match self.sockets.sink.try_write_vectored(&slices[..count]) {
            Ok(bytes) => {
                output.advance(bytes);
                self.counters.of(self.direction).send(bytes);
                Ok(Progress::Moved)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Progress::Blocked),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Progress::Moved),
            Err(error) => Err(error),
        }
    }

    async fn give_turns(&mut self) {
        self.moves += 1;
        if self.moves >= TURN {
            self.moves = 0;
            tokio::task::yield_now().await;
        }
    }

    /// Waits until something can be done; `false` = the proxy is gone.
    async fn wait(&mut self, read: Progress, written: Progress, wake: Option<ProcessTime>) -> bool {
        let due = self.clock.instant(wake.unwrap_or_default());
        tokio::select! {
            changed = self.toxics.changed() => {
                // The change is applied by the next turn.
                self.toxics.mark_changed();
                return changed.is_ok();
            }
            _ = self.sockets.source.readable(), if read == Progress::Blocked => {}
            _ = self.sockets.sink.writable(), if written == Progress::Blocked => {}
            () = sleep_until(due), if wake.is_some() => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        profiles::Catalog,
        seed::Seed,
        tcp::{
            relay::setup::tests::{pair, relay},
            toxics::Toxics,
        },
    };
    use tokio::io::AsyncWriteExt as _;

    /// Each packet of a slicer is a write of its own, even if several may leave at the same time.
    #[tokio::test]
    async fn packets_of_a_slicer_are_not_sent_together() {
        for (kind, sent) in [("slicer", 10), ("noop", 80)] {
            let mut toxics = Toxics::default();
            let body = format!(r#"{{"type":"{kind}","attributes":{{"average_size":10}}}}"#);
            toxics.add(body.as_bytes(), &Catalog::new()).unwrap();
            let relay = relay(&toxics);
            let ((source, mut server), (sink, client)) = (pair().await, pair().await);
            let sockets = Sockets { source: &source, sink: &sink };
            let (direction, seed) = (Direction::Downstream, Seed::new(1));
            let mut flow = Flow::new(sockets, &relay, Origin { direction, ordinal: 0, seed });
            server.write_all(&[1; 80]).await.unwrap();
            source.readable().await.unwrap();
            flow.follow();
            assert_eq!(flow.read(), Progress::Moved);
            flow.chain.poll(flow.clock.now());
            assert_eq!(flow.write().unwrap(), Progress::Moved);
            client.readable().await.unwrap();
            assert_eq!(client.try_read(&mut [0; 100]).unwrap(), sent, "{kind}");
        }
    }
}
