//! How fast a rendition must arrive (RFC 8216bis 4.4.6.2).

use media::grid::TARGET_DURATION;
use media::units::{BitsPerSecond, SAMPLE_RATE, Samples};

use crate::mux::{MuxedRendition, MuxedSegment};

/// One segment as bandwidths see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its EXTINF.
    pub duration: Samples,
}

impl From<&MuxedSegment> for Stretch {
    fn from(segment: &MuxedSegment) -> Self {
        Self { bytes: segment.size, duration: segment.duration }
    }
}

/// The two rates of a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// `BANDWIDTH`: the peak segment bit rate, the highest rate of any contiguous set of segments
    /// that lasts between 0.5 and 1.5 target durations. A song too short to have such a set peaks
    /// at its average.
    pub peak: BitsPerSecond,
    /// `AVERAGE-BANDWIDTH`: all bits over the whole duration.
    pub average: BitsPerSecond,
}

impl Rates {
    /// Those of a finished rendition.
    #[must_use]
    pub fn of(rendition: &MuxedRendition) -> Self {
        let segments: Vec<Stretch> = rendition.segments.iter().map(Stretch::from).collect();
        rates(&segments)
    }
}

/// The rates of a rendition of ours, from its segments in order.
#[must_use]
pub fn rates(segments: &[Stretch]) -> Rates {
    rates_over(segments, TARGET_DURATION)
}

/// The same under any target duration, in seconds; `None` where nothing lasts.
#[must_use]
pub(crate) fn rates_within(segments: &[Stretch], target: u64) -> Option<Rates> {
    segments.iter().any(|it| it.duration > Samples::ZERO).then(|| rates_over(segments, target))
}

fn rates_over(segments: &[Stretch], target: u64) -> Rates {
    let half = target.saturating_mul(u64::from(SAMPLE_RATE)) / 2;
    let average = rate(segments);
    let runs = (0..segments.len()).flat_map(|start| runs_from(&segments[start..], half));
    Rates { peak: runs.map(rate).max().unwrap_or(average), average }
}

/// The runs that begin with the first segment and last long enough, but not too long.
fn runs_from(segments: &[Stretch], half: u64) -> impl Iterator<Item = &[Stretch]> {
    let mut length = Samples::ZERO;
    segments
        .iter()
        .enumerate()
        .map(move |(index, segment)| {
            length += segment.duration;
            (length.0, &segments[..=index])
        })
        .take_while(move |(length, _)| *length <= half.saturating_mul(3))
        .filter(move |(length, _)| *length >= half)
        .map(|(_, run)| run)
}

fn rate(run: &[Stretch]) -> BitsPerSecond {
    let bytes = run.iter().map(|segment| segment.bytes).sum();
    BitsPerSecond::of(bytes, run.iter().map(|segment| segment.duration).sum())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stretch(bytes: u64, duration: u64) -> Stretch {
        Stretch { bytes, duration: Samples(duration) }
    }

    #[test]
    fn a_short_tail_peaks_only_together_with_its_neighbour() {
        let song = [stretch(48_000, 288_000), stretch(48_000, 48_000)];
        let rates = rates(&song);
        assert_eq!(rates.peak, BitsPerSecond(109_715));
        assert_eq!(rates.average, rates.peak);
    }

    #[test]
    fn a_song_too_short_for_a_run_peaks_at_its_average() {
        let rates = rates(&[stretch(10_000, 48_000)]);
        assert_eq!((rates.peak.0, rates.average.0), (80_000, 80_000));
    }

    /// The definition, spelt out: every contiguous set, judged in seconds.
    fn by_definition(song: &[Stretch]) -> u64 {
        let mut peak = None;
        for start in 0..song.len() {
            for end in start + 1..=song.len() {
                let seconds: f64 = song[start..end].iter().map(|s| s.duration.seconds()).sum();
                let bits: u64 = song[start..end].iter().map(|s| s.bytes * 8).sum();
                if (3.0 - 1e-9..=9.0 + 1e-9).contains(&seconds) {
                    peak = peak.max(Some((bits as f64 / seconds - 1e-6).ceil() as u64));
                }
            }
        }
        let bits: u64 = song.iter().map(|s| s.bytes * 8).sum();
        let seconds: f64 = song.iter().map(|s| s.duration.seconds()).sum();
        peak.unwrap_or((bits as f64 / seconds - 1e-6).ceil() as u64)
    }

    proptest! {
        #[test]
        fn the_peak_is_that_of_the_definition(
            song in prop::collection::vec((1u64..300_000, 1u64..400_000), 1..24),
        ) {
            let song: Vec<Stretch> = song.into_iter().map(|(b, d)| stretch(b, d)).collect();
            let (found, wanted) = (rates(&song).peak.0, by_definition(&song));
            prop_assert!(found.abs_diff(wanted) <= 1, "{found} is not {wanted}");
        }
    }
}
