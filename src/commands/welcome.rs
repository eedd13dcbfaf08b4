//! What `vsps run` prints once it listens: addresses to copy, the network, the seed.

use super::lan;
use crate::{app::Ready, profiles::Profile};
use std::{
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
};

/// What is printed when players can connect.
pub(super) struct Welcome<'a> {
    ready: &'a Ready,
    profile: &'a Profile,
    seed: u64,
    /// Whether the seed was drawn, not given.
    drawn: bool,
    /// The addresses at which other machines reach the data port and the admin port.
    players: Vec<SocketAddr>,
    admin: Vec<SocketAddr>,
}

impl<'a> Welcome<'a> {
    pub(super) fn new(ready: &'a Ready, profile: &'a Profile, seed: u64, drawn: bool) -> Self {
        let (players, admin) = (lan::addresses(ready.listen), lan::addresses(ready.admin));
        Self { ready, profile, seed, drawn, players, admin }
    }

    /// One line of JSON, for programs. `listen` and `admin` are the addresses that were bound; where other addresses are of
    /// use, they are URLs in `urls` and `admin_urls`.
    pub(super) fn json_line(&self) -> String {
        let ready = self.ready;
        let mut line = serde_json::json!({
            "event": "ready",
            "listen": ready.listen.to_string(),
            "admin": ready.admin.to_string(),
            "profile": self.profile.name,
            "seed": self.seed,
        });
        if ready.public_url.is_some() || ready.scheme == "https" || !self.players.is_empty() {
            let lan = self.players.iter().map(|address| format!("{}://{address}", ready.scheme));
            line["urls"] = [self.base()].into_iter().chain(lan).collect();
        }
        if ready.admin.ip().is_unspecified() {
            let lan = self.admin.iter().map(|address| format!("http://{address}"));
            let here = format!("http://{}", on_this_machine(ready.admin));
            line["admin_urls"] = [here].into_iter().chain(lan).collect();
        }
        format!("{line}\n")
    }

    /// Text for people.
    pub(super) fn text(&self) -> String {
        let (ready, players) = (self.ready, self.base());
        let mut text = format!("vsps {}\n\n", env!("CARGO_PKG_VERSION"));
        // Writing to a String can't fail.
        match &ready.path {
            None => {
                for (name, path) in [
                    ("HLS", "/demo/hls/master.m3u8"),
                    ("DASH", "/demo/dash/manifest.mpd"),
                    ("HLS live", "/demo/live/hls/master.m3u8"),
                    ("DASH live", "/demo/live/dash/manifest.mpd"),
                    ("all", "/demo/"),
                ] {
                    let _ = writeln!(text, "  {name:10}{players}{path}");
                }
            }
            Some(path) => {
                let _ = writeln!(text, "  player    {players}{path}");
            }
        }
        for address in &self.players {
            let path = ready.path.as_deref().unwrap_or("/demo/");
            let _ = writeln!(text, "  LAN       {}://{address}{path}", ready.scheme);
        }
        if ready.forward {
            let at = on_this_machine(ready.listen);
            let _ = writeln!(text, "  proxy     http://{at}  also as a PAC file: /-/proxy.pac");
        }
        if ready.local_ca {
            let _ = writeln!(text, "  CA        {players}/-/ca  how players come to trust it");
        }
        let console = on_this_machine(ready.admin);
        let _ = writeln!(text, "  console   http://{console}/  metrics: /metrics");
        for address in &self.admin {
            let _ = writeln!(text, "  LAN       http://{address}/  console");
        }
        let _ = writeln!(text, "  network   {}", self.profile);
        let seed = self.seed;
        let again =
            if self.drawn { format!("  (repeat with --seed {seed})") } else { String::new() };
        let _ = writeln!(text, "  seed      {seed}{again}\n\nCtrl-C stops.");
        text
    }

    /// Scheme, host and port that a player on this machine asks.
    fn base(&self) -> String {
        match &self.ready.public_url {
            Some(url) => url.to_string(),
            None => format!("{}://{}", self.ready.scheme, on_this_machine(self.ready.listen)),
        }
    }
}

/// The address at which programs on this machine reach a server that listens at `listen`.
fn on_this_machine(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        SocketAddr::from((Ipv4Addr::LOCALHOST, listen.port()))
    } else {
        listen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::Catalog;

    fn ready(listen: &str, admin: &str) -> Ready {
        Ready {
            listen: listen.parse().unwrap(),
            admin: admin.parse().unwrap(),
            path: None,
            public_url: None,
            scheme: "http",
            local_ca: false,
            forward: false,
        }
    }

    fn printed(ready: &Ready, players: &[&str], admin: &[&str]) -> String {
        let profile = Catalog::new().named("edge").unwrap();
        let addresses = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        let (players, admin) = (addresses(players), addresses(admin));
        let welcome = Welcome { ready, profile: &profile, seed: 7, drawn: true, players, admin };
        format!("{}\n{}", welcome.text(), welcome.json_line())
            .replace(env!("CARGO_PKG_VERSION"), "VERSION")
    }

    #[test]
    fn the_addresses_of_one_machine() {
        insta::assert_snapshot!(printed(&ready("127.0.0.1:8080", "127.0.0.1:8081"), &[], &[]));
    }

    /// A browser opens no address that means all of them.
    #[test]
    fn every_address_can_be_opened_where_all_interfaces_are_listened_at() {
        let players = ["192.168.0.9:8080", "[2001:db8::9]:8080"];
        let admin = ["192.168.0.9:8081", "[2001:db8::9]:8081"];
        let text = printed(&ready("[::]:8080", "0.0.0.0:8081"), &players, &admin);
        let urls: Vec<_> = text.split("http://").skip(1).collect();
        assert!(!urls.iter().any(|url| url.starts_with("0.0.0.0") || url.starts_with("[::]")));
        insta::assert_snapshot!(text);
    }
}
