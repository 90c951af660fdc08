//! The codecs of the ladder and the numbers that each fixes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::units::Samples;

/// How a rendition is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Codec {
    /// MPEG-4 AAC Low Complexity (ISO 14496-3).
    #[serde(rename = "aac")]
    AacLc,
    /// High-Efficiency AAC, version 1: AAC-LC at half the rate, and spectral band replication
    /// (ISO 14496-3 1.5.2.3).
    #[serde(rename = "he-aac")]
    HeAac,
    /// Opus (RFC 6716).
    #[serde(rename = "opus")]
    Opus,
}

impl Codec {
    /// Samples per access unit: 1,024 for AAC-LC, 2,048 for HE-AAC, 960 (20 ms) for Opus.
    #[must_use]
    pub fn frame(self) -> Samples {
        match self {
            Self::AacLc => Samples(1_024),
            Self::HeAac => Samples(2_048),
            Self::Opus => Samples(960),
        }
    }

    /// The `CODECS` attribute (RFC 6381): what hls.js, Shaka Player and Safari accept.
    ///
    /// Opus is spelt as its sample entry is registered. Safari knows `Opus` alone
    /// (shaka-player#6607); some releases of Chromium and Firefox knew `opus` alone (hls.js#4527), but
    /// there hls.js and Shaka Player ask under whichever name the browser accepts.
    #[must_use]
    pub fn rfc6381(self) -> &'static str {
        match self {
            Self::AacLc => "mp4a.40.2",
            Self::HeAac => "mp4a.40.5",
            Self::Opus => "Opus",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AacLc => "aac",
            Self::HeAac => "he-aac",
            Self::Opus => "opus",
        })
    }
}
