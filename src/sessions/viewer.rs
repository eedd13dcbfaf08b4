//! Identifies the sender of a request, to find its session.

use crate::media::{CMCD_HEADERS, Cmcd};
use http::HeaderMap;
use std::net::IpAddr;

/// A viewer without a session in its address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Viewer {
    /// A player that names its session with CMCD's `sid` (CTA-5004).
    Cmcd(String),
    /// An address and a User-Agent.
    Agent(IpAddr, String),
    /// An address alone: a client of the forward proxy.
    Address(IpAddr),
    /// A user of the forward proxy.
    User(String),
}

/// Longer session ids and User-Agents are cut, to bound the memory for keys.
const LONGEST: usize = 256;

impl Viewer {
    /// The sender of a request: by the CMCD `sid` of the headers, or of the query if no CMCD header is present.
    #[must_use]
    pub fn of(address: IpAddr, query: &str, headers: &HeaderMap) -> Self {
        let cmcd = if CMCD_HEADERS.iter().any(|name| headers.contains_key(*name)) {
            let values = CMCD_HEADERS.iter().flat_map(|name| headers.get_all(*name));
            Cmcd::of_dictionaries(values.filter_map(|value| value.to_str().ok()))
        } else {
            Cmcd::of_query(query)
        };
        if let Ok(Some(Cmcd { session: Some(sid), .. })) = cmcd {
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
        assert_eq!(Viewer::of(HOME, query, &headers), Viewer::Cmcd("77".into()));
        // Any of the headers is enough for the query not to count.
        headers.remove("cmcd-session");
        headers.insert("cmcd-object", HeaderValue::from_static("ot=v"));
        assert_eq!(Viewer::of(HOME, query, &headers), Viewer::Agent(HOME, "hls".into()));
    }
}
