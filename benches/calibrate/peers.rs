//! The relays that are compared: the proxy, the bare relay, and other proxies where they are installed.

use crate::{clock, process::Process, proxy::Proxy, rig::Rig};
use anyhow::Context as _;
use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command, Stdio},
    time::Duration,
};

/// A relay before an origin.
pub(crate) struct Relay {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
}

/// The bare one first: it is the yardstick.
pub(crate) fn start(rig: &Rig, origin: SocketAddr, others: bool) -> anyhow::Result<Vec<Relay>> {
    let mut relays = vec![bare(origin)?, ours(rig, origin)?];
    if others {
        relays.extend(installed("haproxy", haproxy(rig, origin))?);
        relays.extend(installed("nginx", nginx(rig, origin))?);
    }
    Ok(relays)
}

fn ours(rig: &Rig, origin: SocketAddr) -> anyhow::Result<Relay> {
    let Proxy { process, listen, .. } = rig.proxy_before(origin, "")?;
    Ok(Relay { name: "vsps", address: listen, process })
}

fn bare(origin: SocketAddr) -> anyhow::Result<Relay> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("--bare").arg(origin.to_string());
    let (process, output) = Process::start(&mut command, None)?;
    let mut line = String::new();
    BufReader::new(output.context("no output")?).read_line(&mut line)?;
    Ok(Relay { name: "bare", address: line.trim().parse()?, process })
}

fn installed(name: &str, relay: anyhow::Result<Option<Relay>>) -> anyhow::Result<Option<Relay>> {
    let relay = relay?;
    if relay.is_none() {
        eprintln!("{name} is not installed: left out");
    }
    Ok(relay)
}

fn haproxy(rig: &Rig, origin: SocketAddr) -> anyhow::Result<Option<Relay>> {
    let (address, config) = (free_address()?, rig.folder.join("haproxy.cfg"));
    fs::write(
        &config,
        format!(
            "global\n  nbthread 2\n  maxconn 4096\ndefaults\n  mode http\n  http-reuse always\n  \
             timeout connect 5s\n  timeout client 30s\n  timeout server 30s\nfrontend f\n  \
             bind {address}\n  default_backend b\nbackend b\n  server o {origin}\n"
        ),
    )?;
    let mut command = Command::new("haproxy");
    command.arg("-db").arg("-f").arg(&config);
    listening("haproxy", address, command, None)
}

fn nginx(rig: &Rig, origin: SocketAddr) -> anyhow::Result<Option<Relay>> {
    let (address, config) = (free_address()?, rig.folder.join("nginx.conf"));
    let folder = rig.folder.display();
    fs::write(
        &config,
        format!(
            "daemon off;\nworker_processes 2;\npid {folder}/nginx.pid;\nerror_log stderr error;\n\
             events {{ worker_connections 1024; }}\nhttp {{\n  access_log off;\n  \
             keepalive_requests 1000000000;\n  proxy_temp_path {folder}/nginx-proxy;\n  \
             client_body_temp_path {folder}/nginx-body;\n  fastcgi_temp_path {folder}/nginx-f;\n  \
             uwsgi_temp_path {folder}/nginx-u;\n  scgi_temp_path {folder}/nginx-s;\n  \
             upstream origin {{ server {origin}; keepalive 128; keepalive_requests 1000000000; }}\n  \
             server {{\n    listen {address};\n    location / {{\n      \
             proxy_pass http://origin;\n      proxy_http_version 1.1;\n      \
             proxy_set_header Connection \"\";\n    }}\n  }}\n}}\n"
        ),
    )?;
    let with_config = || {
        let mut command = Command::new("nginx");
        command.arg("-e").arg("stderr").arg("-c").arg(&config);
        command
    };
    // Killed, it would leave its workers behind.
    let mut stop = with_config();
    stop.args(["-s", "stop"]).stderr(Stdio::null());
    listening("nginx", address, with_config(), Some(stop))
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Starts a relay and waits until it takes connections; `None` = it is not installed.
fn listening(
    name: &'static str,
    address: SocketAddr,
    mut command: Command,
    stop: Option<Command>,
) -> anyhow::Result<Option<Relay>> {
    let there = Command::new(name).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if there.is_err() {
        return Ok(None);
    }
    let (process, _) = Process::start(command.stderr(Stdio::null()), stop)?;
    for _ in 0..100 {
        if TcpStream::connect(address).is_ok() {
            return Ok(Some(Relay { name, address, process }));
        }
        clock::sleep(Duration::from_millis(50));
    }
    anyhow::bail!("{name} did not take connections on {address}")
}
