//! A master as blocks of house format: stereo, 48 kHz, dithered. Each step is done once, for all
//! renditions.

use media::Decibels;
use media::units::{CHANNELS, Samples};

use crate::cell;
use crate::dither::Dither;
use crate::encode::Block;
use crate::package_error::PackageError;
use crate::stereo::{Heading, Stereo};

/// Who gives the samples.
pub(crate) enum Frames {
    /// A decoder in this process.
    Here(Box<Stereo>),
    /// A decoder in a process of its own.
    Cell(Box<cell::Frames>),
}

/// A master being read.
pub(crate) struct Source {
    frames: Frames,
    heading: Heading,
    longest: Samples,
    read: Samples,
    dither: Dither,
    /// What every sample is multiplied by.
    gain: f32,
}

impl Source {
    /// A master of no more than `longest`.
    ///
    /// # Errors
    /// Where its header promises more.
    pub(crate) fn of(
        frames: Frames,
        heading: Heading,
        longest: Samples,
    ) -> Result<Self, PackageError> {
        let source = Self {
            frames,
            heading,
            longest,
            read: Samples::ZERO,
            dither: Dither::new(),
            gain: 1.0,
        };
        source.check_length(heading.promised.unwrap_or_default()).map(|()| source)
    }

    /// Significant bits per sample of the master.
    pub(crate) fn bits(&self) -> u32 {
        self.heading.bits
    }

    /// The length that the header promises.
    pub(crate) fn promised(&self) -> Option<Samples> {
        self.heading.promised
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
        let next = match &mut self.frames {
            Frames::Here(stereo) => stereo.next()?,
            Frames::Cell(frames) => frames.next()?,
        };
        let Some(mut float) = next else { return Ok(None) };
        self.read += Samples((float.len() / CHANNELS) as u64);
        self.check_length(self.read)?;
        if self.gain != 1.0 {
            float.iter_mut().for_each(|sample| *sample *= self.gain);
        }
        Ok(Some(float))
    }

    /// Some kilobytes can decode to days of silence.
    fn check_length(&self, length: Samples) -> Result<(), PackageError> {
        if length <= self.longest {
            return Ok(());
        }
        Err(PackageError::TooLong { longest: self.longest })
    }
}
