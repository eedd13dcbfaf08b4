//! The command line of `vsps run`.

use super::{
    bounds::BoundArgs, fill::fill, listen::ListenAddress, log_format::LogFormat,
    public_url::PublicUrl, tls::TlsChoice,
};
use crate::{
    proxy::{AddressRange, SessionBy},
    sessions::{AccessToken, HostPattern},
    units::{BitRate, ByteSize, Ratio, span},
};
use clap::Args;
use serde::Deserialize;
use std::{ffi::OsString, path::PathBuf, time::Duration};

/// Options of `vsps run`.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
#[command(after_help = "\
Examples:
  vsps run                                      the built-in stream, no bad network
  vsps run --profile 3g --seed 7                a 3G cell, the same one every time
  vsps run --origin https://cdn.example/live/master.m3u8 --profile flaky-wifi
  vsps run --rate 3Mbit/s --rtt 80ms --loss 1%  a network without a file
  vsps run --rules stuck-playlist               a ready fault (see vsps rules list)
  vsps run --rules 'segment.audio:delay=2s'     a rule in short
  vsps run --rules late-audio.toml --log json --events run.jsonl
  vsps run --listen 0.0.0.0:8080                for players on other machines
  vsps run --tls local                          HTTPS, for pages that are on HTTPS
  vsps run --forward -- ffplay http://cdn.example/a.m3u8
                                                a program whose URLs stay as they are

A session of its own network, from a link:
  http://127.0.0.1:8080/demo/hls/master.m3u8?vsps.profile=edge
  http://127.0.0.1:8080/demo/hls/master.m3u8?vsps.rate=3Mbit/s&vsps.rtt=80ms&vsps.rules=stuck-playlist")]
pub struct RunArgs {
    /// The origin: a scheme and a host; a path is used in the addresses that are printed. Without
    /// it, the built-in origin.
    #[arg(long, env = "VSPS_ORIGIN", value_name = "URL")]
    pub origin: Option<String>,
    /// The network: a built-in profile's name (see `vsps profiles list`) or a file [default:
    /// unlimited].
    #[arg(long, env = "VSPS_PROFILE", value_name = "NAME|FILE")]
    pub profile: Option<String>,
    /// The downlink's rate, in place of the profile's: `3Mbit/s`, `800 kbps`.
    #[arg(long, env = "VSPS_RATE", value_name = "RATE")]
    pub rate: Option<BitRate>,
    /// The round trip, in place of the profile's: `80ms`.
    #[arg(long, env = "VSPS_RTT", value_name = "SPAN", value_parser = span::parse)]
    #[serde(with = "span::option")]
    pub rtt: Option<Duration>,
    /// The share of packets that are lost, in place of the profile's: `1%`, `0.01`.
    #[arg(long, env = "VSPS_LOSS", value_name = "SHARE")]
    pub loss: Option<Ratio>,
    /// All sessions share one link of this name, and with it the network's rate.
    #[arg(long, env = "VSPS_LINK", value_name = "NAME")]
    pub link: Option<String>,
    /// Repeats a run: all random numbers derive from this number [default: random, and printed].
    #[arg(long, env = "VSPS_SEED", value_name = "N", value_parser = whole_number)]
    pub seed: Option<u64>,
    /// Rules for every session, before those of the profile: a file, the name of a ready fault (see
    /// `vsps rules list`), or rules in short, as in `segment.audio:delay=2s`; `;` separates several.
    #[arg(long, env = "VSPS_RULES", value_name = "FILE|NAME|RULE")]
    pub rules: Option<String>,
    /// A Rhai script that decides each request before the rules do; read again when it changes.
    #[arg(long, env = "VSPS_SCRIPT", value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// Where players connect: `8080` (this machine only), `localhost:8080`, `0.0.0.0:8080` (all
    /// addresses); port 0 = any free one [default: 127.0.0.1:8080].
    #[arg(long, env = "VSPS_LISTEN", value_name = "ADDR")]
    pub listen: Option<ListenAddress>,
    /// Where metrics and the API are, written like --listen [default: 127.0.0.1:8081].
    #[arg(long, env = "VSPS_ADMIN", value_name = "ADDR")]
    pub admin: Option<ListenAddress>,
    /// The address under which players reach the proxy, as in `https://proxy.example`: for the
    /// addresses that are printed, in answers of the API, and in manifests.
    #[arg(long, env = "VSPS_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,
    /// HTTPS on the data port, with HTTP/2: certificates of the local CA (see `vsps ca`), or a
    /// certificate and its key in PEM files.
    #[arg(long, env = "VSPS_TLS", value_name = "local|CERT,KEY")]
    pub tls: Option<TlsChoice>,
    /// HTTP/3 on UDP at the port of --listen, announced by Alt-Svc; needs --tls.
    #[arg(long, env = "VSPS_H3", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new())]
    pub h3: Option<bool>,
    /// The token that requests to the admin side must have (`Authorization: Bearer TOKEN`); required when
    /// --admin is not a loopback address.
    #[arg(long, env = "VSPS_ADMIN_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub admin_token: Option<String>,
    /// Further tokens for the admin side: the role is `read`, `control` or `admin`; one with a namespace sees only sessions
    /// whose label begins with `NAMESPACE/`. Can be repeated.
    #[arg(
        long,
        env = "VSPS_TOKEN",
        value_name = "ROLE:TOKEN[@NAMESPACE]",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub token: Vec<AccessToken>,
    /// A file with such tokens, one per line.
    #[arg(long, env = "VSPS_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Appends a line of JSON to this file for each request to the API that changes something, or tries to:
    /// who sent it, what it is, and the status of the answer.
    #[arg(long, env = "VSPS_AUDIT", value_name = "FILE")]
    pub audit: Option<PathBuf>,
    /// Further hosts that may be fetched: `cdn.example`, `*.example`, `cdn.example:8443`, `*`; can
    /// be repeated [default: those that a session's manifests name].
    #[arg(long, env = "VSPS_ALLOW_ORIGIN", value_name = "PATTERN", value_delimiter = ',')]
    pub allow_origin: Vec<HostPattern>,
    /// Servers in front whose X-Forwarded-For, -Host and -Proto, Forwarded and PROXY protocol (v1, v2)
    /// count: an address or a range; can be repeated [default: X-Forwarded-Host and -Proto of all].
    #[arg(long, env = "VSPS_TRUST_PROXY", value_name = "ADDR|CIDR", value_delimiter = ',')]
    pub trust_proxy: Vec<AddressRange>,
    /// Serves clients that use the data port as their HTTP proxy: requests with absolute URLs, CONNECT
    /// (shaped, not read), a PAC file at /-/proxy.pac. Without --allow-origin, every public host.
    #[arg(long, env = "VSPS_FORWARD", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new())]
    pub forward: Option<bool>,
    /// With --forward: terminates the TLS of these hosts with certificates of the local CA, so that
    /// rules and manifests apply; written like --allow-origin, can be repeated.
    #[arg(long, env = "VSPS_INTERCEPT", value_name = "PATTERN", value_delimiter = ',')]
    pub intercept: Vec<HostPattern>,
    /// With --forward: runs this command with HTTP_PROXY and HTTPS_PROXY set, and ends with its exit
    /// code.
    #[arg(last = true, value_name = "COMMAND")]
    #[serde(skip)]
    pub command: Vec<OsString>,
    /// Options from a TOML file, named as here.
    #[arg(long, env = "VSPS_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// How the session of a request is found [default: redirect].
    #[arg(long, env = "VSPS_SESSION_BY", value_name = "HOW")]
    pub session_by: Option<SessionBy>,
    /// A session ends after this time without a request [default: 2 m].
    #[arg(long, env = "VSPS_SESSION_IDLE", value_name = "SPAN", value_parser = span::parse)]
    #[serde(with = "span::option")]
    pub session_idle: Option<Duration>,
    /// Where sessions are kept: `memory` (this process), or `redis://HOST:PORT/DATABASE`, shared by replicas of the proxy
    /// behind a load balancer; see docs/scale.md [default: memory].
    #[arg(long, env = "VSPS_STATE", value_name = "STORE", hide_env_values = true)]
    pub state: Option<String>,
    /// What the ids of shared sessions are signed with [default: a key that is kept in the store].
    #[arg(long, env = "VSPS_STATE_KEY", value_name = "KEY", hide_env_values = true)]
    pub state_key: Option<String>,
    /// Adds no CORS headers where the origin sends none.
    #[arg(long, env = "VSPS_NO_CORS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new())]
    pub no_cors: Option<bool>,
    /// Removes CMCD from requests, before rules and the origin see it. Metrics still count it. Reports
    /// that players post are passed on.
    #[arg(long, env = "VSPS_STRIP_CMCD", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new())]
    pub strip_cmcd: Option<bool>,
    /// How logs are written [default: text].
    #[arg(long, env = "VSPS_LOG", value_name = "FORMAT")]
    pub log: Option<LogFormat>,
    /// Adds what the link allows to responses (CMSD, CTA-5006): throughput, round trip, highest
    /// bitrate.
    #[arg(long, env = "VSPS_CMSD", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new())]
    pub cmsd: Option<bool>,
    /// Writes the log to this file instead of standard error. It is appended to, so that a log
    /// rotation may copy and truncate it.
    #[arg(long, env = "VSPS_LOG_FILE", value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Before the log file gets larger than this, it is renamed to FILE.1, and a new one begins; five
    /// older files are kept [default: no limit].
    #[arg(long, env = "VSPS_LOG_FILE_SIZE", value_name = "SIZE")]
    pub log_file_size: Option<ByteSize>,
    /// Writes every event to this file, one JSON object per line.
    #[arg(long, env = "VSPS_EVENTS", value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Measures the network behind the proxy, and writes a profile of it to this folder at the end of each
    /// session.
    #[arg(long, env = "VSPS_RECORD", value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// Its bounds.
    #[command(flatten)]
    #[serde(flatten)]
    pub bounds: BoundArgs,
}

fn whole_number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("write a whole number from 0 to {}", u64::MAX))
}

impl RunArgs {
    /// These options, and what they leave out from `file`.
    #[must_use]
    pub fn over(mut self, file: Self) -> Self {
        fill!(self, file, origin, profile, rate, rtt, loss, link, seed, rules, script);
        fill!(self, file, listen, admin, public_url, tls, h3);
        fill!(self, file, admin_token, token_file, audit, state, state_key);
        if self.token.is_empty() {
            self.token = file.token;
        }
        fill!(self, file, session_by, session_idle, no_cors, strip_cmcd, log, events);
        fill!(self, file, cmsd, log_file, log_file_size, record, forward);
        if self.trust_proxy.is_empty() {
            self.trust_proxy = file.trust_proxy;
        }
        if self.intercept.is_empty() {
            self.intercept = file.intercept;
        }
        if self.allow_origin.is_empty() {
            self.allow_origin = file.allow_origin;
        }
        self.bounds = self.bounds.over(&file.bounds);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Cli, Command},
        *,
    };
    use clap::Parser as _;

    #[test]
    fn flags_go_before_the_file() {
        let file: RunArgs = toml::from_str(
            "profile = \"3g\"\nseed = 1\nsession-idle = \"5 m\"\nmax-manifest = \"1 MiB\"\nallow-origin = [\"*.example\"]",
        )
        .unwrap();
        let Command::Run(args) =
            Cli::try_parse_from(["vsps", "run", "--seed", "2", "--idle-timeout", "3 s"])
                .unwrap()
                .command
        else {
            panic!("not run")
        };
        let args = args.over(file);
        assert_eq!((args.profile.as_deref(), args.seed), (Some("3g"), Some(2)));
        assert_eq!(args.session_idle, Some(Duration::from_secs(300)));
        assert_eq!(args.bounds.idle_timeout, Some(Duration::from_secs(3)));
        assert_eq!(args.bounds.max_manifest, Some(ByteSize::from_kibibytes(1024)));
        assert_eq!(args.allow_origin.len(), 1);
    }
}
