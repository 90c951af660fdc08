//! How loud a song is (EBU R 128, ITU-R BS.1770).

use std::fmt;
use std::ops::Sub;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A level or a difference of levels in hundredths of a decibel; what it counts from (LUFS, dBTP,
/// dBFS, or another level: LU) is said by whatever holds it. In JSON it is a number of decibels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decibels(i32);

impl Decibels {
    /// From hundredths.
    #[must_use]
    pub const fn hundredths(hundredths: i32) -> Self {
        Self(hundredths)
    }

    /// The nearest hundredth; `None` where `decibels` is no number or infinite: silence has no level.
    #[must_use]
    pub fn of(decibels: f64) -> Option<Self> {
        decibels.is_finite().then(|| Self((decibels * 100.0).round() as i32))
    }

    /// As a floating-point number of decibels.
    #[must_use]
    pub fn get(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// The factor that amplitudes change by.
    #[must_use]
    pub fn factor(self) -> f64 {
        10.0_f64.powf(self.get() / 20.0)
    }
}

impl Sub for Decibels {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Decibels {
    /// With both digits behind the point, so that equal levels are equal texts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.get())
    }
}

impl Serialize for Decibels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.get())
    }
}

impl<'de> Deserialize<'de> for Decibels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let decibels = f64::deserialize(deserializer)?;
        Self::of(decibels).ok_or_else(|| serde::de::Error::custom("a level must be finite"))
    }
}

/// What was measured over the whole song, as it is packaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Loudness {
    /// Integrated loudness (BS.1770-5 annex 1). `None` where no stretch of 0.4 s reaches −70 LUFS:
    /// silence, or a song shorter than that.
    pub integrated_lufs: Option<Decibels>,
    /// Loudness range (EBU Tech 3342). `None` where no stretch of 3 s reaches −70 LUFS.
    pub range_lu: Option<Decibels>,
    /// The highest true peak of both channels (BS.1770-5 annex 2). `None` in digital silence.
    pub true_peak_dbtp: Option<Decibels>,
    /// The highest sample of both channels. `None` in digital silence.
    pub sample_peak_dbfs: Option<Decibels>,
}

/// How a song was brought to a loudness, where that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Normalization {
    /// What was asked for.
    pub target_lufs: Decibels,
    /// What all samples were raised by: less than asked for where peaks would have been clipped.
    pub gain_db: Decibels,
}

/// A loudness to bring songs to, between [`Lufs::QUIETEST`] and [`Lufs::LOUDEST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lufs(Decibels);

/// Not a loudness to bring songs to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a loudness to normalise to; accepted are -40 to -5 (LUFS), such as -14 or -16.5"
)]
pub struct UnknownLoudness(String);

impl Lufs {
    /// The lowest that is accepted: below, all that a song has drowns in a room's noise.
    pub const QUIETEST: Self = Self(Decibels::hundredths(-4_000));
    /// The highest that is accepted: above, hardly any song keeps its peaks.
    pub const LOUDEST: Self = Self(Decibels::hundredths(-500));

    /// The level.
    #[must_use]
    pub fn level(self) -> Decibels {
        self.0
    }
}

impl fmt::Display for Lufs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Lufs {
    type Err = UnknownLoudness;

    fn from_str(text: &str) -> Result<Self, UnknownLoudness> {
        text.parse()
            .ok()
            .and_then(Decibels::of)
            .map(Self)
            .filter(|level| (Self::QUIETEST..=Self::LOUDEST).contains(level))
            .ok_or_else(|| UnknownLoudness(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_decibels_and_gives_them_back() {
        for (hundredths, json) in [(-1_298, "-12.98"), (1_210, "12.1"), (0, "0.0"), (-7, "-0.07")] {
            let level = Decibels::hundredths(hundredths);
            assert_eq!(serde_json::to_string(&level).unwrap(), json);
            assert_eq!(serde_json::from_str::<Decibels>(json).unwrap(), level);
        }
        assert!(serde_json::from_str::<Decibels>("\"loud\"").is_err());
    }

    #[test]
    fn silence_has_no_level() {
        assert_eq!(Decibels::of(f64::NEG_INFINITY), None);
        assert_eq!(Decibels::of(-23.004), Some(Decibels::hundredths(-2_300)));
        assert_eq!(Decibels::hundredths(-2_300).to_string(), "-23.00");
    }

    #[test]
    fn levels_become_factors() {
        assert!((Decibels::hundredths(-602).factor() - 0.5).abs() < 1e-4);
    }

    #[test]
    fn a_target_is_within_reason() {
        assert_eq!("-14".parse::<Lufs>().unwrap().level(), Decibels::hundredths(-1_400));
        assert_eq!("-16.5".parse::<Lufs>().unwrap().to_string(), "-16.50");
        for wrong in ["", "0", "-4.99", "-41", "14", "nan", "-inf", "-14 LUFS"] {
            assert!(wrong.parse::<Lufs>().is_err(), "{wrong:?}");
        }
    }
}
