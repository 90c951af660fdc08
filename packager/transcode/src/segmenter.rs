//! Access units, gathered into segments of the grid.

use std::collections::VecDeque;

use media::codec::Codec;
use media::grid::{Grid, SEGMENT, SHORTEST_TAIL};
use media::units::Samples;

use crate::segment::{AccessUnit, Segment};

/// Cuts one rendition. The song's length is known only at its end, so it holds back what a short
/// tail would join: a segment and half a second, whatever the song's length.
#[derive(Debug)]
pub(crate) struct Segmenter {
    frame: Samples,
    priming: Samples,
    waiting: VecDeque<Vec<u8>>,
    next: u32,
}

impl Segmenter {
    /// A segmenter of a rendition whose first `priming` samples come before the song: whole units.
    pub(crate) fn new(codec: Codec, priming: Samples) -> Self {
        Self { frame: codec.frame(), priming, waiting: VecDeque::new(), next: 0 }
    }

    /// Takes an encoded unit of the song, and gives a segment where one is certain.
    pub(crate) fn push(&mut self, unit: Vec<u8>) -> Option<Segment> {
        self.waiting.push_back(unit);
        let (segment, tail) = (self.units_of_next(), SHORTEST_TAIL.0.div_ceil(self.frame.0));
        // One unit more than the tail: the song may end within the last one.
        let certain = self.waiting.len() as u64 > segment + tail;
        certain.then(|| self.take(segment as usize, false))
    }

    /// Ends the song at `length` samples: gives the segments that are left, the last one's last
    /// unit shortened to the song's end. `flushed` are the units that the encoder still held; those beyond
    /// the song are dropped.
    ///
    /// # Panics
    /// Where the encoder gave fewer units than the song has.
    pub(crate) fn finish(mut self, flushed: Vec<Vec<u8>>, length: Samples) -> Vec<Segment> {
        self.waiting.extend(flushed);
        let count = Grid::new(length).count() as u32;
        let mut segments = Vec::new();
        while self.next + 1 < count {
            let units = self.units_of_next() as usize;
            segments.push(self.take(units, false));
        }
        let gone = Samples(u64::from(self.next) * SEGMENT.0);
        let lead = if self.next == 0 { self.priming } else { Samples::ZERO };
        let rest = lead + length.saturating_sub(gone);
        let units = rest.0.div_ceil(self.frame.0);
        let mut last = self.take(units as usize, true);
        if let Some(unit) = last.units.last_mut() {
            unit.duration = rest - Samples((units - 1) * self.frame.0);
        }
        segments.push(last);
        segments
    }

    /// Units of the next segment if it is a whole one. The first carries the priming.
    fn units_of_next(&self) -> u64 {
        let priming = if self.next == 0 { self.priming } else { Samples::ZERO };
        (priming + SEGMENT).0 / self.frame.0
    }

    fn take(&mut self, units: usize, last: bool) -> Segment {
        assert!(units <= self.waiting.len(), "the encoder lost the song's tail");
        let duration = self.frame;
        let units =
            self.waiting.drain(..units).map(|bytes| AccessUnit { bytes, duration }).collect();
        let index = self.next;
        self.next += 1;
        Segment { index, units, last }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Segments of a song of `length` whose units are numbered: the encoder holds `held` of them to its end,
    /// and then gives `surplus` too many.
    fn cut(
        codec: Codec,
        priming: Samples,
        length: Samples,
        (held, surplus): (u64, u64),
    ) -> Vec<Segment> {
        let mut segmenter = Segmenter::new(codec, priming);
        let units = (priming + length).0.div_ceil(codec.frame().0);
        let number = |unit: u64| unit.to_be_bytes().to_vec();
        let pushed = units.saturating_sub(held);
        let mut segments: Vec<Segment> =
            (0..pushed).filter_map(|unit| segmenter.push(number(unit))).collect();
        assert!(segmenter.waiting.len() < 360, "what waits does not grow with the song");
        let flushed = (pushed..units + surplus).map(number).collect();
        segments.extend(segmenter.finish(flushed, length));
        segments
    }

    fn check(
        codec: Codec,
        priming: Samples,
        length: Samples,
        flush: (u64, u64),
    ) -> Result<(), TestCaseError> {
        let segments = cut(codec, priming, length, flush);
        let grid: Vec<_> = Grid::new(length).segments().collect();
        prop_assert_eq!(segments.len(), grid.len());
        let mut unit = 0u64;
        for (segment, range) in segments.iter().zip(&grid) {
            let lead = if segment.index == 0 { priming } else { Samples::ZERO };
            prop_assert_eq!(segment.duration(), range.end - range.start + lead);
            prop_assert_eq!(segment.last, range.end == length);
            for (position, access_unit) in segment.units.iter().enumerate() {
                prop_assert_eq!(&access_unit.bytes[..], &unit.to_be_bytes()[..]);
                let ends = segment.last && position + 1 == segment.units.len();
                prop_assert!(access_unit.duration > Samples::ZERO);
                prop_assert!(ends || access_unit.duration == codec.frame());
                unit += 1;
            }
        }
        Ok(())
    }

    #[test]
    fn the_first_carries_the_priming_and_the_last_ends_with_the_song() {
        let segments = cut(Codec::AacLc, Samples(2_048), Samples(SEGMENT.0 + 24_001), (2, 0));
        let durations: Vec<u64> = segments.iter().map(|segment| segment.duration().0).collect();
        assert_eq!(durations, [SEGMENT.0 + 2_048, 24_001]);
    }

    #[test]
    fn a_flush_beyond_the_song_is_dropped() {
        let segments = cut(Codec::Opus, Samples(3_840), Samples(1), (0, 2));
        assert_eq!(segments.len(), 1);
        assert_eq!(segments[0].duration(), Samples(3_841));
    }

    proptest! {
        #[test]
        fn every_rendition_is_cut_on_the_grid(
            length in 1u64..SEGMENT.0 * 5,
            flush in (0u64..4, 0u64..4),
        ) {
            check(Codec::AacLc, Samples(2_048), Samples(length), flush)?;
            check(Codec::HeAac, Samples(6_144), Samples(length), flush)?;
            check(Codec::Opus, Samples(3_840), Samples(length), flush)?;
        }

        #[test]
        fn so_are_lengths_around_the_tail_rule(
            whole in 0u64..3,
            around in prop::sample::select(vec![0, 1, 960, 1_024, 23_039, 23_999, 24_000, 24_001]),
            by in 0u64..3,
            flush in (0u64..4, 0u64..4),
        ) {
            let length = (whole * SEGMENT.0 + around + by).max(1);
            check(Codec::AacLc, Samples(2_048), Samples(length), flush)?;
            check(Codec::HeAac, Samples(6_144), Samples(length), flush)?;
            check(Codec::Opus, Samples(3_840), Samples(length), flush)?;
        }
    }
}
