//! Lists of interstitial assets (RFC 8216bis appendix D): JSON that names multivariant playlists.

use super::{
    ManifestError, ManifestFormat, UriMap,
    json::{self, Value},
    uri::Edits,
};
use serde::Deserialize;

const FORMAT: ManifestFormat = ManifestFormat::AssetList;

/// The most assets read from one list.
const ASSETS: usize = 256;

#[derive(Deserialize)]
struct AssetList {
    #[serde(rename = "ASSETS", default)]
    assets: Vec<Asset>,
}

#[derive(Deserialize)]
struct Asset {
    #[serde(rename = "URI", default)]
    uri: String,
}

/// The URIs of a list's assets, as written.
pub(super) fn read(body: &[u8]) -> Result<Vec<String>, ManifestError> {
    let list: AssetList = json::read(FORMAT, super::error::text(FORMAT, body)?)?;
    Ok(list.assets.into_iter().map(|asset| asset.uri).take(ASSETS).collect())
}

/// Rewrites a list; `None` when no URI of it changes.
pub(super) fn rewrite(body: &[u8], map: &dyn UriMap) -> Result<Option<Vec<u8>>, ManifestError> {
    let text = json::valid_text(FORMAT, body)?;
    let mut edits = Edits::new(body);
    json::scan(text, &mut |spot| {
        if let (["ASSETS", "*", "URI"], Value::Text(uri)) = (spot.path, spot.value) {
            json::rewrite_string(&mut edits, uri, map);
        }
    });
    Ok(edits.finish())
}

#[cfg(test)]
mod tests {
    use super::super::uri::tests::Proxy;
    use super::*;

    #[test]
    fn assets_are_led_and_all_else_stays() {
        let list = br#"{ "ASSETS": [ {"URI": "https://ads.example/1.m3u8?b=/x&c","DURATION":15.0},
            {"URI":"https:\/\/ads.example\/2.m3u8","X":"https://stays.example/"},{"URI":"3.m3u8"} ],
            "X-URI":"https://stays.example/","SKIP-CONTROL":{"URI":"/stays"} }"#;
        let rewritten = rewrite(list, &Proxy).unwrap().unwrap();
        let expected = String::from_utf8(list.to_vec()).unwrap();
        let expected = expected
            .replace("https://ads.example/1", "/-/s/7/-/o/https/ads.example/1")
            .replace(r"https:\/\/ads.example\/2", "/-/s/7/-/o/https/ads.example/2");
        assert_eq!(String::from_utf8(rewritten).unwrap(), expected);
        let named = read(list).unwrap();
        assert_eq!(named[1], "https://ads.example/2.m3u8");
        assert_eq!(named.len(), 3);
    }
}
