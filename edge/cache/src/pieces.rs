//! Hashing a block as it arrives, piece by piece.

use media::asset::PIECE_SIZE;
use sha2::{Digest as _, Sha256};

use crate::digest::Hash;

/// The hash of the piece that is arriving. A block begins with a whole piece.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    hash: Sha256,
    taken: u64,
}

impl Pieces {
    /// Takes the next bytes, of which `left` are still to come in the block with these, and gives the hashes
    /// of the pieces that are complete now.
    pub(crate) fn take(&mut self, mut bytes: &[u8], mut left: u64) -> Vec<Hash> {
        let mut complete = Vec::new();
        while !bytes.is_empty() {
            let room = usize::try_from(PIECE_SIZE - self.taken).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.hash.update(now);
            self.taken += now.len() as u64;
            left = left.saturating_sub(now.len() as u64);
            if self.taken == PIECE_SIZE || left == 0 {
                complete.push(self.hash.finalize_reset().into());
                self.taken = 0;
            }
            bytes = later;
        }
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hash;

    #[test]
    fn pieces_are_hashed_however_they_arrive() {
        let piece = PIECE_SIZE as usize;
        for size in [1, piece - 1, piece, piece + 1, 4 * piece - 3, 4 * piece] {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            for length in [10_007, piece, size] {
                let (mut pieces, mut left) = (Pieces::default(), size as u64);
                let mut hashes = Vec::new();
                for chunk in bytes.chunks(length) {
                    hashes.extend(pieces.take(chunk, left));
                    left -= chunk.len() as u64;
                }
                let expected: Vec<Hash> = bytes.chunks(piece).map(hash).collect();
                assert_eq!(hashes, expected, "{size} by {length}");
            }
        }
    }
}
