//! What a master's gapless data says is not the song: the encoder's priming before it, the padding
//! of its last packet behind it.

/// Cuts decoded samples to the song.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Trim {
    /// Frames that still come before the song.
    skip: u64,
    /// Frames that are left of the song; `None` where its length is not known.
    left: Option<u64>,
}

impl Trim {
    /// For a song of `length` frames that `skip` others come before.
    pub(super) fn of(skip: u64, length: Option<u64>) -> Self {
        Self { skip, left: length }
    }

    /// Frames that are left of the song.
    pub(super) fn left(&self) -> Option<u64> {
        self.left
    }

    /// Keeps of `samples`, interleaved, what is the song's.
    pub(super) fn apply(&mut self, samples: &mut Vec<f32>, channels: usize) {
        let frames = (samples.len() / channels) as u64;
        let early = self.skip.min(frames);
        self.skip -= early;
        let kept = self.left.map_or(frames - early, |left| left.min(frames - early));
        if let Some(left) = &mut self.left {
            *left -= kept;
        }
        samples.truncate((early + kept) as usize * channels);
        samples.drain(..early as usize * channels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_before_and_behind_is_dropped() {
        let mut trim = Trim::of(3, Some(4));
        let mut packet = |from: usize| {
            let mut samples: Vec<f32> = (from * 2..from * 2 + 4).map(|n| n as f32).collect();
            trim.apply(&mut samples, 2);
            samples
        };
        assert!(packet(0).is_empty());
        assert_eq!(packet(2), [6.0, 7.0]);
        assert_eq!(packet(4), [8.0, 9.0, 10.0, 11.0]);
        assert_eq!(packet(6), [12.0, 13.0]);
        assert!(packet(8).is_empty());
    }

    #[test]
    fn without_gapless_data_everything_stays() {
        let mut samples = vec![1.0, 2.0, 3.0];
        Trim::default().apply(&mut samples, 1);
        assert_eq!(samples, [1.0, 2.0, 3.0]);
    }
}
