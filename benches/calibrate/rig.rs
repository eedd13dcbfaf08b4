//! What every measurement needs: an origin, and a folder for files.

use crate::{origin, patience::Patience, proxy::Proxy};
use anyhow::Context as _;
use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

/// An origin that runs, and a folder for profiles, configurations and logs.
pub(crate) struct Rig {
    pub(crate) origin: SocketAddr,
    pub(crate) folder: PathBuf,
    pub(crate) patience: Patience,
    /// The program under test.
    program: PathBuf,
}

impl Rig {
    pub(crate) fn start(program: PathBuf, patience: Duration) -> anyhow::Result<Self> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("calibrate");
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(Self { origin: origin::start()?, folder, patience: Patience::new(patience), program })
    }

    /// A fresh proxy whose network is `link`, a profile without its first two lines.
    pub(crate) fn proxy(&self, link: &str) -> anyhow::Result<Proxy> {
        self.proxy_before(self.origin, link)
    }

    /// As [`proxy`](Self::proxy), before another origin.
    pub(crate) fn proxy_before(&self, origin: SocketAddr, link: &str) -> anyhow::Result<Proxy> {
        let path = self.folder.join("profile.toml");
        let text = format!("summary = \"calibration\"\nsource = \"synthetic\"\n{link}\n");
        fs::write(&path, text).with_context(|| path.display().to_string())?;
        Proxy::start(&self.program, origin, &path, &self.folder.join("vsps.log"))
    }

    /// A fresh proxy at a constant rate.
    pub(crate) fn proxy_at(&self, megabits: f64) -> anyhow::Result<Proxy> {
        self.proxy(&format!("[downlink]\nrate = \"{} bit/s\"", (megabits * 1e6) as u64))
    }
}
