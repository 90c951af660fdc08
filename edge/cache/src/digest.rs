//! What `asset.json` says an object is.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use media::asset::ObjectAsset;
use sha2::{Digest as _, Sha256};

use crate::block::{BLOCK_SIZE, BlockKey};
use crate::fill_error::FillError;

/// What an object must be, as its version's `asset.json` says.
#[derive(Debug, PartialEq, Eq)]
pub struct Digest {
    size: u64,
    whole: [u8; 32],
    /// Each block's, where it has more than one and its packager hashed them.
    blocks: Vec<[u8; 32]>,
    field: Bytes,
}

impl Digest {
    /// Reads an entry; `None` where it can't be one of ours.
    pub(crate) fn read(object: &ObjectAsset) -> Option<Self> {
        let whole = sha256(&object.sha256)?;
        let blocks: Vec<_> =
            object.blocks.iter().map(|text| sha256(text)).collect::<Option<_>>()?;
        let count = object.size.div_ceil(BLOCK_SIZE);
        let whole_list = blocks.is_empty() || blocks.len() as u64 == count;
        let field = format!("sha-256=:{}:", STANDARD.encode(whole)).into();
        whole_list.then_some(Self { size: object.size, whole, blocks, field })
    }

    /// The value of `Repr-Digest` (RFC 9530 3) for the object in the identity encoding. Cloning it
    /// copies nothing.
    #[must_use]
    pub fn field(&self) -> &Bytes {
        &self.field
    }

    /// What it costs to hold, in bytes.
    pub(crate) fn weight(&self) -> u32 {
        u32::try_from(240 + 32 * self.blocks.len()).unwrap_or(u32::MAX)
    }

    /// The object's length in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Whether the block can be checked: one of a larger object whose packager hashed no blocks can't.
    pub(crate) fn checks(&self, key: &BlockKey) -> bool {
        self.of(key).is_some()
    }

    /// Whether a whole block is what it must be, as far as that can be told.
    pub(crate) fn check(&self, key: &BlockKey, bytes: &[u8]) -> Result<(), FillError> {
        match self.of(key) {
            Some(expected) if *expected != <[u8; 32]>::from(Sha256::digest(bytes)) => {
                Err(FillError::Corrupt)
            }
            _ => Ok(()),
        }
    }

    fn of(&self, key: &BlockKey) -> Option<&[u8; 32]> {
        if self.size <= BLOCK_SIZE {
            return Some(&self.whole);
        }
        self.blocks.get(usize::try_from(key.index).ok()?)
    }
}

/// What is known of an object's bytes before they come: nothing where its version has no
/// `asset.json`.
pub(crate) type Promise = Option<Arc<Digest>>;

fn sha256(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok().map(|()| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(size: u64, blocks: usize) -> ObjectAsset {
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned();
        ObjectAsset { path: "x".to_owned(), size, blocks: vec![sha256.clone(); blocks], sha256 }
    }

    #[test]
    fn the_field_is_the_rfcs() {
        let digest = Digest::read(&entry(3, 0)).expect("an entry");
        let field = "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:";
        assert_eq!(&digest.field()[..], field.as_bytes());
    }

    #[test]
    fn what_is_no_entry_is_none() {
        assert!(Digest::read(&entry(3 * BLOCK_SIZE, 3)).is_some());
        assert!(Digest::read(&entry(3 * BLOCK_SIZE, 2)).is_none());
        assert!(Digest::read(&entry(3 * BLOCK_SIZE, 4)).is_none());
        let short = ObjectAsset { sha256: "ab".to_owned(), ..entry(3, 0) };
        assert!(Digest::read(&short).is_none());
    }
}
