//! A master's channels to the two of the house. Mono and stereo pass to the bit; what has more is
//! mixed by ITU-R BS.775-4, Annex 4 (equations of Table 2, 3/2 to 2/0).

use std::f32::consts::FRAC_1_SQRT_2;

use crate::package_error::PackageError;

/// The most channels that a layout is known for (7.1).
pub(crate) const MOST_CHANNELS: usize = 8;

/// Where a channel is heard: the names and the order of `WAVEFORMATEXTENSIBLE`'s mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    FrontLeft,
    FrontRight,
    FrontCentre,
    /// Dropped: BS.775 (Annex 7) makes it optional for reproduction, and no main channel's content
    /// may depend on it.
    LowFrequency,
    BackLeft,
    BackRight,
    FrontLeftOfCentre,
    FrontRightOfCentre,
    BackCentre,
    SideLeft,
    SideRight,
}

use Speaker::*;

/// The speakers of the mask's bits, from the lowest.
const MASK: [Speaker; 11] = [
    FrontLeft,
    FrontRight,
    FrontCentre,
    LowFrequency,
    BackLeft,
    BackRight,
    FrontLeftOfCentre,
    FrontRightOfCentre,
    BackCentre,
    SideLeft,
    SideRight,
];

/// Midway between a side and the phantom centre, at constant power (cos and sin of 22.5°).
const NEAR: f32 = 0.923_879_5;
const FAR: f32 = 0.382_683_43;

impl Speaker {
    /// How much of it is heard on the left and on the right. Sides and backs are each a surround
    /// channel of the table; a single surround goes to both at −3 dB, as its pair would (3/1).
    fn gains(self) -> [f32; 2] {
        match self {
            FrontLeft => [1.0, 0.0],
            FrontRight => [0.0, 1.0],
            FrontCentre => [FRAC_1_SQRT_2, FRAC_1_SQRT_2],
            LowFrequency => [0.0, 0.0],
            BackLeft | SideLeft => [FRAC_1_SQRT_2, 0.0],
            BackRight | SideRight => [0.0, FRAC_1_SQRT_2],
            BackCentre => [0.5, 0.5],
            FrontLeftOfCentre => [NEAR, FAR],
            FrontRightOfCentre => [FAR, NEAR],
        }
    }
}

/// The speakers of a master's channels, in the order of its interleaved samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout(Vec<Speaker>);

impl Layout {
    /// The speakers of a `WAVEFORMATEXTENSIBLE` mask. `None` where it names another number of
    /// channels than there are, or speakers that are not at ear's height.
    pub(crate) fn of_mask(mask: u64, channels: usize) -> Option<Self> {
        let speakers: Vec<Speaker> =
            (0..MASK.len()).filter(|bit| mask >> bit & 1 == 1).map(|bit| MASK[bit]).collect();
        let known = mask >> MASK.len() == 0 && speakers.len() == channels;
        known.then_some(Self(speakers))
    }

    /// What `channels` channels mean that nothing else is said of: FLAC's assignment
    /// (RFC 9639 9.1.3), which is WAVE's order too. `None` above 7.1.
    pub(crate) fn usual(channels: usize) -> Option<Self> {
        let mask = match channels {
            1 => 0x4,
            2 => 0x3,
            3 => 0x7,
            4 => 0x33,
            5 => 0x37,
            6 => 0x3F,
            7 => 0x70F,
            8 => 0x63F,
            _ => return None,
        };
        Self::of_mask(mask, channels)
    }

    /// Vorbis' order (Vorbis I 4.3.9), which Opus' mapping family 1 shares (RFC 7845 5.1.1.2).
    pub(crate) fn vorbis(channels: usize) -> Option<Self> {
        let speakers: &[Speaker] = match channels {
            1 => &[FrontCentre],
            2 => &[FrontLeft, FrontRight],
            3 => &[FrontLeft, FrontCentre, FrontRight],
            4 => &[FrontLeft, FrontRight, BackLeft, BackRight],
            5 => &[FrontLeft, FrontCentre, FrontRight, BackLeft, BackRight],
            6 => &[FrontLeft, FrontCentre, FrontRight, BackLeft, BackRight, LowFrequency],
            7 => {
                &[FrontLeft, FrontCentre, FrontRight, SideLeft, SideRight, BackCentre, LowFrequency]
            }
            8 => &[
                FrontLeft,
                FrontCentre,
                FrontRight,
                SideLeft,
                SideRight,
                BackLeft,
                BackRight,
                LowFrequency,
            ],
            _ => return None,
        };
        Some(Self(speakers.to_vec()))
    }

    /// These speakers, in this order.
    pub(crate) fn of(speakers: Vec<Speaker>) -> Self {
        Self(speakers)
    }

    /// The speakers in order.
    pub(crate) fn speakers(&self) -> &[Speaker] {
        &self.0
    }

    /// How many channels.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

/// How a master's channels become stereo. Interleaved in, interleaved out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Downmix {
    /// One channel, heard on both sides: dual mono.
    Mono,
    /// Already two.
    Stereo,
    /// For each channel, its gain on the left and on the right.
    Matrix(Vec<[f32; 2]>),
}

impl Downmix {
    /// The mix for a master of `channels` channels in `layout`; `None` is a layout that nothing is
    /// known of.
    pub(crate) fn of(channels: usize, layout: Option<&Layout>) -> Result<Self, PackageError> {
        match (channels, layout.filter(|layout| layout.count() == channels)) {
            (1, _) => Ok(Self::Mono),
            (2, _) => Ok(Self::Stereo),
            (3..=MOST_CHANNELS, Some(layout)) => Ok(Self::Matrix(matrix(layout))),
            (3..=MOST_CHANNELS, None) => Err(PackageError::Layout(channels)),
            _ => Err(PackageError::Channels(channels)),
        }
    }

    /// Appends `samples` to `stereo`.
    pub(crate) fn append(&self, samples: &[f32], stereo: &mut Vec<f32>) {
        match self {
            Self::Mono => stereo.extend(samples.iter().flat_map(|&sample| [sample, sample])),
            Self::Stereo => stereo.extend_from_slice(samples),
            Self::Matrix(gains) => {
                let frames = samples.chunks_exact(gains.len());
                stereo.extend(frames.flat_map(|frame| mix(frame, gains)));
            }
        }
    }
}

/// The gains, scaled so that full scale on every channel at once is full scale: 1/2.414 (−7.7 dB)
/// for 5.1. BS.775 leaves overload to the mixer. A constant keeps the song's dynamics and needs no
/// look ahead, nothing can clip, and the loudness that is measured afterwards tells players how much
/// to turn up.
fn matrix(layout: &Layout) -> Vec<[f32; 2]> {
    let gains: Vec<[f32; 2]> = layout.0.iter().map(|speaker| speaker.gains()).collect();
    let side = |side: usize| gains.iter().map(|gain| gain[side]).sum::<f32>();
    let most = side(0).max(side(1)).max(1.0);
    gains.iter().map(|[left, right]| [left / most, right / most]).collect()
}

fn mix(frame: &[f32], gains: &[[f32; 2]]) -> [f32; 2] {
    frame.iter().zip(gains).fold([0.0; 2], |[left, right], (sample, gain)| {
        [left + sample * gain[0], right + sample * gain[1]]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stereo(channels: usize, samples: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        let layout = Layout::usual(channels);
        Downmix::of(channels, layout.as_ref()).unwrap().append(samples, &mut out);
        out
    }

    /// What a full-scale sample on one channel becomes.
    fn heard(layout: &Layout, channel: usize) -> [f32; 2] {
        let mut frame = vec![0.0; layout.count()];
        frame[channel] = 1.0;
        let mut out = Vec::new();
        Downmix::of(layout.count(), Some(layout)).unwrap().append(&frame, &mut out);
        [out[0], out[1]]
    }

    #[test]
    fn mono_is_heard_on_both_sides_and_stereo_as_it_is() {
        assert_eq!(stereo(1, &[0.1, 0.2]), [0.1, 0.1, 0.2, 0.2]);
        assert_eq!(stereo(2, &[0.1, 0.2]), [0.1, 0.2]);
    }

    #[test]
    fn surround_is_mixed_by_the_table() {
        let layout = Layout::usual(6).unwrap();
        let scale = 1.0 / (1.0 + 2.0 * FRAC_1_SQRT_2);
        let wanted = [
            [1.0, 0.0],
            [0.0, 1.0],
            [FRAC_1_SQRT_2, FRAC_1_SQRT_2],
            [0.0, 0.0],
            [FRAC_1_SQRT_2, 0.0],
            [0.0, FRAC_1_SQRT_2],
        ];
        for (channel, [left, right]) in wanted.into_iter().enumerate() {
            let heard = heard(&layout, channel);
            assert!((heard[0] - left * scale).abs() < 1e-6, "{channel}: {heard:?}");
            assert!((heard[1] - right * scale).abs() < 1e-6, "{channel}: {heard:?}");
        }
    }

    #[test]
    fn vorbis_has_its_centre_second_and_its_lfe_last() {
        let layout = Layout::vorbis(6).unwrap();
        assert!(heard(&layout, 1)[0] > 0.0 && heard(&layout, 1)[0] == heard(&layout, 1)[1]);
        assert_eq!(heard(&layout, 5), [0.0, 0.0]);
        assert_eq!(heard(&layout, 2)[0], 0.0);
    }

    #[test]
    fn no_layout_can_clip_and_every_one_is_as_loud_left_as_right() {
        for channels in 3..=MOST_CHANNELS {
            for layout in [Layout::usual(channels), Layout::vorbis(channels)] {
                let mut out = Vec::new();
                let mix = Downmix::of(channels, layout.as_ref()).unwrap();
                mix.append(&vec![1.0; channels], &mut out);
                assert!(out.iter().all(|&sample| sample <= 1.000_001), "{channels}: {out:?}");
                assert!((out[0] - out[1]).abs() < 1e-6, "{channels}: {out:?}");
            }
        }
    }

    #[test]
    fn a_mask_says_where_its_channels_are() {
        let layout = Layout::of_mask(0x107, 4).unwrap();
        assert_eq!(layout, Layout::of(vec![FrontLeft, FrontRight, FrontCentre, BackCentre]));
        assert_eq!(Layout::of_mask(0x107, 5), None);
        assert_eq!(Layout::of_mask(0x3003, 4), None, "height is not mixed");
    }

    #[test]
    fn what_cannot_be_mixed_is_refused_in_a_sentence() {
        let error = Downmix::of(9, None).unwrap_err();
        assert_eq!(error.to_string(), "the file has 9 channels; accepted are 1 to 8 (mono to 7.1)");
        assert!(Downmix::of(0, None).is_err());
        let error = Downmix::of(6, None).unwrap_err();
        assert!(error.to_string().starts_with("the file has 6 channels of which"), "{error}");
    }
}
