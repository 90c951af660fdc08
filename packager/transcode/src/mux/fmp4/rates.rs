//! What a stream needs: measured while it passes, stated in its sample entry.

use std::collections::VecDeque;

use media::units::{BitsPerSecond, Samples};

use crate::segment::AccessUnit;

/// What `DecoderConfigDescriptor` states (ISO 14496-1 7.2.6.6): the average over the whole stream
/// and the highest rate over any second of it.
#[derive(Debug, Default)]
pub(super) struct Rates {
    bytes: u64,
    length: Samples,
    /// The access units of the last second: size and duration.
    window: VecDeque<(u64, Samples)>,
    window_bytes: u64,
    window_length: Samples,
    /// The highest rate over a whole second; `None` until one has passed.
    peak: Option<BitsPerSecond>,
}

impl Rates {
    const WINDOW: Samples = Samples(media::units::SAMPLE_RATE as u64);

    pub(super) fn add(&mut self, unit: &AccessUnit) {
        let size = unit.bytes.len() as u64;
        self.bytes += size;
        self.length += unit.duration;
        self.window.push_back((size, unit.duration));
        self.window_bytes += size;
        self.window_length += unit.duration;
        while let Some((size, duration)) = self.window.front().copied() {
            if self.window_length - duration < Self::WINDOW {
                break;
            }
            self.window.pop_front();
            self.window_bytes -= size;
            self.window_length = self.window_length - duration;
        }
        if self.window_length >= Self::WINDOW {
            let rate = BitsPerSecond::of(self.window_bytes, self.window_length);
            self.peak = self.peak.max(Some(rate));
        }
    }

    /// The average in bit/s, as a field of a descriptor.
    pub(super) fn average_field(&self) -> u32 {
        field(self.average())
    }

    /// The peak in bit/s, as a field of a descriptor.
    pub(super) fn peak_field(&self) -> u32 {
        field(self.peak())
    }

    fn average(&self) -> BitsPerSecond {
        BitsPerSecond::of(self.bytes, self.length)
    }

    /// A stream that is shorter than a second peaks at its average.
    fn peak(&self) -> BitsPerSecond {
        self.peak.unwrap_or(self.average())
    }
}

fn field(rate: BitsPerSecond) -> u32 {
    u32::try_from(rate.0).unwrap_or(u32::MAX)
}
