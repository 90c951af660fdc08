//! Signals made by arithmetic: the same call gives the same samples, everywhere.

use std::f64::consts::TAU;

use crate::Frame;

/// A small deterministic generator (splitmix64): enough for signals, not for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator; each seed gives its own sequence.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in −1 … 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// Uncorrelated white noise on both channels, peaking at `level`.
#[must_use]
pub fn noise(frames: usize, level: f32, seed: u64) -> Vec<Frame> {
    let mut random = Random::new(seed);
    let mut sample = || random.unit() as f32 * level;
    (0..frames).map(|_| [sample(), sample()]).collect()
}

/// A sine of `hertz` on both channels.
#[must_use]
pub fn sine(frames: usize, rate: u32, hertz: f64, level: f32) -> Vec<Frame> {
    let step = TAU * hertz / f64::from(rate);
    (0..frames).map(|n| [(step * n as f64).sin() as f32 * level; 2]).collect()
}

/// Something like music: plucked notes of a random melody with harmonics, a bass, soft noise. It
/// never repeats, so that a cross-correlation has one sharp peak; it peaks below −3 dB.
#[must_use]
pub fn music(frames: usize, rate: u32, seed: u64) -> Vec<Frame> {
    let mut random = Random::new(seed);
    let mut out: Vec<Frame> =
        (0..frames).map(|_| [random.unit() as f32 * 0.004, random.unit() as f32 * 0.004]).collect();
    let mut at = 0;
    while at < frames {
        pluck(&mut out[at..], rate, &mut random);
        at += (f64::from(rate) * (0.11 + 0.05 * (1.0 + random.unit()))) as usize;
    }
    scale_to_peak(&mut out, 0.6);
    out
}

/// Adds one note that decays over about a second.
fn pluck(out: &mut [Frame], rate: u32, random: &mut Random) {
    let semitone = (random.unit() * 24.0).round();
    let step = TAU * 330.0 * (semitone / 12.0).exp2() / f64::from(rate);
    let pan = 0.5 + 0.4 * random.unit();
    let (mut envelope, decay) = (0.2, (-4.0 / f64::from(rate)).exp());
    for (n, frame) in out.iter_mut().take(rate as usize).enumerate() {
        let phase = step * n as f64;
        let attack = (n as f64 / 48.0).min(1.0);
        let tone = phase.sin() + 0.4 * (2.0 * phase).sin() + 0.2 * (3.0 * phase).sin();
        let sample = tone * envelope * attack;
        frame[0] += (sample * pan) as f32;
        frame[1] += (sample * (1.0 - pan)) as f32;
        envelope *= decay;
    }
}

fn scale_to_peak(frames: &mut [Frame], level: f32) {
    let peak = frames.iter().flatten().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
    let gain = if peak > 0.0 { level / peak } else { 0.0 };
    frames.iter_mut().flatten().for_each(|sample| *sample *= gain);
}
