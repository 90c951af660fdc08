//! A master as stereo at 48 kHz: decoded, mixed down, resampled. Whatever its bytes do to a parser,
//! they do in here.

use media::units::{CHANNELS, Samples};
use serde::{Deserialize, Serialize};

use crate::decode::Decoder;
use crate::downmix::Downmix;
use crate::master::Master;
use crate::package_error::PackageError;
use crate::resample::{self, Resampler};

/// Frames per block, about: a third of a second, so that threads meet seldom.
const BLOCK: usize = 16_384;

/// The most frames of a block, whatever a packet decodes to: 22 s.
pub(crate) const LONGEST_BLOCK: usize = 1 << 20;

/// What is known of a master before it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heading {
    /// Significant bits per sample.
    pub(crate) bits: u32,
    /// The length that the header promises.
    pub(crate) promised: Option<Samples>,
}

/// A master being read.
pub(crate) struct Stereo {
    decoder: Decoder,
    downmix: Downmix,
    resampler: Option<Resampler>,
    /// One packet as the decoder gives it, and the same in stereo: kept for their memory.
    packet: Vec<f32>,
    stereo: Vec<f32>,
    /// What the last block had no room for.
    rest: Vec<f32>,
    ended: bool,
}

impl Stereo {
    /// Reads a master's header.
    pub(crate) fn open(master: &Master) -> Result<Self, PackageError> {
        let decoder = Decoder::of(master)?;
        let spec = decoder.spec();
        Ok(Self {
            downmix: Downmix::of(spec.channels, decoder.layout())?,
            resampler: Resampler::from(spec.rate),
            packet: Vec::new(),
            stereo: Vec::new(),
            rest: Vec::new(),
            ended: false,
            decoder,
        })
    }

    /// What its header says.
    pub(crate) fn heading(&self) -> Heading {
        let spec = self.decoder.spec();
        let promised = spec.promised.map(|frames| Samples(resample::length(frames, spec.rate)));
        Heading { bits: spec.bits, promised }
    }

    /// The next block, interleaved; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<f32>>, PackageError> {
        let mut block = std::mem::take(&mut self.rest);
        block.reserve((BLOCK + BLOCK / 2) * CHANNELS);
        while !self.ended && block.len() < BLOCK * CHANNELS {
            self.append_packet(&mut block)?;
        }
        if block.len() > LONGEST_BLOCK * CHANNELS {
            self.rest = block.split_off(LONGEST_BLOCK * CHANNELS);
        }
        Ok((!block.is_empty()).then_some(block))
    }

    fn append_packet(&mut self, out: &mut Vec<f32>) -> Result<(), PackageError> {
        if !self.decoder.next(&mut self.packet)? {
            self.ended = true;
            if let Some(resampler) = self.resampler.take() {
                resampler.finish(out);
            }
            return Ok(());
        }
        let Some(resampler) = &mut self.resampler else {
            self.downmix.append(&self.packet, out);
            return Ok(());
        };
        self.stereo.clear();
        self.downmix.append(&self.packet, &mut self.stereo);
        resampler.push(&self.stereo, out);
        Ok(())
    }
}
