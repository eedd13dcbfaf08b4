//! Lines to be written to a stream that may accept them in pieces, later, or never.

use std::io::{self, ErrorKind, Write};

/// Lines that are not written yet, and how much of the first is written.
#[derive(Debug, Default)]
pub struct Unsent {
    lines: Vec<u8>,
    /// The number of bytes of `lines` that are written.
    written: usize,
    /// The stream ends within a line that will not be completed.
    torn: bool,
}

impl Unsent {
    /// The buffer to which whole lines are added.
    pub fn lines(&mut self) -> &mut Vec<u8> {
        if self.written > 0 {
            self.lines.drain(..self.written);
            self.written = 0;
        }
        &mut self.lines
    }

    /// The number of waiting bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len() - self.written
    }

    /// Whether no bytes are waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes as much as possible.
    ///
    /// # Errors
    /// If the stream fails. The remaining lines stay. A line that was partly written to a reader that has
    /// closed the stream is dropped, because the next reader must start with a whole line.
    pub fn write_to<W: Write>(&mut self, stream: &mut W) -> Result<(), Stopped> {
        while !self.is_empty() {
            let written = if self.torn {
                stream.write(b"\n").map(|written| {
                    self.torn = written == 0;
                    0
                })
            } else {
                stream.write(self.lines.get(self.written..).unwrap_or_default())
            };
            match written {
                Ok(0) if self.torn => return Err(self.stopped(ErrorKind::WriteZero.into())),
                Ok(written) => self.written += written.min(self.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.stopped(error)),
            }
        }
        self.lines().clear();
        Ok(())
    }

    fn stopped(&mut self, error: io::Error) -> Stopped {
        let mut lost = 0;
        if error.kind() == ErrorKind::BrokenPipe && self.is_within_line() {
            let rest = self.lines.get(self.written..).unwrap_or_default();
            self.written += memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            lost = 1;
        }
        Stopped { error, lost }
    }

    /// Drops all waiting lines, and returns their number.
    pub fn give_up(&mut self) -> u64 {
        self.torn |= self.is_within_line();
        let rest = self.lines.get(self.written..).unwrap_or_default();
        let lost = memchr::memchr_iter(b'\n', rest).count() as u64;
        self.lines.clear();
        self.written = 0;
        lost
    }

    fn is_within_line(&self) -> bool {
        !self.is_empty()
            && self.written.checked_sub(1).is_some_and(|last| self.lines.get(last) != Some(&b'\n'))
    }
}

/// The stream accepts no more data for now.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Stopped {
    /// The error.
    pub error: io::Error,
    /// Lines that were dropped.
    pub lost: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes up to three bytes at a time, until it fails with `then`.
    struct Stream {
        got: Vec<u8>,
        room: usize,
        then: ErrorKind,
    }

    impl Write for Stream {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.room == 0 {
                return Err(self.then.into());
            }
            let taken = bytes.len().min(3).min(self.room);
            self.got.extend(&bytes[..taken]);
            self.room -= taken;
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn stream(room: usize, then: ErrorKind) -> Stream {
        Stream { got: Vec::new(), room, then }
    }

    #[test]
    fn a_line_is_completed_when_there_is_room_again() {
        let mut stream = stream(8, ErrorKind::StorageFull);
        let mut unsent = Unsent::default();
        unsent.lines().extend(b"one\ntwo-two\nthree\n");
        let stopped = unsent.write_to(&mut stream).unwrap_err();
        assert_eq!((stopped.error.kind(), stopped.lost), (ErrorKind::StorageFull, 0));
        unsent.lines().extend(b"four\n");
        stream.room = 100;
        unsent.write_to(&mut stream).unwrap();
        assert_eq!(stream.got, b"one\ntwo-two\nthree\nfour\n");
        assert!(unsent.is_empty());
    }

    #[test]
    fn a_new_reader_starts_with_a_whole_line() {
        let mut first = stream(8, ErrorKind::BrokenPipe);
        let mut unsent = Unsent::default();
        unsent.lines().extend(b"one\ntwo-two\nthree\n");
        assert_eq!(unsent.write_to(&mut first).unwrap_err().lost, 1);
        let mut second = stream(100, ErrorKind::BrokenPipe);
        unsent.write_to(&mut second).unwrap();
        assert_eq!(second.got, b"three\n");
        // Between two lines nothing is lost.
        let mut third = stream(4, ErrorKind::BrokenPipe);
        unsent.lines().extend(b"one\ntwo\n");
        assert_eq!(unsent.write_to(&mut third).unwrap_err().lost, 0);
        assert_eq!(unsent.len(), 4);
    }

    #[test]
    fn what_is_given_up_leaves_no_line_that_runs_into_the_next() {
        let mut stream = stream(6, ErrorKind::StorageFull);
        let mut unsent = Unsent::default();
        unsent.lines().extend(b"one\ntwo-two\nthree\n");
        unsent.write_to(&mut stream).unwrap_err();
        assert_eq!(unsent.give_up(), 2);
        stream.room = 100;
        unsent.lines().extend(b"four\n");
        unsent.write_to(&mut stream).unwrap();
        assert_eq!(stream.got, b"one\ntw\nfour\n");
    }
}
