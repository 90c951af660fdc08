//! Passwords: argon2id (RFC 9106) with the crate's recommended parameters.
//!
//! Both functions take tens of milliseconds of CPU: keep them off the threads that serve.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use crate::error::CatalogueError;

/// The PHC string of `password` under a fresh random salt.
///
/// # Errors
/// The system has no randomness to give.
pub fn hash(password: &str) -> Result<String, CatalogueError> {
    let hash: Result<PasswordHash, _> = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| CatalogueError::Hash(error.to_string()))
}

/// Whether `password` is the one that `hash` was made of. A hash that cannot be read matches none.
#[must_use]
pub fn matches(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_hash_alone() {
        let hash = hash("correct horse").expect("a hash");
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(matches("correct horse", &hash));
        assert!(!matches("correct horsf", &hash));
        assert!(!matches("", &hash));
        assert!(!matches("correct horse", "not a hash"));
    }
}
