//! What `asset.json` says of an object's bytes, taken as they pass.

use media::asset::{ObjectAsset, PIECE_SIZE};
use sha2::{Digest, Sha256};

/// Hashes an object as a whole, and piece by piece.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObjectHash {
    size: u64,
    whole: Sha256,
    piece: Sha256,
    pieces: Vec<String>,
}

impl ObjectHash {
    /// Bytes taken so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next bytes.
    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        self.whole.update(bytes);
        while !bytes.is_empty() {
            let room = PIECE_SIZE - self.size % PIECE_SIZE;
            let taken = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            self.piece.update(&bytes[..taken]);
            self.size += taken as u64;
            bytes = &bytes[taken..];
            if self.size.is_multiple_of(PIECE_SIZE) {
                self.pieces.push(hex(&self.piece.finalize_reset()));
            }
        }
    }

    /// What is to be written down of an object with these bytes.
    pub(crate) fn describe(mut self, path: String) -> ObjectAsset {
        if !self.size.is_multiple_of(PIECE_SIZE) {
            self.pieces.push(hex(&self.piece.finalize()));
        }
        if self.pieces.len() == 1 {
            self.pieces.clear();
        }
        let (size, sha256) = (self.size, hex(&self.whole.finalize()));
        ObjectAsset { path, size, sha256, pieces: self.pieces }
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_hashed_where_there_is_more_than_one() {
        let piece = PIECE_SIZE as usize;
        for size in [0, 1, piece - 1, piece, piece + 1, 2 * piece, 2 * piece + 7] {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let mut hash = ObjectHash::default();
            bytes.chunks(99_991).for_each(|chunk| hash.update(chunk));
            let object = hash.describe("x".to_owned());
            assert_eq!((object.size, object.sha256), (size as u64, hex(&Sha256::digest(&bytes))));
            let mut pieces: Vec<String> =
                bytes.chunks(piece).map(|piece| hex(&Sha256::digest(piece))).collect();
            pieces.truncate(if pieces.len() > 1 { usize::MAX } else { 0 });
            assert_eq!(object.pieces, pieces, "{size}");
        }
    }
}
