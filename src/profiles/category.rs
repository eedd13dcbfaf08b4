//! Categories of the built-in profiles, for lists and for the reference.

use super::profile::Profile;
use crate::model::RateSpec;

/// A category of profiles.
pub struct Category {
    /// The name of the category.
    pub title: &'static str,
    /// A note that applies to all of them.
    pub note: &'static str,
    fits: fn(&Profile) -> bool,
}

const fn category(title: &'static str, note: &'static str, fits: fn(&Profile) -> bool) -> Category {
    Category { title, note, fits }
}

/// All categories. A profile belongs to the first that matches.
pub const CATEGORIES: &[Category] = &[
    category(
        "WebPageTest",
        "Latency is a round trip there. sitespeed.io ships the same names with half of it.",
        |p| p.name.starts_with("wpt-"),
    ),
    category(
        "Chrome DevTools and Lighthouse",
        "The targets, not the factors by which the browser meets them.",
        |p| p.name.starts_with("devtools-") || p.name.starts_with("lighthouse-"),
    ),
    category(
        "Apple Network Link Conditioner",
        "Latency is one way for each direction there; here it is their sum.",
        |p| p.name.starts_with("nlc-"),
    ),
    category(
        "Facebook ATC",
        "Latency is one way for each direction there; here it is their sum.",
        |p| p.name.starts_with("atc-"),
    ),
    category(
        "Firefox DevTools",
        "Whether its latency is one way is not documented; here it is a round trip.",
        |p| p.name.starts_with("firefox-"),
    ),
    category(
        "Patterns of the ABR literature",
        "Steps that papers and challenges are compared on.",
        |p| p.name.starts_with("mmsys-") || p.name.starts_with("dashif-"),
    ),
    category(
        "Made up",
        "No measurement behind them: each is one situation that a player must get through.",
        |p| p.source.starts_with("Synthetic"),
    ),
    category("From recordings", "Fitted to public logs. Another seed gives another ride.", |p| {
        matches!(p.link.rate, RateSpec::Markov(_)) || p.link.latency.jitter.is_some()
    }),
    category("In short", "The names to begin with; each is one of the above, or plain.", |_| true),
];

impl Category {
    /// The category of `profile`.
    #[must_use]
    pub fn of(profile: &Profile) -> Option<&'static Self> {
        CATEGORIES.iter().find(|category| (category.fits)(profile))
    }
}
