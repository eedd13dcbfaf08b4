//! Detects the format of a file of presets, and reads it.

use super::{
    figures::{Preset, PresetError},
    ini, json, plist,
};

/// The presets in `text`; `None` = it is not a file of presets.
///
/// # Errors
/// If it is a file of presets, but has none or has impossible values.
pub fn read(text: &str) -> Option<Result<Vec<Preset>, PresetError>> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let read = match () {
        () if text.starts_with('{') => json::read(text)?,
        () if plist::is_plist(text) => plist::read(text),
        () => ini::read(text)?,
    };
    Some(read.and_then(|presets| presets.iter().try_for_each(Preset::check).map(|()| presets)))
}
