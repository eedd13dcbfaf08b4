//! Moves bytes from one socket to another inside the kernel.

#[cfg(vsps_linux)]
mod linux {
    use rustix::{
        buffer::spare_capacity,
        io::{Errno, read},
        pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice},
    };
    use std::{
        io,
        os::fd::{AsFd, OwnedFd},
        task::{Context, Poll, ready},
    };
    use tokio::{io::Interest, net::TcpStream};

    /// A pipe between two sockets. Bytes in it are not copied: it refers to the memory that they arrived in.
    #[derive(Debug)]
    pub struct SplicePipe {
        read: OwnedFd,
        write: OwnedFd,
        capacity: usize,
        held: usize,
    }

    impl SplicePipe {
        /// An empty pipe with room for `capacity` bytes, or for fewer if the user has many pipes.
        ///
        /// # Errors
        /// Those of the system.
        pub fn new(capacity: usize) -> io::Result<Self> {
            let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
            // Without it, it has the usual room, which is less.
            let _ = fcntl_setpipe_size(&write, capacity);
            Ok(Self { read, write, capacity, held: 0 })
        }

        /// Bytes in it.
        #[must_use]
        pub const fn held(&self) -> usize {
            self.held
        }

        /// Takes up to `most` bytes that `from` has received; none = it has ended. It must be empty.
        ///
        /// # Errors
        /// Those of the socket; `Unsupported` if the system cannot do it, with nothing taken.
        pub fn poll_fill(
            &mut self,
            cx: &mut Context<'_>,
            from: &TcpStream,
            most: usize,
        ) -> Poll<io::Result<usize>> {
            let most = most.min(self.capacity);
            loop {
                ready!(from.poll_read_ready(cx))?;
                let moved = from.try_io(Interest::READABLE, || move_bytes(from, &self.write, most));
                if !is_pending(&moved) {
                    self.held += moved.as_ref().copied().unwrap_or_default();
                    return Poll::Ready(moved);
                }
            }
        }

        /// Hands some of its bytes to `to`, and returns how many.
        ///
        /// # Errors
        /// Those of the socket; `Unsupported` if the system cannot do it, with nothing handed over.
        pub fn poll_drain(
            &mut self,
            cx: &mut Context<'_>,
            to: &TcpStream,
        ) -> Poll<io::Result<usize>> {
            loop {
                ready!(to.poll_write_ready(cx))?;
                let moved = to.try_io(Interest::WRITABLE, || move_bytes(&self.read, to, self.held));
                if !is_pending(&moved) {
                    self.held -= moved.as_ref().copied().unwrap_or_default();
                    return Poll::Ready(moved);
                }
            }
        }
    }

    impl SplicePipe {
        /// Takes all of its bytes into memory.
        ///
        /// # Errors
        /// Those of the system.
        pub fn take_bytes(&mut self) -> io::Result<Vec<u8>> {
            let mut bytes = Vec::with_capacity(self.held);
            while self.held > 0 {
                let read = match read(&self.read, spare_capacity(&mut bytes)) {
                    Err(Errno::INTR) => continue,
                    read => read?,
                };
                if read == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.held -= read.min(self.held);
            }
            Ok(bytes)
        }
    }

    fn is_pending(moved: &io::Result<usize>) -> bool {
        moved.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    fn move_bytes(from: impl AsFd, to: impl AsFd, most: usize) -> io::Result<usize> {
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        loop {
            match splice(&from, None, &to, None, most, flags) {
                Err(Errno::INTR) => {}
                // Some sandboxes have no such call, and some systems have it for other files only.
                Err(Errno::INVAL | Errno::NOSYS | Errno::PERM) => {
                    return Err(io::ErrorKind::Unsupported.into());
                }
                moved => return Ok(moved?),
            }
        }
    }
}

#[cfg(not(vsps_linux))]
mod portable {
    use std::{
        io,
        task::{Context, Poll},
    };
    use tokio::net::TcpStream;

    /// A pipe between two sockets: this system has none.
    #[derive(Debug)]
    pub enum SplicePipe {}

    impl SplicePipe {
        /// No pipe.
        ///
        /// # Errors
        /// Always.
        pub fn new(_: usize) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        /// Bytes in it.
        #[must_use]
        pub const fn held(&self) -> usize {
            match *self {}
        }

        /// Takes bytes that a socket has received.
        ///
        /// # Errors
        /// Those of the socket.
        pub fn poll_fill(
            &mut self,
            _: &mut Context<'_>,
            _: &TcpStream,
            _: usize,
        ) -> Poll<io::Result<usize>> {
            match *self {}
        }

        /// Takes all of its bytes into memory.
        ///
        /// # Errors
        /// Those of the system.
        pub fn take_bytes(&mut self) -> io::Result<Vec<u8>> {
            match *self {}
        }

        /// Hands its bytes to a socket.
        ///
        /// # Errors
        /// Those of the socket.
        pub fn poll_drain(
            &mut self,
            _: &mut Context<'_>,
            _: &TcpStream,
        ) -> Poll<io::Result<usize>> {
            match *self {}
        }
    }
}

#[cfg(vsps_linux)]
pub use linux::SplicePipe;
#[cfg(not(vsps_linux))]
pub use portable::SplicePipe;

#[cfg(vsps_linux)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, time::Duration};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
        time::timeout,
    };

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn bytes_pass_unchanged_and_none_too_many() {
        let (mut origin, from) = pair().await;
        let (to, mut player) = pair().await;
        let bytes: Vec<u8> = (0..300_000_u32).map(|at| (at % 251) as u8).collect();
        let sent = bytes.clone();
        tokio::spawn(async move { origin.write_all(&sent).await });
        let mut pipe = SplicePipe::new(64 * 1024).unwrap();
        let (mut left, mut received) = (250_000, Vec::new());
        while left > 0 {
            left -= poll_fn(|cx| pipe.poll_fill(cx, &from, left)).await.unwrap();
            while pipe.held() > 0 {
                poll_fn(|cx| pipe.poll_drain(cx, &to)).await.unwrap();
                player.read_buf(&mut received).await.unwrap();
            }
        }
        drop(to);
        player.read_to_end(&mut received).await.unwrap();
        assert!(received == bytes[..250_000], "{} bytes", received.len());
        let (mut from, mut rest) = (from, Vec::new());
        from.read_to_end(&mut rest).await.unwrap();
        assert!(rest == bytes[250_000..], "{} bytes", rest.len());
    }

    #[tokio::test]
    async fn its_bytes_can_be_taken_into_memory() {
        let (mut origin, from) = pair().await;
        let bytes: Vec<u8> = (0..50_000_u32).map(|at| (at % 251) as u8).collect();
        origin.write_all(&bytes).await.unwrap();
        let mut pipe = SplicePipe::new(64 * 1024).unwrap();
        let mut taken = Vec::new();
        while taken.len() < bytes.len() {
            poll_fn(|cx| pipe.poll_fill(cx, &from, 10_000)).await.unwrap();
            taken.append(&mut pipe.take_bytes().unwrap());
            assert_eq!(pipe.held(), 0);
        }
        assert!(taken == bytes);
    }

    #[tokio::test]
    async fn it_waits_for_bytes_and_for_room_and_tells_the_end() {
        let (mut origin, from) = pair().await;
        let (to, mut player) = pair().await;
        let mut pipe = SplicePipe::new(64 * 1024).unwrap();
        let short = Duration::from_millis(20);
        assert!(timeout(short, poll_fn(|cx| pipe.poll_fill(cx, &from, 10))).await.is_err());
        let sending = tokio::spawn(async move {
            // More than the buffers of both sockets.
            let _ = origin.write_all(&vec![7; 64 << 20]).await;
        });
        let mut moved = 0;
        let filling = async {
            loop {
                if pipe.held() == 0 {
                    poll_fn(|cx| pipe.poll_fill(cx, &from, usize::MAX)).await.unwrap();
                }
                moved += poll_fn(|cx| pipe.poll_drain(cx, &to)).await.unwrap();
            }
        };
        assert!(timeout(10 * short, filling).await.is_err(), "nobody reads");
        sending.abort();
        let _ = sending.await;
        let mut rest = vec![0; moved];
        player.read_exact(&mut rest).await.unwrap();
        drop(player);
        let ends = async {
            loop {
                if pipe.held() == 0 && poll_fn(|cx| pipe.poll_fill(cx, &from, 1 << 20)).await? == 0
                {
                    return Ok(());
                }
                poll_fn(|cx| pipe.poll_drain(cx, &to)).await?;
            }
        };
        // The player is gone, or all was moved: an error or an end, and no signal.
        let _: std::io::Result<()> = timeout(10 * short, ends).await.unwrap();
    }
}
