//! The machine that the tests run on: locks for work that only one test may do at a time, and how late timers
//! are.

use std::{
    fmt,
    fs::{File, metadata},
    num::NonZero,
    os::unix::fs::MetadataExt as _,
    pin::pin,
    thread::{available_parallelism, sleep},
    time::Duration,
};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How many players may play on this machine at the same time.
pub(crate) fn most_players() -> usize {
    let cores = available_parallelism().map_or(1, NonZero::get);
    (2 * cores).min(6)
}

/// Waits until this machine has room for so many more players, whatever other tests run in this process or another. They
/// keep their places until the files are dropped.
pub(crate) async fn room_for_players(wanted: usize) -> Vec<File> {
    places("player", wanted, most_players()).await
}

/// Takes `wanted` of `all` places named `what`. Who waits is served in order: the next one takes no place before this one
/// has all of its own, so that two that have some each never wait for each other.
async fn places(what: &'static str, wanted: usize, all: usize) -> Vec<File> {
    let taking = tokio::task::spawn_blocking(move || {
        let turn = lock_file(&format!("{what}-turn"));
        turn.lock().unwrap();
        let mut free: Vec<_> = (0..all).map(|n| lock_file(&format!("{what}-{n}"))).collect();
        let mut taken = Vec::new();
        loop {
            let missing = wanted.min(all) - taken.len();
            taken.extend(free.extract_if(.., |place| place.try_lock().is_ok()).take(missing));
            if taken.len() == wanted.min(all) {
                return taken;
            }
            #[expect(clippy::disallowed_methods, reason = "this thread only waits for files")]
            sleep(TICK);
        }
    });
    taking.await.unwrap()
}

/// A file to lock. It has the user's number in its name, because another user could not open it.
fn lock_file(name: &str) -> File {
    let user = metadata(env!("CARGO_MANIFEST_DIR")).unwrap().uid();
    let path = std::env::temp_dir().join(format!("vsps-tests-{user}-{name}.lock"));
    File::options().create(true).truncate(false).write(true).open(path).unwrap()
}

/// How much later than asked a timer fired while something else ran: what a loaded machine adds to
/// everything in real time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lateness {
    worst: Duration,
    total: Duration,
    ticks: u32,
}

const TICK: Duration = Duration::from_millis(20);
/// Above this lateness, a timing failure may be caused by the machine.
const LOADED: Duration = Duration::from_millis(5);

impl Lateness {
    /// Runs `work` to its end.
    pub(crate) async fn during<T>(work: impl Future<Output = T>) -> (T, Self) {
        let mut work = pin!(work);
        let mut late = Self::default();
        let mut timer = interval(TICK);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                done = &mut work => return (done, late),
                due = timer.tick() => late.note(Instant::now() - due),
            }
        }
    }

    fn note(&mut self, late: Duration) {
        self.worst = self.worst.max(late);
        self.total += late;
        self.ticks += 1;
    }

    fn mean(&self) -> Duration {
        self.total / self.ticks.max(1)
    }
}

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mean, worst) = (self.mean(), self.worst);
        let verdict = if mean > LOADED { "loaded" } else { "not loaded" };
        write!(
            f,
            "the machine was {verdict}: timers were {mean:.1?} late on average, {worst:.0?} at worst"
        )
    }
}

#[tokio::test]
async fn a_test_waits_until_there_is_room_for_it() {
    let first = places("nothing", 2, 3).await;
    assert_eq!(first.len(), 2);
    let second = tokio::spawn(places("nothing", 2, 3));
    let third = tokio::spawn(places("nothing", 1, 3));
    tokio::time::sleep(5 * TICK).await;
    assert!(!second.is_finished(), "one place is left");
    assert!(!third.is_finished(), "its turn is after the second");
    drop(first);
    assert_eq!((second.await.unwrap().len(), third.await.unwrap().len()), (2, 1));
    assert_eq!(places("nothing", 9, 3).await.len(), 3, "more than there are means all");
}

#[tokio::test]
async fn lateness_is_what_a_timer_says() {
    let ((), late) = Lateness::during(tokio::time::sleep(3 * TICK)).await;
    assert!(late.ticks > 0 && late.mean() <= late.worst);
    let late = Lateness { worst: TICK, total: TICK, ticks: 2 };
    let text = "the machine was loaded: timers were 10.0ms late on average, 20ms at worst";
    assert_eq!(late.to_string(), text);
}
