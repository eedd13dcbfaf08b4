//! What a session is armed with: the network and the rules in force.

use super::host::Origin;
use crate::{
    media::{Ladder, MediaType, Rendition},
    model::{LinkSpec, RateSpec},
    profiles::{Profile, Shaping},
    rules::RuleSet,
    seed::Seed,
    units::BitRate,
};
use std::sync::Arc;

/// What was asked for when a session starts; whatever is left out comes from the command line.
#[derive(Debug, Clone, Default)]
pub struct ArmingRequest {
    /// The network.
    pub profile: Option<Arc<Profile>>,
    /// What replaces values of that network.
    pub shaping: Shaping,
    /// A seed of its own: the session then replays under any ordinal.
    pub seed: Option<Seed>,
    /// Rules of its own, before those of the command line and the profile.
    pub rules: Option<Arc<RuleSet>>,
    /// An origin of its own.
    pub origin: Option<Origin>,
    /// The name of a link that it shares, in place of the profile's.
    pub link: Option<Arc<str>>,
    /// A name for logs.
    pub label: Option<Arc<str>>,
}

/// The network and the rules in force. Replaced as a whole by a live change; a request keeps the
/// one it started with.
#[derive(Debug, Clone)]
pub struct Arming {
    /// The profile.
    pub profile: Arc<Profile>,
    /// The profile's name, for events.
    pub profile_name: Arc<str>,
    /// A rate that replaces the profile's, if a live command set one.
    pub rate: Option<BitRate>,
    /// The profile's link, with that rate; shares of the ladder as far as it is known.
    pub link: Arc<LinkSpec>,
    /// Whether that link depends on the ladder.
    pub relative: bool,
    /// The session's own rules.
    pub own_rules: Arc<RuleSet>,
    /// Whether nothing passes.
    pub paused: bool,
    /// All rules: faults fired by hand, the session's own, those of all sessions, the profile's.
    pub rules: Arc<RuleSet>,
}

impl Arming {
    /// `profile`, with `rate` in place of its own, under `own_rules` before `common_rules`.
    #[must_use]
    pub fn new(
        profile: Arc<Profile>,
        rate: Option<BitRate>,
        own_rules: Arc<RuleSet>,
        common_rules: &RuleSet,
    ) -> Self {
        let mut link = profile.link.clone();
        if let Some(rate) = rate {
            link.rate = RateSpec::Constant(rate);
        }
        let rules = RuleSet::concat([&*own_rules, common_rules, &profile.rules]);
        Self {
            profile_name: Arc::from(&*profile.name),
            profile,
            rate,
            relative: link.resolve(&|_| None).is_some(),
            link: Arc::new(link),
            own_rules,
            paused: false,
            rules: Arc::new(rules),
        }
    }

    /// The same, with `faults` before all other rules, and the network `paused` or not.
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

    /// The same, on `ladder`: a link that depends on it becomes plain, by the bandwidths of its video
    /// renditions (or of all, where none is known to be video). A rung that is not there has the
    /// fallback's rate.
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
        // What plays goes before what was read last: an MPD's periods have ladders of their own.
        let known = |rung: u16| match ladder.playing() {
            Some(rungs) => rungs.bandwidth(rung),
            None => bandwidth(rung, any_video),
        };
        if let Some(link) = self.profile.link.resolve(&known) {
            self.link = Arc::new(link);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::ManifestFormat;

    /// A share of a rung is the fallback until the manifest is known, then a share of its bandwidth.
    #[test]
    fn shares_of_the_ladder_become_rates() {
        let text = "summary = \"a\"\nsource = \"b\"\n[downlink]\nrate = \"150 % of rung 2\"\nfallback = \"700 kbit/s\"\n";
        let profile = Arc::new(Profile::from_toml("p", "p.toml", text).unwrap());
        let arming = Arming::new(profile, None, Arc::default(), &RuleSet::default());
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
        let set = Arming::new(known.profile, Some(by_hand), Arc::default(), &RuleSet::default());
        assert_eq!(set.on_ladder(&ladder).link.rate, RateSpec::Constant(by_hand));
    }
}
