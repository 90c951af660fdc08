use media::grid::SEGMENT;
use media::ladder::LADDER;
use media::units::Kbps;
use testkit::{Frame, judge, signal};

use super::decoder::decode;
use super::*;

fn rung(kbps: u16) -> Rung {
    let wanted = |rung: &Rung| rung.codec == Codec::AacLc && rung.kbps == Kbps(kbps);
    LADDER.into_iter().find(wanted).expect("a rung of the ladder")
}

fn block(frames: &[Frame]) -> Block {
    let float = frames.as_flattened().to_vec();
    let pcm16 = float.iter().map(|sample| (sample * 32_768.0) as i16).collect();
    Block { float, pcm16 }
}

fn saver() -> Rung {
    LADDER.into_iter().find(|rung| rung.codec == Codec::HeAac).expect("a rung of the ladder")
}

fn encode(kbps: u16, frames: &[Frame]) -> (AacEncoder, Vec<Vec<u8>>) {
    encode_with(Effort::Best, rung(kbps), frames)
}

/// Encodes in blocks of odd sizes.
fn encode_with(effort: Effort, rung: Rung, frames: &[Frame]) -> (AacEncoder, Vec<Vec<u8>>) {
    let mut encoder = AacEncoder::new(rung, effort).unwrap();
    let mut units = Vec::new();
    for chunk in frames.chunks(777) {
        encoder.encode(&block(chunk), &mut units).unwrap();
    }
    encoder.finish(&mut units).unwrap();
    (encoder, units)
}

#[test]
fn the_units_cover_priming_and_song_at_every_length() {
    let grid = SEGMENT.0 as usize;
    for length in [0, 1, 1_023, 1_024, 1_025, 2_047, 2_048, 2_049, grid - 1, grid, grid + 1] {
        let (encoder, units) = encode(128, &signal::music(length, 48_000, 1));
        let covered = Samples(units.len() as u64 * 1_024);
        let needed = encoder.priming() + Samples(length as u64);
        assert!(covered >= needed, "{length}: {covered:?} for {needed:?}");
        assert!(covered < needed + Samples(3 * 1_024), "{length}: {covered:?} for {needed:?}");
    }
}

#[test]
fn all_rungs_have_the_same_priming_of_whole_units() {
    for kbps in [64, 128, 320] {
        assert_eq!(AacEncoder::new(rung(kbps), Effort::Best).unwrap().priming(), Samples(2_048));
    }
}

#[test]
fn less_effort_changes_the_sound_but_not_the_timing() {
    let music = signal::music(50_000, 48_000, 1);
    let (best, best_units) = encode(128, &music);
    let (fast, fast_units) = encode_with(Effort::Fast, rung(128), &music);
    assert_eq!(fast.priming(), best.priming());
    assert_eq!(fast_units.len(), best_units.len());
    assert_ne!(fast_units, best_units);
}

#[test]
fn the_configuration_says_lc_48_khz_stereo() {
    // ISO 14496-3 1.6.2.1: object type 2 (5 bits), frequency index 3 (4), channels 2 (4), then zeros.
    assert_eq!(
        AacEncoder::new(rung(64), Effort::Best).unwrap().audio_specific_config(),
        [0x11, 0x90]
    );
}

#[test]
fn the_song_lies_after_the_priming_to_the_sample() {
    for kbps in [64, 128, 320] {
        for length in [9_000, 48_001, 100_000] {
            let music = signal::music(length, 48_000, 3);
            let (encoder, units) = encode(kbps, &music);
            let heard = decode(encoder.audio_specific_config(), &units);
            let heard = &heard[encoder.priming().0 as usize..];
            let found = judge::align(&music, &heard[..length]);
            assert_eq!(found.offset, 0, "{kbps} {length}: {found:?}");
            assert!(found.correlation > 0.97, "{kbps} {length}: {found:?}");
        }
    }
}

#[test]
fn the_tail_is_there() {
    // A song that is loud to its last frame: what is lost shows as silence.
    let length = 48_000 + 512;
    let song = signal::sine(length, 48_000, 997.0, 0.5);
    let (encoder, units) = encode(320, &song);
    let heard = decode(encoder.audio_specific_config(), &units);
    let heard = &heard[encoder.priming().0 as usize..][..length];
    let (tail, want) = (&heard[length - 64..], &song[length - 64..]);
    assert!(judge::snr_db(want, tail) > 15.0, "{}", judge::snr_db(want, tail));
}

#[test]
fn the_same_samples_give_the_same_bytes() {
    let music = signal::music(50_000, 48_000, 4);
    assert_eq!(encode(64, &music).1, encode(64, &music).1);
}

#[test]
fn he_aac_units_cover_priming_and_song_at_every_length() {
    let grid = SEGMENT.0 as usize;
    for length in [0, 1, 985, 986, 1_024, 2_047, 2_048, 2_049, 4_095, 4_097, grid - 1, grid + 1] {
        let (encoder, units) =
            encode_with(Effort::Best, saver(), &signal::music(length, 48_000, 1));
        let covered = Samples(units.len() as u64 * 2_048);
        let needed = encoder.priming() + Samples(length as u64);
        assert!(covered >= needed, "{length}: {covered:?} for {needed:?}");
        assert!(covered < needed + Samples(3 * 2_048), "{length}: {covered:?} for {needed:?}");
    }
}

/// ISO 14496-3 1.6.2.1: object type 5 (5 bits), core frequency index 6 (4), channels 2 (4), output
/// frequency index 3 (4), core object type 2 (5), then zeros.
#[test]
fn he_aac_is_signalled_explicitly_and_primed_by_whole_units() {
    let encoder = AacEncoder::new(saver(), Effort::Best).unwrap();
    assert_eq!(encoder.audio_specific_config(), [0x2B, 0x11, 0x88, 0x00]);
    assert_eq!(encoder.priming(), Samples(3 * 2_048));
}

#[test]
fn he_aac_lies_after_the_priming_to_the_sample() {
    for length in [30_000, 48_001, 100_000] {
        let music = signal::music(length, 48_000, 3);
        let (encoder, units) = encode_with(Effort::Best, saver(), &music);
        let heard = decode(encoder.audio_specific_config(), &units);
        let heard = &heard[encoder.priming().0 as usize..];
        let found = judge::align(&music, &heard[..length]);
        assert_eq!(found.offset, 0, "{length}: {found:?}");
        assert!(found.correlation > 0.97, "{length}: {found:?}");
    }
}

/// A decoder that starts with any segment finds the SBR header in its first unit: with the header in
/// a later one, what comes before would lack all above the core's 12 kHz.
#[test]
fn every_segment_of_he_aac_starts_with_an_sbr_header() {
    let noise = signal::noise(48_000 * 13, 0.5, 5);
    let (encoder, units) = encode_with(Effort::Best, saver(), &noise);
    let priming = (encoder.priming().0 / 2_048) as usize;
    for segment in 1..3 {
        let first = priming + segment * 135;
        let heard = decode(encoder.audio_specific_config(), &units[first..first + 8]);
        let unit = |at: usize| high_level_db(&heard[at * 2_048..(at + 1) * 2_048]);
        assert!((unit(1) - unit(6)).abs() < 3.0, "{segment}: {} dB, then {}", unit(1), unit(6));
        let late = decode(encoder.audio_specific_config(), &units[first + 1..first + 3]);
        let without = high_level_db(&late[2_048..]);
        assert!(without < unit(6) - 20.0, "{segment}: {without} dB before the next header");
    }
}

/// The level of what lies above 13 kHz, where only SBR reaches: by a windowed Fourier sum.
fn high_level_db(frames: &[Frame]) -> f64 {
    let count = frames.len() as f64;
    let bin = |frequency: f64| {
        let (mut re, mut im) = (0.0, 0.0);
        for (n, frame) in frames.iter().enumerate() {
            let window = 0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / count).cos();
            let angle = std::f64::consts::TAU * frequency * n as f64 / 48_000.0;
            re += f64::from(frame[0]) * window * angle.cos();
            im += f64::from(frame[0]) * window * angle.sin();
        }
        re * re + im * im
    };
    let power: f64 = (0..40).map(|step| bin(13_000.0 + 40.0 * f64::from(step))).sum();
    10.0 * power.max(1e-9).log10()
}

#[test]
fn he_aac_keeps_its_rate() {
    let (_, units) = encode_with(Effort::Best, saver(), &signal::noise(48_000 * 4, 0.5, 1));
    let bits: usize = units.iter().map(|unit| unit.len() * 8).sum();
    assert!((bits as f64 / 4_000.0 / 64.0 - 1.0).abs() < 0.05, "{bits}");
}

#[test]
fn the_rate_is_kept() {
    for kbps in [64, 128, 320] {
        let (_, units) = encode(kbps, &signal::noise(48_000 * 4, 0.5, 1));
        let bits: usize = units.iter().map(|unit| unit.len() * 8).sum();
        let rate = bits as f64 / (units.len() as f64 * 1_024.0 / 48.0);
        assert!((rate / f64::from(kbps) - 1.0).abs() < 0.05, "{kbps}: {rate} kbit/s");
    }
}

#[test]
fn what_the_library_refuses_is_an_error() {
    let refused = Handle::open().unwrap().set(fdk::AACENC_PARAM_AACENC_SAMPLERATE, 12_345);
    let said = refused.expect_err("no such rate").to_string();
    assert_eq!(said, "aacEncoder_SetParam failed: FDK error 0x23");
}
