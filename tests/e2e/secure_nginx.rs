//! nginx behind TLS, with HTTP/2 and HTTP/1.1, and a certificate made for the test.

use crate::{
    process::{PATIENCE, Running, json},
    rig::scratch,
    tool::{output, tool},
};
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{net::TcpStream, process::Child, time::sleep};

/// Sizes of the files, which are named by them.
pub(crate) const SMALL: usize = 65_536;
pub(crate) const LARGE: usize = 30_000_000;

/// A key and a certificate for 127.0.0.1 and localhost, which is its own authority.
pub(crate) async fn certify(folder: &Path) -> PathBuf {
    let mut openssl = tool("openssl");
    openssl.current_dir(folder).args("req -x509 -newkey ec -pkeyopt".split(' '));
    openssl.args("ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2".split(' '));
    openssl.args("-subj /CN=localhost -addext basicConstraints=critical,CA:FALSE".split(' '));
    openssl.args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
    output(openssl, PATIENCE).await;
    folder.join("cert.pem")
}

/// `vsps` before the origin at `address`, whose certificate it trusts; with its data plane's address.
pub(crate) async fn vsps_before(address: SocketAddr, certificate: &Path) -> (Running, SocketAddr) {
    let origin = format!("https://{address}");
    let args = ["--log", "json", "--profile", "unlimited", "--origin", &origin];
    let mut running = Running::start_with(&args, [("SSL_CERT_FILE", certificate)]);
    let ready = json(&running.line().await);
    let listen = ready["listen"].as_str().unwrap().parse().unwrap();
    (running, listen)
}

/// A running nginx; ends when dropped.
pub(crate) struct SecureNginx {
    _process: Child,
    folder: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) certificate: PathBuf,
}

impl SecureNginx {
    /// One that takes so many requests on a connection.
    pub(crate) async fn start(requests: u32) -> Self {
        let folder = scratch("secure-nginx");
        fs::create_dir_all(folder.join("media")).unwrap();
        for size in [SMALL, LARGE] {
            fs::write(folder.join("media").join(size.to_string()), vec![7; size]).unwrap();
        }
        let certificate = certify(&folder).await;
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {what};\n"));
        let configuration = format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\n\
             events {{ worker_connections 1024; }}\nhttp {{\n{}\
             log_format asked '$status $connection $server_protocol $request_uri';\n\
             access_log access.log asked;\nroot media;\nserver {{\nlisten {address} ssl http2;\n\
             ssl_certificate {cert};\nssl_certificate_key {key};\n\
             keepalive_requests {requests};\n}}\n}}\n",
            temporary.concat(),
            cert = certificate.display(),
            key = folder.join("key.pem").display(),
        );
        fs::write(folder.join("nginx.conf"), configuration).unwrap();
        let mut nginx = tool("nginx");
        nginx.arg("-p").arg(&folder).args(["-c", "nginx.conf", "-e", "error.log"]);
        nginx.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let nginx = Self { _process: nginx.spawn().unwrap(), folder, address, certificate };
        let mut left = PATIENCE;
        while TcpStream::connect(address).await.is_err() {
            let errors = fs::read_to_string(nginx.folder.join("error.log")).unwrap_or_default();
            assert!(!left.is_zero(), "nginx does not listen: {errors}");
            sleep(Duration::from_millis(50)).await;
            left = left.saturating_sub(Duration::from_millis(50));
        }
        nginx
    }

    /// What was asked of it and answered, a line each: status, connection, version of HTTP, path.
    pub(crate) fn asked(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.join("access.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}
