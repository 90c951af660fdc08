//! Samples to 16 bit for encoders that take no more: triangular dither (TPDF) of ±1 step, which
//! makes the rounding error independent of the music. Seeded, so that the same master gives the
//! same bytes.

/// A step of 16 bit is 1/32,768 of full scale.
const STEPS: f32 = 32_768.0;

/// The seed of every song.
const SEED: u64 = 0x5345_4755_4531_3642;

/// Rounds to 16 bit, one song long.
#[derive(Debug)]
pub(crate) struct Dither(u64);

impl Dither {
    /// The dither of a song from its first sample.
    pub(crate) fn new() -> Self {
        Self(SEED)
    }

    /// The samples in 16 bit. Those that lie on the 16-bit grid already are kept as they are:
    /// there is no error to hide, and digital silence stays silent.
    pub(crate) fn quantise(&mut self, samples: &[f32]) -> Vec<i16> {
        if samples.iter().all(|&sample| on_the_grid(sample)) {
            samples.iter().map(|&sample| (sample * STEPS) as i16).collect()
        } else {
            samples.iter().map(|&sample| self.round(sample)).collect()
        }
    }

    fn round(&mut self, sample: f32) -> i16 {
        let bits = self.next();
        // The difference of two uniform numbers of 32 bits: triangular in −1 … 1 steps.
        let noise = (bits >> 32) as i64 - (bits & 0xFFFF_FFFF) as i64;
        let value = f64::from(sample * STEPS) + noise as f64 / 4_294_967_296.0;
        // Clamped and lifted above zero, so that truncation rounds to the nearest.
        ((value.clamp(-32_768.0, 32_767.0) + 32_768.5) as i32 - 32_768) as i16
    }

    /// splitmix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

fn on_the_grid(sample: f32) -> bool {
    let value = sample * STEPS;
    (-32_768.0..=32_767.0).contains(&value) && f32::from(value as i16) == value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(level: f32, count: usize) -> Vec<f64> {
        Dither::new()
            .quantise(&vec![level / STEPS; count])
            .into_iter()
            .map(|sample| f64::from(sample) - f64::from(level))
            .collect()
    }

    #[test]
    fn sixteen_bit_masters_pass_untouched() {
        let all: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        let samples: Vec<f32> = all.iter().map(|&sample| f32::from(sample) / STEPS).collect();
        assert_eq!(Dither::new().quantise(&samples), all);
    }

    #[test]
    fn mean_and_power_of_the_error_do_not_depend_on_the_signal() {
        // TPDF of ±1 step and rounding together: no mean, a variance of 1/4 step².
        for level in [0.1, 0.25, 0.5, 0.75, 100.3, -7.9] {
            let errors = errors(level, 200_000);
            let mean = errors.iter().sum::<f64>() / errors.len() as f64;
            let variance = errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64;
            assert!(mean.abs() < 0.006, "{level}: mean {mean}");
            assert!((variance - 0.25).abs() < 0.005, "{level}: variance {variance}");
        }
    }

    #[test]
    fn too_loud_is_clipped() {
        assert_eq!(Dither::new().quantise(&[1.5, -1.5, 1.0001]), [i16::MAX, i16::MIN, i16::MAX]);
    }

    #[test]
    fn the_same_samples_give_the_same_bytes() {
        let samples: Vec<f32> = (0..1_000).map(|n| (n as f32 * 0.01).sin() * 0.3).collect();
        assert_eq!(Dither::new().quantise(&samples), Dither::new().quantise(&samples));
    }
}
