//! K-weighting (BS.1770-5 annex 1): a shelf for the head's acoustics, then a high pass.

use media::units::CHANNELS;

/// One sample of each channel. Both run through the same arithmetic side by side, which the
/// compiler turns into one instruction for the two.
pub(super) type Frame = [f64; CHANNELS];

/// Both filters at 48 kHz, for both channels.
#[derive(Debug)]
pub(super) struct KWeighting {
    shelf: Biquad,
    high_pass: Biquad,
}

impl KWeighting {
    /// The coefficients of tables 1 and 2.
    pub(super) fn new() -> Self {
        Self {
            shelf: Biquad::new(
                [1.535_124_859_586_97, -2.691_696_189_406_38, 1.198_392_810_852_85],
                [-1.690_659_293_182_41, 0.732_480_774_215_85],
            ),
            high_pass: Biquad::new([1.0, -2.0, 1.0], [-1.990_047_454_833_98, 0.990_072_250_366_21]),
        }
    }

    /// The energy of interleaved samples: the sum of both channels' weighted squares (both weigh 1,
    /// table 3).
    pub(super) fn energy(&mut self, samples: &[f32]) -> f64 {
        let mut sum = [0.0; CHANNELS];
        for frame in samples.as_chunks::<CHANNELS>().0 {
            let weighted = self.high_pass.step(self.shelf.step(frame.map(f64::from)));
            sum = each(|channel| sum[channel] + weighted[channel] * weighted[channel]);
        }
        self.shelf.settle();
        self.high_pass.settle();
        sum.iter().sum()
    }
}

/// A second-order section in transposed direct form II.
#[derive(Debug)]
struct Biquad {
    forward: [f64; 3],
    back: [f64; 2],
    state: [Frame; 2],
}

impl Biquad {
    fn new(forward: [f64; 3], back: [f64; 2]) -> Self {
        Self { forward, back, state: [[0.0; CHANNELS]; 2] }
    }

    #[inline(always)]
    fn step(&mut self, input: Frame) -> Frame {
        let ([b0, b1, b2], [a1, a2], [s1, s2]) = (self.forward, self.back, self.state);
        let output: Frame = each(|channel| b0 * input[channel] + s1[channel]);
        self.state = [
            each(|channel| b1 * input[channel] - a1 * output[channel] + s2[channel]),
            each(|channel| b2 * input[channel] - a2 * output[channel]),
        ];
        output
    }

    /// In silence the state dies away towards numbers so small that processors are slow at them.
    fn settle(&mut self) {
        for value in self.state.as_flattened_mut() {
            if value.abs() < 1e-30 {
                *value = 0.0;
            }
        }
    }
}

#[inline(always)]
fn each(of: impl Fn(usize) -> f64) -> Frame {
    std::array::from_fn(of)
}
