//! Secrets that we give out and keep the hash of alone.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::error::CatalogueError;

/// Random bytes of a secret: nobody guesses them, so that a fast hash hides them.
const BYTES: usize = 32;

/// A secret of 256 random bits. As text, 64 lower-case hex digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; BYTES]);

/// Not a [`Secret`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not 64 lower-case hex digits")]
pub struct InvalidSecret;

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn generate() -> Result<Self, CatalogueError> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(|error| CatalogueError::Hash(error.to_string()))?;
        Ok(Self(bytes))
    }

    /// What the database keeps of it.
    pub(crate) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0).to_vec()
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Without itself.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl FromStr for Secret {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        let digits = text.as_bytes();
        if digits.len() != 2 * BYTES {
            return Err(InvalidSecret);
        }
        let mut bytes = [0; BYTES];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = 16 * value(pair[0])? + value(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

fn value(digit: u8) -> Result<u8, InvalidSecret> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(InvalidSecret),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_and_is_never_shown_by_mistake() {
        let secret = Secret::generate().expect("randomness");
        let text = secret.to_string();
        assert_eq!(text.len(), 64);
        assert_eq!(text.parse(), Ok(secret.clone()));
        assert_ne!(secret, Secret::generate().expect("randomness"));
        assert_eq!(format!("{secret:?}"), "Secret");
        for wrong in ["", &text[1..], &format!("{text}0"), &"G".repeat(64), &"é".repeat(32)] {
            assert_eq!(wrong.parse::<Secret>(), Err(InvalidSecret), "{wrong}");
        }
    }
}
