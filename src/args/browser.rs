//! What was typed about real players in a browser.

use clap::{Args, ValueEnum};
use std::{num::NonZeroUsize, path::PathBuf};

/// Options of a sweep with real players.
#[derive(Debug, Args)]
#[command(next_help_heading = "Real players")]
pub struct BrowserArgs {
    /// Also plays with these players in Chromium, in real time, through a proxy with the same profiles and
    /// seeds: hls.js, dash.js, shaka, native. They need Node.js, Chromium and --node-modules.
    #[arg(long, value_name = "X,Y", value_delimiter = ',', hide_possible_values = true)]
    pub browser: Vec<BrowserPlayer>,
    /// The folder with the npm packages: playwright-core, and hls.js, dashjs and shaka-player as needed.
    #[arg(long, value_name = "DIR", default_value = "node_modules")]
    pub node_modules: PathBuf,
    /// Chromium's program [default: `chromium`, `chromium-browser` or `google-chrome` in the path].
    #[arg(long, value_name = "FILE", env = "CHROMIUM", hide_env_values = true)]
    pub chromium: Option<PathBuf>,
    /// How many players play at the same time [default: one for each core].
    #[arg(long, value_name = "N")]
    pub at_once: Option<NonZeroUsize>,
}

/// A player that runs in a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BrowserPlayer {
    /// hls.js, with HLS.
    #[value(name = "hls.js")]
    HlsJs,
    /// dash.js, with DASH.
    #[value(name = "dash.js")]
    DashJs,
    /// Shaka Player, with DASH.
    Shaka,
    /// The browser's own player, with HLS (Chromium 142 or later).
    Native,
}

impl BrowserPlayer {
    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HlsJs => "hls.js",
            Self::DashJs => "dash.js",
            Self::Shaka => "shaka",
            Self::Native => "native",
        }
    }

    /// Its npm package.
    #[must_use]
    pub const fn package(self) -> Option<&'static str> {
        match self {
            Self::HlsJs => Some("hls.js"),
            Self::DashJs => Some("dashjs"),
            Self::Shaka => Some("shaka-player"),
            Self::Native => None,
        }
    }
}
