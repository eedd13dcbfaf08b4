//! Pipes for bodies that the kernel moves from one socket to another.

use crate::{
    descriptors,
    system::{self, SplicePipe},
};
use std::{
    cell::RefCell,
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The size of a pipe in bytes. By default, all pipes of a user may have 64 MiB together.
const CAPACITY: usize = 256 * 1024;
/// How many empty pipes a thread keeps.
const MOST_KEPT: usize = 8;

/// The pipes that are open.
static OPEN: AtomicUsize = AtomicUsize::new(0);
/// How many may be: a body that finds no pipe is copied.
static MOST: LazyLock<usize> = LazyLock::new(|| descriptors::pipes(system::open_files()));

thread_local! {
    /// Empty pipes of this thread.
    static KEPT: RefCell<Vec<OpenPipe>> = const { RefCell::new(Vec::new()) };
}

/// A pipe that counts as open until it is dropped.
#[derive(Debug)]
pub(super) struct OpenPipe(pub(super) SplicePipe);

impl OpenPipe {
    /// An empty pipe; `None` = there is none now.
    pub(super) fn take() -> Option<Self> {
        KEPT.with_borrow_mut(Vec::pop).or_else(Self::open)
    }

    fn open() -> Option<Self> {
        let room = |open: usize| (open < *MOST).then_some(open + 1);
        OPEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).ok()?;
        match SplicePipe::new(CAPACITY) {
            Ok(pipe) => Some(Self(pipe)),
            Err(_) => {
                OPEN.fetch_sub(1, Ordering::Relaxed);
                None
            }
        }
    }

    /// Keeps it for the next body, if it is empty.
    pub(super) fn give_back(self) {
        if self.0.held() == 0 {
            KEPT.with_borrow_mut(|kept| {
                if kept.len() < MOST_KEPT {
                    kept.push(self);
                }
            });
        }
    }
}

impl Drop for OpenPipe {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(vsps_linux)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_more_than_so_many_pipes_and_empty_ones_are_used_again() {
        let pipes: Vec<_> = std::iter::from_fn(OpenPipe::take).take(2 * *MOST).collect();
        assert!((1..=*MOST).contains(&pipes.len()), "{}", pipes.len());
        pipes.into_iter().for_each(OpenPipe::give_back);
        let kept = KEPT.with_borrow(Vec::len);
        assert!((1..=MOST_KEPT).contains(&kept), "{kept}");
        let again = OpenPipe::take().unwrap();
        assert_eq!(KEPT.with_borrow(Vec::len), kept - 1);
        drop(again);
    }
}
