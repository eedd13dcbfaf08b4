//! Reads a manifest as a list, in the formats that players can be given.

use super::{
    At, ManifestError, ManifestFault, ManifestFormat, base::Base, dash, hls, listing::Listing,
};
use crate::units::UnixTime;
use url::Url;

impl Listing {
    /// Reads the manifest at `url`. `now` is the time of day: some live manifests leave it to the clock which
    /// segments there are.
    ///
    /// # Errors
    /// When the body is no such manifest, or a format of which no lists are made.
    pub fn read(
        url: &Url,
        format: ManifestFormat,
        body: &[u8],
        now: UnixTime,
    ) -> Result<Self, ManifestError> {
        let base = Base::new(url);
        match format {
            ManifestFormat::Hls => hls::list(&base, body),
            ManifestFormat::Mpd => dash::list(&base, body, now.as_secs_f64()),
            _ => {
                let cause = "is read to classify requests, not to play; write an HLS playlist or a DASH MPD";
                let cause = ManifestFault::Syntax(cause.to_owned());
                Err(ManifestError::new(format, At::Whole, cause))
            }
        }
    }
}
