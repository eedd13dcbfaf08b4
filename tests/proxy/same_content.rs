//! The same content in HLS, DASH and Smooth: a rule hits the same renditions.

use super::rig::Rig;

const RUNGS: [(&str, u32); 6] =
    [("v1", 235), ("v2", 560), ("v3", 1050), ("v4", 2350), ("v5", 4300), ("v6", 8000)];

/// The renditions whose first segment is 404 under `rules`.
async fn hit(rig: &Rig, protocol: &str, rules: &str) -> Vec<&'static str> {
    let inside = rig.session(&format!("vsps.rules={rules}")).await;
    let manifests: Vec<String> = match protocol {
        "hls" => ["master", "v1", "v2", "v3", "v4", "v5", "v6", "a1"]
            .map(|name| format!("/demo/hls/{name}.m3u8"))
            .into(),
        "dash" => vec!["/demo/dash/manifest.mpd".to_owned()],
        _ => vec!["/demo/smooth/demo.ism/Manifest".to_owned()],
    };
    for manifest in manifests {
        assert_eq!(rig.get(&format!("{inside}{manifest}")).await.status(), 200, "{manifest}");
    }
    let mut hit = Vec::new();
    for (name, kilobits) in RUNGS.iter().copied().chain([("a1", 128)]) {
        let media = if name == "a1" { "audio" } else { "video" };
        let path = match protocol {
            "smooth" => {
                format!("/demo/smooth/demo.ism/QualityLevels({kilobits}000)/Fragments({media}=0)")
            }
            _ => format!("/demo/media/{name}/seg-1.m4s"),
        };
        match rig.ask("HEAD", &format!("{inside}{path}"), "").await.status() {
            404 => hit.push(name),
            status => assert_eq!(status, 200, "{path}"),
        }
    }
    hit
}

#[tokio::test]
async fn rungs_and_codecs_mean_the_same_in_every_format() {
    let rig = Rig::start(None, |_| {}).await;
    let coded = |codec: &str| {
        format!(
            "%5B%7B%22when%22:%7B%22kind%22:%22segment%22,%22codec%22:%22{codec}%22%7D,%22then%22:%7B%22status%22:404%7D%7D%5D"
        )
    };
    let all = ["v1", "v2", "v3", "v4", "v5", "v6"];
    for (rules, expected) in [
        ("segment.highest:status=404".to_owned(), &all[5..]),
        ("segment.lowest:status=404".to_owned(), &all[..1]),
        ("segment.rung=1:status=404".to_owned(), &all[..1]),
        ("segment.all-but-highest:status=404".to_owned(), &all[..5]),
        ("segment.all-but-lowest:status=404".to_owned(), &all[1..]),
        ("segment.audio:status=404".to_owned(), &["a1"]),
        (coded("mp4a"), &["a1"]),
        (coded("avc1"), &all),
    ] {
        for protocol in ["hls", "dash", "smooth"] {
            assert_eq!(hit(&rig, protocol, &rules).await, expected, "{protocol}: {rules}");
        }
    }
}
