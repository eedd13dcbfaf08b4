//! CMSD: what the link allows, for the player (CTA-5006).

use crate::{sessions::Session, units::BitRate};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::{fmt::Write as _, time::Duration};

const CMSD_DYNAMIC: HeaderName = HeaderName::from_static("cmsd-dynamic");

/// Adds an entry of this proxy to `CMSD-Dynamic`. Entries of servers before it stay: the header is a list, and each
/// server adds its entry at the end.
pub(in crate::proxy) fn add(session: &Session, headers: &mut HeaderMap) {
    let arming = session.arming();
    let latency = &arming.link.latency;
    let rtt = match &latency.schedule {
        Some(schedule) => schedule.at(session.downlink.running(session.now())),
        None => latency.rtt,
    };
    if let Some(entry) = entry(session.rate(), rtt) {
        headers.append(CMSD_DYNAMIC, entry);
    }
}

/// `"vsps";etp=N;mb=N;rtt=N`: the rate of the link in kbit/s as the estimated throughput (`etp`) and as the highest
/// bitrate to play (`mb`), and the round trip in ms (`rtt`). The rate is left out if there is no limit.
fn entry(rate: Option<BitRate>, rtt: Duration) -> Option<HeaderValue> {
    let mut text = "\"vsps\"".to_owned();
    // Writing to a String can't fail.
    if let Some(rate) = rate {
        let kilobits = (rate.bits_per_second() + 500) / 1000;
        let _ = write!(text, ";etp={kilobits};mb={kilobits}");
    }
    let _ = write!(text, ";rtt={}", rtt.as_millis());
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_has_whole_kilobits_and_milliseconds() {
        let told = |rate, rtt| entry(rate, Duration::from_millis(rtt)).unwrap();
        let rate = Some(BitRate::from_bits_per_second(2_499_500));
        assert_eq!(told(rate, 40), "\"vsps\";etp=2500;mb=2500;rtt=40");
        assert_eq!(told(None, 0), "\"vsps\";rtt=0");
        assert_eq!(told(Some(BitRate::ZERO), 5), "\"vsps\";etp=0;mb=0;rtt=5");
    }
}
