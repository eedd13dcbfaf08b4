//! What a toxic does: its type, and the attributes of that type.

use super::{error::ApiError, fields::Fields, profile::NamedProfile};
use crate::profiles::Catalog;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The type of a toxic with its attributes, as written: impossible values are kept, and bounded where they are used.
#[derive(Debug, Clone, PartialEq)]
pub enum Attributes {
    /// Changes nothing.
    Noop,
    /// Delays bytes by `latency` ± `jitter`, in ms.
    Latency {
        /// The mean delay in ms.
        latency: i64,
        /// The largest deviation from it in ms.
        jitter: i64,
    },
    /// Limits the rate.
    Bandwidth {
        /// The rate in kB/s (1000 bytes); zero and less: nothing passes.
        rate: i64,
    },
    /// Delays the end of the stream.
    SlowClose {
        /// The delay in ms.
        delay: i64,
    },
    /// Discards all bytes, and closes the connection.
    Timeout {
        /// After this time without a byte, in ms; 0 = when the toxic is removed.
        timeout: i64,
    },
    /// Resets the connection a while after its first bytes.
    ResetPeer {
        /// The time from the first bytes to the reset, in ms.
        timeout: i64,
    },
    /// Cuts bytes into small packets.
    Slicer {
        /// The mean size of a packet in bytes.
        average_size: i64,
        /// The largest deviation from it in bytes.
        size_variation: i64,
        /// The time between two packets in µs.
        delay: i64,
    },
    /// Closes the connection after some bytes.
    LimitData {
        /// How many pass.
        bytes: i64,
    },
    /// Removes chunks of the stream.
    PacketLoss {
        /// The probability that a chunk is removed.
        loss_rate: f64,
        /// What is added to it after a chunk that was removed.
        correlation: f64,
    },
    /// An extension: the network of a profile.
    Profile(Arc<NamedProfile>),
}

impl Attributes {
    /// The attributes of a toxic of type `name` before any is set; `None` = there is no such type.
    pub(super) fn of_type(name: &str) -> Option<Self> {
        Some(match name {
            "noop" => Self::Noop,
            "latency" => Self::Latency { latency: 0, jitter: 0 },
            "bandwidth" => Self::Bandwidth { rate: 0 },
            "slow_close" => Self::SlowClose { delay: 0 },
            "timeout" => Self::Timeout { timeout: 0 },
            "reset_peer" => Self::ResetPeer { timeout: 0 },
            "slicer" => Self::Slicer { average_size: 0, size_variation: 0, delay: 0 },
            "limit_data" => Self::LimitData { bytes: 0 },
            "packet_loss" => Self::PacketLoss { loss_rate: 0.0, correlation: 0.0 },
            "vsps" => Self::Profile(Arc::default()),
            _ => return None,
        })
    }

    /// The same with the members of `changes` in place of the present ones.
    pub(super) fn merged(
        &self,
        changes: Option<&Map<String, Value>>,
        catalog: &Catalog,
    ) -> Result<Self, ApiError> {
        let empty = Map::new();
        let fields = Fields::new(changes.unwrap_or(&empty), "attributes.");
        Ok(match self {
            Self::Noop => Self::Noop,
            Self::Latency { latency, jitter } => Self::Latency {
                latency: fields.integer("latency", *latency)?,
                jitter: fields.integer("jitter", *jitter)?,
            },
            Self::Bandwidth { rate } => Self::Bandwidth { rate: fields.integer("rate", *rate)? },
            Self::SlowClose { delay } => {
                Self::SlowClose { delay: fields.integer("delay", *delay)? }
            }
            Self::Timeout { timeout } => {
                Self::Timeout { timeout: fields.integer("timeout", *timeout)? }
            }
            Self::ResetPeer { timeout } => {
                Self::ResetPeer { timeout: fields.integer("timeout", *timeout)? }
            }
            Self::Slicer { average_size, size_variation, delay } => Self::Slicer {
                average_size: fields.integer("average_size", *average_size)?,
                size_variation: fields.integer("size_variation", *size_variation)?,
                delay: fields.integer("delay", *delay)?,
            },
            Self::LimitData { bytes } => {
                Self::LimitData { bytes: fields.integer("bytes", *bytes)? }
            }
            Self::PacketLoss { loss_rate, correlation } => Self::PacketLoss {
                loss_rate: fields.number("loss_rate", *loss_rate)?,
                correlation: fields.number("correlation", *correlation)?,
            },
            Self::Profile(profile) => {
                let merged = profile.merged(&fields, catalog)?;
                // Without a change all connections keep the link that they share.
                let same = merged == **profile;
                Self::Profile(if same { Arc::clone(profile) } else { Arc::new(merged) })
            }
        })
    }

    /// The attributes as the API shows them.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Noop => json!({}),
            Self::Latency { latency, jitter } => json!({ "latency": latency, "jitter": jitter }),
            Self::Bandwidth { rate } => json!({ "rate": rate }),
            Self::SlowClose { delay } => json!({ "delay": delay }),
            Self::Timeout { timeout } | Self::ResetPeer { timeout } => {
                json!({ "timeout": timeout })
            }
            Self::Slicer { average_size, size_variation, delay } => json!({
                "average_size": average_size,
                "size_variation": size_variation,
                "delay": delay,
            }),
            Self::LimitData { bytes } => json!({ "bytes": bytes }),
            Self::PacketLoss { loss_rate, correlation } => {
                json!({ "loss_rate": loss_rate, "correlation": correlation })
            }
            Self::Profile(profile) => profile.to_json(),
        }
    }
}
