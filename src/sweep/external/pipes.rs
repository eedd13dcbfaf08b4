//! The pipes of a program: written and read on threads of their own, because a program may neither read nor
//! write.

use std::{
    io::{BufRead as _, BufReader, Read, Write},
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    thread,
};

/// The longest line that a program may write, in bytes.
const LONGEST_LINE: u64 = 64 * 1024;
/// Of what a program writes to standard error, the last bytes are kept.
const TAIL: usize = 2048;

/// What was read from standard output.
pub(super) enum OutputLine {
    /// A line, without its end.
    Line(Vec<u8>),
    /// A line that is longer than allowed.
    TooLong,
}

/// Writes lines to `pipe` until the sender is gone or the program does not read any more.
pub(super) fn writer(mut pipe: impl Write + Send + 'static) -> Sender<String> {
    let (sender, receiver) = channel::<String>();
    spawn(move || {
        for line in receiver {
            // A program that has ended is noticed where its answer is read.
            if pipe.write_all(line.as_bytes()).and_then(|()| pipe.flush()).is_err() {
                return;
            }
        }
    });
    sender
}

/// Reads lines from `pipe` until its end. The next line is read when the one before was taken.
pub(super) fn reader(pipe: impl Read + Send + 'static) -> Receiver<OutputLine> {
    let (sender, receiver) = sync_channel(1);
    spawn(move || read_lines(pipe, &sender));
    receiver
}

fn read_lines(pipe: impl Read, sender: &SyncSender<OutputLine>) {
    let mut pipe = BufReader::new(pipe);
    loop {
        let mut line = Vec::new();
        let read = pipe.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        if !matches!(read, Ok(1..)) {
            return;
        }
        let whole = line.last() == Some(&b'\n');
        let too_long = !whole && line.len() as u64 == LONGEST_LINE;
        let message = if too_long { OutputLine::TooLong } else { OutputLine::Line(line) };
        if sender.send(message).is_err() || too_long {
            return;
        }
    }
}

/// Reads `pipe` to its end; then the last line of it that is not empty is sent.
pub(super) fn last_line(mut pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = sync_channel(1);
    spawn(move || {
        let (mut tail, mut piece) = (Vec::new(), [0; 1024]);
        while let Ok(count @ 1..) = pipe.read(&mut piece) {
            tail.extend_from_slice(&piece[..count]);
            if tail.len() > TAIL {
                tail.drain(..tail.len() - TAIL);
            }
        }
        let text = String::from_utf8_lossy(&tail).into_owned();
        let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        // Nobody waits for it when the session went well.
        let _ = sender.send(last.trim().to_owned());
    });
    receiver
}

/// A thread that ends with its pipe.
fn spawn(body: impl FnOnce() + Send + 'static) {
    thread::spawn(body);
}
