//! `vsps health`: asks a running proxy whether it works, for containers without a shell and for service managers.

use super::{Failure, output::print};
use crate::args::HealthArgs;
use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// The control plane where none is named.
const DEFAULT_ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);
/// The longest wait for the connection, and for each part of the answer.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Answers are a line, or a problem document.
const LONGEST_ANSWER: u64 = 64 * 1024;

pub(super) fn health(args: &HealthArgs) -> Result<(), Failure> {
    let admin = match &args.admin {
        Some(admin) => admin.resolve().map_err(|error| {
            Failure::usage(format_args!("--admin {admin}: {error}; write an address or a port"))
        })?,
        None => DEFAULT_ADMIN,
    };
    let address = reachable(admin);
    let path = if args.ready { "/readyz" } else { "/healthz" };
    let answer = request(address, path, args.admin_token.as_deref())
        .map_err(|error| Failure::running(format_args!("http://{address}{path}: {error}")))?;
    let (status, body) = parse(&answer).ok_or_else(|| {
        Failure::running(format_args!("http://{address}{path}: the answer is not HTTP"))
    })?;
    if status == 200 {
        return print(body);
    }
    Err(Failure::running(format_args!("http://{address}{path}: {status}: {}", body.trim())))
}

/// A server that listens on all addresses is reached at the loopback address.
const fn reachable(admin: SocketAddr) -> SocketAddr {
    let ip = match admin.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, admin.port())
}

fn request(address: SocketAddr, path: &str, token: Option<&str>) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n"));
    let token = token.unwrap_or_default();
    let head =
        format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{token}connection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The status and the body of an HTTP/1.1 response.
fn parse(answer: &str) -> Option<(u16, &str)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_all_interfaces_become_the_loopback_address() {
        for (listens, reached) in [
            ("0.0.0.0:8081", "127.0.0.1:8081"),
            ("[::]:9", "[::1]:9"),
            ("192.0.2.1:80", "192.0.2.1:80"),
        ] {
            assert_eq!(reachable(listens.parse().unwrap()), reached.parse().unwrap());
        }
    }

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        assert_eq!(parse("HTTP/1.1 200 OK\r\na: b\r\n\r\nok\n"), Some((200, "ok\n")));
        assert_eq!(parse("HTTP/1.1 503 Gone\r\n\r\n"), Some((503, "")));
        for other in ["", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 x\r\n\r\n", "HTTP/1.1 200 OK\r\n"] {
            assert_eq!(parse(other), None, "{other:?}");
        }
    }
}
