//! Which certificate the data port shows.

use serde::{Deserialize, Deserializer, de};
use std::{path::PathBuf, str::FromStr};

/// The value of `--tls`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsChoice {
    /// Certificates of the local CA.
    Local,
    /// A certificate chain and its key, in PEM files.
    Files {
        /// The chain, the server's certificate first.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
}

impl FromStr for TlsChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "local" {
            return Ok(Self::Local);
        }
        match text.split_once(',') {
            Some((certificate, key)) if !certificate.is_empty() && !key.is_empty() => {
                Ok(Self::Files { certificate: certificate.into(), key: key.into() })
            }
            _ => Err("write `local` for certificates of the local CA, or two PEM files, as in \
                      `server.crt,server.key`"
                .to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for TlsChoice {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_or_two_files() {
        assert_eq!("local".parse(), Ok(TlsChoice::Local));
        let files = TlsChoice::Files { certificate: "a.crt".into(), key: "b.key".into() };
        assert_eq!("a.crt,b.key".parse(), Ok(files));
        for wrong in ["", "Local ", "a.crt", ",b.key", "a.crt,"] {
            assert!(wrong.parse::<TlsChoice>().unwrap_err().contains("write `local`"), "{wrong}");
        }
    }
}
