//! The Range header (RFC 9110 14).

use std::ops::Range;

/// What a Range header comes to for an object of a known size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selection {
    /// Everything: there is no range, or one that we may and do ignore (another unit, bad syntax,
    /// several ranges at once).
    Whole,
    /// One part.
    Part(Range<u64>),
    /// Well formed, but nothing of it exists (416).
    Unsatisfiable,
}

impl Selection {
    /// Reads a Range header against an object of `size` bytes.
    pub(crate) fn read(header: &str, size: u64) -> Self {
        let Some((unit, spec)) = header.split_once('=') else { return Self::Whole };
        if !unit.trim().eq_ignore_ascii_case("bytes") || spec.contains(',') {
            return Self::Whole;
        }
        let Some((first, last)) = spec.trim().split_once('-') else { return Self::Whole };
        match (first, last) {
            ("", "") => Self::Whole,
            ("", length) => number(length).map_or(Self::Whole, |length| suffix(length, size)),
            (first, "") => number(first).map_or(Self::Whole, |first| part(first, u64::MAX, size)),
            (first, last) => match (number(first), number(last)) {
                (Some(first), Some(last)) if first <= last => part(first, last, size),
                _ => Self::Whole,
            },
        }
    }
}

/// Digits alone; what is beyond 64 bits is beyond every object.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn part(first: u64, last: u64, size: u64) -> Selection {
    if first < size {
        Selection::Part(first..last.saturating_add(1).min(size))
    } else {
        Selection::Unsatisfiable
    }
}

fn suffix(length: u64, size: u64) -> Selection {
    if length == 0 || size == 0 {
        Selection::Unsatisfiable
    } else {
        Selection::Part(size.saturating_sub(length)..size)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_as_the_rfc_has_them() {
        let table = [
            ("bytes=0-0", Selection::Part(0..1)),
            ("bytes=0-", Selection::Part(0..100)),
            ("bytes=99-", Selection::Part(99..100)),
            ("bytes=10-19", Selection::Part(10..20)),
            ("bytes=90-1000", Selection::Part(90..100)),
            ("bytes=90-99999999999999999999999", Selection::Part(90..100)),
            ("bytes=-1", Selection::Part(99..100)),
            ("bytes=-1000", Selection::Part(0..100)),
            ("Bytes=1-2", Selection::Part(1..3)),
            ("bytes=100-", Selection::Unsatisfiable),
            ("bytes=99999999999999999999999-", Selection::Unsatisfiable),
            ("bytes=-0", Selection::Unsatisfiable),
            ("bytes=2-1", Selection::Whole),
            ("bytes=-", Selection::Whole),
            ("bytes=a-b", Selection::Whole),
            ("bytes=+1-2", Selection::Whole),
            ("bytes=1", Selection::Whole),
            ("bytes", Selection::Whole),
            ("lines=1-2", Selection::Whole),
            ("bytes=0-1,5-6", Selection::Whole),
        ];
        for (header, expected) in table {
            assert_eq!(Selection::read(header, 100), expected, "{header}");
        }
    }

    proptest! {
        #[test]
        fn a_part_is_what_a_naive_slice_is(size in 1u64..50, first in 0u64..60, last in 0u64..60) {
            let model: Vec<u64> = (0..size).filter(|at| (first..=last).contains(at)).collect();
            let read = Selection::read(&format!("bytes={first}-{last}"), size);
            let expected = match (first > last, model.is_empty()) {
                (true, _) => Selection::Whole,
                (_, true) => Selection::Unsatisfiable,
                _ => Selection::Part(model[0]..model[model.len() - 1] + 1),
            };
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn no_header_panics_or_leaves_the_object(header in ".{0,40}", size in 0u64..50) {
            if let Selection::Part(range) = Selection::read(&header, size) {
                prop_assert!(range.start < range.end && range.end <= size);
            }
        }
    }
}
