//! CORS: added where a web player needs it and the origin does not send it, and nowhere else.

use super::{
    origin::{Origin, ok},
    rig::Rig,
};

const FROM: &str = "Origin: http://page.test\r\n";
const ALLOWED: &str = "access-control-allow-origin";

#[tokio::test]
async fn headers_are_added_for_web_pages_alone() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::before(&origin).await;
    let got = rig.get("/a").await;
    assert!(!got.head.to_ascii_lowercase().contains("access-control"), "{}", got.head);
    let got = rig.ask("GET", "/a", FROM).await;
    assert_eq!(got.header("timing-allow-origin"), "*");
    let exposed = got.header("access-control-expose-headers");
    for name in ["Server-Timing", "CMSD-Static", "CMSD-Dynamic", "vsps-error"] {
        assert!(exposed.contains(name), "{exposed}");
    }
    // A page may ask for credentials before there is a cookie, and `*` would not allow this.
    for headers in [FROM.to_owned(), format!("{FROM}Cookie: a=b\r\n")] {
        let got = rig.ask("GET", "/a", &headers).await;
        assert_eq!(got.header(ALLOWED), "http://page.test");
        assert_eq!(got.header("access-control-allow-credentials"), "true");
        assert_eq!(got.header("vary"), "Origin");
    }
    // The proxy's own responses can be read by pages too.
    for (path, status) in [("/a.m3u8", 307), ("/-/s/nobody/a", 404), ("/-/o/http/cdn.test/a", 403)]
    {
        let got = rig.ask("GET", path, FROM).await;
        assert_eq!((got.status(), got.header(ALLOWED)), (status, "http://page.test"), "{path}");
    }
}

#[tokio::test]
async fn what_the_origin_says_stays() {
    let own = "Access-Control-Allow-Origin: http://own.test\r\nVary: X\r\n";
    let origin = Origin::saying(ok(own, b"x")).await;
    let rig = Rig::before(&origin).await;
    let got = rig.ask("GET", "/a", &format!("{FROM}Cookie: a=b\r\n")).await;
    assert_eq!((got.all(ALLOWED), got.all("vary")), (vec!["http://own.test"], vec!["X"]));
}

/// A page that the origin allows can read timings and the headers added here; headers that the origin exposes
/// stay exposed. Each name is listed: `*` has no effect for requests with credentials.
#[tokio::test]
async fn an_origin_that_allows_by_itself_is_completed() {
    let exposing = "Access-Control-Expose-Headers: ";
    for (own, first) in [
        ("", "Server-Timing, CMSD-Static, CMSD-Dynamic, "),
        ("X-Cache,etag", "X-Cache, etag, Server-Timing, CMSD-Static, CMSD-Dynamic, "),
        ("*", "*, Server-Timing, CMSD-Static, CMSD-Dynamic, "),
        ("X-Cache, not a name", "X-Cache, Server-Timing, "),
    ] {
        let allows = "Access-Control-Allow-Origin: http://page.test\r\n\
            Access-Control-Allow-Credentials: true\r\n";
        let more = if own.is_empty() { String::new() } else { format!("{exposing}{own}\r\n") };
        let origin = Origin::saying(ok(&format!("{allows}{more}"), b"x")).await;
        let rig = Rig::before(&origin).await;
        for headers in [FROM.to_owned(), format!("{FROM}Cookie: a=b\r\n")] {
            let got = rig.ask("GET", "/a", &headers).await;
            assert_eq!(got.all(ALLOWED), ["http://page.test"]);
            assert_eq!(got.all("access-control-allow-credentials"), ["true"]);
            assert_eq!(got.all("timing-allow-origin"), ["*"]);
            let exposed = got.all("access-control-expose-headers");
            assert!(exposed.len() == 1 && exposed[0].starts_with(first), "{own}: {exposed:?}");
            assert_eq!(exposed[0].to_ascii_lowercase().matches("etag").count(), 1, "{exposed:?}");
        }
        let got = rig.get("/a").await;
        assert!(!got.head.to_ascii_lowercase().contains("timing-allow"), "no page asks");
    }
    let own = "Access-Control-Allow-Origin: *\r\nTiming-Allow-Origin: http://page.test\r\n";
    let origin = Origin::saying(ok(own, b"x")).await;
    let rig = Rig::before(&origin).await;
    let got = rig.ask("GET", "/a", FROM).await;
    assert_eq!(
        (got.all(ALLOWED), got.all("timing-allow-origin")),
        (vec!["*"], vec!["http://page.test"])
    );
}

#[tokio::test]
async fn a_preflight_is_answered_when_the_origin_does_not() {
    let refusal =
        "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nno";
    let origin = Origin::saying(refusal).await;
    let rig = Rig::before(&origin).await;
    let asks = format!(
        "{FROM}Access-Control-Request-Method: GET\r\n\
         Access-Control-Request-Headers: cmcd-session, authorization\r\n"
    );
    for path in ["/a", "/a.m3u8"] {
        let got = rig.ask("OPTIONS", path, &asks).await;
        assert_eq!((got.status(), got.body.len()), (204, 0), "{path}");
        assert_eq!(got.header("access-control-allow-methods"), "GET");
        assert_eq!(got.header("access-control-allow-headers"), "cmcd-session, authorization");
        // It never carries credentials, so it must allow for them: `*` would not.
        assert_eq!(got.header(ALLOWED), "http://page.test");
        assert_eq!(got.header("access-control-allow-credentials"), "true");
        assert!(got.header("content-type").is_empty());
    }
    let plain = rig.ask("OPTIONS", "/a", FROM).await;
    assert_eq!(plain.status(), 405, "no preflight: the origin's answer");
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::start(Some(origin.address), |config| config.proxy.cors = false).await;
    for (method, path) in [("GET", "/a"), ("OPTIONS", "/a"), ("GET", "/a.m3u8")] {
        let got =
            rig.ask(method, path, &format!("{FROM}Access-Control-Request-Method: GET\r\n")).await;
        assert!(!got.head.to_ascii_lowercase().contains("access-control"), "{}", got.head);
    }
}
