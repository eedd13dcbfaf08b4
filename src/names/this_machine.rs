//! Which addresses are of this machine.

use std::net::{SocketAddr, UdpSocket};

/// Whether `address` is of this machine: only such an address can be bound. The port does not matter.
#[must_use]
pub fn is_of_this_machine(address: SocketAddr) -> bool {
    let ip = address.ip().to_canonical();
    let mut any_port = address;
    any_port.set_port(0);
    ip.is_loopback() || ip.is_unspecified() || UdpSocket::bind(any_port).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_are_told_from_others() {
        let is_here = |text: &str| is_of_this_machine(text.parse().unwrap());
        for address in [
            "127.0.0.1:80",
            "127.9.9.9:80",
            "[::1]:80",
            "0.0.0.0:80",
            "[::]:80",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert!(is_here(address), "{address}");
        }
        for address in ["192.0.2.1:80", "[2001:db8::1]:80", "[::ffff:192.0.2.1]:80"] {
            assert!(!is_here(address), "{address}");
        }
    }
}
