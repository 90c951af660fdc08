//! Brings a song to a loudness, where that is asked for. Its samples are all raised or lowered alike:
//! nothing is limited or compressed, so a song whose peaks leave no room stays quieter.

use std::path::Path;

use media::units::{CHANNELS, Samples};
use media::{Decibels, Loudness, Lufs, Normalization};

use crate::master_reader::MasterReader;
use crate::measure::Meter;
use crate::package_error::PackageError;
use crate::progress::{Progress, Stage};

/// The highest true peak in dBTP after a song was raised: EBU R 128's permitted maximum.
const CEILING: Decibels = Decibels::hundredths(-100);

/// Reads the master once and says what its samples are to be raised by.
pub(crate) fn measure(
    reader: &MasterReader,
    master: &Path,
    target: Lufs,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Normalization, PackageError> {
    let mut source = reader.open(master)?;
    let (mut meter, mut done, total) = (Meter::new(), Samples::ZERO, source.promised());
    progress(Progress { stage: Stage::Measure, done, total });
    while let Some(samples) = source.next_float()? {
        meter.add(&samples);
        done += Samples((samples.len() / CHANNELS) as u64);
        progress(Progress { stage: Stage::Measure, done, total });
    }
    let gain_db = gain(&meter.finish(), target);
    Ok(Normalization { target_lufs: target.level(), gain_db })
}

/// The gain in dB. Where the ceiling stands in the way, it is what the ceiling leaves; but a song
/// that is above it already is not lowered for that alone. Silence stays as it is.
fn gain(loudness: &Loudness, target: Lufs) -> Decibels {
    const NONE: Decibels = Decibels::hundredths(0);
    let Some(integrated) = loudness.integrated_lufs else { return NONE };
    let wanted = target.level() - integrated;
    let room = loudness.true_peak_dbtp.map_or(NONE, |peak| CEILING - peak);
    if wanted <= NONE { wanted } else { wanted.min(room).max(NONE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gain_of(integrated: i32, true_peak: i32, target: &str) -> f64 {
        let loudness = Loudness {
            integrated_lufs: Some(Decibels::hundredths(integrated)),
            true_peak_dbtp: Some(Decibels::hundredths(true_peak)),
            ..Loudness::default()
        };
        gain(&loudness, target.parse().unwrap()).get()
    }

    #[test]
    fn the_target_is_reached_where_peaks_leave_room() {
        assert_eq!(gain_of(-2_000, -1_200, "-14"), 6.0);
        assert_eq!(gain_of(-900, 50, "-14"), -5.0);
    }

    #[test]
    fn peaks_stay_below_the_ceiling() {
        assert_eq!(gain_of(-2_000, -400, "-14"), 3.0);
        assert_eq!(gain_of(-2_000, -50, "-14"), 0.0, "too hot, but not lowered");
    }

    #[test]
    fn silence_stays_as_it_is() {
        assert_eq!(gain(&Loudness::default(), "-14".parse().unwrap()), Decibels::hundredths(0));
    }
}
