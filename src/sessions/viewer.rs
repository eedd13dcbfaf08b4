//! Who sends a request, as far as it tells: what sessions are identified by.

use crate::media::Cmcd;
use http::HeaderMap;
use std::net::IpAddr;

/// A viewer without a session in its address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Viewer {
    /// A player that names its session with CMCD's `sid` (CTA-5004).
    Cmcd(String),
    /// An address and a User-Agent.
    Agent(IpAddr, String),
}

/// Longer session ids and agents are cut: they are keys, and memory is bounded.
const LONGEST: usize = 256;

impl Viewer {
    /// The viewer behind a request: CMCD `sid` from header or query if there is one.
    #[must_use]
    pub fn of(address: IpAddr, query: &str, headers: &HeaderMap) -> Self {
        let header = headers.get("cmcd-session").and_then(|value| value.to_str().ok());
        let by_header = Cmcd::of_dictionaries(header).and_then(|told| told.session);
        if let Some(sid) = by_header.or_else(|| Cmcd::of_query(query)?.session) {
            return Self::Cmcd(sid.to_string());
        }
        let agent = headers.get(http::header::USER_AGENT).map(http::HeaderValue::as_bytes);
        let agent = agent.map(|bytes| &bytes[..bytes.len().min(LONGEST)]).unwrap_or_default();
        Self::Agent(address, String::from_utf8_lossy(agent).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn cmcd_goes_before_the_agent() {
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", HeaderValue::from_static("hls"));
        assert_eq!(Viewer::of(HOME, "a=b", &headers), Viewer::Agent(HOME, "hls".into()));
        let query = "a=b&CMCD=bl%3D100%2Csid%3D%226e2f%22%2Csf%3Dh";
        assert_eq!(Viewer::of(HOME, query, &headers), Viewer::Cmcd("6e2f".into()));
        headers.insert("cmcd-session", HeaderValue::from_static("cid=\"x\",sid=\"77\""));
        assert_eq!(Viewer::of(HOME, "", &headers), Viewer::Cmcd("77".into()));
    }
}
