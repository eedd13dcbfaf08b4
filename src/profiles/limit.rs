//! `[uplink]` and `[[limit]]`: rate limits in addition to the downlink.

use super::{
    downlink::{burst, count, rate},
    file::{DownlinkTable, LimitTable},
    loss::loss,
    sources::Sources,
};
use crate::{
    document::{Scope, Several},
    media::MediaType,
    model::{LinkSpec, RateSpec},
};

/// The most limits in one profile.
const MOST_LIMITS: usize = 32;

/// What shares a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// All responses of one host.
    Host,
    /// All responses of one media type.
    Media,
    /// Each response has its own limit.
    Response,
}

/// A rate limit in addition to the session's link.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// What shares it.
    pub per: Per,
    /// The rate.
    pub spec: LinkSpec,
    /// The hosts that it applies to (`cdn.example`, `*.example`), in lower case; empty = all.
    hosts: Vec<String>,
    /// The media types that it applies to; empty = all.
    media: Vec<MediaType>,
}

impl Per {
    /// The name used in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Media => "media",
            Self::Response => "response",
        }
    }
}

impl Limit {
    /// Whether it applies to responses of `media` from `host` (without the port).
    #[must_use]
    pub fn is_about(&self, host: &str, media: MediaType) -> bool {
        let named = |name: &String| match name.strip_prefix("*.") {
            Some(domain) => host.len().checked_sub(domain.len() + 1).is_some_and(|dot| {
                host.as_bytes().get(dot) == Some(&b'.')
                    && host.get(dot + 1..).is_some_and(|end| end.eq_ignore_ascii_case(domain))
            }),
            None => host.eq_ignore_ascii_case(name),
        };
        (self.hosts.is_empty() || self.hosts.iter().any(named))
            && (self.media.is_empty() || self.media.contains(&media))
    }
}

/// Validates `[uplink]`; `scope` is its table.
pub(super) fn uplink(
    table: &DownlinkTable,
    scope: &Scope<'_>,
    sources: &Sources<'_>,
) -> Option<LinkSpec> {
    for (key, written) in [
        ("transport", &table.transport),
        ("queue", &table.queue),
        ("link", &table.link),
        ("sharing", &table.sharing),
    ] {
        if written.is_some() {
            scope.at(key).fault("belongs to the downlink", "write it under [downlink]");
        }
    }
    let loss = table.loss.as_ref().map(|table| loss(table, &scope.at("loss")));
    if loss.is_none() {
        return alone(table, scope, sources);
    }
    let bare = DownlinkTable { loss: None, ..table.clone() } == DownlinkTable::default();
    let spec = if bare { Some(LinkSpec::default()) } else { alone(table, scope, sources) };
    Some(LinkSpec { loss: Some(loss??), ..spec? })
}

/// A required rate that can't be a share of the ladder.
fn alone(table: &DownlinkTable, scope: &Scope<'_>, sources: &Sources<'_>) -> Option<LinkSpec> {
    let rate = rate(table, scope, sources)?;
    let (burst, count) = (burst(table, scope), count(table, scope));
    if rate == RateSpec::Unlimited {
        scope.missing("rate", "write one, as in `rate = \"1 Mbit/s\"`, or leave the table out");
    }
    let spec = LinkSpec { rate, burst, count: count?, ..LinkSpec::default() };
    if spec.resolve(&|_| None).is_some() {
        scope.at("rate").fault("can't be a share of the ladder here", "write it in bit/s");
    }
    Some(spec)
}

/// Validates the `[[limit]]` tables; `scope` is their list.
pub(super) fn limits(
    tables: &[LimitTable],
    scope: &Scope<'_>,
    sources: &Sources<'_>,
) -> Option<Vec<Limit>> {
    if tables.len() > MOST_LIMITS {
        scope.fault(format!("has more than {MOST_LIMITS} limits"), "remove some");
        return None;
    }
    // Collected in two steps, so that the errors of all are reported.
    let made: Vec<_> =
        tables.iter().enumerate().map(|(i, table)| limit(table, &scope.item(i), sources)).collect();
    made.into_iter().collect()
}

fn limit(table: &LimitTable, scope: &Scope<'_>, sources: &Sources<'_>) -> Option<Limit> {
    let names = [Per::Host, Per::Media, Per::Response].map(|per| (per.as_str(), per));
    let per = scope.need("per", table.per.as_ref(), "per = \"host\"");
    let per = per.and_then(|name| scope.at("per").choose("a way to share", name, &names));
    let kinds: Vec<_> = MediaType::ALL.iter().map(|media| (media.as_str(), *media)).collect();
    let at = scope.at("media");
    let media = several(table.media.as_ref(), &at);
    let media = media.filter_map(|text| at.choose("a media type", text, &kinds)).collect();
    let at = scope.at("host");
    let hosts = several(table.host.as_ref(), &at).filter_map(|text| host(text.as_str(), &at));
    let hosts = hosts.collect();
    let schedule = DownlinkTable {
        rate: table.rate.clone(),
        schedule: table.schedule.clone(),
        ramp: table.ramp.clone(),
        waves: table.waves.clone(),
        on_off: table.on_off.clone(),
        markov: table.markov.clone(),
        trace: table.trace.clone(),
        repeat: table.repeat,
        start: table.start.clone(),
        time_scale: table.time_scale.clone(),
        burst: table.burst.clone(),
        count: table.count.clone(),
        ..DownlinkTable::default()
    };
    let spec = alone(&schedule, scope, sources);
    Some(Limit { per: per?, spec: spec?, hosts, media })
}

fn several<'t>(
    written: Option<&'t Several>,
    scope: &Scope<'_>,
) -> impl Iterator<Item = &'t crate::document::Text> + use<'t> {
    if written.is_some_and(|list| list.as_slice().is_empty()) {
        scope.fault("is an empty list", "write at least one value, or leave the key out");
    }
    written.into_iter().flat_map(Several::as_slice)
}

/// Reads a host without a port, or a wildcard for a domain.
fn host(name: &str, scope: &Scope<'_>) -> Option<String> {
    let plain = name.strip_prefix("*.").unwrap_or(name);
    if plain.is_empty() || plain.contains(['*', '/', '@', ' ', '?', '#']) {
        let hint = "write a host, as in `cdn.example` or `*.example`";
        scope.fault(format!("`{name}` is not a host"), hint);
        return None;
    }
    Some(name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::Profile;

    fn read(text: &str) -> Result<Profile, String> {
        let text = format!("summary = \"a\"\nsource = \"b\"\n{text}");
        Profile::from_toml("p", "p.toml", &text).map_err(|faults| faults.to_string())
    }

    #[test]
    fn a_limit_is_about_its_hosts_and_media() {
        let text = "[[limit]]\nper = \"host\"\nhost = [\"*.cdn.example\", \"a.example\"]\nmedia = \"audio\"\nrate = \"1 Mbit/s\"";
        let limit = &read(text).unwrap().limits[0];
        assert!(limit.is_about("x.CDN.example", MediaType::Audio));
        assert!(limit.is_about("A.example", MediaType::Audio));
        assert!(!limit.is_about("a.example", MediaType::Video));
        for other in ["cdn.example", "b.example", "xcdn.example", ""] {
            assert!(!limit.is_about(other, MediaType::Audio), "{other}");
        }
    }

    #[test]
    fn faults_say_what_to_write() {
        insta::assert_snapshot!(read("[[limit]]\nper = \"each\"\nmedia = \"sound\"\nhost = \"a b\"\n[[limit]]\nper = \"host\"").unwrap_err());
        insta::assert_snapshot!(read("[uplink]\ntransport = \"tcp\"\n").unwrap_err());
        insta::assert_snapshot!(read("[downlink]\nrate = \"1 Mbit/s\"\ntransport = \"tcp\"\nlink = \"a b\"\nsharing = \"evenly\"").unwrap_err());
        insta::assert_snapshot!(read("[latency]\nrtt = \"1 s\"\nuplink = \"20 ms\"").unwrap_err());
    }
}
