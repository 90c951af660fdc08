//! Where pages end inside a segment.

use media::units::{SAMPLE_RATE, Samples};

use crate::segment::AccessUnit;

/// No page holds more than a second, so that a player that seeks lands close.
const LONGEST: Samples = Samples(SAMPLE_RATE as u64);

/// Lacing values that one page can hold (RFC 3533 6).
const LACING: usize = 255;

/// The numbers of packets after which a page ends; the last is the segment's length. No packet
/// spans two pages, unless it is too big for one.
pub(super) fn page_ends(units: &[AccessUnit]) -> Vec<usize> {
    let mut ends = Vec::new();
    let (mut length, mut lacing) = (Samples::ZERO, 0);
    for (index, unit) in units.iter().enumerate() {
        let values = unit.bytes.len() / 255 + 1;
        let full = length + unit.duration > LONGEST || lacing + values > LACING;
        if full && lacing > 0 {
            ends.push(index);
            (length, lacing) = (Samples::ZERO, 0);
        }
        length += unit.duration;
        lacing += values;
    }
    if !units.is_empty() {
        ends.push(units.len());
    }
    ends
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn units(sizes: &[usize]) -> Vec<AccessUnit> {
        sizes
            .iter()
            .map(|size| AccessUnit { bytes: vec![0; *size], duration: Samples(960) })
            .collect()
    }

    #[test]
    fn a_page_holds_a_second() {
        assert_eq!(page_ends(&units(&[160; 288])), [50, 100, 150, 200, 250, 288]);
        assert_eq!(page_ends(&units(&[160; 50])), [50]);
        assert!(page_ends(&[]).is_empty());
    }

    #[test]
    fn a_page_holds_255_lacing_values() {
        assert_eq!(page_ends(&units(&[1_275; 50])), [42, 50]);
        assert_eq!(page_ends(&units(&[254; 50])), [50]);
    }

    proptest! {
        #[test]
        fn pages_tile_the_segment_and_fit(sizes in prop::collection::vec(0usize..1_276, 1..320)) {
            let units = units(&sizes);
            let ends = page_ends(&units);
            prop_assert_eq!(*ends.last().unwrap(), units.len());
            let mut start = 0;
            for end in ends {
                prop_assert!(end > start);
                let page = &units[start..end];
                let lacing: usize = page.iter().map(|unit| unit.bytes.len() / 255 + 1).sum();
                prop_assert!(lacing <= LACING);
                prop_assert!(page.iter().map(|unit| unit.duration).sum::<Samples>() <= LONGEST);
                start = end;
            }
        }
    }
}
