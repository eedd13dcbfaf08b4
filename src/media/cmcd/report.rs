//! A player's report about itself and its request, in this crate's types and units.

use super::{
    super::{Kind, MediaType, Protocol, Resource},
    dictionary::{Value, items},
};
use crate::units::BitRate;
use std::{sync::Arc, time::Duration};

/// The headers that carry CMCD.
pub const HEADERS: [&str; 4] = ["cmcd-object", "cmcd-request", "cmcd-session", "cmcd-status"];

/// Longer session ids are truncated, because they become keys.
const SESSION: usize = 256;

/// The object type, as the player reports it (`ot`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectType {
    /// `m`: a playlist or another description.
    Manifest,
    /// `a`: audio.
    Audio,
    /// `v`: video.
    Video,
    /// `av`: both.
    Muxed,
    /// `i`: an initialisation segment.
    Init,
    /// `c` or `tt`: captions or timed text.
    Text,
    /// `k`: a key or licence.
    Key,
    /// `o`: something else.
    Other,
}

/// What a player reports with one request. The values are the player's; none is measured here.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cmcd {
    /// The requested object type (`ot`).
    pub object: Option<ObjectType>,
    /// The streaming format (`sf`).
    pub protocol: Option<Protocol>,
    /// The encoded bitrate of the object (`br`).
    pub bitrate: Option<BitRate>,
    /// The media duration of the object (`d`).
    pub duration: Option<Duration>,
    /// How much the player has buffered (`bl`); the lowest value of a list.
    pub buffer: Option<Duration>,
    /// Whether its buffer ran empty since its last request (`bs`, `bsd`).
    pub starved: bool,
    /// How long its buffer was empty (`bsd`); the longest value of a list.
    pub starved_for: Option<Duration>,
    /// From the start of playback as requested to the first picture (`msd`).
    pub startup_delay: Option<Duration>,
    /// The distance to the live edge (`ltc`).
    pub live_latency: Option<Duration>,
    /// The maximum throughput that it requests (`rtp`).
    pub requested_throughput: Option<BitRate>,
    /// The throughput it has measured (`mtp`).
    pub measured_throughput: Option<BitRate>,
    /// Its session id (`sid`).
    pub session: Option<Arc<str>>,
}

/// A report has a version that is not supported (`v`): all of it is ignored (CTA-5004-B).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("CMCD of a version that is not known")]
pub struct UnknownVersion;

impl Cmcd {
    /// Reads the values of the CMCD headers, or of the query parameter `CMCD`, already decoded; `None`
    /// when none of it can be read.
    ///
    /// # Errors
    /// When its version is not known.
    pub fn of_dictionaries<'a>(
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<Option<Self>, UnknownVersion> {
        let mut report = Self::default();
        let (mut present, mut known) = (false, true);
        for (key, value) in texts.into_iter().flat_map(items) {
            present = true;
            match key {
                "v" => known = is_known(&value),
                _ => report.take(key, &value),
            }
        }
        report.settled(present, known)
    }

    /// Reads the report in a URL's query, if there is one.
    ///
    /// # Errors
    /// When its version is not known.
    pub fn of_query(query: &str) -> Result<Option<Self>, UnknownVersion> {
        let value = query.split('&').find_map(|pair| pair.strip_prefix("CMCD="));
        let decoded =
            value.and_then(|value| percent_encoding::percent_decode_str(value).decode_utf8().ok());
        Self::of_dictionaries(decoded.as_deref())
    }

    /// Reads the JSON form: an object with the same keys. `None` when it is not one.
    ///
    /// # Errors
    /// When its version is not known.
    pub fn of_json(text: &[u8]) -> Result<Option<Self>, UnknownVersion> {
        serde_json::from_slice(text).map_or(Ok(None), |object| Self::of_object(&object))
    }

    pub(super) fn of_object(
        object: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Option<Self>, UnknownVersion> {
        let mut report = Self::default();
        let mut known = true;
        for (key, value) in object {
            let value = match value {
                serde_json::Value::Bool(flag) => Value::Flag(*flag),
                serde_json::Value::Number(number) => match number.as_f64() {
                    Some(number) => Value::Number(number),
                    None => continue,
                },
                serde_json::Value::String(text) => Value::Text(text.as_str().into()),
                serde_json::Value::Array(list) => {
                    let numbers = list.iter().filter_map(serde_json::Value::as_f64);
                    Value::List(numbers.collect())
                }
                _ => continue,
            };
            match key.as_str() {
                "v" => known = is_known(&value),
                key => report.take(key, &value),
            }
        }
        report.settled(!object.is_empty(), known)
    }

    fn take(&mut self, key: &str, value: &Value<'_>) {
        match (key, value) {
            ("ot", Value::Text(token)) => self.object = object(token),
            ("sf", Value::Text(token)) => self.protocol = protocol(token),
            ("br", value) => self.bitrate = first(value).and_then(kilobits),
            ("d", value) => self.duration = first(value).and_then(milliseconds),
            ("bl", value) => self.buffer = least(value).and_then(milliseconds),
            ("bs", Value::Flag(starved)) => self.starved |= starved,
            // Each starvation is reported once, with its duration.
            ("bsd", value) => {
                self.starved_for = greatest(value).and_then(milliseconds);
                self.starved |= self.starved_for.is_some();
            }
            ("msd", value) => self.startup_delay = first(value).and_then(milliseconds),
            ("ltc", value) => self.live_latency = first(value).and_then(milliseconds),
            ("rtp", value) => self.requested_throughput = first(value).and_then(kilobits),
            ("mtp", value) => self.measured_throughput = first(value).and_then(kilobits),
            ("sid", Value::Text(id)) if !id.is_empty() && id.len() <= SESSION => {
                self.session = Some(Arc::from(&**id));
            }
            _ => {}
        }
    }

    /// The report, if it was `present` and its version is `known`. A bitrate reported for a manifest or key is
    /// not that of a rendition, and is removed.
    fn settled(mut self, present: bool, known: bool) -> Result<Option<Self>, UnknownVersion> {
        use ObjectType::{Audio, Init, Muxed, Video};
        if !known {
            return Err(UnknownVersion);
        }
        if self.object.is_some_and(|object| !matches!(object, Audio | Video | Muxed | Init)) {
            self.bitrate = None;
        }
        Ok(present.then_some(self))
    }

    /// Adds to a request what neither a manifest nor its URL states.
    pub fn complete(&self, resource: &mut Resource) {
        // A manifest takes precedence over the player's report.
        let named = resource.rendition.is_some() || resource.index.is_some();
        if let Some(protocol) = self.protocol.filter(|_| !named)
            && matches!(resource.protocol, Protocol::Unknown | Protocol::Progressive)
        {
            resource.protocol = protocol;
        }
        let Some(object) = self.object.filter(|_| !named) else { return };
        let (kind, media) = class_of(object, resource.protocol);
        let open = resource.kind == Kind::Other
            || (resource.kind == Kind::Segment && matches!(kind, Kind::Init | Kind::Subtitle));
        if open {
            resource.kind = kind;
        }
        if resource.media == MediaType::Unknown && resource.kind == kind {
            resource.media = media;
        }
        if resource.kind == kind {
            resource.bandwidth = resource.bandwidth.or(self.bitrate);
            resource.duration = resource.duration.or(self.duration);
        }
    }
}

/// Whether a version (`v`) is supported; without one it is version 1.
const fn is_known(version: &Value<'_>) -> bool {
    matches!(version, Value::Number(1.0 | 2.0))
}

/// Kind and media type of an object, as the player reports it.
const fn class_of(object: ObjectType, protocol: Protocol) -> (Kind, MediaType) {
    match (object, protocol) {
        (ObjectType::Manifest, Protocol::Hls) => (Kind::MediaPlaylist, MediaType::Unknown),
        (ObjectType::Manifest, Protocol::Dash) => (Kind::Mpd, MediaType::Unknown),
        (ObjectType::Manifest, Protocol::Smooth) => (Kind::ClientManifest, MediaType::Unknown),
        (ObjectType::Audio, _) => (Kind::Segment, MediaType::Audio),
        (ObjectType::Video, _) => (Kind::Segment, MediaType::Video),
        (ObjectType::Muxed, _) => (Kind::Segment, MediaType::Muxed),
        (ObjectType::Init, _) => (Kind::Init, MediaType::Unknown),
        (ObjectType::Text, _) => (Kind::Subtitle, MediaType::Text),
        (ObjectType::Key, _) => (Kind::Key, MediaType::Unknown),
        (ObjectType::Manifest | ObjectType::Other, _) => (Kind::Other, MediaType::Unknown),
    }
}

fn object(token: &str) -> Option<ObjectType> {
    Some(match token {
        "m" => ObjectType::Manifest,
        "a" => ObjectType::Audio,
        "v" => ObjectType::Video,
        "av" => ObjectType::Muxed,
        "i" => ObjectType::Init,
        "c" | "tt" => ObjectType::Text,
        "k" => ObjectType::Key,
        "o" => ObjectType::Other,
        _ => return None,
    })
}

fn protocol(token: &str) -> Option<Protocol> {
    match token {
        "h" => Some(Protocol::Hls),
        "d" => Some(Protocol::Dash),
        "s" => Some(Protocol::Smooth),
        _ => None,
    }
}

/// The number, or the first of a list: version 2 has one for each media type in an object.
fn first(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::List(list) => list.first().copied(),
        _ => None,
    }
}

fn greatest(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::List(list) => list.iter().copied().max_by(f64::total_cmp),
        _ => None,
    }
}

fn least(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::List(list) => list.iter().copied().min_by(f64::total_cmp),
        _ => None,
    }
}

/// Rates above 1 Tbit/s and times above a day are taken for errors.
fn kilobits(value: f64) -> Option<BitRate> {
    (0.0..=1e9).contains(&value).then(|| BitRate::from_bits_per_second((value * 1e3) as u64))
}

fn milliseconds(value: f64) -> Option<Duration> {
    (0.0..=86_400_000.0).contains(&value).then(|| Duration::from_secs_f64(value / 1e3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Cmcd {
        Cmcd::of_query(&format!("a=b&CMCD={text}&c")).unwrap().unwrap()
    }

    #[test]
    fn the_three_forms_say_the_same() {
        let by_query = query(
            "bl%3D21300%2Cbr%3D3200%2Cbs%2Cd%3D4004%2Cmtp%3D25400%2Cot%3Dv%2Crtp%3D15000%2Csf%3Dh%2Csid%3D%226e2f%22",
        );
        let by_headers = Cmcd::of_dictionaries([
            "br=3200,d=4004,ot=v",
            "bl=21300,mtp=25400",
            "sf=h,sid=\"6e2f\"",
            "bs,rtp=15000",
        ]);
        let json = br#"{"bl":21300,"br":3200,"bs":true,"d":4004,"mtp":25400,"ot":"v","rtp":15000,"sf":"h","sid":"6e2f"}"#;
        let expected = Cmcd {
            object: Some(ObjectType::Video),
            protocol: Some(Protocol::Hls),
            bitrate: Some(BitRate::from_kilobits_per_second(3200)),
            duration: Some(Duration::from_millis(4004)),
            buffer: Some(Duration::from_millis(21_300)),
            starved: true,
            starved_for: None,
            startup_delay: None,
            live_latency: None,
            requested_throughput: Some(BitRate::from_kilobits_per_second(15_000)),
            measured_throughput: Some(BitRate::from_kilobits_per_second(25_400)),
            session: Some("6e2f".into()),
        };
        assert_eq!(by_query, expected);
        assert_eq!(by_headers, Ok(Some(expected.clone())));
        assert_eq!(Cmcd::of_json(json), Ok(Some(expected)));
    }

    #[test]
    fn version_2_lists() {
        let told =
            Cmcd::of_dictionaries(["v=2,br=(5000;v 128;a),bl=(4000;v 1200;a),bsd=(300;v),ot=av"]);
        let told = told.unwrap().unwrap();
        assert_eq!(told.bitrate, Some(BitRate::from_kilobits_per_second(5000)));
        assert_eq!(told.buffer, Some(Duration::from_millis(1200)));
        assert!(told.starved);
    }

    #[test]
    fn nonsense_is_not_taken() {
        let told = Cmcd::of_dictionaries(["bl=-1,br=99999999999999999,d=nan,rtp=\"1\",ot=zz,sf=9"]);
        assert_eq!(told, Ok(Some(Cmcd::default())));
        for longer_than_a_day in ["bsd=88888888888", "bsd=(88888888888;v)", "bsd=-1"] {
            let told = Cmcd::of_dictionaries([longer_than_a_day]);
            assert_eq!(told, Ok(Some(Cmcd::default())), "{longer_than_a_day}");
        }
        for text in [&b"[]"[..], b"", b"{}", b"{\"bl\":"] {
            assert_eq!(Cmcd::of_json(text), Ok(None));
        }
        assert_eq!(Cmcd::of_query("a=b"), Ok(None));
        assert_eq!(Cmcd::of_query("CMCD=%ff"), Ok(None));
    }

    /// A version greater than those known, or an invalid one, makes the whole report void, wherever it is.
    #[test]
    fn an_unknown_version_voids_the_whole_set() {
        for version in ["3", "0", "2.5", "-1", "\"2\"", "x", "?1", "(1)"] {
            for texts in [
                [format!("v={version},bl=100"), "bs".into()],
                ["bl=100,bs".into(), format!("v={version}")],
            ] {
                let told = Cmcd::of_dictionaries(texts.iter().map(String::as_str));
                assert_eq!(told, Err(UnknownVersion), "{texts:?}");
            }
        }
        assert_eq!(Cmcd::of_query("CMCD=bl%3D1%2Cv%3D3"), Err(UnknownVersion));
        assert_eq!(Cmcd::of_json(b"{\"bl\":1,\"v\":3}"), Err(UnknownVersion));
        for version in ["", ",v=1", ",v=2"] {
            assert!(Cmcd::of_dictionaries([&*format!("bl=100{version}")]).unwrap().is_some());
        }
    }

    #[test]
    fn a_player_knows_what_a_name_does_not_tell() {
        let complete = |text, mut resource: Resource| {
            query(text).complete(&mut resource);
            (resource.protocol, resource.kind, resource.media)
        };
        use {Kind as K, MediaType as M, Protocol as P};
        let blob = Resource::unknown;
        assert_eq!(complete("ot=v,sf=d,br=900", blob()), (P::Dash, K::Segment, M::Video));
        assert_eq!(complete("ot=m,sf=d", blob()), (P::Dash, K::Mpd, M::Unknown));
        assert_eq!(complete("ot=k,sf=h", blob()), (P::Hls, K::Key, M::Unknown));
        let mp4 = Resource::new(P::Progressive, K::Segment);
        assert_eq!(complete("ot=a,sf=h", mp4.clone()), (P::Hls, K::Segment, M::Audio));
        assert_eq!(complete("ot=i,sf=h", mp4.clone()), (P::Hls, K::Init, M::Unknown));
        // A manifest takes precedence over the player.
        let named = Resource { rendition: Some("v1".into()), media: M::Video, ..mp4 };
        assert_eq!(complete("ot=a,sf=h", named), (P::Progressive, K::Segment, M::Video));
        let mut blob = blob();
        query("ot=v,br=900,d=2000").complete(&mut blob);
        assert_eq!(blob.bandwidth, Some(BitRate::from_kilobits_per_second(900)));
        assert_eq!(blob.duration, Some(Duration::from_secs(2)));
    }
}
