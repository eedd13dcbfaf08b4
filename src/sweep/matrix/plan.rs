//! What a sweep consists of.

use super::{Ladder, MatrixError, Player, Seeds, Shard, player, presentations::Presentations};
use crate::{
    media::MediaType,
    model::LinkSpec,
    player::Presentation,
    player::network::{Heads, JointRate, LinkNetwork, TwoLimits},
    profiles::{Catalog, Limit, Per, Profile},
    seed::Seed,
    sweep::{live::CatchUp, virtual_rules::ProfileRules},
    units::BitRate,
};
use std::{num::NonZeroUsize, sync::Arc, time::Duration};

const BITS_PER_KBIT: f64 = 1000.0;
/// The most players on one link: each has a thread.
const MOST_PLAYERS: usize = 100;

/// What was asked for.
#[derive(Debug, Clone)]
pub struct PlanOptions {
    /// Names or files of profiles.
    pub profiles: Vec<String>,
    /// Names of algorithms.
    pub algorithms: Vec<String>,
    /// What is played.
    pub ladder: Ladder,
    /// For how long.
    pub duration: Duration,
    /// With which seeds.
    pub seeds: Seeds,
    /// The maximum buffer, in place of each player's own.
    pub buffer: Option<Duration>,
    /// How a viewer of a live stream keeps up with it; `None` on demand.
    pub live: Option<CatchUp>,
    /// How long the parts are in which the segments of a live stream come; `None` = they come whole.
    pub part: Option<Duration>,
    /// How many players share the link.
    pub players: NonZeroUsize,
    /// Whether they have all algorithms in turn, in place of one.
    pub mixed: bool,
    /// How long a program that is an algorithm may take for an answer.
    pub answer_timeout: Duration,
    /// Whether algorithms that can give up downloads do.
    pub abandon: bool,
    /// Which of the runs.
    pub shard: Shard,
}

/// A profile for sessions in virtual time.
#[derive(Debug, Clone)]
pub struct Net {
    /// Its name.
    pub name: String,
    /// Its downlink.
    pub link: Arc<LinkSpec>,
    /// Rates that each response keeps to.
    pub own: Vec<LinkSpec>,
    /// Rates that all responses keep to together.
    pub shared: Vec<LinkSpec>,
    /// The same of video and of separate audio, where each has a connection.
    pub two: TwoLimits,
    /// The link of requests.
    pub uplink: LinkSpec,
    /// What is done to single requests; `None` = nothing.
    pub rules: Option<ProfileRules>,
}

/// Profiles × algorithms × seeds, ready to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What was asked for.
    pub options: PlanOptions,
    /// The networks.
    pub nets: Vec<Net>,
    /// The players.
    pub players: Vec<Player>,
    /// What is played.
    pub presentation: Presentation,
    /// The same as each player requests it.
    pub(super) presentations: Presentations,
    /// In how many parts each segment of a live stream comes.
    pub(super) parts: usize,
}

impl Plan {
    /// Finds what was asked for.
    ///
    /// # Errors
    /// When there is no such thing, or it cannot be played.
    pub fn new(options: PlanOptions, catalog: &Catalog) -> Result<Self, MatrixError> {
        // Live, and with several players on a link, audio is a part of each segment.
        let alone = options.live.is_none() && options.players == NonZeroUsize::MIN;
        let ladder = if alone { options.ladder.clone() } else { options.ladder.muxed() };
        let presentation = ladder.presentation(options.duration)?;
        let presentations = Presentations::new(presentation.clone(), ladder.formats());
        let manifests = !ladder.formats().is_empty();
        let players = options
            .algorithms
            .iter()
            .map(|name| Ok(player(name)?.with_timeout(options.answer_timeout)));
        let players = players.collect::<Result<Vec<_>, MatrixError>>()?;
        let find =
            |name: &String| Net::new(&*catalog.find(name)?, catalog, &presentation, manifests);
        let nets = options.profiles.iter().map(find).collect::<Result<Vec<_>, MatrixError>>()?;
        distinct("--profile", nets.iter().map(|net| net.name.as_str()))?;
        distinct("--abr", players.iter().map(|player| player.name.as_str()))?;
        if options.players.get() > MOST_PLAYERS {
            let problem = format!("write at most {MOST_PLAYERS}");
            return Err(MatrixError::Option { option: "--players", problem });
        }
        if options.mixed && options.players.get() < players.len() {
            let problem = format!(
                "the {} algorithms of --mixed need a player each; write at least {}",
                players.len(),
                players.len()
            );
            return Err(MatrixError::Option { option: "--players", problem });
        }
        if options.buffer.is_some_and(|buffer| buffer.is_zero()) {
            let problem = "write a time above 0, as in `30 s`".to_owned();
            return Err(MatrixError::Option { option: "--buffer", problem });
        }
        let parts = parts(options.part, presentation.segment())?;
        Ok(Self { options, nets, players, presentation, presentations, parts })
    }

    /// What the proxy does under these profiles and virtual time does not.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        let of = |net: &Net| {
            let left_out = net.rules.as_ref().map_or(&[][..], ProfileRules::left_out);
            left_out.iter().map(|what| format!("profile {}: {what}", net.name)).collect::<Vec<_>>()
        };
        self.nets.iter().flat_map(of).collect()
    }

    /// How many runs there are, of all parts together.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.nets.len() * self.players.len() * self.options.seeds.count()
    }

    /// How many runs this part has.
    #[must_use]
    pub fn runs_of_shard(&self) -> usize {
        (0..self.runs()).filter(|run| self.options.shard.has(*run)).count()
    }

    /// Run number `index` (from 0): network, player and seed. Seeds change first, then players.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<(&Net, &Player, u64)> {
        let seeds = self.options.seeds.count();
        let (cell, seed) = (index / seeds, index % seeds);
        let net = self.nets.get(cell / self.players.len())?;
        let player = self.players.get(cell % self.players.len())?;
        Some((net, player, self.options.seeds.first + seed as u64))
    }

    /// The command that repeats the whole sweep, without its outputs.
    #[must_use]
    pub fn command(&self) -> String {
        let PlanOptions { profiles, algorithms, seeds, .. } = &self.options;
        self.command_of(&profiles.join(","), &algorithms.join(","), *seeds)
    }

    /// The command that repeats one run: profile number `profile` (from 0), an algorithm, a seed.
    #[must_use]
    pub fn cell_command(&self, profile: usize, algorithm: &str, seed: u64) -> String {
        let profile = self.options.profiles.get(profile).map_or("", String::as_str);
        let all = self.options.algorithms.join(",");
        let algorithm = if self.options.mixed { &all } else { algorithm };
        self.command_of(profile, algorithm, Seeds { first: seed, last: seed })
    }

    fn command_of(&self, profiles: &str, algorithms: &str, seeds: Seeds) -> String {
        let PlanOptions { ladder, duration, buffer, abandon, players, live, part, .. } =
            &self.options;
        let span = |span: &Duration| crate::units::span::print(*span).replace(' ', "");
        let mut command = format!(
            "vsps bench --profile {} --abr {} --ladder {} --seeds {seeds} --duration {}",
            quoted(profiles),
            quoted(algorithms),
            quoted(&ladder.name),
            span(duration)
        );
        if let Some(buffer) = buffer {
            command.push_str(" --buffer ");
            command.push_str(&span(buffer));
        }
        if let Some(CatchUp { target, most }) = live {
            let target = span(&Duration::from_secs_f64(target / 1000.0));
            command.push_str(&format!(" --live --live-latency {target} --catch-up {most}"));
        }
        if let Some(part) = part {
            command.push_str(&format!(" --part {}", span(part)));
        }
        if players.get() > 1 {
            command.push_str(&format!(" --players {players}"));
        }
        if self.options.mixed {
            command.push_str(" --mixed");
        }
        if *abandon {
            command.push_str(" --abandon");
        }
        command
    }
}

/// How many parts of `part` a segment of `segment` ms has.
fn parts(part: Option<Duration>, segment: f64) -> Result<usize, MatrixError> {
    const MOST: f64 = 100.0;
    let Some(part) = part else { return Ok(1) };
    let count = segment / (part.as_secs_f64() * 1000.0);
    if (count - count.round()).abs() < 1e-6 && (1.0..=MOST).contains(&count.round()) {
        return Ok(count.round() as usize);
    }
    let problem = format!(
        "segments last {} s; write a time that is a whole part of it, at least a {MOST}th",
        segment / 1000.0
    );
    Err(MatrixError::Option { option: "--part", problem })
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:+@%".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

impl Net {
    fn new(
        profile: &Profile,
        catalog: &Catalog,
        presentation: &Presentation,
        manifests: bool,
    ) -> Result<Self, MatrixError> {
        let bitrates = presentation.bitrates();
        let rung = |rung: u16| {
            let bitrate = bitrates.get(usize::from(rung).checked_sub(1)?)?;
            Some(BitRate::from_bits_per_second((bitrate * BITS_PER_KBIT) as u64))
        };
        let resolved = |spec: &LinkSpec| spec.resolve(&rung).unwrap_or_else(|| spec.clone());
        let limits = profile.limits.iter().filter(|limit| limit.is_about("", MediaType::Video));
        let (own, shared): (Vec<_>, Vec<_>) = limits.partition(|limit| limit.per == Per::Response);
        let specs =
            |limits: Vec<&Limit>| limits.into_iter().map(|limit| resolved(&limit.spec)).collect();
        let about = |limit: &Limit, media| limit.is_about("", media);
        let own_of = |media| {
            let own = profile.limits.iter().filter(|limit| limit.per == Per::Response);
            own.filter(|limit| about(limit, media)).map(|limit| resolved(&limit.spec)).collect()
        };
        let together = profile.limits.iter().filter(|limit| limit.per != Per::Response);
        let two = TwoLimits {
            own: [own_of(MediaType::Video), own_of(MediaType::Audio)],
            shared: together
                .map(|limit| JointRate {
                    spec: resolved(&limit.spec),
                    applies: [MediaType::Video, MediaType::Audio].map(|media| about(limit, media)),
                })
                .filter(|rate| rate.applies.contains(&true))
                .collect(),
        };
        let rules = ProfileRules::new(&profile.rules, catalog, manifests).map_err(|problem| {
            let problem = format!("'{}': {problem}", profile.name);
            MatrixError::Option { option: "--profile", problem }
        })?;
        Ok(Self {
            name: profile.name.clone(),
            link: Arc::new(resolved(&profile.link)),
            own: specs(own),
            shared: specs(shared),
            two,
            uplink: profile.uplink.clone(),
            rules,
        })
    }

    /// The network of a session with `seed` that plays `presentation`.
    pub(super) fn session(&self, presentation: &Presentation, seed: Seed) -> LinkNetwork {
        let network = if presentation.has_audio() {
            LinkNetwork::for_two(&self.link, &self.two, seed)
        } else {
            LinkNetwork::new(&self.link, &self.own, &self.shared, seed)
        };
        self.complete(network, presentation, seed)
    }

    /// The same over a `network` that others use, too: adds uplink, heads and rules.
    pub(super) fn complete(
        &self,
        network: LinkNetwork,
        presentation: &Presentation,
        seed: Seed,
    ) -> LinkNetwork {
        let network = network.with_uplink(&self.uplink).with_heads(Heads::USUAL);
        match &self.rules {
            Some(rules) => network.with_effects(Box::new(rules.session(presentation, seed))),
            None => network,
        }
    }
}

fn distinct<'a>(
    option: &'static str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), MatrixError> {
    let mut seen = Vec::new();
    for name in names {
        if seen.contains(&name) {
            let problem = format!("'{name}' is there twice; write each once");
            return Err(MatrixError::Option { option, problem });
        }
        seen.push(name);
    }
    if seen.is_empty() {
        return Err(MatrixError::Option { option, problem: "write at least one name".to_owned() });
    }
    Ok(())
}
