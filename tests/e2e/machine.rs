//! The machine that the tests run on: locks for work that only one test may do at a time, and how late timers
//! are.

use std::{
    fmt,
    fs::{File, metadata},
    os::unix::fs::MetadataExt as _,
    pin::pin,
    time::Duration,
};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Waits until no other test on this machine, in this process or another, holds `what`; holds it
/// until the file is dropped.
pub(crate) async fn only_one(what: &str) -> File {
    // A file per user: another user could not open it.
    let user = metadata(env!("CARGO_MANIFEST_DIR")).unwrap().uid();
    let path = std::env::temp_dir().join(format!("vsps-tests-{user}-{what}.lock"));
    let taking = tokio::task::spawn_blocking(move || {
        let file = File::options().create(true).truncate(false).write(true).open(path).unwrap();
        file.lock().unwrap();
        file
    });
    taking.await.unwrap()
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
async fn a_test_waits_for_another_one() {
    let first = only_one("nothing").await;
    let second = tokio::spawn(only_one("nothing"));
    tokio::time::sleep(TICK).await;
    assert!(!second.is_finished());
    drop(first);
    second.await.unwrap();
}

#[tokio::test]
async fn lateness_is_what_a_timer_says() {
    let ((), late) = Lateness::during(tokio::time::sleep(3 * TICK)).await;
    assert!(late.ticks > 0 && late.mean() <= late.worst);
    let late = Lateness { worst: TICK, total: TICK, ticks: 2 };
    let text = "the machine was loaded: timers were 10.0ms late on average, 20ms at worst";
    assert_eq!(late.to_string(), text);
}
