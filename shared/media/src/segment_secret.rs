//! What segments at rest are encrypted with (RFC 8216bis 4.4.4.4, METHOD=AES-128): one secret of the operator, from which the
//! key of every rendition follows. No key is ever stored.

use std::fmt;
use std::str::FromStr;

use hkdf::Hkdf;
use sha2::Sha256;

use crate::ids::{SecretFingerprint, Version};
use crate::switching_set::SwitchingSet;
use crate::units::Kbps;

/// What tells the uses of a secret apart (RFC 5869 3.2).
const KEY: &[u8] = b"segue hls aes-128 key 1";
const FINGERPRINT: &[u8] = b"segue segment secret fingerprint 1";

/// The operator's secret: 32 random bytes. Whoever has it can derive every key. Its `Debug` shows
/// nothing but the fingerprint.
#[derive(Clone, PartialEq, Eq)]
pub struct SegmentSecret([u8; 32]);

/// The key of one rendition of one version: 16 bytes, as AES-128 takes them. Its `Debug` shows nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SegmentKey([u8; 16]);

/// The secrets that an operator holds: the first encrypts, all open what they encrypted. May be none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SegmentSecrets(Vec<SegmentSecret>);

/// Not a secret. Never says what was there instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a segment secret is 64 hex digits; several are written on a line each, the one to encrypt with first"
)]
pub struct InvalidSecret;

impl SegmentSecret {
    /// Wraps 32 bytes that nobody can guess.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What the secret is called where it must not be shown. Nothing of the secret follows from it.
    #[must_use]
    pub fn fingerprint(&self) -> SecretFingerprint {
        SecretFingerprint::new(self.derive(&[FINGERPRINT]))
    }

    /// The key of one rendition. No two renditions share one: what a listener may hear at 64 kbit/s
    /// does not open what is sold at 320, and an initialization vector need only be unique within a
    /// rendition.
    #[must_use]
    pub fn key(&self, version: &Version, set: SwitchingSet, kbps: Kbps) -> SegmentKey {
        let rendition = format!("{set}/{kbps}");
        SegmentKey(self.derive(&[KEY, version.bytes(), rendition.as_bytes()]))
    }

    /// The secret as its file holds it: 64 hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// HKDF-SHA256 (RFC 5869): the secret is uniform, so there is no salt.
    fn derive<const N: usize>(&self, info: &[&[u8]]) -> [u8; N] {
        let mut out = [0; N];
        Hkdf::<Sha256>::new(None, &self.0)
            .expand_multi_info(info, &mut out)
            .expect("far less than the 8,160 bytes that HKDF-SHA256 can give");
        out
    }
}

impl fmt::Debug for SegmentSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SegmentSecret({}…)", self.fingerprint())
    }
}

impl FromStr for SegmentSecret {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidSecret)?;
        Ok(Self(bytes))
    }
}

impl SegmentKey {
    /// Wraps a key that was fetched.
    #[must_use]
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The key itself: what a player is sent.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for SegmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SegmentKey(…)")
    }
}

impl SegmentSecrets {
    /// The one to encrypt with.
    #[must_use]
    pub fn first(&self) -> Option<&SegmentSecret> {
        self.0.first()
    }

    /// The one that has this fingerprint.
    #[must_use]
    pub fn find(&self, fingerprint: SecretFingerprint) -> Option<&SegmentSecret> {
        self.0.iter().find(|secret| secret.fingerprint() == fingerprint)
    }

    /// The same, and `others` behind them.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }
}

impl From<SegmentSecret> for SegmentSecrets {
    fn from(secret: SegmentSecret) -> Self {
        Self(vec![secret])
    }
}

impl FromStr for SegmentSecrets {
    type Err = InvalidSecret;

    /// Reads a file of secrets: at least one, apart by white space.
    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        let secrets = text.split_whitespace().map(str::parse);
        let secrets: Vec<_> = secrets.collect::<Result<_, _>>()?;
        if secrets.is_empty() { Err(InvalidSecret) } else { Ok(Self(secrets)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::MasterHash;

    fn secret(byte: u8) -> SegmentSecret {
        SegmentSecret::new([byte; 32])
    }

    fn version(recipe: &str) -> Version {
        Version::of(&MasterHash::new([7; 32]), recipe)
    }

    /// Computed with another implementation (Python's hmac): were the derivation to change, all that is
    /// encrypted would be lost.
    #[test]
    fn the_derivation_stands_for_ever() {
        let version = Version::new([0x11; 16]);
        let key = secret(0x42).key(&version, SwitchingSet::Aac, Kbps(128));
        assert_eq!(hex::encode(key.bytes()), "fafe9ca53e337f88ca8057cadf96ad6e");
        assert_eq!(secret(0x42).fingerprint().to_string(), "78043d0f10540433");
    }

    #[test]
    fn every_rendition_has_a_key_of_its_own() {
        let key = |byte, recipe, set, kbps| secret(byte).key(&version(recipe), set, Kbps(kbps));
        let usual = key(1, "a", SwitchingSet::Aac, 64);
        assert_eq!(usual, key(1, "a", SwitchingSet::Aac, 64));
        for other in [
            key(2, "a", SwitchingSet::Aac, 64),
            key(1, "b", SwitchingSet::Aac, 64),
            key(1, "a", SwitchingSet::Saver, 64),
            key(1, "a", SwitchingSet::Aac, 128),
        ] {
            assert_ne!(usual, other);
        }
    }

    #[test]
    fn a_file_holds_one_secret_or_several() {
        let text = format!("{}\n{}\n", secret(1).to_hex(), secret(2).to_hex());
        let secrets: SegmentSecrets = text.parse().expect("two secrets");
        assert_eq!(secrets.first(), Some(&secret(1)));
        assert_eq!(secrets.find(secret(2).fingerprint()), Some(&secret(2)));
        assert_eq!(secrets.find(secret(3).fingerprint()), None);
        assert_eq!(SegmentSecrets::default().first(), None);
        for wrong in ["", "\n", "secret", &"0".repeat(63), &format!("{text} x")] {
            assert_eq!(wrong.parse::<SegmentSecrets>(), Err(InvalidSecret));
        }
    }

    #[test]
    fn nothing_shows_a_secret_or_a_key() {
        let secret: SegmentSecret = "0f".repeat(32).parse().expect("a secret");
        let key = secret.key(&version("a"), SwitchingSet::Aac, Kbps(64));
        let said = format!("{secret:?} {key:?} {:?}", SegmentSecrets::from(secret.clone()));
        assert!(!said.contains("0f0f") && !said.contains(&hex::encode(key.bytes())), "{said}");
    }
}
