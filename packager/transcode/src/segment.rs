//! What encoders hand to muxers: access units, gathered into segments of the grid.

use media::units::Samples;

/// One encoded frame: an AAC access unit or an Opus packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessUnit {
    /// The encoded bytes, without any framing.
    pub bytes: Vec<u8>,
    /// What it adds to the timeline, priming included. One frame of the codec, but for the last
    /// unit of a song, which is shortened so that all renditions sum to the same length.
    pub duration: Samples,
}

/// One segment of one rendition. Segment 0 begins with the priming; all others begin on the grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its number, from 0.
    pub index: u32,
    /// Its access units; never empty.
    pub units: Vec<AccessUnit>,
    /// Whether the song ends with it.
    pub last: bool,
}

impl Segment {
    /// Its length on the timeline, priming included.
    #[must_use]
    pub fn duration(&self) -> Samples {
        self.units.iter().map(|unit| unit.duration).sum()
    }
}
