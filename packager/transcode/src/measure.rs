//! Listens to the song that the encoders are given: how loud it is (EBU R 128, ITU-R BS.1770-5), and
//! its waveform. One pass over the same blocks; what it holds does not grow with the song.
//!
//! Written by hand, since the published meter takes five to ten times the CPU. The tests hold it to the
//! EBU's own signals and to that meter.

mod histogram;
mod k_weighting;
mod loudness_meter;
mod true_peak;
mod waveform;

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use media::{Decibels, Loudness};

use self::loudness_meter::LoudnessMeter;
use self::true_peak::TruePeak;
pub(crate) use self::waveform::FRAMES_PER_POINT;
use self::waveform::Waveform;
use crate::encode::Block;
use crate::package_error::PackageError;
use crate::work_folder::WorkFolder;

/// Measures what arrives, until the sender goes away.
pub(crate) fn run(
    work: &WorkFolder,
    blocks: &Receiver<Arc<Block>>,
) -> Result<Loudness, PackageError> {
    let mut meter = Meter::new();
    let mut waveform = Waveform::create(work).map_err(PackageError::Write)?;
    while let Ok(block) = blocks.recv() {
        meter.add(&block.float);
        waveform.add(&block.pcm16).map_err(PackageError::Write)?;
    }
    waveform.finish().map_err(PackageError::Write)?;
    Ok(meter.finish())
}

/// A loudness meter in EBU mode, for one song of 48 kHz stereo.
#[derive(Debug)]
pub(crate) struct Meter {
    loudness: LoudnessMeter,
    peaks: TruePeak,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self { loudness: LoudnessMeter::new(), peaks: TruePeak::new() }
    }

    /// Listens to interleaved samples.
    pub(crate) fn add(&mut self, samples: &[f32]) {
        self.loudness.add(samples);
        self.peaks.add(samples);
    }

    /// What was heard in all.
    pub(crate) fn finish(self) -> Loudness {
        let level = |amplitude: f32| Decibels::of(20.0 * f64::from(amplitude).log10());
        let sample_peak = self.peaks.sample_peak();
        Loudness {
            integrated_lufs: self.loudness.integrated().and_then(Decibels::of),
            range_lu: self.loudness.range().and_then(Decibels::of),
            true_peak_dbtp: level(self.peaks.finish()),
            sample_peak_dbfs: level(sample_peak),
        }
    }
}

#[cfg(test)]
mod tests;
