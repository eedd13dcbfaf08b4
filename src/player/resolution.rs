//! The resolutions of rungs of which only the bitrate is known.

/// Bitrates in kbit/s, and the width and height that a rung up to this bitrate is assumed to have. Rungs above all of them
/// have those of the last one.
const RESOLUTIONS: [(f64, (u32, u32)); 5] = [
    (400.0, (426, 240)),
    (800.0, (640, 360)),
    (1500.0, (854, 480)),
    (3500.0, (1280, 720)),
    (f64::INFINITY, (1920, 1080)),
];

/// The width and height that a rung of `bitrate` kbit/s is taken to have.
#[must_use]
pub fn presumed_resolution(bitrate: f64) -> (u32, u32) {
    let found = RESOLUTIONS.iter().find(|(most, _)| bitrate <= *most);
    found.map_or((1920, 1080), |(_, resolution)| *resolution)
}
