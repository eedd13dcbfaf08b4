//! Who may do what over the API: tokens with a role, and maybe a namespace.

use serde::Deserialize;
use std::{fmt, str::FromStr, sync::Arc};

/// What the holder of a token may do. Each role includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Read: everything that changes nothing.
    Read,
    /// Start, change and end sessions, and arm faults.
    Control,
    /// Replace the rules of all sessions, and reset all.
    Admin,
}

impl Role {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Control => "control",
            Self::Admin => "admin",
        }
    }
}

/// A token: `ROLE:TOKEN`, or `ROLE:TOKEN@NAMESPACE` for one that is restricted to the sessions of a namespace.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct AccessToken {
    /// What its holder may do.
    pub role: Role,
    /// What is sent as `Authorization: Bearer`.
    pub secret: Arc<str>,
    /// The only namespace whose sessions its holder may use.
    pub namespace: Option<Arc<str>>,
}

impl AccessToken {
    /// The tokens in the text of a file: one a line; empty lines and those that begin with `#` are left out.
    ///
    /// # Errors
    /// When a line is no token: the number of the line, and what to write.
    pub fn list(text: &str) -> Result<Vec<Self>, String> {
        let lines = (1..).zip(text.lines().map(str::trim));
        let tokens = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let read = |(number, line): (usize, &str)| {
            line.parse().map_err(|problem| format!("line {number}: {problem}"))
        };
        tokens.map(read).collect()
    }
}

/// Without the secret.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.namespace.as_deref().unwrap_or("*");
        write!(f, "AccessToken({}@{namespace})", self.role.as_str())
    }
}

impl FromStr for AccessToken {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The text is a secret: no message repeats it.
        const HINT: &str =
            "write ROLE:TOKEN or ROLE:TOKEN@NAMESPACE, with the role read, control or admin";
        let (role, rest) = text.split_once(':').ok_or(HINT)?;
        let role = match role {
            "read" => Role::Read,
            "control" => Role::Control,
            "admin" => Role::Admin,
            _ => return Err(HINT.to_owned()),
        };
        let (secret, namespace) = match rest.rsplit_once('@') {
            Some((secret, namespace)) => (secret, Some(namespace)),
            None => (rest, None),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if namespace
            .is_some_and(|name| name.is_empty() || name.len() > 32 || !name.chars().all(plain))
        {
            return Err("a namespace has up to 32 letters, digits, `-`, `_` and `.`".to_owned());
        }
        if secret.is_empty() || !secret.chars().all(|c| c.is_ascii_graphic()) {
            return Err(format!("the token is empty, or has spaces; {HINT}"));
        }
        if namespace.is_some() && role == Role::Admin {
            return Err(
                "an admin changes all sessions, so it has no namespace; write control".to_owned()
            );
        }
        Ok(Self { role, secret: secret.into(), namespace: namespace.map(Arc::from) })
    }
}

impl TryFrom<String> for AccessToken {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_a_role_and_maybe_a_namespace() {
        let token: AccessToken = "control:s3:cr@et@team-a".parse().unwrap();
        assert_eq!((token.role, &*token.secret), (Role::Control, "s3:cr@et"));
        assert_eq!(token.namespace.as_deref(), Some("team-a"));
        assert_eq!(format!("{token:?}"), "AccessToken(control@team-a)");
        assert_eq!("read:x".parse::<AccessToken>().unwrap().namespace, None);
        let secret = "writer:hunter2".parse::<AccessToken>().unwrap_err();
        assert!(!secret.contains("hunter2"), "{secret}");
        for wrong in ["", "read", "read:", "read:a b", "read:a@", "read:a@b/c", "admin:a@b", "x:y"]
        {
            assert!(wrong.parse::<AccessToken>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_has_one_a_line() {
        let tokens = AccessToken::list("# of the team\n\nread:a\n  control:b@t \n").unwrap();
        assert_eq!(tokens.len(), 2);
        assert!(AccessToken::list("read:a\nb\n").unwrap_err().starts_with("line 2: write"));
    }
}
