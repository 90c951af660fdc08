//! Numbers with their units. Time is counted in samples at 48 kHz, the house rate; seconds appear
//! only when a playlist or an answer is written.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The one sample rate of every rendition, in Hz.
pub const SAMPLE_RATE: u32 = 48_000;

/// The one channel count of every rendition.
pub const CHANNELS: usize = 2;

/// A length or a position in sample frames at [`SAMPLE_RATE`]: one frame holds both channels.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Samples(pub u64);

impl Samples {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// The length in seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / f64::from(SAMPLE_RATE)
    }

    /// The length in milliseconds, rounded to the nearest.
    #[must_use]
    pub fn milliseconds(self) -> u64 {
        let rate = u128::from(SAMPLE_RATE);
        ((u128::from(self.0) * 1_000 + rate / 2) / rate) as u64
    }

    /// `self - other`, or zero where `other` is the longer.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The smallest multiple of `unit` that is not below `self`.
    #[must_use]
    pub fn round_up_to(self, unit: Self) -> Self {
        Self(self.0.next_multiple_of(unit.0))
    }
}

impl Add for Samples {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Samples {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Samples {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Sum for Samples {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        Self(iter.map(|samples| samples.0).sum())
    }
}

/// A rung's nominal rate in kbit/s (1 kbit = 1,000 bit).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kbps(pub u16);

impl Kbps {
    /// The rate in bit/s.
    #[must_use]
    pub fn bits_per_second(self) -> BitsPerSecond {
        BitsPerSecond(u64::from(self.0) * 1_000)
    }
}

impl fmt::Display for Kbps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Not a rate of the ladder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a rate of the ladder; accepted are 64, 128 and 320 (kbit/s)")]
pub struct UnknownRate(String);

impl FromStr for Kbps {
    type Err = UnknownRate;

    /// Accepts the ladder's rates in their canonical spelling alone: no sign, no leading zero.
    fn from_str(text: &str) -> Result<Self, UnknownRate> {
        crate::ladder::RATES
            .into_iter()
            .find(|rate| rate.to_string() == text)
            .ok_or_else(|| UnknownRate(text.to_owned()))
    }
}

/// A rate in bit/s, as BANDWIDTH and AVERAGE-BANDWIDTH state it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BitsPerSecond(pub u64);

impl BitsPerSecond {
    /// The rate of `bytes` over `length`, rounded up. Zero where there is no length.
    #[must_use]
    pub fn of(bytes: u64, length: Samples) -> Self {
        let bit_samples = bytes * 8 * u64::from(SAMPLE_RATE);
        Self(if length.0 == 0 { 0 } else { bit_samples.div_ceil(length.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_round_to_nearest() {
        assert_eq!(Samples(48_000).milliseconds(), 1_000);
        assert_eq!(Samples(23).milliseconds(), 0);
        assert_eq!(Samples(24).milliseconds(), 1);
    }

    #[test]
    fn only_the_ladders_rates_parse() {
        assert_eq!("128".parse(), Ok(Kbps(128)));
        for wrong in ["", "0128", "+64", "64 ", "96", "-1", "99999999999"] {
            assert!(wrong.parse::<Kbps>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_rate_is_bits_over_time_rounded_up() {
        assert_eq!(BitsPerSecond::of(16_000, Samples(48_000)), BitsPerSecond(128_000));
        assert_eq!(BitsPerSecond::of(1, Samples(48_000 * 3)), BitsPerSecond(3));
        assert_eq!(BitsPerSecond::of(10, Samples::ZERO), BitsPerSecond(0));
    }
}
