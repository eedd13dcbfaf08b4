//! An MPD's XML, event by event, within bounds: well-formed, closed, not too deep, not too large.

use super::super::{
    ManifestError, ManifestFormat,
    error::{At, ManifestFault, alien, text},
};
use quick_xml::{Reader, events::Event};

/// The deepest nesting read: the schema needs about ten.
const DEPTH: usize = 64;
/// The most elements read.
const ELEMENTS: usize = 1 << 18;

/// A reader over the bytes of an MPD.
pub(super) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    /// The names of the open elements, one after the other, and where each begins.
    names: String,
    open: Vec<usize>,
    elements: usize,
}

impl<'a> Xml<'a> {
    pub(super) fn new(body: &'a [u8]) -> Result<(Self, &'a str), ManifestError> {
        let text = text(ManifestFormat::Mpd, body)?;
        let start = text.trim_start_matches('\u{feff}').trim_start();
        if !start.starts_with('<') || memchr::memmem::find(start.as_bytes(), b"<MPD").is_none() {
            return Err(alien(ManifestFormat::Mpd, start, "<MPD"));
        }
        let reader = Reader::from_str(text);
        Ok((Self { reader, names: String::new(), open: Vec::new(), elements: 0 }, text))
    }

    /// The next event; `None` at the end of a complete document.
    pub(super) fn next(&mut self) -> Result<Option<Event<'a>>, ManifestError> {
        let event = self.reader.read_event().map_err(|error| {
            let cause = ManifestFault::Syntax(error.to_string());
            ManifestError::new(ManifestFormat::Mpd, At::Byte(self.reader.error_position()), cause)
        })?;
        match &event {
            Event::Start(start) => {
                self.count()?;
                self.open.push(self.names.len());
                self.names.push_str(start.local_name().as_ref());
                if self.open.len() > DEPTH {
                    return Err(self.fault(ManifestFault::Excess {
                        what: "levels of elements",
                        limit: DEPTH,
                    }));
                }
            }
            Event::Empty(_) => self.count()?,
            Event::End(_) => self.names.truncate(self.open.pop().unwrap_or_default()),
            Event::Eof => {
                return match self.open.pop() {
                    None => Ok(None),
                    Some(name) => {
                        let inside = format!("<{}>", self.names.get(name..).unwrap_or_default());
                        Err(self.fault(ManifestFault::Truncated { inside }))
                    }
                };
            }
            _ => {}
        }
        Ok(Some(event))
    }

    fn count(&mut self) -> Result<(), ManifestError> {
        self.elements += 1;
        if self.elements > ELEMENTS {
            return Err(self.fault(ManifestFault::Excess { what: "elements", limit: ELEMENTS }));
        }
        Ok(())
    }

    pub(super) fn fault(&self, cause: ManifestFault) -> ManifestError {
        ManifestError::new(ManifestFormat::Mpd, At::Byte(self.reader.buffer_position()), cause)
    }
}
