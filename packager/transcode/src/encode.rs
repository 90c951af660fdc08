//! Samples in, access units out.

#[expect(unsafe_code, reason = "the Fraunhofer FDK is a C library: every call of it is in here")]
mod aac;
mod edges;
mod opus;

use media::units::Samples;

pub use self::aac::AacEncoder;
pub(crate) use self::aac::version as fdk_version;
pub use self::opus::OpusEncoder;
pub(crate) use self::opus::version as libopus_version;

/// Some samples of the song, decoded, resampled and dithered once for all encoders. Interleaved
/// stereo at the house rate; the two forms hold the same frames.
#[derive(Debug)]
pub struct Block {
    /// Full scale is ±1.
    pub float: Vec<f32>,
    /// The same in 16 bit.
    pub pcm16: Vec<i16>,
}

/// An encoder that said no.
#[derive(Debug, thiserror::Error)]
#[error("{call} failed: {reason}")]
pub struct EncodeError {
    /// What was called.
    pub(crate) call: &'static str,
    /// What it answered.
    pub(crate) reason: String,
}

/// A codec at work on one song. After `finish`, the units cover [`Encoder::priming`] and the whole
/// song and a little more, which whoever cuts them drops.
pub trait Encoder {
    /// Samples that a decoder must drop before the song's first; whole access units.
    fn priming(&self) -> Samples;

    /// Takes a block and appends the units that it completes.
    ///
    /// # Errors
    /// What the codec said.
    fn encode(&mut self, block: &Block, units: &mut Vec<Vec<u8>>) -> Result<(), EncodeError>;

    /// Flushes: appends the units that are left.
    ///
    /// # Errors
    /// What the codec said.
    fn finish(&mut self, units: &mut Vec<Vec<u8>>) -> Result<(), EncodeError>;
}
