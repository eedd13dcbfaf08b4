//! Content steering (rfc8216bis, 7): which of two pathways a client is to play from.

use crate::units::UnixTime;

/// Media type of a steering manifest.
pub(super) const CONTENT_TYPE: &str = "application/json";

/// The pathways; a client starts with the first.
pub(super) const PATHWAYS: [&str; 2] = ["a", "b"];

/// Seconds after which a client reloads the manifest.
const TTL: u64 = 5;

/// Seconds for which one pathway comes first.
const TURN: u64 = 20;

/// The steering manifest at `now`: the pathways alternate, so that the change can be
/// observed.
pub(super) fn manifest(now: UnixTime) -> String {
    let [a, b] = PATHWAYS;
    let [first, second] =
        if (now.since_zero().as_secs() / TURN).is_multiple_of(2) { [a, b] } else { [b, a] };
    format!(
        "{{\n  \"VERSION\": 1,\n  \"TTL\": {TTL},\n  \"RELOAD-URI\": \"manifest.json\",\n  \
         \"PATHWAY-PRIORITY\": [\"{first}\", \"{second}\"]\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pathways_take_turns() {
        let first = |seconds| {
            let text = manifest(UnixTime::from_secs(seconds));
            text.split_once('[').unwrap().1.trim_start_matches('"').chars().next().unwrap()
        };
        assert_eq!([0, 19, 20, 39, 40].map(first), ['a', 'a', 'b', 'b', 'a']);
    }
}
