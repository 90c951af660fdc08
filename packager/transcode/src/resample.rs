//! Any rate to the house's 48 kHz: rubato's FFT resampler, its delay trimmed and its tail flushed, so
//! that the song keeps its place and its length.

use media::units::{CHANNELS, SAMPLE_RATE};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler as _, WindowFunction};

use crate::beyond::beyond;

/// The shortest FFT block on the side with the lower rate, in frames. It sets how steep the filter
/// is: at 44.1 kHz the pass band reaches past 20 kHz.
const BLOCK: usize = 1_024;

/// Frames that a song is thought to go on before its first and after its last: fewer than a block.
const BEYOND: usize = 128;

/// A master at its own rate, becoming 48 kHz. Interleaved stereo in and out.
pub struct Resampler {
    fft: Fft<f32>,
    rate: u32,
    /// Input that does not fill a block yet.
    waiting: Vec<f32>,
    /// Whether the frames before the first are through.
    begun: bool,
    /// The last frames of input.
    last: Vec<f32>,
    /// One block of output.
    block: Vec<f32>,
    /// Frames of output that are still the filter's delay.
    delay: usize,
    frames_in: u64,
    frames_out: u64,
}

impl Resampler {
    /// A resampler from `rate`; `None` where nothing is to be done.
    #[must_use]
    pub fn from(rate: u32) -> Option<Self> {
        (rate != SAMPLE_RATE).then(|| Self::new(rate))
    }

    fn new(rate: u32) -> Self {
        let fft = Fft::new_custom(
            rate as usize,
            SAMPLE_RATE as usize,
            block_of(rate),
            1,
            CHANNELS,
            WindowFunction::BlackmanHarris2,
            FixedSync::Both,
        )
        .expect("rates and block are above zero");
        let block = vec![0.0; fft.output_frames_max() * CHANNELS];
        let delay = fft.output_delay();
        Self {
            fft,
            rate,
            waiting: Vec::new(),
            begun: false,
            last: Vec::new(),
            block,
            delay,
            frames_in: 0,
            frames_out: 0,
        }
    }

    /// Takes samples and appends what they complete.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.frames_in += (samples.len() / CHANNELS) as u64;
        self.waiting.extend_from_slice(samples);
        self.last.extend_from_slice(samples);
        self.last.drain(..self.last.len().saturating_sub((BEYOND + 1) * CHANNELS));
        let need = self.fft.input_frames_next() * CHANNELS;
        if !self.begun && self.waiting.len() >= need {
            self.begin(out);
        }
        let waiting = std::mem::take(&mut self.waiting);
        let mut blocks = waiting.chunks_exact(need);
        for input in &mut blocks {
            self.run(input, out);
        }
        self.waiting.extend_from_slice(blocks.remainder());
    }

    /// Flushes the tail: in all, exactly [`length`] frames have come out.
    pub fn finish(mut self, out: &mut Vec<f32>) {
        if !self.begun {
            self.begin(out);
        }
        let total = length(self.frames_in, self.rate);
        let mut input = std::mem::take(&mut self.waiting);
        let last = self.last.as_chunks::<CHANNELS>().0.iter().rev().copied();
        input.extend(beyond(last, BEYOND).flatten());
        let need = self.fft.input_frames_next() * CHANNELS;
        while self.frames_out < total {
            let rest = input.split_off(input.len().min(need));
            input.resize(need, 0.0);
            self.run(&input, out);
            input = rest;
        }
        out.truncate(out.len() - (self.frames_out - total) as usize * CHANNELS);
    }

    /// One block before the song, so that the filter does not start from silence: a track that was
    /// cut out of a recording would begin with a step that was never there.
    fn begin(&mut self, out: &mut Vec<f32>) {
        self.begun = true;
        let first = self.waiting.as_chunks::<CHANNELS>().0.iter().copied();
        let mut before: Vec<_> = beyond(first, BEYOND).collect();
        before.resize(self.fft.input_frames_next(), [0.0; CHANNELS]);
        before.reverse();
        self.delay += self.fft.output_frames_next();
        self.run(before.as_flattened(), out);
    }

    fn run(&mut self, input: &[f32], out: &mut Vec<f32>) {
        let frames = |samples: &[f32]| samples.len() / CHANNELS;
        let source = InterleavedSlice::new(input, CHANNELS, frames(input));
        let room = frames(&self.block);
        let target = InterleavedSlice::new_mut(&mut self.block, CHANNELS, room);
        let (source, mut target) = (
            source.expect("the slice is whole frames"),
            target.expect("the slice is whole frames"),
        );
        let (_, made) = self
            .fft
            .process_into_buffer(&source, &mut target, None::<&Indexing>)
            .expect("the buffers hold a block each");
        let skipped = self.delay.min(made);
        self.delay -= skipped;
        self.frames_out += (made - skipped) as u64;
        out.extend_from_slice(&self.block[skipped * CHANNELS..made * CHANNELS]);
    }
}

/// The length in frames at 48 kHz of `frames` frames at `rate`, rounded to the nearest.
#[must_use]
pub fn length(frames: u64, rate: u32) -> u64 {
    let (frames, rate) = (u128::from(frames), u128::from(rate));
    ((frames * u128::from(SAMPLE_RATE) + rate / 2) / rate) as u64
}

/// Frames per input block. An even multiple of the smallest block that both rates divide, so that
/// the filter's centre, and with it the delay, is a whole frame on both sides.
fn block_of(rate: u32) -> usize {
    let (rate, house) = (rate as usize, SAMPLE_RATE as usize);
    let divisor = gcd(rate, house);
    let pairs = BLOCK.div_ceil(2 * rate.min(house) / divisor).max(1);
    2 * pairs * rate / divisor
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use testkit::{Frame, judge, signal};

    use super::*;

    fn resample(frames: &[Frame], rate: u32, chunk: usize) -> Vec<Frame> {
        let mut resampler = Resampler::from(rate).expect("not the house rate");
        let mut out = Vec::new();
        for chunk in frames.as_flattened().chunks(chunk * CHANNELS) {
            resampler.push(chunk, &mut out);
        }
        resampler.finish(&mut out);
        out.as_chunks().0.to_vec()
    }

    #[test]
    fn lengths_are_exact_at_every_rate() {
        for rate in
            [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 44_101, 96_000, 192_000, 384_000]
        {
            for frames in [1, 2, 147, 1_023, 5_000, rate as usize + 7] {
                let out = resample(&vec![[0.5; 2]; frames], rate, 1_000);
                assert_eq!(out.len() as u64, length(frames as u64, rate), "{frames} at {rate}");
            }
        }
    }

    #[test]
    fn the_house_rate_is_left_alone() {
        assert!(Resampler::from(48_000).is_none());
    }

    #[test]
    fn the_song_keeps_its_place_and_its_tail() {
        for rate in [22_050, 32_000, 44_100, 88_200, 96_000, 192_000] {
            let hertz = 997.0;
            let out = resample(&signal::sine(rate as usize * 2, rate, hertz, 0.5), rate, 4_096);
            let want = signal::sine(96_000, 48_000, hertz, 0.5);
            let (start, end) = (2_000, 94_000);
            let snr = judge::snr_db(&want[start..end], &out[start..end]);
            assert!(snr > 100.0, "{rate}: {snr} dB: a shift of a thousandth of a frame shows here");
            let level = judge::level_db(&out[95_500..]) - judge::level_db(&want[95_500..]);
            assert!(level.abs() < 0.5, "{rate}: the tail is {level} dB off");
        }
    }

    /// A track cut out of a recording begins and ends as the recording goes on there.
    #[test]
    fn the_edges_of_a_cut_are_those_of_the_whole() {
        let music = signal::music(88_200, 44_100, 4);
        let whole = resample(&music, 44_100, 4_096);
        let cut = resample(&music[147 * 100..147 * 400], 44_100, 4_096);
        let whole = &whole[160 * 100..160 * 400];
        assert_eq!(whole.len(), cut.len());
        for edge in [0..32, cut.len() - 32..cut.len()] {
            let snr = judge::snr_db(&whole[edge.clone()], &cut[edge.clone()]);
            assert!(snr > 30.0, "{edge:?}: {snr} dB");
        }
    }

    #[test]
    fn the_pass_band_reaches_20_khz() {
        for hertz in [20.0, 5_000.0, 15_000.0, 20_000.0] {
            let out = resample(&signal::sine(88_200, 44_100, hertz, 0.5), 44_100, 4_096);
            let want = signal::sine(96_000, 48_000, hertz, 0.5);
            let snr = judge::snr_db(&want[4_000..92_000], &out[4_000..92_000]);
            assert!(snr > 90.0, "{hertz} Hz: {snr} dB");
        }
    }

    #[test]
    fn what_48_khz_cannot_hold_is_gone() {
        let out = resample(&signal::sine(192_000, 96_000, 30_000.0, 0.5), 96_000, 4_096);
        assert!(judge::level_db(&out[4_000..92_000]) < -100.0);
    }

    #[test]
    fn the_cut_of_the_input_does_not_matter() {
        let music = signal::music(30_000, 44_100, 1);
        assert_eq!(resample(&music, 44_100, 7), resample(&music, 44_100, 30_000));
    }
}
