//! A session as it is shown: in a list, and in full.

use super::{faults::FaultView, players::Players};
use crate::{rules::RuleSet, sessions::Session, units::BitRate};
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// A session in a list.
#[derive(Debug, Serialize)]
pub(super) struct SessionView {
    id: Arc<str>,
    /// The how-manieth session of this process, from 1; 0 for requests that belong to none.
    ordinal: u64,
    label: Option<Arc<str>>,
    /// Where its player asks.
    url: String,
    /// Arming a session with this seed replays it.
    seed: u64,
    /// The profile's name.
    profile: Arc<str>,
    /// The link's rate at this moment, zero in a stall; `null` = no limit.
    rate: Option<BitRate>,
    /// The rate that a PATCH put in place of the profile's.
    rate_set: Option<BitRate>,
    /// The link that it shares with others of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<LinkView>,
    /// The uplink's rate at this moment; `null` = no limit.
    uplink_rate: Option<BitRate>,
    /// How many limits stand beside the link: see the profile.
    limits: usize,
    origin: String,
    /// Since it was made.
    age_seconds: f64,
    /// Session time, on which schedules, `during` and `pattern` run; `null` before its first request.
    time_seconds: Option<f64>,
    /// Zero while an exchange is under way.
    idle_seconds: f64,
    /// Exchanges under way.
    exchanges: u32,
}

/// A link that several sessions share.
#[derive(Debug, Serialize)]
struct LinkView {
    name: Arc<str>,
    /// `fair` or `first-come`.
    sharing: &'static str,
}

/// A session in full.
#[derive(Debug, Serialize)]
pub(super) struct FullView {
    #[serde(flatten)]
    session: SessionView,
    /// Whether nothing passes.
    paused: bool,
    /// Faults fired by hand; they go before all rules.
    faults: Vec<FaultView>,
    /// What reverts by itself.
    reverts: Vec<RevertView>,
    /// Commands that can be undone.
    undoable: usize,
    /// Its own rules; those of the command line and of the profile come after them.
    rules: Arc<RuleSet>,
    /// The renditions that its manifests named.
    ladder: Vec<RenditionView>,
}

/// Something that reverts by itself.
#[derive(Debug, Serialize)]
struct RevertView {
    /// `profile`, `rate`, `rules`, `paused` or the name of a fault.
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
    pub(super) fn new(session: &Session, players: &Players) -> Self {
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
            rate_set: arming.rate,
            link: session.downlink.shared().map(|link| LinkView {
                name: Arc::clone(link.name()),
                sharing: link.sharing().as_str(),
            }),
            uplink_rate: session.uplink.rate(session.now()),
            limits: arming.profile.limits.len(),
            origin: session.origin.to_string(),
            age_seconds: seconds(session.age()),
            time_seconds: session.time().map(seconds),
            idle_seconds: seconds(session.idle()),
            exchanges: session.exchanges(),
        }
    }
}

impl FullView {
    pub(super) fn new(session: &Session, players: &Players) -> Self {
        let ladder = session.ladder.lock();
        let renditions = ladder.renditions().map(|rendition| RenditionView {
            protocol: rendition.protocol.as_str(),
            media: rendition.media.as_str(),
            rung: rendition.rung,
            bandwidth: rendition.bandwidth,
            name: rendition.name.clone(),
        });
        let renditions = renditions.collect();
        drop(ladder);
        Self {
            session: SessionView::new(session, players),
            paused: session.arming().paused,
            faults: FaultView::all(session),
            reverts: session.reverts().into_iter().map(RevertView::from).collect(),
            undoable: session.undoable(),
            rules: Arc::clone(&session.arming().own_rules),
            ladder: renditions,
        }
    }
}

impl From<(String, Duration)> for RevertView {
    fn from((member, left): (String, Duration)) -> Self {
        Self { member, in_seconds: seconds(left) }
    }
}

/// In seconds, to the millisecond.
fn seconds(time: Duration) -> f64 {
    time.as_millis() as f64 / 1e3
}
