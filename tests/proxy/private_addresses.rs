//! Hosts in manifests and redirects: allowed or refused by the addresses that their names resolve to.

use super::{
    origin::{Origin, Step, ok},
    rig::Rig,
};
use std::{net::IpAddr, sync::Arc};
use vsps::{proxy::Resolver, sessions};

/// The first address of this one is public and has no route.
const PUBLIC: &[&str] = &["2001:db8::1", "127.0.0.1"];

/// Names with addresses.
fn table(names: &[(&str, &[&str])]) -> Resolver {
    let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    let names = names.iter().map(|(name, texts)| ((*name).to_owned(), addresses(texts)));
    Resolver::Table(Arc::new(names.collect::<std::collections::HashMap<String, Vec<IpAddr>>>()))
}

/// A proxy before `host`, whose manifest names `names` and whose `/away` redirects to the first of them.
async fn rig(origin: &Origin, host: &str, names: &[(&str, &[&str])], allow: &[&str]) -> Rig {
    let port = origin.address.port();
    let names = [names, &[("origin.test", PUBLIC), ("media.lan", &["127.0.0.1"])]].concat();
    Rig::start(Some(origin.address), |config| {
        let default = sessions::Origin::new("http", &format!("{host}:{port}")).unwrap();
        config.origin = Some((default, "/".to_owned()));
        config.proxy.resolver = table(&names);
        config.proxy.allow = allow.iter().map(|pattern| pattern.parse().unwrap()).collect();
    })
    .await
}

/// An origin whose manifest names a segment on `host` at its own port.
async fn naming(host: &'static str) -> Origin {
    Origin::start(move |asked| {
        let port = asked.header("host")[0].rsplit(':').next().unwrap().to_owned();
        match asked.path() {
            "/a.m3u8" => {
                let body = format!("#EXTM3U\n#EXTINF:4,\nhttp://{host}:{port}/1.ts\n");
                vec![Step::Send(ok("", body.as_bytes()))]
            }
            "/away.m3u8" => {
                let head = format!("HTTP/1.1 302 Found\r\nLocation: http://{host}:{port}/1.ts\r\n");
                vec![Step::Send(format!("{head}Content-Length: 0\r\n\r\n").into_bytes())]
            }
            _ => vec![Step::Send(ok("", b"segment"))],
        }
    })
    .await
}

/// The responses for the manifest's segment, and for the target of the redirect.
async fn both(rig: &Rig) -> [super::player::Got; 2] {
    let session = rig.session("").await;
    let manifest = rig.get(&format!("{session}/a.m3u8")).await;
    let named = manifest.text().lines().last().unwrap().to_owned();
    let away = rig.get(&format!("{session}/away.m3u8")).await;
    [rig.get(&named).await, rig.get(away.header("location")).await]
}

#[tokio::test]
async fn a_public_origin_does_not_open_a_private_network_by_names() {
    for addresses in [
        &["127.0.0.1"][..],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["0.0.0.0"],
        &["10.9.8.7"],
        &["169.254.169.254"],
        &["100.64.0.1"],
        &["fd00::1"],
        &["203.0.113.9", "127.0.0.1"],
    ] {
        let origin = naming("inside.test").await;
        let rig = rig(&origin, "origin.test", &[("inside.test", addresses)], &[]).await;
        for got in both(&rig).await {
            assert_eq!(got.failure(), (403, "downstream; host"), "{addresses:?}");
            assert!(got.text().contains("inside.test"), "{}", got.text());
        }
        // Requested only for the manifest and the redirect.
        assert_eq!(origin.asked().len(), 2, "{addresses:?}");
    }
}

#[tokio::test]
async fn what_is_allowed_or_lies_in_the_origins_own_network_is_reached() {
    let names: &[(&str, &[&str])] = &[("inside.test", &["127.0.0.1"])];
    for (host, allow) in [
        ("origin.test", &["inside.test"][..]),
        ("origin.test", &["*.test"]),
        ("media.lan", &[]),
        ("localhost", &[]),
        ("127.0.0.1", &[]),
    ] {
        let origin = naming("inside.test").await;
        let names = [names, &[("localhost", &["127.0.0.1"])]].concat();
        let rig = rig(&origin, host, &names, allow).await;
        for got in both(&rig).await {
            assert_eq!((got.status(), got.text()), (200, "segment"), "{host} {allow:?}");
        }
    }
    // One with only public addresses.
    let origin = naming("cdn.test").await;
    let rig = rig(&origin, "origin.test", &[("cdn.test", &["2001:db8::1"])], &[]).await;
    let got = both(&rig).await;
    assert!(got.iter().all(|got| got.status() == 502 || got.status() == 504), "{got:?}");
}
