//! What real players do beside the choice of renditions, by the name of their algorithm.

use super::{
    buffer_growth::BufferGrowth,
    discard::Discard,
    playout::PlayoutPolicy,
    replacement::Replacement,
    request_policy::{BackOff, RequestPolicy, Retries},
    scheduling::Scheduling,
};
use crate::media::Protocol;

/// A player's default settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlayerPreset {
    /// The name of the algorithm.
    pub name: &'static str,
    /// When playback starts, and goes on.
    pub playout: PlayoutPolicy,
    /// Its requests.
    pub requests: RequestPolicy,
    /// The level in ms below which it requests, if it has one of its own.
    pub buffer_goal: Option<f64>,
    /// Whether the next segment must fit below that level too, if the level is more than a segment.
    pub goal_holds_next: bool,
    /// How its maximum buffer grows.
    pub growth: BufferGrowth,
    /// When it requests.
    pub scheduling: Scheduling,
    /// Which buffered segments it downloads again.
    pub replacement: Replacement,
    /// What it throws away, to download it again.
    pub discard: Option<Discard>,
    /// The format that it plays where a stream has several.
    pub protocol: Protocol,
    /// Whether it reads the first media playlist of HLS before it chooses a rung.
    pub reads_lowest: bool,
}

const AT_ONCE: PlayoutPolicy = PlayoutPolicy { startup: 0.0, resume: 0.0 };
const NEVER: Retries = Retries { count: 0, back_off: BackOff::constant(0.0) };
const NO_LIMIT: f64 = f64::INFINITY;

/// Of an algorithm that belongs to no player.
const GENERIC: RequestPolicy = RequestPolicy {
    first_byte: 20_000.0,
    idle: 20_000.0,
    total: NO_LIMIT,
    total_of_duration: None,
    after_timeout: Retries { count: 3, back_off: BackOff::Doubling { first: 500.0, most: 2000.0 } },
    after_error: Retries { count: 3, back_off: BackOff::Doubling { first: 500.0, most: 2000.0 } },
    repeats_client_errors: true,
    falls_back: true,
};

/// dash.js 5: `fragmentRequestTimeout`, `retryAttempts` and `retryIntervals` of media segments.
const DASH_JS: RequestPolicy = RequestPolicy {
    first_byte: NO_LIMIT,
    idle: NO_LIMIT,
    total: 20_000.0,
    total_of_duration: None,
    after_timeout: Retries { count: 3, back_off: BackOff::constant(1000.0) },
    after_error: Retries { count: 3, back_off: BackOff::constant(1000.0) },
    repeats_client_errors: true,
    falls_back: false,
};

/// hls.js 1.7: `fragLoadPolicy`.
const HLS_JS: RequestPolicy = RequestPolicy {
    first_byte: 10_000.0,
    idle: NO_LIMIT,
    total: 120_000.0,
    total_of_duration: None,
    after_timeout: Retries { count: 4, back_off: BackOff::constant(0.0) },
    after_error: Retries { count: 6, back_off: BackOff::Doubling { first: 1000.0, most: 8000.0 } },
    repeats_client_errors: false,
    falls_back: true,
};

/// Media3 1.11: `DefaultLoadErrorHandlingPolicy`, and the time-outs of `DefaultHttpDataSource`.
const MEDIA3: RequestPolicy = RequestPolicy {
    first_byte: 8000.0,
    idle: 8000.0,
    total: NO_LIMIT,
    total_of_duration: None,
    after_timeout: Retries { count: 3, back_off: BackOff::Growing { step: 1000.0, most: 5000.0 } },
    after_error: Retries { count: 3, back_off: BackOff::Growing { step: 1000.0, most: 5000.0 } },
    repeats_client_errors: true,
    falls_back: true,
};

/// Shaka Player: `streaming.retryParameters`, without the random part of the wait.
const SHAKA: RequestPolicy = RequestPolicy {
    first_byte: 10_000.0,
    idle: 5000.0,
    total: 30_000.0,
    total_of_duration: None,
    after_timeout: Retries { count: 1, back_off: BackOff::constant(1000.0) },
    after_error: Retries { count: 1, back_off: BackOff::constant(1000.0) },
    repeats_client_errors: true,
    falls_back: false,
};

/// Video.js HTTP streaming 3.17: another playlist in place of a retry.
const VHS: RequestPolicy = RequestPolicy {
    first_byte: NO_LIMIT,
    idle: NO_LIMIT,
    total: NO_LIMIT,
    total_of_duration: Some(1.5),
    after_timeout: NEVER,
    after_error: NEVER,
    repeats_client_errors: false,
    falls_back: true,
};

const fn entry(name: &'static str, requests: RequestPolicy) -> PlayerPreset {
    PlayerPreset {
        name,
        playout: AT_ONCE,
        requests,
        buffer_goal: None,
        goal_holds_next: false,
        growth: BufferGrowth::Never,
        scheduling: Scheduling::AtOnce,
        replacement: Replacement::Never,
        discard: None,
        protocol: Protocol::Hls,
        reads_lowest: false,
    }
}

/// dash.js: `fastSwitchEnabled` replaces what is buffered in a lower quality.
const fn dash_js(name: &'static str) -> PlayerPreset {
    PlayerPreset {
        // `bufferTimeDefault`.
        buffer_goal: Some(18_000.0),
        // `ScheduleController`: level + segment < target.
        goal_holds_next: true,
        growth: BufferGrowth::AtTop,
        scheduling: Scheduling::Polled,
        replacement: Replacement::Onward,
        protocol: Protocol::Dash,
        ..entry(name, DASH_JS)
    }
}

const PRESETS: [PlayerPreset; 9] = [
    dash_js("dash.js"),
    dash_js("dash.js-5.1"),
    PlayerPreset {
        // `maxBufferLength`.
        buffer_goal: Some(30_000.0),
        growth: BufferGrowth::BySize,
        // `AudioStreamController`.
        scheduling: Scheduling::BesideVideo,
        ..entry("hls.js", HLS_JS)
    },
    dash_js("l2a"),
    dash_js("lolp"),
    PlayerPreset {
        // `bufferForPlaybackMs` and `bufferForPlaybackAfterRebufferMs`.
        playout: PlayoutPolicy { startup: 1000.0, resume: 2000.0 },
        // `maxBufferMs`.
        buffer_goal: Some(50_000.0),
        // `minDurationToRetainAfterDiscardMs`, `maxWidthToDiscard` and `maxHeightToDiscard`.
        discard: Some(Discard { keep: 25_000.0, most: (1279, 719) }),
        // `DefaultHlsPlaylistTracker`: the primary playlist is that of the first variant.
        reads_lowest: true,
        // `CompositeSequenceableLoader`.
        scheduling: Scheduling::Earliest,
        ..entry("media3", MEDIA3)
    },
    PlayerPreset {
        // `bufferingGoal`.
        buffer_goal: Some(10_000.0),
        // `MAX_RUN_AHEAD_SEGMENTS_`.
        scheduling: Scheduling::OneAhead,
        protocol: Protocol::Dash,
        ..entry("shaka", SHAKA)
    },
    PlayerPreset { buffer_goal: Some(30_000.0), ..entry("spf", GENERIC) },
    // `GOAL_BUFFER_LENGTH`.
    PlayerPreset { buffer_goal: Some(30_000.0), ..entry("vhs", VHS) },
];

/// The settings of the player with this algorithm; those of a plain player if it is no player's.
#[must_use]
pub fn preset(algorithm: &str) -> PlayerPreset {
    let found = PRESETS.iter().find(|preset| preset.name == algorithm);
    // `vsps play` learns from the lowest playlist how long the presentation is.
    found.copied().unwrap_or(PlayerPreset { reads_lowest: true, ..entry("", GENERIC) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The levels are those of the players' default settings; other algorithms have none.
    #[test]
    fn buffer_goals_are_those_of_the_players() {
        let goal = |name| preset(name).buffer_goal.map(|goal| goal / 1000.0);
        for (name, expected) in
            [("dash.js", 18.0), ("hls.js", 30.0), ("media3", 50.0), ("shaka", 10.0), ("vhs", 30.0)]
        {
            assert_eq!(goal(name), Some(expected), "{name}");
        }
        assert_eq!(goal("bola"), None);
    }

    /// Read in the players' code: hls.js, Shaka and Media3 hold their audio back, each in its way.
    #[test]
    fn audio_keeps_to_the_video_as_in_the_players() {
        let scheduling = |name| preset(name).scheduling;
        assert_eq!(scheduling("hls.js"), Scheduling::BesideVideo);
        assert_eq!(scheduling("dash.js"), Scheduling::Polled);
        assert_eq!(scheduling("shaka"), Scheduling::OneAhead);
        assert_eq!(scheduling("media3"), Scheduling::Earliest);
        assert_eq!(scheduling("vhs"), Scheduling::AtOnce);
    }

    /// The formats are those that `vsps bench --browser` plays with these players.
    #[test]
    fn players_play_the_formats_they_were_made_for() {
        let format = |name| (preset(name).protocol, preset(name).reads_lowest);
        for name in ["dash.js", "l2a", "lolp", "shaka"] {
            assert_eq!(format(name), (Protocol::Dash, false), "{name}");
        }
        for name in ["hls.js", "spf", "vhs"] {
            assert_eq!(format(name), (Protocol::Hls, false), "{name}");
        }
        for name in ["media3", "bola"] {
            assert_eq!(format(name), (Protocol::Hls, true), "{name}");
        }
    }
}
