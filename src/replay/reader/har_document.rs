//! The members of a HAR that are used. All others are skipped without being kept.

use super::link_bins::LinkBins;
use crate::{
    media::{Kind, MediaType},
    replay::record::MOST_RECORDS,
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use std::fmt;

#[derive(Debug, Deserialize)]
pub(super) struct Har {
    pub(super) log: Log,
}

#[derive(Debug, Deserialize)]
pub(super) struct Log {
    #[serde(deserialize_with = "entries")]
    pub(super) entries: Vec<Entry>,
    #[serde(default)]
    pub(super) creator: Creator,
    #[serde(default, rename = "_vsps")]
    pub(super) own: Option<OwnLog>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Creator {
    pub(super) name: String,
}

/// What `vsps` adds to the log.
#[derive(Debug, Deserialize)]
pub(super) struct OwnLog {
    /// What the link carried, and when its time zero was.
    pub(super) link: Option<OwnLink>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnLink {
    pub(super) started_date_time: String,
    #[serde(flatten)]
    pub(super) bins: LinkBins,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    pub(super) started_date_time: String,
    pub(super) time: Option<f64>,
    pub(super) request: Request,
    pub(super) response: Response,
    #[serde(default)]
    pub(super) timings: Timings,
    /// Chrome: the response is from the browser's cache.
    #[serde(default, rename = "_fromCache")]
    pub(super) from_cache: Option<Value>,
    #[serde(default, rename = "_vsps")]
    pub(super) own: Option<OwnEntry>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Request {
    pub(super) url: String,
    #[serde(default)]
    pub(super) method: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    #[serde(default)]
    pub(super) status: Option<i64>,
    #[serde(default)]
    pub(super) headers: Headers,
    #[serde(default)]
    pub(super) content: Content,
    pub(super) body_size: Option<f64>,
    pub(super) headers_size: Option<f64>,
    #[serde(rename = "_transferSize")]
    pub(super) transfer_size: Option<f64>,
    #[serde(rename = "_error")]
    pub(super) error: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Content {
    pub(super) size: Option<f64>,
    pub(super) mime_type: Option<String>,
}

/// Milliseconds; -1 = does not apply.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Timings {
    pub(super) blocked: Option<f64>,
    pub(super) dns: Option<f64>,
    /// With `ssl`.
    pub(super) connect: Option<f64>,
    pub(super) send: Option<f64>,
    pub(super) wait: Option<f64>,
    pub(super) receive: Option<f64>,
    #[serde(rename = "_vsps")]
    pub(super) parts: Option<OwnParts>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OwnParts {
    pub(super) latency: f64,
    pub(super) fault: f64,
    pub(super) origin: f64,
    pub(super) token: f64,
    pub(super) stall: f64,
}

/// What `vsps` adds to an entry.
#[derive(Debug, Deserialize)]
pub(super) struct OwnEntry {
    pub(super) attempt: u32,
    pub(super) resource: OwnResource,
    #[serde(default)]
    pub(super) plan: Map<String, Value>,
    #[serde(default)]
    pub(super) faults: Vec<OwnFault>,
    pub(super) outcome: String,
    pub(super) upstream_ttfb_ms: Option<f64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct OwnResource {
    pub(super) kind: Kind,
    pub(super) media: MediaType,
    pub(super) index: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OwnFault {
    pub(super) rule: String,
    pub(super) effect: String,
}

/// The headers that are used.
#[derive(Debug, Default)]
pub(super) struct Headers {
    pub(super) content_length: Option<u64>,
    pub(super) content_encoded: bool,
    /// In seconds.
    pub(super) retry_after: Option<u64>,
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Header {
            name: String,
            #[serde(default)]
            value: Value,
        }
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of headers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Headers, A::Error> {
                let mut headers = Headers::default();
                while let Some(Header { name, value }) = list.next_element()? {
                    let number = || value.as_str().unwrap_or_default().trim().parse().ok();
                    match name.to_ascii_lowercase().as_str() {
                        "content-length" => headers.content_length = number(),
                        "content-encoding" => headers.content_encoded = true,
                        "retry-after" => headers.retry_after = number(),
                        _ => {}
                    }
                }
                Ok(headers)
            }
        }
        from.deserialize_seq(List)
    }
}

/// The entries, at most as many as a recording has.
fn entries<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Entry>, D::Error> {
    struct List;
    impl<'de> Visitor<'de> for List {
        type Value = Vec<Entry>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of entries")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Entry>, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = list.next_element()? {
                if entries.len() >= MOST_RECORDS {
                    let problem =
                        format!("more than {MOST_RECORDS} requests; export a shorter time");
                    return Err(A::Error::custom(problem));
                }
                entries.push(entry);
            }
            Ok(entries)
        }
    }
    from.deserialize_seq(List)
}
