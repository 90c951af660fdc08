//! Where one rendition lies against another, and how loud it is: by their spectra, since renditions differ
//! in bandwidth. What is compared lies below what every rung keeps.

use std::sync::Arc;

use media::units::{CHANNELS, SAMPLE_RATE};
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::voice::Frame;

/// Frames that are transformed at a time: 1.4 s.
pub(super) const WINDOW: usize = 65_536;

/// As many again of silence, so that no two lags fold onto each other.
const SIZE: usize = 2 * WINDOW;

/// The band that every rung of every codec keeps, in Hz.
const BAND: std::ops::Range<f64> = 50.0..6_000.0;

/// Transforms of one size.
pub(super) struct Transform {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
}

/// A stretch of sound: the band of each channel.
#[derive(Debug, Clone)]
pub(super) struct Spectrum {
    channels: [Vec<Complex<f32>>; CHANNELS],
}

/// What two stretches have in common, summed over as many as were added.
#[derive(Debug, Clone)]
pub(super) struct Likeness {
    cross: Vec<Complex<f32>>,
    energies: [f64; 2],
}

/// Where the second stretch lies against the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// In samples: positive means late.
    pub(super) lag: i64,
    /// How well the lag fits, in units of its own; and how well none fits.
    pub(super) there: f64,
    pub(super) here: f64,
}

impl Transform {
    pub(super) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        Self { forward: planner.plan_fft_forward(SIZE), inverse: planner.plan_fft_inverse(SIZE) }
    }

    /// The spectrum of up to [`WINDOW`] frames.
    pub(super) fn spectrum(&self, frames: &[Frame]) -> Spectrum {
        let channel = |channel: usize| {
            let mut sound: Vec<f32> = frames.iter().map(|frame| frame[channel]).collect();
            sound.resize(SIZE, 0.0);
            let mut bins = self.forward.make_output_vec();
            self.forward.process(&mut sound, &mut bins).expect("buffers of the planned size");
            let hertz = |bin: usize| bin as f64 * f64::from(SAMPLE_RATE) / SIZE as f64;
            for (bin, value) in bins.iter_mut().enumerate() {
                if !BAND.contains(&hertz(bin)) {
                    *value = Complex::default();
                }
            }
            bins
        };
        Spectrum { channels: std::array::from_fn(channel) }
    }

    /// Where the second of what was added lies against the first: every frequency counts alike (GCC-PHAT),
    /// or else the bass would blur where that is.
    pub(super) fn place(&self, likeness: &Likeness) -> Place {
        let white = |value: &Complex<f32>| {
            let norm = value.norm();
            if norm > 0.0 { value / norm } else { Complex::default() }
        };
        let mut cross: Vec<_> = likeness.cross.iter().map(white).collect();
        let mut lags = self.inverse.make_output_vec();
        // The first and the last bin are real: they lie outside the band, and are zero.
        self.inverse.process(&mut cross, &mut lags).expect("buffers of the planned size");
        let best = (0..SIZE).max_by(|a, b| lags[*a].total_cmp(&lags[*b])).unwrap_or(0);
        let lag = if best < WINDOW { best as i64 } else { best as i64 - SIZE as i64 };
        Place { lag, there: lags[best].into(), here: lags[0].into() }
    }
}

impl Spectrum {
    /// Its energy, as the sum of the squares of its samples.
    pub(super) fn energy(&self) -> f64 {
        let bins = self.channels.iter().flatten();
        // A real signal's spectrum holds every bin twice (Parseval).
        bins.map(|value| f64::from(value.norm_sqr())).sum::<f64>() * 2.0 / SIZE as f64
    }
}

impl Likeness {
    /// Of nothing yet.
    pub(super) fn new() -> Self {
        Self { cross: vec![Complex::default(); SIZE / 2 + 1], energies: [0.0; 2] }
    }

    pub(super) fn add(&mut self, first: &Spectrum, second: &Spectrum) {
        for (first, second) in first.channels.iter().zip(&second.channels) {
            for ((sum, a), b) in self.cross.iter_mut().zip(first).zip(second) {
                *sum += a.conj() * b;
            }
        }
        self.energies[0] += first.energy();
        self.energies[1] += second.energy();
    }

    /// The energies of both, as sums of squares.
    pub(super) fn energies(&self) -> [f64; 2] {
        self.energies
    }

    /// How alike they are when the second is taken `lag` samples earlier: 1 for the same signal, near 0 for
    /// unrelated ones.
    pub(super) fn alike(&self, lag: i64) -> f64 {
        let step = std::f64::consts::TAU * lag as f64 / SIZE as f64;
        let shared = |(bin, value): (usize, &Complex<f32>)| {
            let (sine, cosine) = (step * bin as f64).sin_cos();
            f64::from(value.re) * cosine - f64::from(value.im) * sine
        };
        let shared: f64 = self.cross.iter().enumerate().map(shared).sum();
        let [first, second] = self.energies;
        let norm = (first * second).sqrt();
        if norm > 0.0 { shared * 2.0 / SIZE as f64 / norm } else { 0.0 }
    }
}
