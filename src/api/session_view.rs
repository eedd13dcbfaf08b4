//! The JSON forms of a session: short for lists, and full.

use super::{fault_view::FaultView, players::Players, state::State};
use crate::{
    observers::Brief,
    rules::RuleSet,
    sessions::Session,
    units::{BitRate, Ratio, span},
};
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// The short form of a session.
#[derive(Debug, Serialize)]
pub(super) struct SessionView {
    id: Arc<str>,
    /// The session's number in this process, from 1; 0 for the anonymous session.
    ordinal: u64,
    label: Option<Arc<str>>,
    /// The base URL for its player.
    url: String,
    /// A new session with this seed replays this one.
    seed: u64,
    /// The profile's name.
    profile: Arc<str>,
    /// The link's current rate, zero during a stall; `null` = no limit.
    rate: Option<BitRate>,
    /// The rate that a PATCH set instead of the profile's.
    rate_set: Option<BitRate>,
    /// The round trip that a PATCH set instead of the profile's.
    #[serde(with = "span::option")]
    rtt_set: Option<Duration>,
    /// The share of lost packets that a PATCH set instead of the profile's loss.
    loss_set: Option<Ratio>,
    /// The shared link that it uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<LinkView>,
    /// The uplink's current rate; `null` = no limit.
    uplink_rate: Option<BitRate>,
    /// The number of limits beside the link: see the profile.
    limits: usize,
    origin: String,
    /// The time since it was created.
    age_seconds: f64,
    /// Session time, which schedules, `during` and `pattern` use; `null` before its first request.
    time_seconds: Option<f64>,
    /// Zero while an exchange is under way.
    idle_seconds: f64,
    /// Exchanges under way.
    exchanges: u32,
    /// Bytes of all response bodies so far, those of exchanges under way included.
    delivered_bytes: u64,
    /// Whether the network is paused.
    paused: bool,
    /// The number of faults armed over the API.
    armed_faults: usize,
    #[serde(flatten)]
    brief: Option<Brief>,
}

/// A link that several sessions share.
#[derive(Debug, Serialize)]
struct LinkView {
    name: Arc<str>,
    /// `fair` or `first-come`.
    sharing: &'static str,
}

/// The full form of a session.
#[derive(Debug, Serialize)]
pub(super) struct FullView {
    #[serde(flatten)]
    session: SessionView,
    /// Faults armed over the API. They come before all rules.
    faults: Vec<FaultView>,
    /// Settings and faults that end automatically.
    reverts: Vec<RevertView>,
    /// The number of commands that can be undone.
    undoable: usize,
    /// Its own rules. Those of the command line and of the profile come after them.
    rules: Arc<RuleSet>,
    /// The renditions in its manifests.
    ladder: Vec<RenditionView>,
}

/// A setting or fault that ends automatically.
#[derive(Debug, Serialize)]
struct RevertView {
    /// `profile`, `rate`, `rtt`, `loss`, `rules`, `paused` or the name of a fault.
    member: String,
    in_seconds: f64,
}

/// One rendition of the ladder.
#[derive(Debug, Serialize)]
struct RenditionView {
    protocol: &'static str,
    media: &'static str,
    /// 1 = lowest of its media type.
    rung: Option<u16>,
    bandwidth: Option<BitRate>,
    name: Option<Arc<str>>,
}

impl SessionView {
    pub(super) fn new(session: &Session, players: &Players, state: &State) -> Self {
        let arming = session.arming();
        let tag = &session.tag;
        Self {
            id: Arc::clone(&tag.id),
            ordinal: tag.ordinal,
            label: tag.label.clone(),
            url: players.session(&tag.id),
            seed: tag.seed,
            profile: Arc::clone(&arming.profile_name),
            rate: session.rate(),
            rate_set: arming.shaping.rate,
            rtt_set: arming.shaping.rtt,
            loss_set: arming.shaping.loss,
            link: session.downlink.shared().map(|link| LinkView {
                name: Arc::clone(link.name()),
                sharing: link.sharing().as_str(),
            }),
            uplink_rate: session.uplink_rate(),
            limits: arming.profile.limits.len(),
            origin: session.origin.to_string(),
            age_seconds: seconds(session.age()),
            time_seconds: session.time().map(|time| seconds(time.since_zero())),
            idle_seconds: seconds(session.idle()),
            exchanges: session.exchanges(),
            delivered_bytes: session.delivered(),
            paused: arming.paused,
            armed_faults: session.faults().len(),
            brief: state.analytics.brief(&tag.id),
        }
    }
}

impl FullView {
    pub(super) fn new(session: &Session, players: &Players, state: &State) -> Self {
        let ladder = session.with_ladder(|ladder| {
            let renditions = ladder.renditions().map(|rendition| RenditionView {
                protocol: rendition.protocol.as_str(),
                media: rendition.media.as_str(),
                rung: rendition.rung,
                bandwidth: rendition.bandwidth,
                name: rendition.name.clone(),
            });
            renditions.collect()
        });
        Self {
            session: SessionView::new(session, players, state),
            faults: FaultView::all(session),
            reverts: session.reverts().into_iter().map(RevertView::from).collect(),
            undoable: session.undoable(),
            rules: Arc::clone(&session.arming().own_rules),
            ladder,
        }
    }
}

impl From<(String, Duration)> for RevertView {
    fn from((member, left): (String, Duration)) -> Self {
        Self { member, in_seconds: seconds(left) }
    }
}

/// Seconds, with a resolution of a millisecond.
fn seconds(time: Duration) -> f64 {
    time.as_millis() as f64 / 1e3
}
