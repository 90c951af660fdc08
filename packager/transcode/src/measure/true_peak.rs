//! The highest true peak: four times oversampled (BS.1770-5 annex 2), by 48 taps of a windowed sinc.
//!
//! Every interpolated value is at most the loudest sample around it times the taps' sum of
//! amounts. Where that is no higher than the peak so far, nothing needs to be computed: the answer is
//! the same, for a fraction of the work.

use media::units::CHANNELS;

/// Times that the rate is raised.
const FACTOR: usize = 4;

/// Samples that one interpolated value depends on.
const TAPS: usize = 12;

/// Samples before the newest that a value depends on.
const HISTORY: usize = TAPS - 1;

/// Values that are computed or passed over together.
const CHUNK: usize = 32;

/// The phases between samples; phase 0 is the samples themselves, since the sinc is 0 at all but one.
type Phases = [[f32; TAPS]; FACTOR - 1];

/// Follows both channels of one song.
#[derive(Debug)]
pub(super) struct TruePeak {
    phases: Phases,
    /// The most that the taps raise a sample.
    gain: f32,
    /// Each channel's last samples, then those of the block at hand.
    channels: [Vec<f32>; CHANNELS],
    sample_peak: f32,
    peak: f32,
}

impl TruePeak {
    pub(super) fn new() -> Self {
        let phases = phases();
        let gain = |taps: &[f32; TAPS]| taps.iter().map(|tap| tap.abs()).sum();
        let gain = phases.iter().map(gain).fold(1.0, f32::max);
        let channels = std::array::from_fn(|_| vec![0.0; HISTORY]);
        Self { phases, gain, channels, sample_peak: 0.0, peak: 0.0 }
    }

    /// Listens to interleaved samples.
    pub(super) fn add(&mut self, samples: &[f32]) {
        let frames = samples.as_chunks::<CHANNELS>().0;
        for (index, channel) in self.channels.iter_mut().enumerate() {
            channel.extend(frames.iter().map(|frame| frame[index]));
            self.sample_peak = self.sample_peak.max(loudest(&channel[HISTORY..]));
            self.peak = self.peak.max(self.sample_peak);
            self.peak = highest(&self.phases, self.gain, channel, self.peak);
            channel.drain(..channel.len() - HISTORY);
        }
    }

    /// The highest sample so far.
    pub(super) fn sample_peak(&self) -> f32 {
        self.sample_peak
    }

    /// The highest value between samples and on them, once what follows the song's last sample was
    /// silence.
    pub(super) fn finish(mut self) -> f32 {
        self.add(&[0.0; HISTORY * CHANNELS]);
        self.peak
    }
}

/// `peak`, or a higher value that the interpolation of `samples` reaches.
fn highest(phases: &Phases, gain: f32, samples: &[f32], mut peak: f32) -> f32 {
    let values = samples.len() - HISTORY;
    for start in (0..values).step_by(CHUNK) {
        let end = (start + CHUNK).min(values) + HISTORY;
        let around = &samples[start..end];
        if loudest(around) * gain > peak {
            for taps in phases {
                peak = peak.max(interpolate(taps, around));
            }
        }
    }
    peak
}

/// The loudest value of one phase.
fn interpolate(taps: &[f32; TAPS], samples: &[f32]) -> f32 {
    let mut sums = [0.0f32; CHUNK];
    let values = samples.len() - HISTORY;
    for (offset, tap) in taps.iter().enumerate() {
        for (sum, sample) in sums.iter_mut().zip(&samples[offset..offset + values]) {
            *sum += tap * sample;
        }
    }
    loudest(&sums)
}

/// In several lanes, since a compiler may not reorder comparisons of floats by itself.
fn loudest(samples: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (chunks, rest) = samples.as_chunks();
    for chunk in chunks {
        for (lane, sample) in lanes.iter_mut().zip::<&[f32; 8]>(chunk) {
            *lane = louder(*lane, *sample);
        }
    }
    lanes.iter().chain(rest).fold(0.0, |loudest, sample| louder(loudest, *sample))
}

fn louder(loudest: f32, sample: f32) -> f32 {
    if sample.abs() > loudest { sample.abs() } else { loudest }
}

/// A sinc at a quarter of the new rate, 48 taps long under a Hann window. Reversed against the time
/// axis, which makes no difference: the filter is symmetric.
fn phases() -> Phases {
    let length = (TAPS * FACTOR) as f64;
    std::array::from_fn(|phase| {
        std::array::from_fn(|tap| {
            let at = (tap * FACTOR + phase + 1) as f64;
            let from_centre = (at - length / 2.0) / FACTOR as f64 * std::f64::consts::PI;
            let window = 0.5 - 0.5 * (std::f64::consts::TAU * at / length).cos();
            (window * from_centre.sin() / from_centre) as f32
        })
    })
}
