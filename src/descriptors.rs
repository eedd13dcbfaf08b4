//! How the file descriptors that the process may open are divided among their uses.

/// For listeners, files, the runtime, and lookups of names.
const OWN: u64 = 32;
/// For the runtime and the timer of each worker.
const WORKER: u64 = 5;
/// The most connections of one kind, however high the limit is.
const MOST: u64 = 1 << 20;

/// How many connections of each kind a limit of open files can hold, so that each can
/// also open what its response needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// From players.
    pub players: usize,
    /// To origins; each has another end in this process when the origin is built in.
    pub origins: usize,
    /// To the admin side.
    pub admin: usize,
}

impl Budget {
    /// The budget under `limit` for a number of workers, with a built-in origin or not.
    #[must_use]
    pub fn of(limit: u64, workers: usize, built_in: bool) -> Self {
        let own = OWN + WORKER * workers as u64;
        let admin = (limit / 8).clamp(4, 256);
        let each = limit.saturating_sub(own + admin) / if built_in { 3 } else { 2 };
        let whole = |count: u64| usize::try_from(count.clamp(1, MOST)).unwrap_or(usize::MAX);
        Self { players: whole(each), origins: whole(each), admin: whole(admin) }
    }
}

/// The same for a relay of TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayBudget {
    /// Files of listeners, one each, and of connections, two each.
    pub files: usize,
    /// Connections to the API.
    pub clients: usize,
}

impl RelayBudget {
    /// The budget under `limit`.
    #[must_use]
    pub fn of(limit: u64) -> Self {
        let clients = (limit / 8).clamp(4, 256);
        // At least a listener and a connection.
        let files = limit.saturating_sub(OWN + clients).clamp(3, 2 * MOST);
        let whole = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        Self { files: whole(files), clients: whole(clients) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_connections_together_stay_under_the_limit() {
        for limit in [256, 1024, 20_000, 1 << 20] {
            for (built_in, ends) in [(true, 2), (false, 1)] {
                let Budget { players, origins, admin } = Budget::of(limit, 2, built_in);
                let all = (players + ends * origins + admin) as u64 + OWN + 2 * WORKER;
                assert!(all <= limit && players * 5 > limit as usize, "{limit}: {players}");
            }
        }
        let tiny = Budget::of(10, 1, true);
        assert_eq!((tiny.players, tiny.origins, tiny.admin), (1, 1, 4));
        assert_eq!(Budget::of(u64::MAX, 64, false).players, 1 << 20);
    }

    #[test]
    fn a_relay_stays_under_the_limit() {
        for limit in [64, 256, 1024, 20_000, 1 << 20] {
            let RelayBudget { files, clients } = RelayBudget::of(limit);
            let all = (files + clients) as u64 + OWN;
            assert!(all <= limit && files * 3 > limit as usize, "{limit}: {files}");
        }
        assert_eq!(RelayBudget::of(10), RelayBudget { files: 3, clients: 4 });
        assert_eq!(RelayBudget::of(u64::MAX).files, 2 << 20);
    }
}
