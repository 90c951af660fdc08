//! Channels of a master to the two of the house.

use crate::package_error::PackageError;

/// How a master's channels become stereo. Interleaved in, interleaved out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ToStereo {
    /// One channel, heard on both sides: dual mono.
    Mono,
    /// Already two.
    Stereo,
}

impl ToStereo {
    /// The mix for a master of `channels` channels.
    pub(crate) fn of(channels: usize) -> Result<Self, PackageError> {
        match channels {
            1 => Ok(Self::Mono),
            2 => Ok(Self::Stereo),
            more => Err(PackageError::Channels(more)),
        }
    }

    /// Appends `samples` to `stereo`.
    pub(crate) fn append(self, samples: &[f32], stereo: &mut Vec<f32>) {
        match self {
            Self::Mono => stereo.extend(samples.iter().flat_map(|&sample| [sample, sample])),
            Self::Stereo => stereo.extend_from_slice(samples),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stereo(channels: usize, samples: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        ToStereo::of(channels).unwrap().append(samples, &mut out);
        out
    }

    #[test]
    fn mono_is_heard_on_both_sides() {
        assert_eq!(stereo(1, &[0.1, 0.2]), [0.1, 0.1, 0.2, 0.2]);
        assert_eq!(stereo(2, &[0.1, 0.2]), [0.1, 0.2]);
    }

    #[test]
    fn more_channels_are_refused_in_a_sentence() {
        let error = ToStereo::of(6).unwrap_err();
        assert_eq!(error.to_string(), "the file has 6 channels; accepted are mono and stereo");
        assert!(ToStereo::of(0).is_err());
    }
}
