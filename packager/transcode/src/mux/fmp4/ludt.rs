//! `ludt`: how loud the track is (ISO 14496-12 12.2.7), in a track's `udta`. mp4-atom knows no such box.

use media::{Decibels, Loudness};

/// `method_definition`, as ISO 23003-4's `methodDefinition`: the loudness of the whole programme.
const PROGRAM_LOUDNESS: u8 = 1;

/// `method_definition`: the loudness range (EBU Tech 3342).
const LOUDNESS_RANGE: u8 = 6;

/// `measurement_system`, as ISO 23003-4's `measurementSystem`: EBU R 128.
const EBU_R128: u8 = 1;

/// `measurement_system`: ITU-R BS.1770, which true peaks are measured by.
const BS_1770: u8 = 2;

/// `reliability`, as in ISO 23003-4: measured and accurate.
const ACCURATE: u8 = 3;

/// A track's `udta` with `ludt`; nothing where nothing is known.
pub(crate) fn user_data(loudness: &Loudness) -> Vec<u8> {
    if *loudness == Loudness::default() {
        return Vec::new();
    }
    atom(b"udta", &atom(b"ludt", &atom(b"tlou", &track_loudness(loudness))))
}

/// A box of some tens of bytes.
fn atom(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

/// The body of `tlou`, a `LoudnessBaseBox` of version 0: one entry, for the track as it is played
/// (no downmix, no DRC).
fn track_loudness(loudness: &Loudness) -> Vec<u8> {
    let measurements: Vec<[u8; 3]> = [
        loudness
            .integrated_lufs
            .map(|level| measurement(PROGRAM_LOUDNESS, program_loudness(level))),
        loudness.range_lu.map(|range| measurement(LOUDNESS_RANGE, loudness_range(range))),
    ]
    .into_iter()
    .flatten()
    .collect();
    let peaks = peak(loudness.sample_peak_dbfs) << 12 | peak(loudness.true_peak_dbtp);
    let mut body = vec![0; 4];
    // Three bits reserved, downmix_ID (7), DRC_set_ID (6): with both peaks (12 each), five bytes.
    body.extend_from_slice(&[0, 0]);
    body.extend_from_slice(&peaks.to_be_bytes()[1..]);
    body.push(BS_1770 << 4 | ACCURATE);
    body.push(measurements.len() as u8);
    body.extend(measurements.as_flattened());
    body
}

fn measurement(method: u8, value: u8) -> [u8; 3] {
    [method, value, EBU_R128 << 4 | ACCURATE]
}

/// A peak in twelve bits: steps of 1/32 dB below +20 dB; 0 says that it is unknown (ISO 23003-4
/// `bsSamplePeakLevel`).
fn peak(level: Option<Decibels>) -> u32 {
    level.map_or(0, |level| ((20.0 - level.get()) * 32.0).round().clamp(1.0, 4_095.0) as u32)
}

/// Steps of 0.25 LU above −57.75 LUFS (ISO 23003-4 `methodValue` of a programme loudness).
fn program_loudness(level: Decibels) -> u8 {
    // A float beyond a byte becomes the nearest byte.
    ((level.get() + 57.75) * 4.0).round() as u8
}

/// Steps of 0.25 LU up to 32, of 0.5 up to 70, of 1 above (ISO 23003-4 `methodValue`
/// of a loudness range).
fn loudness_range(range: Decibels) -> u8 {
    match range.get() {
        fine if fine <= 32.0 => (fine * 4.0).round() as u8,
        coarse if coarse <= 70.0 => ((coarse + 32.0) * 2.0).round() as u8,
        coarsest => (coarsest + 134.0).round() as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_with_both_peaks_and_both_measures() {
        let loudness = Loudness {
            integrated_lufs: Some(Decibels::hundredths(-1_400)),
            range_lu: Some(Decibels::hundredths(725)),
            true_peak_dbtp: Some(Decibels::hundredths(-100)),
            sample_peak_dbfs: Some(Decibels::hundredths(-200)),
        };
        let out = user_data(&loudness);
        assert_eq!(&out[..20], b"\0\0\0\x29udta\0\0\0\x21ludt\0\0\0\x19");
        assert_eq!(&out[20..24], b"tlou");
        let body = &out[24..];
        assert_eq!(body[..6], [0; 6], "version, flags, ids");
        // 22 dB and 21 dB below +20 dB in steps of 1/32.
        assert_eq!(body[6..9], [0x2C, 0x02, 0xA0]);
        assert_eq!(body[9..11], [0x23, 2]);
        assert_eq!(body[11..], [1, 175, 0x13, 6, 29, 0x13]);
    }

    #[test]
    fn silence_says_nothing() {
        assert!(user_data(&Loudness::default()).is_empty());
    }

    #[test]
    fn beyond_the_scale_is_its_end() {
        assert_eq!(program_loudness(Decibels::hundredths(-7_000)), 0);
        assert_eq!(program_loudness(Decibels::hundredths(2_000)), 255);
        assert_eq!(peak(Some(Decibels::hundredths(2_500))), 1);
        assert_eq!(peak(Some(Decibels::hundredths(-20_000))), 4_095);
        assert_eq!(loudness_range(Decibels::hundredths(3_250)), 129);
        assert_eq!(loudness_range(Decibels::hundredths(7_100)), 205);
    }
}
