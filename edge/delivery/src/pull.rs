//! Who fetches on behalf of others: a CDN or another edge, to whom we are the origin. It checks its viewers'
//! tokens itself, and is known by a secret in each request or by its connection's client certificate.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::{constant_time, digest};
use http::{HeaderMap, HeaderName};

use crate::refused::Refused;

/// The request header that carries the secret.
pub const EDGE_SECRET: HeaderName = HeaderName::from_static("segue-edge-secret");

/// The shortest secret in characters: 128 bits where they are hex digits.
const SHORTEST: usize = 32;
const LONGEST: usize = 256;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Somebody who must show a token.
    Anyone,
    /// A CDN or another edge: no token, and an answer that it may give to whom it lets pass.
    Puller,
}

/// The secrets that make a caller a [`Caller::Puller`]: several while they are rotated. `Debug` shows none.
#[derive(Clone, Default)]
pub struct PullSecrets(Vec<[u8; 32]>);

/// Not a list of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is 32 to 256 visible ASCII characters; several stand on a line each")]
pub struct InvalidPullSecret;

impl PullSecrets {
    /// Who asks with these headers, on a connection that by itself is `connected`'s.
    pub(crate) fn caller(&self, headers: &HeaderMap, connected: Caller) -> Result<Caller, Refused> {
        let mut said = headers.get_all(EDGE_SECRET).iter();
        match (said.next(), said.next()) {
            (None, _) => Ok(connected),
            (Some(secret), None) if self.hold(secret.as_bytes()) => Ok(Caller::Puller),
            // A puller that is mistaken is told so, rather than that it has no token.
            _ => Err(Refused::WrongSecret),
        }
    }

    /// Whether `secret` is one of them. It takes as long for every text of a length: digests are compared, and all
    /// of them.
    #[must_use]
    pub fn hold(&self, secret: &[u8]) -> bool {
        let said = hash(secret);
        let held = |one: &[u8; 32]| constant_time::verify_slices_are_equal(one, &said).is_ok();
        self.0.iter().fold(false, |any, one| held(one) | any)
    }
}

fn hash(secret: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, secret);
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

impl FromStr for PullSecrets {
    type Err = InvalidPullSecret;

    /// One secret a line.
    fn from_str(text: &str) -> Result<Self, InvalidPullSecret> {
        let fits = |line: &str| {
            (SHORTEST..=LONGEST).contains(&line.len())
                && line.bytes().all(|it| it.is_ascii_graphic())
        };
        let secrets: Vec<_> = text.lines().map(str::trim_end).collect();
        if secrets.is_empty() || !secrets.iter().all(|line| fits(line)) {
            return Err(InvalidPullSecret);
        }
        Ok(Self(secrets.iter().map(|line| hash(line.as_bytes())).collect()))
    }
}

impl fmt::Debug for PullSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PullSecrets({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_secret_and_none_is_shown() {
        let (one, two) = ("a".repeat(32), "b".repeat(64));
        let secrets: PullSecrets = format!("{one}\n{two}\r\n").parse().expect("two secrets");
        assert!(secrets.hold(one.as_bytes()) && secrets.hold(two.as_bytes()));
        for other in ["", "a", &one[1..], &format!("{one}a"), &format!("{one}\n{two}")] {
            assert!(!secrets.hold(other.as_bytes()), "{other}");
        }
        assert_eq!(format!("{secrets:?}"), "PullSecrets(2)");
        assert!(!PullSecrets::default().hold(b""));
    }

    #[test]
    fn what_is_short_or_no_text_is_no_secret() {
        let good = "a".repeat(32);
        for wrong in ["", "\n", "short", &format!("{good}\n\n"), &format!("{good}\nshort")] {
            assert!(wrong.parse::<PullSecrets>().is_err(), "{wrong:?}");
        }
        assert!(format!("{good} b").parse::<PullSecrets>().is_err());
        assert!("ä".repeat(32).parse::<PullSecrets>().is_err());
    }
}
