//! Cookies that an origin sets for its own host come back to it through a session.

use super::{
    origin::{Origin, Step, ok},
    rig::Rig,
};

const COOKIE: &str =
    "Set-Cookie: sid=k=1; Domain=cdn.example; Path=/; Secure; SameSite=None; HttpOnly\r\n";

/// An origin that sets a cookie with its multivariant playlist, and refuses requests without it.
async fn origin(set: &'static str) -> Origin {
    Origin::start(move |asked| {
        vec![Step::Send(match asked.path() {
            "/v/main.m3u8" => ok(set, b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlo.m3u8\n"),
            _ if asked.header("cookie").iter().any(|all| all.contains("sid=k=1")) => {
                ok("", b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n1.ts\n")
            }
            _ => {
                b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
            }
        })]
    })
    .await
}

#[tokio::test]
async fn a_cookie_for_the_origins_host_comes_back_inside_a_session() {
    let origin = origin(COOKIE).await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    let got = rig.get(&format!("{inside}/v/main.m3u8")).await;
    assert_eq!(got.header("set-cookie"), format!("sid=k=1; Path={inside}/; HttpOnly"));
    let headers = "Cookie: other=2; sid=k=1\r\n";
    assert_eq!(rig.ask("GET", &format!("{inside}/v/lo.m3u8"), headers).await.status(), 200);
    assert_eq!(origin.last().header("cookie"), ["other=2; sid=k=1"]);
}

/// Names that browsers take from secure answers alone are the origin's own again on the way back.
#[tokio::test]
async fn guarded_names_are_told_apart_and_restored() {
    let origin = origin("Set-Cookie: __Host-sid=k=1; Path=/; Secure\r\n").await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    let got = rig.get(&format!("{inside}/v/main.m3u8")).await;
    let pair = got.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_eq!(pair, "vsps.__Host-sid=k=1");
    let headers = format!("Cookie: {pair}\r\n");
    assert_eq!(rig.ask("GET", &format!("{inside}/v/lo.m3u8"), &headers).await.status(), 200);
    assert_eq!(origin.last().header("cookie"), ["__Host-sid=k=1"]);
}

/// RFC 9110, 5.5: the value of a header may have bytes that are not ASCII.
#[tokio::test]
async fn a_cookie_with_any_bytes_comes_back() {
    let set = "Set-Cookie: __Host-name=J\u{f6}rg sid=k=1; Path=/v; Secure\r\n";
    let origin = origin(set).await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    let got = rig.get(&format!("{inside}/v/main.m3u8")).await;
    let name = "vsps.__Host-name=J\u{f6}rg sid=k=1";
    assert_eq!(got.header("set-cookie"), format!("{name}; Path={inside}/v"));
    let headers = format!("Cookie: {name}\r\n");
    assert_eq!(rig.ask("GET", &format!("{inside}/v/lo.m3u8"), &headers).await.status(), 200);
    assert_eq!(origin.last().header("cookie"), ["__Host-name=J\u{f6}rg sid=k=1"]);
}

#[tokio::test]
async fn what_is_usable_or_outside_a_session_is_not_touched() {
    let plain = "Set-Cookie: a=1; HttpOnly;Max-Age=5\r\nSet-Cookie: b=2\r\n";
    let origin = Origin::saying(ok(plain, b"x")).await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    let got = rig.get(&format!("{inside}/1.ts")).await;
    assert_eq!(got.all("set-cookie"), ["a=1; HttpOnly;Max-Age=5", "b=2"]);
    let origin = Origin::saying(ok(COOKIE, b"x")).await;
    let rig = Rig::before(&origin).await;
    let got = rig.get("/1.ts").await;
    let told = COOKIE.trim_end().strip_prefix("Set-Cookie: ").unwrap();
    assert_eq!(got.all("set-cookie"), [told]);
}
