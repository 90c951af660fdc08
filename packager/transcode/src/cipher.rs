//! HLS AES-128 (RFC 8216bis 4.4.4.4): whole segments in CBC with PKCS #7 padding.
//!
//! An initialization vector must be unique under its key, and nobody may choose plain text who knows
//! the vector beforehand (NIST SP 800-38A appendix C). A segment's is its number (RFC 8216bis 5.2); each rendition
//! has a key of its own, which encrypts each number once, and a song is fixed before anything of it
//! is encrypted. Deterministic vectors keep a version's bytes a function of master, parameters and
//! secret. A version that is made again on another kind of CPU may differ in a bit: two such files of one
//! segment then tell how far they are the same, and nothing else.
//!
//! Init sections stay as they are: they hold no sound, and VLC 3 plays nothing whose init section is
//! encrypted (RFC 8216bis 4.4.4.4: a key holds for the maps that follow it alone).

use std::io::{self, Read};

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use media::{SecretFingerprint, SegmentKey};

/// Bytes of a block.
const BLOCK: usize = 16;

/// The most that is decrypted as one file: thousands of times what a segment needs.
const MOST_HELD: u64 = 64 << 20;

/// Encrypts one rendition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cipher {
    /// The rendition's own key.
    pub key: SegmentKey,
    /// The secret that the key follows from.
    pub secret: SecretFingerprint,
}

/// A segment's media sequence number, big-endian (RFC 8216bis 5.2): they count from 0 as segments do.
fn vector(segment: u32) -> [u8; BLOCK] {
    u128::from(segment).to_be_bytes()
}

impl Cipher {
    /// A segment as it is stored.
    pub(crate) fn encrypt(&self, segment: u32, bytes: &[u8]) -> Vec<u8> {
        cbc::Encryptor::<Aes128>::new(self.key.bytes().into(), &vector(segment).into())
            .encrypt_padded_vec::<Pkcs7>(bytes)
    }
}

/// Reads a stored segment to its end and decrypts it; `None` where it is no whole number of blocks or ends
/// in no padding, as one that another key encrypted most likely does.
///
/// # Errors
/// What the reader said.
pub(crate) fn decrypt(
    key: &SegmentKey,
    segment: u32,
    reader: &mut dyn Read,
) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(MOST_HELD).read_to_end(&mut bytes)?;
    let plain = cbc::Decryptor::<Aes128>::new(key.bytes().into(), &vector(segment).into())
        .decrypt_padded::<Pkcs7>(&mut bytes)
        .map(<[u8]>::len);
    Ok(plain.ok().map(|length| {
        bytes.truncate(length);
        bytes
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cipher(byte: u8) -> Cipher {
        Cipher { key: SegmentKey::new([byte; 16]), secret: SecretFingerprint::new([0; 8]) }
    }

    /// What `openssl enc -aes-128-cbc -K 42… -iv 00…07` makes of it.
    #[test]
    fn segments_are_what_openssl_writes() {
        let stored = cipher(0x42).encrypt(7, b"a segment of some bytes");
        assert_eq!(
            crate::object_hash::hex(&stored),
            "f3f32415404b414784f63c3795dc1fc6a9829a81f213330b931ab1af28a2e11c"
        );
    }

    #[test]
    fn the_same_bytes_look_different_in_every_segment() {
        let cipher = cipher(1);
        assert_ne!(cipher.encrypt(0, &[0; 64]), cipher.encrypt(1, &[0; 64]));
    }

    #[test]
    fn another_key_or_number_opens_nothing() {
        let stored = cipher(1).encrypt(5, &[7; 100]);
        let open = |byte, segment| decrypt(&cipher(byte).key, segment, &mut &stored[..]).unwrap();
        assert_eq!(open(1, 5).as_deref(), Some(&[7; 100][..]));
        assert_ne!(open(2, 5).as_deref(), Some(&[7; 100][..]));
        assert_ne!(open(1, 0).as_deref(), Some(&[7; 100][..]));
        assert_eq!(decrypt(&cipher(1).key, 5, &mut &stored[..40]).unwrap(), None);
        assert_eq!(decrypt(&cipher(1).key, 5, &mut &[][..]).unwrap(), None);
    }

    proptest! {
        #[test]
        fn what_is_encrypted_reads_back(plain in prop::collection::vec(any::<u8>(), 0..100)) {
            let cipher = cipher(9);
            let stored = cipher.encrypt(3, &plain);
            prop_assert_eq!(stored.len(), (plain.len() / BLOCK + 1) * BLOCK);
            let read = decrypt(&cipher.key, 3, &mut &stored[..]).unwrap();
            prop_assert_eq!(read, Some(plain));
        }
    }
}
