//! The less common conditions of a rule: rendition, segment, attempt, host, connection, ...

use super::{
    super::{
        cycle::Cycle, facts::Facts, glob::Glob, media_cycle::MediaCycle, numbers::Numbers,
        offsets::Offsets, window::Window,
    },
    Matcher,
};
use crate::{
    media::Resource,
    units::{BitRate, MediaTime},
};
use http::Method;

/// Conditions that few rules have. A condition on an unknown property does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::rules) struct Details {
    pub(in crate::rules) rendition: Vec<Glob>,
    pub(in crate::rules) bandwidth: Vec<(BitRate, BitRate)>,
    pub(in crate::rules) height: Option<Numbers>,
    pub(in crate::rules) codecs: Vec<Box<str>>,
    pub(in crate::rules) languages: Vec<Box<str>>,
    pub(in crate::rules) roles: Vec<Box<str>>,
    pub(in crate::rules) numbers: Option<Numbers>,
    pub(in crate::rules) behind_live: Option<Numbers>,
    pub(in crate::rules) after_join: Option<Offsets>,
    pub(in crate::rules) media_time: Option<Window<MediaTime>>,
    pub(in crate::rules) media_cycle: Option<MediaCycle>,
    pub(in crate::rules) discontinuity: Option<bool>,
    pub(in crate::rules) pattern: Option<Cycle>,
    pub(in crate::rules) epoch_pattern: Option<Cycle>,
    pub(in crate::rules) attempts: Option<Numbers>,
    pub(in crate::rules) hosts: Vec<Glob>,
    pub(in crate::rules) paths: Vec<Glob>,
    pub(in crate::rules) methods: Vec<Method>,
    pub(in crate::rules) ranged: Option<bool>,
    pub(in crate::rules) reused: Option<bool>,
    pub(in crate::rules) blocking: Option<bool>,
    /// Requests that match any of these are excluded. These matchers have no `not` themselves.
    pub(in crate::rules) not: Vec<Matcher>,
}

impl Details {
    pub(in crate::rules) fn hold(&self, facts: &Facts<'_>) -> bool {
        self.of_the_rendition(facts.resource)
            && self.of_the_segment(facts)
            && self.of_the_time(facts)
            && self.of_the_request(facts)
            && !self.not.iter().any(|excluded| excluded.matches(facts))
    }

    fn of_the_rendition(&self, resource: &Resource) -> bool {
        any(&self.rendition, resource.rendition.as_deref(), Glob::fits)
            && any(&self.bandwidth, resource.bandwidth, |(low, high), rate| {
                (*low..=*high).contains(&rate)
            })
            && within(self.height.as_ref(), resource.resolution.map(|(_, height)| height.into()))
            && any(&self.codecs, resource.codecs.as_deref(), |prefix, codecs| {
                codecs.split(',').any(|codec| is_codec(codec.trim(), prefix))
            })
            && any(&self.languages, resource.language.as_deref(), |range, tag| {
                // Basic filtering (RFC 4647 §3.3.1): `de` matches `de-AT`, but not `deu`.
                begins(tag, range) && matches!(tag.as_bytes().get(range.len()), None | Some(b'-'))
            })
            && any(&self.roles, resource.role.as_deref(), |role, written| {
                role.eq_ignore_ascii_case(written)
            })
    }

    fn of_the_segment(&self, facts: &Facts<'_>) -> bool {
        let resource = facts.resource;
        let joined = || facts.joined.zip(resource.number);
        within(self.numbers.as_ref(), resource.number)
            && within(self.behind_live.as_ref(), resource.behind_live)
            && self.after_join.as_ref().is_none_or(|asked| {
                joined().is_some_and(|(edge, number)| asked.contains(edge, number))
            })
            && self
                .media_time
                .is_none_or(|window| resource.time.is_some_and(|start| window.contains(start)))
            && self.media_cycle.is_none_or(|cycle| cycle.fits(resource))
            && self.discontinuity.is_none_or(|asked| asked == resource.discontinuity)
    }

    fn of_the_time(&self, facts: &Facts<'_>) -> bool {
        let down = |cycle: &Option<Cycle>, time| cycle.as_ref().is_none_or(|c| c.is_down(time));
        down(&self.pattern, facts.session_time.since_zero())
            && down(&self.epoch_pattern, facts.unix_time.since_zero())
            && within(self.attempts.as_ref(), Some(facts.attempt.into()))
    }

    fn of_the_request(&self, facts: &Facts<'_>) -> bool {
        let (path, query) = facts.path.split_once('?').unwrap_or((facts.path, ""));
        let bare = facts.host.rsplit_once(':').map_or(facts.host, |(host, _)| host);
        let is = |asked: Option<bool>, truth: bool| asked.is_none_or(|asked| asked == truth);
        any(&self.hosts, Some(facts.host), |glob, host| {
            glob.fits_any_case(host) || glob.fits_any_case(bare)
        }) && any(&self.paths, Some(path), Glob::fits)
            && any(&self.methods, Some(facts.method), |asked, method| *asked == *method)
            && is(self.ranged, facts.ranged)
            && is(self.reused, facts.reused)
            && (self.blocking.is_none() || is(self.blocking, blocks(query)))
    }
}

/// Whether the query makes this a blocking playlist reload (RFC 8216bis §6.2.5.2).
fn blocks(query: &str) -> bool {
    query.split('&').any(|pair| pair.starts_with("_HLS_msn="))
}

/// Whether any condition of `asked` holds for the known value. An empty list always holds.
fn any<A, K: Copy>(asked: &[A], known: Option<K>, holds: impl Fn(&A, K) -> bool) -> bool {
    asked.is_empty() || known.is_some_and(|known| asked.iter().any(|asked| holds(asked, known)))
}

fn within(asked: Option<&Numbers>, known: Option<u64>) -> bool {
    asked.is_none_or(|asked| known.is_some_and(|known| asked.contains(known)))
}

/// Whether a codec begins with `prefix`. Smooth Streaming names codecs by FourCC; the RFC 6381 name
/// matches too.
fn is_codec(codec: &str, prefix: &str) -> bool {
    let same = FOUR_CC.iter().find(|(code, _)| code.eq_ignore_ascii_case(codec));
    begins(codec, prefix) || same.is_some_and(|(_, other)| begins(other, prefix))
}

/// The FourCCs of Smooth Streaming (MS-SSTR §2.2.2.5), and their RFC 6381 names.
const FOUR_CC: &[(&str, &str)] = &[
    ("H264", "avc1"),
    ("X264", "avc1"),
    ("DAVC", "avc1"),
    ("AACL", "mp4a.40.2"),
    ("AACH", "mp4a.40.5"),
    ("AACP", "mp4a.40.29"),
    ("WVC1", "vc-1"),
    ("TTML", "stpp"),
    ("DFXP", "stpp"),
];

fn begins(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}
