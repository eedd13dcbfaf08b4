//! A store that can be cut off from one replica, and with other requests in between.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::broadcast, time::sleep};
use vsps::sessions::{
    Append, Changed, Created, Joined, MemoryStore, NewRecord, Restored, StateAnswer, StateError,
    StateStore, Stored, Touch, Updates, UsedNumbers,
};

/// The way from one replica to a store.
#[derive(Debug)]
pub(crate) struct Wire {
    store: Arc<MemoryStore>,
    cut: AtomicBool,
    /// How long the answers to `load` and `append` are under way.
    delay: Duration,
    /// The same for `touch`, in ms.
    touch_delay: AtomicU64,
}

impl Wire {
    pub(crate) fn new(store: &Arc<MemoryStore>, delay: Duration) -> Arc<Self> {
        let (store, cut) = (Arc::clone(store), AtomicBool::new(false));
        Arc::new(Self { store, cut, delay, touch_delay: AtomicU64::new(0) })
    }

    pub(crate) fn set_touch_delay(&self, ms: u64) {
        self.touch_delay.store(ms, Ordering::Relaxed);
    }

    pub(crate) fn set_cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }

    fn over<'a, T: Send + 'a>(
        &'a self,
        delay: Duration,
        request: impl FnOnce(&'a MemoryStore) -> StateAnswer<'a, T> + Send + 'a,
    ) -> StateAnswer<'a, T> {
        Box::pin(async move {
            if self.cut.load(Ordering::Relaxed) {
                return Err(StateError::Unreachable("the wire is cut".to_owned()));
            }
            let answer = request(&self.store).await;
            if !delay.is_zero() {
                sleep(delay).await;
            }
            answer
        })
    }
}

impl StateStore for Wire {
    fn join<'a>(
        &'a self,
        fleet: &'a str,
        keys: Option<&'a str>,
        used: UsedNumbers,
    ) -> StateAnswer<'a, Joined> {
        self.over(Duration::ZERO, move |store| store.join(fleet, keys, used))
    }

    fn heartbeat<'a>(&'a self, run: &'a str) -> StateAnswer<'a, Joined> {
        self.over(Duration::ZERO, move |store| store.heartbeat(run))
    }

    fn create<'a>(&'a self, run: &'a str, new: NewRecord<'a>) -> StateAnswer<'a, Created> {
        self.over(Duration::ZERO, move |store| store.create(run, new))
    }

    fn load<'a>(&'a self, run: &'a str, ordinal: u64) -> StateAnswer<'a, Option<Stored>> {
        self.over(self.delay, move |store| store.load(run, ordinal))
    }

    fn updates<'a>(
        &'a self,
        run: &'a str,
        ordinal: u64,
        from: usize,
    ) -> StateAnswer<'a, Option<Updates>> {
        self.over(Duration::ZERO, move |store| store.updates(run, ordinal, from))
    }

    fn append<'a>(
        &'a self,
        run: &'a str,
        ordinal: u64,
        from: usize,
        command: &'a str,
    ) -> StateAnswer<'a, Append> {
        self.over(self.delay, move |store| store.append(run, ordinal, from, command))
    }

    fn touch<'a>(
        &'a self,
        run: &'a str,
        by: &'a str,
        sessions: &'a [Touch],
    ) -> StateAnswer<'a, Vec<bool>> {
        let delay = Duration::from_millis(self.touch_delay.load(Ordering::Relaxed));
        self.over(delay, move |store| store.touch(run, by, sessions))
    }

    fn restore<'a>(
        &'a self,
        ordinal: u64,
        session: &'a Stored,
        namespace: Option<&'a str>,
        idle: Duration,
    ) -> StateAnswer<'a, Restored> {
        self.over(Duration::ZERO, move |store| store.restore(ordinal, session, namespace, idle))
    }

    fn end<'a>(&'a self, run: &'a str, ordinal: u64) -> StateAnswer<'a, bool> {
        self.over(Duration::ZERO, move |store| store.end(run, ordinal))
    }

    fn list(&self) -> StateAnswer<'_, Vec<(u64, String, u64)>> {
        self.over(Duration::ZERO, move |store| store.list())
    }

    fn rules<'a>(&'a self, run: &'a str) -> StateAnswer<'a, (u64, Option<String>)> {
        self.over(Duration::ZERO, move |store| store.rules(run))
    }

    fn replace_rules<'a>(
        &'a self,
        run: &'a str,
        present: u64,
        rules: Option<&'a str>,
    ) -> StateAnswer<'a, (u64, bool)> {
        self.over(Duration::ZERO, move |store| store.replace_rules(run, present, rules))
    }

    fn restore_rules<'a>(
        &'a self,
        version: u64,
        rules: Option<&'a str>,
    ) -> StateAnswer<'a, (u64, Option<String>)> {
        self.over(Duration::ZERO, move |store| store.restore_rules(version, rules))
    }

    fn changes(&self) -> broadcast::Receiver<Changed> {
        self.store.changes()
    }
}
