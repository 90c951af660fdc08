//! `Upload-Checksum`: an algorithm, a space, and the digest of the body in Base64.

use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use service::Problem;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::headers;

/// Those that are checked.
pub(super) const ALGORITHMS: &str = "sha1,sha256";

/// Bytes that do not have their checksum: of tus, not of HTTP.
const MISMATCH: u16 = 460;

/// What the bytes of a body are to have, and what those have that have come.
#[derive(Debug)]
pub(super) struct Checksum {
    wanted: Vec<u8>,
    hash: Hash,
}

#[derive(Debug)]
enum Hash {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// What the header says, if it is there.
    pub(super) fn read(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(text) = headers::text(headers, headers::CHECKSUM)? else { return Ok(None) };
        let (algorithm, digest) = text.split_once(' ').unwrap_or((text, ""));
        let (hash, length) = match algorithm {
            "sha1" => (Hash::Sha1(Sha1::new()), 20),
            "sha256" => (Hash::Sha256(Sha256::new()), 32),
            _ => return Err(unknown()),
        };
        let wanted = BASE64_STANDARD.decode(digest.trim()).map_err(|_| unknown())?;
        if wanted.len() == length { Ok(Some(Self { wanted, hash })) } else { Err(unknown()) }
    }

    /// More bytes have come.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.hash {
            Hash::Sha1(hash) => hash.update(bytes),
            Hash::Sha256(hash) => hash.update(bytes),
        }
    }

    /// All have come.
    ///
    /// # Errors
    /// They are not those.
    pub(super) fn check(self) -> Result<(), Problem> {
        let found = match self.hash {
            Hash::Sha1(hash) => hash.finalize().to_vec(),
            Hash::Sha256(hash) => hash.finalize().to_vec(),
        };
        if found == self.wanted { Ok(()) } else { Err(mismatch()) }
    }
}

fn unknown() -> Problem {
    let detail = "Upload-Checksum cannot be read; accepted are sha1 or sha256, a space, and the digest in Base64.";
    Problem::new(StatusCode::BAD_REQUEST, "invalid-upload-header", detail)
}

fn mismatch() -> Problem {
    let status = StatusCode::from_u16(MISMATCH).expect("three digits");
    let detail = "These bytes do not have the checksum that Upload-Checksum says; none was kept, send them again.";
    Problem::new(status, "checksum-mismatch", detail)
}
