//! What a toxic does on one connection.

use super::{
    latency::Latency,
    limit_data::LimitData,
    origin::Origin,
    packet_loss::PacketLoss,
    profiled_link::ProfiledLink,
    queue::{Queue, milliseconds},
    rate,
    reset_peer::ResetPeer,
    shaped::Shaped,
    slicer::Slicer,
    slow_close::SlowClose,
    timeout::Timeout,
};
use crate::{tcp::attributes::Attributes, units::ProcessTime};

/// The state of one toxic on one connection.
#[derive(Debug)]
pub(super) enum Stage {
    /// Passes everything: the toxic does not affect this connection.
    Pass,
    Latency(Box<Latency>),
    Rate(Shaped),
    SlowClose(SlowClose),
    Timeout(Timeout),
    ResetPeer(ResetPeer),
    Slicer(Box<Slicer>),
    LimitData(LimitData),
    PacketLoss(Box<PacketLoss>),
    Profile(Box<ProfiledLink>),
}

impl Stage {
    /// The stage of `attributes` from `now` on, on the connection of `origin`.
    pub(super) fn new(attributes: &Attributes, now: ProcessTime, origin: &Origin) -> Self {
        let stream = || origin.seed.stream();
        match *attributes {
            Attributes::Noop => Self::Pass,
            Attributes::Latency { latency, jitter } => {
                Self::Latency(Box::new(Latency::new(latency, jitter, stream())))
            }
            Attributes::Bandwidth { rate } => Self::Rate(rate::limited(now, rate, origin.seed)),
            Attributes::SlowClose { delay } => Self::SlowClose(SlowClose::new(milliseconds(delay))),
            Attributes::Timeout { timeout } => {
                Self::Timeout(Timeout::new(now, milliseconds(timeout)))
            }
            Attributes::ResetPeer { timeout } => {
                Self::ResetPeer(ResetPeer::new(milliseconds(timeout)))
            }
            Attributes::Slicer { average_size, size_variation, delay } => {
                let slicer = Slicer::new(average_size, size_variation, delay, stream());
                Self::Slicer(Box::new(slicer))
            }
            Attributes::LimitData { bytes } => Self::LimitData(LimitData::new(bytes, 0)),
            Attributes::PacketLoss { loss_rate, correlation } => {
                Self::PacketLoss(Box::new(PacketLoss::new(loss_rate, correlation, stream())))
            }
            Attributes::Profile(ref profile) => {
                Self::Profile(Box::new(ProfiledLink::new(now, profile, origin)))
            }
        }
    }

    /// The stage after its attributes have changed: bytes that have passed still count.
    pub(super) fn changed(
        self,
        attributes: &Attributes,
        now: ProcessTime,
        origin: &Origin,
    ) -> Self {
        match (self, attributes) {
            (Self::LimitData(before), Attributes::LimitData { bytes }) => {
                Self::LimitData(LimitData::new(*bytes, before.passed()))
            }
            (_, attributes) => Self::new(attributes, now, origin),
        }
    }

    /// Moves what is due; returns when to poll again even if nothing arrives.
    pub(super) fn poll(
        &mut self,
        now: ProcessTime,
        input: &mut Queue,
        output: &mut Queue,
    ) -> Option<ProcessTime> {
        match self {
            Self::Pass => pass(input, output),
            Self::Latency(stage) => return stage.poll(now, input, output),
            Self::Rate(stage) => return stage.poll(now, input, output),
            Self::SlowClose(stage) => return stage.poll(now, input, output),
            Self::Timeout(stage) => return stage.poll(now, input, output),
            Self::ResetPeer(stage) => return stage.poll(now, input, output),
            Self::Slicer(stage) => return stage.poll(now, input, output),
            Self::Profile(stage) => return stage.poll(now, input, output),
            Self::LimitData(stage) => stage.poll(input, output),
            Self::PacketLoss(stage) => stage.poll(input, output),
        }
        None
    }

    /// Records that nothing waits for this stage.
    pub(super) fn source_empty(&mut self) {
        match self {
            Self::Rate(stage) => stage.source_empty(),
            Self::Profile(stage) => stage.source_empty(),
            _ => {}
        }
    }

    /// Moves what the stage itself holds to `next`.
    pub(super) fn release(&mut self, next: &mut Queue) {
        if let Self::Profile(stage) = self {
            stage.release(next);
        }
    }

    /// Whether removing the toxic closes the connection.
    pub(super) const fn closes_when_removed(&self) -> bool {
        matches!(self, Self::Timeout(_))
    }

    /// Whether its packets must not be sent together.
    pub(super) const fn cuts(&self) -> bool {
        matches!(self, Self::Slicer(_))
    }
}

fn pass(input: &mut Queue, output: &mut Queue) {
    while output.has_room()
        && let Some(chunk) = input.pop()
    {
        output.push(chunk);
    }
    if let Some(ending) = input.take_ending() {
        output.end(ending);
    }
}
