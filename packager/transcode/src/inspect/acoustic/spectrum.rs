//! Where one rendition lies against another, and how loud it is: by their spectra, since renditions differ
//! in bandwidth. What is compared lies below what every rung keeps.

use media::units::SAMPLE_RATE;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::sync::Arc;

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

/// The band of a stretch of sound, both channels summed.
#[derive(Debug, Clone)]
pub(super) struct Spectrum(Vec<Complex<f32>>);

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
    /// How alike they are there, 1 for the same signal; and without any lag.
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
        let mut sound: Vec<f32> = frames.iter().map(|[left, right]| left + right).collect();
        sound.resize(SIZE, 0.0);
        let mut spectrum = self.forward.make_output_vec();
        self.forward.process(&mut sound, &mut spectrum).expect("buffers of the planned size");
        let hertz = |bin: usize| bin as f64 * f64::from(SAMPLE_RATE) / SIZE as f64;
        for (bin, value) in spectrum.iter_mut().enumerate() {
            if !BAND.contains(&hertz(bin)) {
                *value = Complex::default();
            }
        }
        Spectrum(spectrum)
    }

    /// Where the second of what was added lies against the first.
    pub(super) fn place(&self, likeness: &Likeness) -> Place {
        let mut cross = likeness.cross.clone();
        let mut lags = self.inverse.make_output_vec();
        // The first and the last bin are real (they lie outside the band, and are zero).
        self.inverse.process(&mut cross, &mut lags).expect("buffers of the planned size");
        let best = (0..SIZE).max_by(|a, b| lags[*a].total_cmp(&lags[*b])).unwrap_or(0);
        // The transform sums each bin of the real signal's spectrum twice.
        let norm =
            2.0 * (likeness.energies[0] * likeness.energies[1]).sqrt().max(f64::MIN_POSITIVE);
        let lag = if best < WINDOW { best as i64 } else { best as i64 - SIZE as i64 };
        Place { lag, there: f64::from(lags[best]) / norm, here: f64::from(lags[0]) / norm }
    }
}

impl Spectrum {
    /// Its energy, in units of its own.
    pub(super) fn energy(&self) -> f64 {
        self.0.iter().map(|value| f64::from(value.norm_sqr())).sum()
    }
}

impl Likeness {
    /// Of nothing yet.
    pub(super) fn new() -> Self {
        Self { cross: vec![Complex::default(); SIZE / 2 + 1], energies: [0.0; 2] }
    }

    pub(super) fn add(&mut self, first: &Spectrum, second: &Spectrum) {
        for ((sum, a), b) in self.cross.iter_mut().zip(&first.0).zip(&second.0) {
            *sum += a.conj() * b;
        }
        self.energies[0] += first.energy();
        self.energies[1] += second.energy();
    }

    /// How much louder the second is, in dB; `None` where one of them is silent.
    pub(super) fn louder_db(&self) -> Option<f64> {
        let [first, second] = self.energies;
        (first > 0.0 && second > 0.0).then(|| 10.0 * (second / first).log10())
    }
}
