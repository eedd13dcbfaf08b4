//! Writes a profile of the network behind the proxy at the end of each session (`vsps run --record`).

use super::Failure;
use crate::{
    event::Observer,
    replay::{NetworkRecorder, Recorded},
};
use anyhow::Context as _;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
    time::Duration,
};

/// Sessions that wait to be written.
const QUEUE: usize = 64;
/// The steps of the rate.
const INTERVAL: Duration = Duration::from_millis(500);
/// Names of files are not longer, without the extension.
const LONGEST_NAME: usize = 80;

/// What the thread gets.
enum Message {
    Ended(Box<Recorded>),
    Stop,
}

/// The thread that estimates and writes.
pub(super) struct RecordWriter {
    sender: SyncSender<Message>,
    thread: JoinHandle<()>,
}

impl RecordWriter {
    /// Starts to write into `folder`, which is made if it does not exist.
    pub(super) fn start(folder: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(folder).with_context(|| format!("--record {}", folder.display()))?;
        let (sender, messages) = sync_channel(QUEUE);
        let folder = folder.to_owned();
        let thread = thread::Builder::new().name("record".into());
        let thread = thread.spawn(move || write_all(&folder, &messages)).context("--record")?;
        Ok(Self { sender, thread })
    }

    /// What sees the sessions. It never waits for the thread.
    pub(super) fn observer(&self) -> Box<dyn Observer> {
        let sender = self.sender.clone();
        Box::new(NetworkRecorder::new(move |recorded: Recorded| {
            let session = recorded.session.clone();
            if sender.try_send(Message::Ended(Box::new(recorded))).is_err() {
                tracing::warn!(%session, "too many sessions ended at once: its recording was dropped");
            }
        }))
    }

    /// Waits until all sessions that have ended are written.
    pub(super) fn finish(self) {
        // An error means that the thread has ended.
        let _ = self.sender.send(Message::Stop);
        let _ = self.thread.join();
    }
}

fn write_all(folder: &Path, messages: &Receiver<Message>) {
    while let Ok(Message::Ended(recorded)) = messages.recv() {
        let session = &recorded.session;
        match write(folder, &recorded) {
            Ok(file) => tracing::info!(%session, file = %file.display(), "network recorded"),
            Err(problem) => tracing::warn!(%session, "its network was not recorded: {problem:#}"),
        }
    }
}

/// Writes the profile, and the rules if there were faults.
fn write(folder: &Path, recorded: &Recorded) -> anyhow::Result<PathBuf> {
    let made = recorded.reproduction(INTERVAL)?;
    let name = name(recorded);
    let profile = folder.join(format!("{name}.toml"));
    fs::write(&profile, made.profile).with_context(|| profile.display().to_string())?;
    if !made.rules.is_empty() {
        let rules = folder.join(format!("{name}.rules.toml"));
        fs::write(&rules, made.rules).with_context(|| rules.display().to_string())?;
    }
    Ok(profile)
}

/// Label and id, as the name of a file.
fn name(recorded: &Recorded) -> String {
    let label = recorded.label.as_deref().map(|label| format!("{label}-")).unwrap_or_default();
    let whole = format!("{label}{}", recorded.session);
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' };
    whole.chars().map(plain).take(LONGEST_NAME).collect()
}
