//! The page at `/demo/`: every address, one line each.

use std::fmt::Write as _;

use super::ladder::{RENDITIONS, Rendition};

/// Media type of the page.
pub(super) const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// Addresses that do not depend on a rendition.
const ADDRESSES: [(&str, &str); 5] = [
    ("hls/master.m3u8", "HLS, ten minutes on demand"),
    ("dash/manifest.mpd", "DASH, ten minutes on demand"),
    ("live/hls/master.m3u8", "HLS, live"),
    ("live/dash/manifest.mpd", "DASH, live"),
    ("time", "the wall clock, for DASH players (http-iso)"),
];

/// The page; its links are relative, so they stay under a proxy's prefix.
pub(super) fn index() -> String {
    let mut rows = String::new();
    for (address, meaning) in ADDRESSES {
        row(&mut rows, address, meaning);
    }
    for rendition in &RENDITIONS {
        let Rendition { name, bits_per_second, .. } = rendition;
        let what = match rendition.picture {
            Some((width, height)) => {
                format!("{width}x{height} at {} kbit/s", bits_per_second / 1000)
            }
            None => format!("audio at {} kbit/s", bits_per_second / 1000),
        };
        row(&mut rows, &format!("hls/{name}.m3u8"), &format!("{what}: playlist on demand"));
        row(&mut rows, &format!("live/hls/{name}.m3u8"), &format!("{what}: live playlist"));
        row(&mut rows, &format!("media/{name}/init.mp4"), &format!("{what}: initialization"));
        let numbers = "segments 1 to 150; live ones are under live/media/";
        row(&mut rows, &format!("media/{name}/seg-1.m4s"), &format!("{what}: {numbers}"));
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <title>vsps test origin</title>\n<h1>vsps test origin</h1>\n\
         <p>H.264 and AAC in four-second CMAF segments, padded to their declared bitrates.</p>\n\
         <table>\n{rows}</table>\n</html>\n"
    )
}

fn row(rows: &mut String, address: &str, meaning: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(rows, "<tr><td><a href=\"{address}\">{address}</a><td>{meaning}");
}

#[cfg(test)]
mod tests {
    use super::super::address::Address;
    use super::*;

    #[test]
    fn every_link_leads_somewhere() {
        let page = index();
        let links: Vec<_> = page
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split_once('"').map(|(link, _)| link))
            .collect();
        assert_eq!(links.len(), 5 + 4 * RENDITIONS.len());
        for link in links {
            assert!(Address::parse(&format!("/demo/{link}")).is_some(), "{link}");
        }
    }
}
