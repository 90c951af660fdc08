//! Segments in, files out.

mod fmp4;
mod ogg;

pub use fmp4::{DecoderSetup, Fmp4Muxer, Storage};
pub(crate) use fmp4::{ROLL_DISTANCE, user_data};
pub use ogg::OggMuxer;

use media::ladder::Rung;
use media::units::Samples;
use media::{Layout, Loudness, SecretFingerprint, SwitchingSet};

use crate::segment::Segment;

/// Where one segment came to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MuxedSegment {
    /// What EXTINF says: the sum of the `trun` durations in fMP4 (priming included), the
    /// difference of granules in Ogg (pre-skip not counted).
    pub duration: Samples,
    /// The first byte in its file; 0 where each segment is a file.
    pub offset: u64,
    /// Its size in bytes as it is stored.
    pub size: u64,
}

/// One finished rendition: all that playlists need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MuxedRendition {
    /// What players may switch to from it.
    pub set: SwitchingSet,
    /// What was encoded.
    pub rung: Rung,
    /// Whether its segments are files, or ranges of one file as those of Ogg always are.
    pub layout: Layout,
    /// The secret behind the key that segments are encrypted with, where they are.
    pub secret: Option<SecretFingerprint>,
    /// Samples that a decoder drops before the song's first.
    pub priming: Samples,
    /// The size of the init section (`EXT-X-MAP`): a file of its own, the first boxes of a
    /// single file, or the header pages of Ogg.
    pub init_size: u64,
    /// The segments in order.
    pub segments: Vec<MuxedSegment>,
}

impl MuxedRendition {
    /// What is heard of each segment of an fMP4 rendition.
    pub(crate) fn heard(&self) -> impl Iterator<Item = Samples> {
        heard(self.segments.iter().map(|segment| segment.duration), self.priming)
    }
}

/// What is heard of segments of these durations: all but the priming, which the edit list takes away.
pub(crate) fn heard(
    durations: impl Iterator<Item = Samples>,
    priming: Samples,
) -> impl Iterator<Item = Samples> {
    let mut unheard = priming;
    durations.map(move |it| it.saturating_sub(std::mem::replace(&mut unheard, Samples::ZERO)))
}

/// A container being written: fMP4 or Ogg.
pub trait Muxer: Send {
    /// Writes the next segment. Segments come in order, the last one marked.
    ///
    /// # Errors
    /// What the file system said.
    fn write(&mut self, segment: &Segment) -> std::io::Result<()>;

    /// Ends the rendition of a song this loud, and tells where everything lies.
    ///
    /// # Errors
    /// What the file system said.
    fn finish(self: Box<Self>, loudness: &Loudness) -> std::io::Result<MuxedRendition>;
}
