//! What multivariant playlists tell players of a song's loudness.

use media::{Decibels, Loudness};

/// `DATA-ID` and `VALUE` of each measure that there is (RFC 8216bis 4.4.6.4): decibels with two digits.
/// The names are ours, in reverse DNS form as asked there.
pub(crate) fn session_data(
    loudness: &Loudness,
) -> impl Iterator<Item = (&'static str, Decibels)> + use<> {
    let Loudness { integrated_lufs, range_lu, true_peak_dbtp, sample_peak_dbfs } = *loudness;
    [
        ("org.segue.loudness.integrated-lufs", integrated_lufs),
        ("org.segue.loudness.range-lu", range_lu),
        ("org.segue.loudness.true-peak-dbtp", true_peak_dbtp),
        ("org.segue.loudness.sample-peak-dbfs", sample_peak_dbfs),
    ]
    .into_iter()
    .filter_map(|(name, level)| level.map(|level| (name, level)))
}
