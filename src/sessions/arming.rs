//! The configuration of a session: the network profile and the rules in force.

use super::host::Origin;
use crate::{
    media::{Ladder, MediaType, Rendition},
    model::LinkSpec,
    profiles::{Profile, Shaping},
    rules::RuleSet,
    seed::Seed,
};
use std::{net::IpAddr, sync::Arc};

/// Settings requested for a new session. What is not set comes from the command line.
#[derive(Debug, Clone, Default)]
pub struct ArmingRequest {
    /// The network profile.
    pub profile: Option<Arc<Profile>>,
    /// What replaces values of that network.
    pub shaping: Shaping,
    /// A seed of its own: the session then replays under any ordinal.
    pub seed: Option<Seed>,
    /// The session's own rules. They come before those of the command line and the profile.
    pub rules: Option<Arc<RuleSet>>,
    /// The session's default origin.
    pub origin: Option<Origin>,
    /// The name of the shared link to use instead of the profile's link.
    pub link: Option<Arc<str>>,
    /// A label for logs and for the API.
    pub label: Option<Arc<str>>,
    /// The client that starts the session, if one does: what the session holds is charged to it.
    pub client: Option<IpAddr>,
}

/// The network and the rules in force. A live change replaces the whole value; a request keeps the value it
/// started with.
#[derive(Debug, Clone)]
pub struct Arming {
    /// The profile.
    pub profile: Arc<Profile>,
    /// The number of the run of its schedules: see [`ScheduleRuns`](super::schedule_runs::ScheduleRuns).
    pub(super) schedule_run: u64,
    /// The profile's name, for events.
    pub profile_name: Arc<str>,
    /// What live commands set in place of the profile's values.
    pub shaping: Shaping,
    /// The profile's link with these values. Rates given as shares of the ladder are resolved as far as the ladder is
    /// known.
    pub link: Arc<LinkSpec>,
    /// Whether that link depends on the ladder.
    pub relative: bool,
    /// The session's own rules.
    pub own_rules: Arc<RuleSet>,
    /// Whether the network is paused: no bytes pass.
    pub paused: bool,
    /// All rules in order: faults armed over the API, the session's own rules, those of all sessions, the profile's.
    pub rules: Arc<RuleSet>,
}

impl Arming {
    /// Combines `profile`, the values of `shaping` that replace the profile's, and the rules: `own_rules`, then
    /// `common_rules`, then the profile's.
    #[must_use]
    pub fn new(
        profile: Arc<Profile>,
        shaping: Shaping,
        own_rules: Arc<RuleSet>,
        common_rules: &RuleSet,
    ) -> Self {
        let mut link = profile.link.clone();
        shaping.apply_to_link(&mut link);
        let rules = RuleSet::concat([&*own_rules, common_rules, &profile.rules]);
        Self {
            schedule_run: 0,
            profile_name: Arc::from(&*profile.name),
            profile,
            shaping,
            relative: link.resolve(&|_| None).is_some(),
            link: Arc::new(link),
            own_rules,
            paused: false,
            rules: Arc::new(rules),
        }
    }

    /// The same with the schedules of another run.
    #[must_use]
    pub(super) fn on_schedule_run(self, schedule_run: u64) -> Self {
        Self { schedule_run, ..self }
    }

    /// Puts `faults` before all other rules, and sets whether the network is `paused`.
    #[must_use]
    pub(super) fn under(self, faults: &[&RuleSet], paused: bool) -> Self {
        let rules = match faults {
            [] => self.rules,
            faults => {
                let all = faults.iter().copied().chain([&*self.rules]);
                Arc::new(RuleSet::concat(all))
            }
        };
        Self { paused, rules, ..self }
    }

    /// Resolves rates that are shares of the ladder, by the bandwidths of the video renditions of `ladder` (or of all
    /// renditions, if none is known to be video). A rung that is not in the ladder gets the fallback's rate.
    pub(super) fn on_ladder(mut self, ladder: &Ladder) -> Self {
        if !self.relative || ladder.renditions().next().is_none() {
            return self;
        }
        let bandwidth = |rung: u16, video: bool| {
            let wanted = |rendition: &&Arc<Rendition>| {
                rendition.rung == Some(rung) && (!video || rendition.media == MediaType::Video)
            };
            ladder.renditions().find(wanted).and_then(|rendition| rendition.bandwidth)
        };
        let any_video =
            ladder.renditions().any(|r| r.media == MediaType::Video && r.rung.is_some());
        // The ladder that plays has priority over the one read last: each period of an MPD has its own ladder.
        let known = |rung: u16| match ladder.playing() {
            Some(rungs) => rungs.bandwidth(rung),
            None => bandwidth(rung, any_video),
        };
        let mut link = self.profile.link.clone();
        self.shaping.apply_to_link(&mut link);
        if let Some(link) = link.resolve(&known) {
            self.link = Arc::new(link);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{media::ManifestFormat, model::RateSpec, units::BitRate};
    use std::time::Duration;

    /// A share of a rung is the fallback until the manifest is known, then a share of its bandwidth.
    #[test]
    fn shares_of_the_ladder_become_rates() {
        let text = "summary = \"a\"\nsource = \"b\"\n[downlink]\nrate = \"150 % of rung 2\"\nfallback = \"700 kbit/s\"\n";
        let profile = Arc::new(Profile::from_toml("p", "p.toml", text).unwrap());
        let arming = Arming::new(profile, Shaping::default(), Arc::default(), &RuleSet::default());
        let mut ladder = Ladder::default();
        assert_eq!(arming.clone().on_ladder(&ladder).link, arming.link);
        let playlist = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180\na.m3u8\n\
                        #EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360\nb.m3u8\n";
        let url = url::Url::parse("http://origin.example/master.m3u8").unwrap();
        ladder.learn(&url, ManifestFormat::Hls, playlist.as_bytes()).unwrap();
        let known = arming.on_ladder(&ladder);
        assert_eq!(known.link.rate.peak(), BitRate::from_kilobits_per_second(1350));
        assert!(known.relative);
        // A rate set by hand goes before.
        let by_hand = BitRate::from_kilobits_per_second(5);
        let shaping = Shaping { rate: Some(by_hand), ..Shaping::default() };
        let profile = Arc::clone(&known.profile);
        let set = Arming::new(profile, shaping, Arc::default(), &RuleSet::default());
        assert_eq!(set.on_ladder(&ladder).link.rate, RateSpec::Constant(by_hand));
        // A round trip set by hand leaves the rate to the ladder.
        let rtt = Duration::from_millis(80);
        let shaping = Shaping { rtt: Some(rtt), ..Shaping::default() };
        let set = Arming::new(known.profile, shaping, Arc::default(), &RuleSet::default());
        let link = set.on_ladder(&ladder).link;
        assert_eq!(link.rate.peak(), BitRate::from_kilobits_per_second(1350));
        assert_eq!(link.latency.rtt, rtt);
    }
}
