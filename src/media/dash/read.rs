//! An MPD read by dash-mpd-core, once it is known to be safe to hand over.
//!
//! dash-mpd-core adds up durations without looking for overflow, gives no place for its errors, and drops
//! a ContentSteering that stands where the schema puts it. A pass of our own comes first for these.

use super::super::{
    ManifestError, ManifestFormat,
    error::{At, ManifestFault},
};
use super::xml::Xml;
use dash_mpd_core::{DashMpdError, MPD};
use quick_xml::events::{BytesStart, Event};

/// The most digits in a number of a duration: a thousand million years are enough.
const DIGITS: usize = 9;
/// The most steering servers remembered.
const STEERING: usize = 8;

/// An MPD and what its parser drops.
pub(super) struct Document {
    pub(super) mpd: MPD,
    pub(super) steering: Vec<String>,
}

/// Reads an MPD.
pub(super) fn read(body: &[u8]) -> Result<Document, ManifestError> {
    let (mut xml, text) = Xml::new(body)?;
    let mut steering = Vec::new();
    let mut expected = false;
    while let Some(event) = xml.next()? {
        match event {
            Event::Start(start) => {
                check_durations(&xml, &start)?;
                expected = start.local_name().as_ref() == "ContentSteering";
            }
            Event::Empty(start) => check_durations(&xml, &start)?,
            Event::Text(text) if expected && steering.len() < STEERING => {
                steering.push(text.trim().to_owned());
            }
            Event::End(_) => expected = false,
            _ => {}
        }
    }
    let mpd = dash_mpd_core::parse(text.trim_start_matches('\u{feff}')).map_err(|error| {
        let said = match error {
            DashMpdError::Parsing(said) => said,
            other => other.to_string(),
        };
        ManifestError::new(ManifestFormat::Mpd, At::Whole, ManifestFault::Syntax(said))
    })?;
    Ok(Document { mpd, steering })
}

fn check_durations(xml: &Xml<'_>, start: &BytesStart<'_>) -> Result<(), ManifestError> {
    // Only these elements have durations; the many `S` are passed over quickly.
    if start.local_name().as_ref() == "S" {
        return Ok(());
    }
    for attribute in start.attributes().with_checks(false).flatten() {
        let value = attribute.value.trim_start_matches([' ', '-', '+', '\t', '\n', '\r']);
        let long = |value: &str| {
            let mut run = 0;
            value.bytes().any(|byte| {
                run = if byte.is_ascii_digit() { run + 1 } else { 0 };
                run > DIGITS
            })
        };
        // Fractions may be long: the parser cuts them itself.
        if value.starts_with('P') && value.split('.').next().is_some_and(long) {
            let said: String = value.chars().take(24).collect();
            return Err(
                xml.fault(ManifestFault::Syntax(format!("no duration is as long as {said:?}")))
            );
        }
    }
    Ok(())
}
