//! The segment grid: where a song is cut. Every rendition of every codec is cut at the same samples.

use std::ops::Range;

use crate::units::Samples;

/// One segment: 5.76 s = 270 AAC-LC frames = 135 HE-AAC frames = 288 Opus packets, so that no cut divides a frame.
pub const SEGMENT: Samples = Samples(276_480);

/// `EXT-X-TARGETDURATION` in seconds: no EXTINF rounds to more (RFC 8216bis 4.4.3.1).
pub const TARGET_DURATION: u64 = 6;

/// A tail shorter than this (0.5 s) joins the segment before it.
pub const SHORTEST_TAIL: Samples = Samples(24_000);

/// The cuts of one song.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    length: Samples,
}

impl Grid {
    /// The grid of a song of `length` samples.
    #[must_use]
    pub fn new(length: Samples) -> Self {
        Self { length }
    }

    /// How many segments the song has: at least one, unless it is empty.
    #[must_use]
    pub fn count(&self) -> u64 {
        let whole = self.length.0 / SEGMENT.0;
        let tail = self.length.0 % SEGMENT.0;
        let own_segment = tail >= SHORTEST_TAIL.0 || (whole == 0 && tail > 0);
        whole + u64::from(own_segment)
    }

    /// Each segment's range of the song, in order.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = Range<Samples>> + use<> {
        let (count, length) = (self.count() as usize, self.length);
        (0..count).map(move |index| {
            let start = index as u64 * SEGMENT.0;
            let end = if index + 1 == count { length.0 } else { start + SEGMENT.0 };
            Samples(start)..Samples(end)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::Codec;

    fn lengths(total: u64) -> Vec<u64> {
        Grid::new(Samples(total)).segments().map(|range| range.end.0 - range.start.0).collect()
    }

    #[test]
    fn short_tails_join_the_segment_before() {
        assert_eq!(lengths(0), [0u64; 0]);
        assert_eq!(lengths(1), [1]);
        assert_eq!(lengths(SEGMENT.0), [SEGMENT.0]);
        assert_eq!(lengths(SEGMENT.0 + 1), [SEGMENT.0 + 1]);
        assert_eq!(lengths(SEGMENT.0 + SHORTEST_TAIL.0 - 1), [SEGMENT.0 + SHORTEST_TAIL.0 - 1]);
        assert_eq!(lengths(SEGMENT.0 + SHORTEST_TAIL.0), [SEGMENT.0, SHORTEST_TAIL.0]);
    }

    #[test]
    fn a_segment_is_whole_frames_of_every_codec() {
        for codec in [Codec::AacLc, Codec::HeAac, Codec::Opus] {
            assert_eq!(SEGMENT.0 % codec.frame().0, 0, "{codec}");
        }
    }

    proptest! {
        #[test]
        fn segments_tile_the_song(total in 0u64..SEGMENT.0 * 40) {
            let mut at = Samples::ZERO;
            for range in Grid::new(Samples(total)).segments() {
                prop_assert_eq!(range.start, at);
                prop_assert_eq!(range.start.0 % SEGMENT.0, 0);
                prop_assert!(range.end > range.start);
                prop_assert!(range.end.0 - range.start.0 < SEGMENT.0 + SHORTEST_TAIL.0);
                at = range.end;
            }
            prop_assert_eq!(at, Samples(total));
        }
    }
}
