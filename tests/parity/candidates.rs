//! Which cases are viewed: those in which no decision hangs on a few ms.

use crate::pair::{Case, Pair, Viewing};
use std::time::Duration;

/// No decision of a case may depend on this many ms in each round trip: over sockets, a busy machine adds as much.
const MARGINS: [u64; 3] = [10, 25, 60];
/// So many seeds are looked at.
const SEEDS: u64 = 100;

/// The first seed from that of `candidate` on whose decisions do not depend on the margins, and with which playback
/// rebuffers for `least` s at least. `play` is a viewing in virtual time whose round trips are longer by this time.
pub(crate) fn steady(
    candidate: Case,
    least: f64,
    play: impl Fn(Case, Duration) -> Viewing,
) -> Option<(Case, Viewing)> {
    let (profile, abr, first) = candidate;
    (first..first + SEEDS).find_map(|seed| {
        let case = (profile, abr, seed);
        let of = |ms| play(case, Duration::from_millis(ms));
        let virtual_time = of(0);
        if virtual_time.rebuffer_s < least {
            return None;
        }
        let agrees = |ms: &u64| {
            let pair = Pair { case, virtual_time: virtual_time.clone(), sockets: of(*ms) };
            pair.agrees() && pair.same() == 1.0
        };
        MARGINS.iter().all(agrees).then_some((case, virtual_time))
    })
}
