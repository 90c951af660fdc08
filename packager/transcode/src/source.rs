//! A master as blocks of house format: decoded, stereo, 48 kHz, dithered. Each step is done once,
//! for all renditions.

use std::path::Path;

use media::Decibels;
use media::units::{CHANNELS, Samples};

use crate::decode::Decoder;
use crate::dither::Dither;
use crate::downmix::Downmix;
use crate::encode::Block;
use crate::master::Master;
use crate::package_error::PackageError;
use crate::resample::{self, Resampler};

/// Frames per block, about: a third of a second, so that threads meet seldom.
const BLOCK: usize = 16_384;

/// A master being read.
pub(crate) struct Source {
    decoder: Decoder,
    downmix: Downmix,
    resampler: Option<Resampler>,
    dither: Dither,
    /// What every sample is multiplied by.
    gain: f32,
    /// One packet as the decoder gives it, and the same in stereo: kept for their memory.
    packet: Vec<f32>,
    stereo: Vec<f32>,
    ended: bool,
}

/// The length in house samples that the master's header promises, where it promises one. Only the
/// header is read: the cheapest way to ask whether a file is a master at all.
///
/// # Errors
/// As [`crate::package()`], as far as the header tells.
pub fn promised_length(master: &Path) -> Result<Option<Samples>, PackageError> {
    Source::open(master).map(|source| source.promised())
}

impl Source {
    /// Opens a master.
    pub(crate) fn open(path: &Path) -> Result<Self, PackageError> {
        let decoder = Decoder::of(&Master::open(path).map_err(PackageError::Read)?)?;
        let spec = decoder.spec();
        Ok(Self {
            downmix: Downmix::of(spec.channels, decoder.layout())?,
            resampler: Resampler::from(spec.rate),
            dither: Dither::new(),
            gain: 1.0,
            packet: Vec::new(),
            stereo: Vec::new(),
            ended: false,
            decoder,
        })
    }

    /// Significant bits per sample of the master.
    pub(crate) fn bits(&self) -> u32 {
        self.decoder.spec().bits
    }

    /// The length that the header promises.
    pub(crate) fn promised(&self) -> Option<Samples> {
        let spec = self.decoder.spec();
        spec.promised.map(|frames| Samples(resample::length(frames, spec.rate)))
    }

    /// Raises all that is still to come.
    pub(crate) fn amplify(&mut self, gain: Decibels) {
        self.gain *= gain.factor() as f32;
    }

    /// The next block; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Block>, PackageError> {
        let Some(float) = self.next_float()? else { return Ok(None) };
        let pcm16 = self.dither.quantise(&float);
        Ok(Some(Block { float, pcm16 }))
    }

    /// The samples of the next block alone; `None` at the end.
    pub(crate) fn next_float(&mut self) -> Result<Option<Vec<f32>>, PackageError> {
        let mut float = Vec::with_capacity((BLOCK + BLOCK / 2) * CHANNELS);
        while !self.ended && float.len() < BLOCK * CHANNELS {
            self.append_packet(&mut float)?;
        }
        if self.gain != 1.0 {
            float.iter_mut().for_each(|sample| *sample *= self.gain);
        }
        Ok((!float.is_empty()).then_some(float))
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
