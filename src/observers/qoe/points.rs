//! Values over time: the buffer, and the distance to the live edge.

use crate::{observers::series::Series, units::SessionTime};
use std::time::Duration;

/// Points that are kept of each.
const MOST_BUFFERS: usize = 4096;
const MOST_MEASURED: usize = 4096;
const MOST_LATENCIES: usize = 1024;

/// The buffer of a player at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BufferPoint {
    pub(super) at: SessionTime,
    pub(super) media: &'static str,
    /// What was left just before, if the point is that of a segment that arrived.
    pub(super) left: Option<Left>,
    /// From media times.
    pub(super) estimated: Option<Duration>,
    /// By the player (CMCD `bl`).
    pub(super) reported: Option<Duration>,
}

/// The estimated rest of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) level: Duration,
    /// Since when it has stayed so, as the viewer rebuffers; `None` = it is shown.
    pub(super) since: Option<SessionTime>,
}

/// The buffer of a player as the page that plays measured it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MeasuredBuffer {
    pub(super) at: SessionTime,
    pub(super) buffer: Duration,
}

/// The distance to the live edge at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LatencyPoint {
    pub(super) at: SessionTime,
    pub(super) latency: Duration,
    /// By the player (CMCD `ltc`), or estimated.
    pub(super) reported: bool,
}

/// The points of a session.
#[derive(Debug, Clone)]
pub(super) struct Points {
    pub(super) buffer: Series<BufferPoint>,
    pub(super) measured: Series<MeasuredBuffer>,
    pub(super) latency: Series<LatencyPoint>,
    last_reported: Option<Duration>,
}

impl Default for Points {
    fn default() -> Self {
        Self {
            buffer: Series::new(MOST_BUFFERS),
            measured: Series::new(MOST_MEASURED),
            latency: Series::new(MOST_LATENCIES),
            last_reported: None,
        }
    }
}

impl Points {
    /// Takes in a measured buffer. One that is not later than the last one is ignored: two pages may play one session.
    pub(super) fn measured(&mut self, at: SessionTime, buffer: Duration) {
        if self.measured.iter().next_back().is_none_or(|last| last.at < at) {
            self.measured.push(MeasuredBuffer { at, buffer });
        }
    }

    /// Takes in a buffer that the player reported.
    pub(super) fn reported(&mut self, point: BufferPoint) {
        self.last_reported = point.reported.or(self.last_reported);
        self.buffer.push(point);
    }

    /// The buffer that the player reported last.
    pub(super) const fn reported_buffer(&self) -> Option<Duration> {
        self.last_reported
    }

    /// The mean of the estimated distances to the live edge, in seconds.
    pub(super) fn estimated_latency(&self) -> Option<f64> {
        let estimated = self.latency.iter().filter(|point| !point.reported);
        let (count, sum) = estimated.fold((0_u32, 0.0), |(count, sum), point| {
            (count + 1, sum + point.latency.as_secs_f64())
        });
        (count > 0).then(|| sum / f64::from(count))
    }
}
