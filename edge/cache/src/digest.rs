//! What `asset.json` says an object is.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use media::asset::{ObjectAsset, PIECE_SIZE};
use sha2::{Digest as _, Sha256};

use crate::block::{BLOCK_SIZE, BlockKey};

/// A SHA-256.
pub(crate) type Hash = [u8; 32];

/// What an object must be, as its version's `asset.json` says.
#[derive(Debug, PartialEq, Eq)]
pub struct Digest {
    size: u64,
    whole: Hash,
    /// Each piece's, where it has more than one and its packager hashed them.
    pieces: Vec<Hash>,
    field: Bytes,
}

impl Digest {
    /// Reads an entry; `None` where it can't be one of ours.
    pub(crate) fn read(object: &ObjectAsset) -> Option<Self> {
        let whole = sha256(&object.sha256)?;
        let pieces: Vec<_> =
            object.pieces.iter().map(|text| sha256(text)).collect::<Option<_>>()?;
        let count = object.size.div_ceil(PIECE_SIZE);
        let all = pieces.is_empty() || pieces.len() as u64 == count;
        let field = format!("sha-256=:{}:", STANDARD.encode(whole)).into();
        all.then_some(Self { size: object.size, whole, pieces, field })
    }

    /// The value of `Repr-Digest` (RFC 9530 3) for the object in the identity encoding. Cloning it
    /// copies nothing.
    #[must_use]
    pub fn field(&self) -> &Bytes {
        &self.field
    }

    /// What it costs to hold, in bytes.
    pub(crate) fn weight(&self) -> u32 {
        u32::try_from(240 + 32 * self.pieces.len()).unwrap_or(u32::MAX)
    }

    /// The object's length in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// What the pieces of a block must hash to; `None` where only the whole was hashed, by packagers
    /// of before.
    pub(crate) fn pieces_of(&self, key: &BlockKey) -> Option<&[Hash]> {
        if self.size <= PIECE_SIZE {
            return Some(std::slice::from_ref(&self.whole));
        }
        let range = key.range();
        let piece = |offset: u64| usize::try_from(offset / PIECE_SIZE).unwrap_or(usize::MAX);
        let end = piece(range.end).min(self.pieces.len());
        self.pieces.get(piece(range.start)..end).filter(|pieces| !pieces.is_empty())
    }

    /// What a whole block must hash to; `None` where it is only a part of what was hashed.
    pub(crate) fn whole(&self) -> Option<&Hash> {
        (self.size <= BLOCK_SIZE).then_some(&self.whole)
    }

    /// Whether the block can be checked at all.
    pub(crate) fn checks(&self, key: &BlockKey) -> bool {
        self.pieces_of(key).is_some() || self.whole().is_some()
    }
}

/// The SHA-256 of some bytes.
pub(crate) fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// What is known of an object's bytes before they come: nothing where its version has no
/// `asset.json`.
pub(crate) type Promise = Option<Arc<Digest>>;

fn sha256(text: &str) -> Option<Hash> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok().map(|()| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(size: u64, pieces: usize) -> ObjectAsset {
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned();
        ObjectAsset { path: "x".to_owned(), size, pieces: vec![sha256.clone(); pieces], sha256 }
    }

    #[test]
    fn the_field_is_the_rfcs() {
        let digest = Digest::read(&entry(3, 0)).expect("an entry");
        let field = "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:";
        assert_eq!(&digest.field()[..], field.as_bytes());
    }

    #[test]
    fn what_is_no_entry_is_none() {
        assert!(Digest::read(&entry(3 * PIECE_SIZE, 3)).is_some());
        assert!(Digest::read(&entry(3 * PIECE_SIZE, 2)).is_none());
        assert!(Digest::read(&entry(3 * PIECE_SIZE, 4)).is_none());
        let short = ObjectAsset { sha256: "ab".to_owned(), ..entry(3, 0) };
        assert!(Digest::read(&short).is_none());
    }
}
