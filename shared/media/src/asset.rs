//! `asset.json`: what is written down about one version of a song.

use serde::{Deserialize, Serialize};

use crate::codec::Codec;
use crate::ids::{MasterHash, SecretFingerprint, Version};
use crate::layout::Layout;
use crate::loudness::{Loudness, Normalization};
use crate::switching_set::{SwitchingSet, SwitchingSets};
use crate::units::{BitsPerSecond, Kbps, Samples};

/// The whole of `asset.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// The version that this describes.
    pub version: Version,
    /// The SHA-256 of the master.
    pub master: MasterHash,
    /// What decided the bytes besides the master: parameters, packager and encoder versions.
    pub recipe: String,
    /// Always [`crate::units::SAMPLE_RATE`].
    pub sample_rate: u32,
    /// Always [`crate::units::CHANNELS`].
    pub channels: usize,
    /// The song's exact length, the same for every rendition.
    pub samples: Samples,
    /// The same in milliseconds, for people and players.
    pub duration_ms: u64,
    /// How loud the song is.
    pub loudness: Loudness,
    /// What was done to its loudness; absent where the sound is the master's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalization: Option<Normalization>,
    /// The switching sets that were made.
    pub sets: SwitchingSets,
    /// How the fMP4 renditions are stored.
    pub layout: Layout,
    /// Whether DASH manifests describe them as well.
    pub dash: bool,
    /// How segments are encrypted; absent where they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// One entry per rendition: set by set, each in ladder order.
    pub renditions: Vec<RenditionAsset>,
    /// One entry per object of the version but this one, in publish order.
    pub objects: Vec<ObjectAsset>,
}

/// How segments are encrypted. Sizes and hashes of objects are those of the
/// encrypted bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    /// What `EXT-X-KEY` says.
    pub method: Method,
    /// Whose secret the keys follow from; never the secret itself.
    pub secret: SecretFingerprint,
}

/// A method of RFC 8216bis 4.4.4.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// Whole segments in AES-128-CBC with PKCS #7 padding.
    #[serde(rename = "AES-128")]
    Aes128,
}

/// What is true of one rendition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenditionAsset {
    /// What players may switch to from it.
    pub set: SwitchingSet,
    /// How it is encoded.
    pub codec: Codec,
    /// Its nominal rate.
    pub kbps: Kbps,
    /// Samples before the song's first that a decoder must drop: `elst` media time or pre-skip.
    pub priming: Samples,
    /// `BANDWIDTH`: the peak, RFC 8216bis 4.4.6.2.
    pub peak: BitsPerSecond,
    /// `AVERAGE-BANDWIDTH`.
    pub average: BitsPerSecond,
}

/// The length in bytes of every piece of an object but its last: larger objects are hashed in pieces, so
/// that each can be answered as soon as it was checked.
pub const PIECE_SIZE: u64 = 256 << 10;

/// One object: path under the version, size in bytes, SHA-256 in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectAsset {
    /// The path under the version's folder.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256 in lower-case hex.
    pub sha256: String,
    /// The SHA-256 of each of its pieces of [`PIECE_SIZE`], where it has more than one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<String>,
}
