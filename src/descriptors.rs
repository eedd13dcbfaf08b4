//! How the file descriptors that the process may open are divided among their uses.

/// For listeners, files and the runtime.
const OWN: u64 = 32;
/// For connections that are answered that there is no place for them.
pub const REFUSALS: usize = 16;
/// The most look-ups of names at the same time, and the most of others: each has a socket.
const LOOKUPS: u64 = 128;
/// For the runtime and the timer of each worker.
const WORKER: u64 = 5;
/// Up to this limit, all is for connections.
const FEW: u64 = 256;
/// The most pipes for bodies that the kernel moves. Each has two ends.
const PIPES: u64 = 32;
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
    /// Look-ups of names that were found before, and of others.
    pub lookups: usize,
}

impl Budget {
    /// The budget under `limit` for a number of workers, with a built-in origin or not.
    #[must_use]
    pub fn of(limit: u64, workers: usize, built_in: bool) -> Self {
        let lookups = lookups(limit);
        let pipes = pipes(limit) as u64;
        let own = OWN + WORKER * workers as u64 + REFUSALS as u64 + 2 * (lookups + pipes);
        let admin = (limit / 8).clamp(4, 256);
        let each = limit.saturating_sub(own + admin) / if built_in { 3 } else { 2 };
        let whole = |count: u64| usize::try_from(count.clamp(1, MOST)).unwrap_or(usize::MAX);
        Self {
            players: whole(each),
            origins: whole(each),
            admin: whole(admin),
            lookups: whole(lookups),
        }
    }
}

/// How many pipes `limit` permits.
#[must_use]
pub fn pipes(limit: u64) -> usize {
    (limit.saturating_sub(FEW) / 64).min(PIPES) as usize
}

/// How many look-ups of each kind a limit permits.
fn lookups(limit: u64) -> u64 {
    (limit / 64).clamp(2, LOOKUPS)
}

/// The same for a relay of TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayBudget {
    /// Files of listeners, one each, and of connections, two each.
    pub files: usize,
    /// Connections to the API.
    pub clients: usize,
    /// Look-ups of names that were found before, and of others.
    pub lookups: usize,
}

impl RelayBudget {
    /// The budget under `limit`.
    #[must_use]
    pub fn of(limit: u64) -> Self {
        let clients = (limit / 8).clamp(4, 256);
        let lookups = lookups(limit);
        // At least a listener and a connection.
        let files = limit.saturating_sub(OWN + 2 * lookups + clients).clamp(3, 2 * MOST);
        let whole = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        Self { files: whole(files), clients: whole(clients), lookups: whole(lookups) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_connections_together_stay_under_the_limit() {
        for limit in [256, 1024, 20_000, 1 << 20] {
            for (built_in, ends) in [(true, 2), (false, 1)] {
                let Budget { players, origins, admin, lookups } = Budget::of(limit, 2, built_in);
                let others = REFUSALS + 2 * (lookups + pipes(limit));
                let all = (players + ends * origins + admin + others) as u64 + OWN + 2 * WORKER;
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
            let RelayBudget { files, clients, lookups } = RelayBudget::of(limit);
            let all = (files + clients + 2 * lookups) as u64 + OWN;
            assert!(all <= limit && files * 4 > limit as usize, "{limit}: {files}");
        }
        assert_eq!(RelayBudget::of(10), RelayBudget { files: 3, clients: 4, lookups: 2 });
        assert_eq!(RelayBudget::of(u64::MAX).files, 2 << 20);
    }
}
