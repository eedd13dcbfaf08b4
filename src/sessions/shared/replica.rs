//! This process as one of several replicas.

use super::{
    fleet::Fleet,
    random::random,
    recovery::Recovery,
    session_id::SessionIds,
    store::{Joined, Quota, StateError, StateStore, UsedNumbers},
};
use crate::{clock::Clock, sessions::signed_process_time::SignedProcessTime, units::ProcessTime};
use parking_lot::RwLock;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
};

const NANOS_PER_MS: i64 = 1_000_000;
/// Added to the highest numbers known here, so that no number of a lost session or change is given out again. Other
/// replicas have started fewer sessions, and changed less, than this since.
const GAP: u64 = 1_000_000;

/// This process as one of several replicas.
#[derive(Debug)]
pub struct Replica {
    pub(in crate::sessions) store: Arc<dyn StateStore>,
    /// Names this process among the replicas.
    pub(in crate::sessions) name: String,
    pub(in crate::sessions) ids: SessionIds,
    /// What sessions carry, see [`Fleet::library`].
    pub(in crate::sessions) library: String,
    fleet: Fleet,
    /// What the store has of it, as JSON.
    fleet_text: String,
    /// The name of the store's content.
    run: RwLock<String>,
    clock: Clock,
    /// The store's time minus process time, in ns.
    offset: AtomicI64,
    reachable: AtomicBool,
    /// Changes of the store that are applied here. It only grows, also when the store loses its data.
    position: AtomicU64,
    /// The highest ordinal seen here.
    ordinal: AtomicU64,
    quota: Quota,
    pub(in crate::sessions) recovery: Recovery,
}

/// What the store answers to a heartbeat.
#[derive(Debug, Clone)]
pub(in crate::sessions) struct Heartbeat {
    /// The run that this replica follows, if the store has lost it.
    pub(in crate::sessions) lost: Option<String>,
    /// How many changes the store has had.
    pub(in crate::sessions) position: u64,
}

impl Replica {
    /// Joins the replicas at `store`, or is the first. `fleet` is what this one was started with; `seeded`: its seed was
    /// given, and must be that of the others. `key` signs ids, in place of one that the store keeps.
    ///
    /// # Errors
    /// When the store cannot be reached, or the others were started with something else.
    pub async fn join(
        store: Arc<dyn StateStore>,
        fleet: Fleet,
        seeded: bool,
        key: Option<&str>,
        quota: Quota,
        clock: Clock,
    ) -> Result<Self, StateError> {
        let text = |fleet: &Fleet| serde_json::to_string(fleet).unwrap_or_default();
        let before = clock.now();
        let joined = store.join(&text(&fleet), None, UsedNumbers::default()).await?;
        let others: Fleet = serde_json::from_str(&joined.fleet).map_err(|_| {
            StateError::Differs(
                "the replicas that run have another version of vsps: start this version everywhere, or stop them and \
                 wait 30 s"
                    .to_owned(),
            )
        })?;
        let fleet = if seeded { fleet } else { fleet.with_seed_of(&others) };
        if let Some(difference) = fleet.difference(&others) {
            return Err(StateError::Differs(difference));
        }
        let replica = Self {
            name: random::<8>()?,
            ids: key.map_or_else(|| SessionIds::of_store(&joined.key), SessionIds::new),
            library: fleet.library(),
            fleet_text: text(&fleet),
            fleet,
            run: RwLock::new(joined.run.clone()),
            store,
            clock,
            offset: AtomicI64::new(0),
            reachable: AtomicBool::new(true),
            position: AtomicU64::new(joined.position),
            ordinal: AtomicU64::new(0),
            quota,
            recovery: Recovery::default(),
        };
        replica.set_time(&joined, before);
        Ok(replica)
    }

    /// What all replicas have in common.
    #[must_use]
    pub const fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The bounds of each namespace.
    pub(in crate::sessions) const fn quota(&self) -> Quota {
        self.quota
    }

    /// Whether the store answered the last request.
    #[must_use]
    pub fn reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    /// Whether the store has lost what it had, and this replica has not written all of its sessions again yet.
    #[must_use]
    pub fn recovers(&self) -> bool {
        self.recovery.is_under_way()
    }

    /// How often the store was found to have lost what it had.
    #[must_use]
    pub fn losses(&self) -> u64 {
        self.recovery.losses()
    }

    /// How many sessions this replica has written again.
    #[must_use]
    pub fn restored(&self) -> u64 {
        self.recovery.restored()
    }

    pub(in crate::sessions) fn run(&self) -> String {
        self.run.read().clone()
    }

    /// Notes whether the store answered.
    pub(in crate::sessions) fn noted<T>(
        &self,
        answer: Result<T, StateError>,
    ) -> Result<T, StateError> {
        let reachable = !answer.as_ref().is_err_and(StateError::is_outage);
        if self.reachable.swap(reachable, Ordering::Relaxed) != reachable {
            if reachable {
                tracing::info!("the shared state can be reached again");
            } else if let Err(problem) = &answer {
                tracing::warn!("{problem}");
            }
        }
        answer
    }

    /// Says that this replica is alive.
    pub(in crate::sessions) async fn heartbeat(&self) -> Result<Heartbeat, StateError> {
        let (run, before) = (self.run(), self.clock.now());
        let joined = self.noted(self.store.heartbeat(&run).await)?;
        self.set_time(&joined, before);
        if joined.run == run {
            self.ids.update(&joined.key);
            return Ok(Heartbeat { lost: None, position: joined.position });
        }
        Ok(Heartbeat { lost: Some(run), position: joined.position })
    }

    /// Joins again after the store has lost what it had.
    pub(in crate::sessions) async fn join_again(&self) -> Result<(), StateError> {
        let used = UsedNumbers {
            ordinal: self.ordinal.load(Ordering::Relaxed).saturating_add(GAP),
            position: self.position().saturating_add(GAP),
        };
        let before = self.clock.now();
        let keys = self.ids.for_store();
        let joined = self.store.join(&self.fleet_text, keys.as_deref(), used).await;
        let joined = self.noted(joined)?;
        self.ids.update(&joined.key);
        self.set_time(&joined, before);
        self.position.fetch_max(joined.position, Ordering::Relaxed);
        *self.run.write() = joined.run;
        Ok(())
    }

    /// Goes back to a run that was `lost`, after sessions could not be written again: the next heartbeat finds that out.
    pub(in crate::sessions) fn leave_for(&self, lost: String) {
        *self.run.write() = lost;
    }

    /// Takes over the time of the store: half of the round trip is that of the answer.
    fn set_time(&self, joined: &Joined, before: ProcessTime) {
        let middle = before + (self.clock.now() - before) / 2;
        let store = i64::try_from(joined.now).unwrap_or(i64::MAX).saturating_mul(NANOS_PER_MS);
        let process = SignedProcessTime::from(middle).as_nanos();
        self.offset.store(store.saturating_sub(process), Ordering::Relaxed);
    }

    /// The process time of a time of the store in ms.
    pub(in crate::sessions) fn process_time(&self, ms: u64) -> SignedProcessTime {
        let store = i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(NANOS_PER_MS);
        SignedProcessTime::from_nanos(store.saturating_sub(self.offset.load(Ordering::Relaxed)))
    }

    /// The time of the store, in ms, of a process time.
    pub(in crate::sessions) fn store_ms(&self, process: SignedProcessTime) -> u64 {
        let store = process.as_nanos().saturating_add(self.offset.load(Ordering::Relaxed));
        u64::try_from(store / NANOS_PER_MS).unwrap_or_default()
    }

    /// Notes that changes up to `position` are applied. Whether others came in between that are not.
    pub(in crate::sessions) fn advance(&self, position: u64) -> bool {
        position > self.position.fetch_max(position, Ordering::Relaxed).saturating_add(1)
    }

    pub(in crate::sessions) fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    pub(in crate::sessions) fn note_ordinal(&self, ordinal: u64) {
        self.ordinal.fetch_max(ordinal, Ordering::Relaxed);
    }
}
