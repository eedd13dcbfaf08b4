//! The origin of the relays: nginx, as people have it, with all the headers that it sends; else the benchmark's own.

use crate::{process::Process, rig::Rig};
use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// An origin with a file for each size of a body.
pub(crate) struct UsualOrigin {
    pub(crate) address: SocketAddr,
    /// `None` = it is the origin of the rig.
    _nginx: Option<Process>,
}

impl UsualOrigin {
    /// Starts it with the files `/BYTES` of `sizes`.
    pub(crate) fn start(rig: &Rig, sizes: impl Iterator<Item = u64>) -> anyhow::Result<Self> {
        let root = rig.folder.join("files");
        fs::create_dir_all(&root)?;
        for bytes in sizes {
            fs::write(root.join(bytes.to_string()), vec![0; usize::try_from(bytes)?])?;
        }
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let nginx = nginx(&rig.folder, &root, address)?;
        Ok(match nginx {
            Some(nginx) => Self { address, _nginx: Some(nginx) },
            None => Self { address: rig.origin, _nginx: None },
        })
    }

    /// What it is, for the report.
    pub(crate) const fn name(&self) -> &'static str {
        if self._nginx.is_some() { "nginx, one worker" } else { "the benchmark's own" }
    }
}

/// nginx with one worker; `None` = it is not installed, or does not start.
fn nginx(folder: &Path, root: &Path, address: SocketAddr) -> anyhow::Result<Option<Process>> {
    let config = folder.join("origin.conf");
    // The user matters only where root starts it: its worker could not read files below a home.
    let (folder, root) = (folder.display(), root.display());
    fs::write(
        &config,
        format!(
            "daemon off;\nuser root;\nworker_processes 1;\npid {folder}/origin.pid;\nerror_log stderr error;\n\
             events {{ worker_connections 4096; }}\nhttp {{\n  access_log off;\n  sendfile on;\n  \
             tcp_nopush on;\n  default_type video/mp2t;\n  keepalive_requests 1000000000;\n  \
             client_body_temp_path {folder}/o-body;\n  proxy_temp_path {folder}/o-proxy;\n  \
             fastcgi_temp_path {folder}/o-f;\n  uwsgi_temp_path {folder}/o-u;\n  \
             scgi_temp_path {folder}/o-s;\n  server {{ listen {address} backlog=4096; root {root}; }}\n}}\n"
        ),
    )?;
    let with_config = || {
        let mut command = Command::new("nginx");
        command.arg("-e").arg("stderr").arg("-c").arg(&config).stderr(Stdio::null());
        command
    };
    // Killed, it would leave its worker behind.
    let mut stop = with_config();
    stop.args(["-s", "stop"]);
    let Ok((nginx, _)) = Process::start(&mut with_config(), Some(stop)) else { return Ok(None) };
    for _ in 0..100 {
        if TcpStream::connect(address).is_ok() {
            return Ok(Some(nginx));
        }
        crate::clock::sleep(Duration::from_millis(50));
    }
    Ok(None)
}
