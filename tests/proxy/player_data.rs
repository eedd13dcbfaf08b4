//! What players tell about themselves (CMCD) on its way: read, passed on, or taken away.

use super::{
    origin::{Origin, ok},
    rig::Rig,
};

const QUERY: &str = "CMCD=bl%3D1200%2Cbr%3D3200%2Cbs%2Cd%3D4004%2Cot%3Dv%2Csf%3Dh";
const HEADERS: &str = "CMCD-Object: br=3200,d=4004,ot=v\r\nCMCD-Request: bl=1200\r\n\
    CMCD-Session: sf=h\r\nCMCD-Status: bs\r\n";

/// In either form it names what no manifest does, is counted, and arrives at the origin as it was sent.
#[tokio::test]
async fn it_is_read_and_passed_on() {
    for (path, headers) in [(format!("/blob?t=%2f&{QUERY}&u"), ""), ("/blob".to_owned(), HEADERS)] {
        let origin = Origin::saying(ok("", b"x")).await;
        let rig = Rig::before(&origin).await;
        let session = rig.session("").await;
        rig.ask("GET", &format!("{session}{path}"), headers).await;
        assert_eq!(origin.last().path(), path);
        assert_eq!(origin.last().header("cmcd-status").is_empty(), headers.is_empty());
        let resource = &rig.told("request_planned", 1).await[0]["resource"];
        assert_eq!((&resource["protocol"], &resource["kind"]), (&"hls".into(), &"segment".into()));
        assert_eq!(
            (&resource["media"], &resource["bandwidth_bps"]),
            (&"video".into(), &3_200_000.into())
        );
        let told = &rig.told("player_reported", 1).await[0]["measured"];
        assert_eq!((&told["buffer_ms"], &told["starved"]), (&1200.0.into(), &true.into()));
        assert_eq!(rig.counted("vsps_player_starvation_total").await, 1.0);
        assert_eq!(rig.counted("vsps_player_buffer_seconds_sum").await, 1.2);
    }
}

#[tokio::test]
async fn it_ends_here_when_asked() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::start(Some(origin.address), |config| config.proxy.strip_cmcd = true).await;
    let session = rig.session("").await;
    rig.ask("GET", &format!("{session}/1.m4s?t=%2f&{QUERY}&u"), HEADERS).await;
    assert_eq!(origin.last().path(), "/1.m4s?t=%2f&u");
    assert!(!origin.last().head.to_ascii_lowercase().contains("cmcd"), "{}", origin.last().head);
    assert_eq!(rig.told("request_planned", 1).await[0]["path"], "/1.m4s?t=%2f&u");
    assert_eq!(rig.counted("vsps_player_starvation_total").await, 1.0);
}
