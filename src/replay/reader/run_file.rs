//! Reads a run file: its events, and what the link carried.

use super::{event_log::LoggedSessions, goodput, har::problem, link_bins::LinkBins};
use crate::replay::{error::ReplayError, record::Recording};
use serde::Deserialize;
use serde_json::Value;
use std::io::BufRead;

/// The newest version that can be read.
const VERSION: u32 = 1;

#[derive(Deserialize)]
struct RunFile {
    version: u32,
    #[serde(default)]
    sessions: Vec<RunSession>,
}

#[derive(Deserialize)]
struct RunSession {
    #[serde(default)]
    events: Vec<Value>,
    timeline: RunTimeline,
}

#[derive(Deserialize)]
struct RunTimeline {
    session: RunSessionId,
    #[serde(default)]
    link: Option<LinkBins>,
}

#[derive(Deserialize)]
struct RunSessionId {
    id: String,
}

/// Reads a run file, of which the session `wanted` is used; without it, the first.
pub(super) fn read(file: impl BufRead, wanted: Option<&str>) -> Result<Recording, ReplayError> {
    let mut document = serde_json::Deserializer::from_reader(file);
    let run: RunFile = serde_path_to_error::deserialize(&mut document).map_err(problem)?;
    if run.version > VERSION {
        let problem =
            format!("{} is newer than {VERSION}; use the vsps that wrote it", run.version);
        return Err(ReplayError::invalid("version", problem));
    }
    let known: Vec<_> = run.sessions.iter().map(|one| one.timeline.session.id.clone()).collect();
    let place = match wanted {
        Some(wanted) => known.iter().position(|id| id == wanted),
        None => (!known.is_empty()).then_some(0),
    };
    let Some((place, session)) =
        place.and_then(|place| Some((place, run.sessions.into_iter().nth(place)?)))
    else {
        let wanted = wanted.unwrap_or("any").to_owned();
        return Err(ReplayError::NoSession { wanted, known });
    };
    let mut log = LoggedSessions::default();
    for (at, event) in session.events.into_iter().enumerate() {
        log.add_json(event, &format!("sessions[{place}].events[{at}]"))?;
    }
    let mut recording = log.chosen(None)?;
    recording.form = "run file";
    if let Some(link) = session.timeline.link {
        recording.samples = link.samples(&format!("sessions[{place}].timeline.link"))?;
        goodput::settle(&mut recording);
    }
    if known.len() > 1 && wanted.is_none() {
        recording
            .notes
            .push(format!("the first of {} sessions; --session chooses another", known.len()));
    }
    Ok(recording)
}
