//! A decoder as players have it.

use media::Codec;
use media::units::{CHANNELS, SAMPLE_RATE};
use opus::{Channels, Decoder as LibOpus};

use super::super::sample_entry::{AAC_LC, HE_AAC};
use crate::decode::aac::AacDecoder;

/// The longest packet of Opus: 120 ms (RFC 6716 2.1.4).
const LONGEST_PACKET: usize = 5_760;

/// An open decoder of one codec.
pub(super) enum Ear {
    Aac(AacDecoder),
    Opus(LibOpus),
}

impl Ear {
    /// A decoder of the house's streams, which it knows the configuration of; `None` where the library
    /// gives none.
    pub(super) fn of(codec: Codec) -> Option<Self> {
        match codec {
            Codec::AacLc => AacDecoder::open(&AAC_LC).ok().map(Self::Aac),
            Codec::HeAac => AacDecoder::open(&HE_AAC).ok().map(Self::Aac),
            Codec::Opus => LibOpus::new(SAMPLE_RATE, Channels::Stereo).ok().map(Self::Opus),
        }
    }

    /// Appends what a unit sounds like, interleaved. What the library calls broken is an error.
    pub(super) fn hear(&mut self, unit: &[u8], out: &mut Vec<f32>) -> Result<(), String> {
        match self {
            Self::Aac(decoder) => {
                decoder.decode(unit, out).map_err(|refused| format!("the FDK says {refused:?}"))
            }
            Self::Opus(decoder) => {
                let mut pcm = vec![0.0; LONGEST_PACKET * CHANNELS];
                let frames = decoder.decode_float(unit, &mut pcm, false);
                let frames = frames.map_err(|error| error.description().to_owned())?;
                out.extend_from_slice(&pcm[..frames * CHANNELS]);
                Ok(())
            }
        }
    }
}
