//! The meter against the EBU's signals, synthesised as Tech 3341 and 3342 (2023) describe them, and
//! against the published meter.
//!
//! Not here: 3341's cases 6 (surround, which Segue mixes down before it measures), 7 and 8 and 3342's 5 and 6
//! (recordings), 9 to 14 (momentary and short-term loudness, which a package does not state).

use std::f64::consts::TAU;
use std::path::Path;
use std::process::Command;

use testkit::{Frame, signal};

use super::*;

const RATE: f64 = 48_000.0;

fn measure(frames: &[Frame]) -> Loudness {
    let mut meter = Meter::new();
    // Odd blocks, so that no step or window begins with one.
    frames.as_flattened().chunks(2 * 7_919).for_each(|block| meter.add(block));
    meter.finish()
}

/// Stereo sines of 1 kHz in phase, one after the other without a jump: level in dBFS, seconds.
fn tones(parts: &[(f64, f64)]) -> Vec<Frame> {
    let mut out = Vec::new();
    for &(level, seconds) in parts {
        let amplitude = 10f64.powf(level / 20.0);
        for _ in 0..(seconds * RATE) as usize {
            let phase = TAU * 1_000.0 * out.len() as f64 / RATE;
            out.push([(amplitude * phase.sin()) as f32; 2]);
        }
    }
    out
}

fn integrated(parts: &[(f64, f64)]) -> f64 {
    measure(&tones(parts)).integrated_lufs.expect("there is sound").get()
}

#[test]
fn tech_3341_cases_1_to_5_integrated_loudness() {
    let cases: [(&[(f64, f64)], f64); 5] = [
        (&[(-23.0, 20.0)], -23.0),
        (&[(-33.0, 20.0)], -33.0),
        (&[(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)], -23.0),
        (&[(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)], -23.0),
        (&[(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)], -23.0),
    ];
    for (index, (parts, wanted)) in cases.into_iter().enumerate() {
        let found = integrated(parts);
        assert!((found - wanted).abs() <= 0.1, "case {}: {found} LUFS", index + 1);
    }
}

#[test]
fn tech_3342_cases_1_to_4_loudness_range() {
    let cases: [(&[f64], f64); 4] = [
        (&[-20.0, -30.0], 10.0),
        (&[-20.0, -15.0], 5.0),
        (&[-40.0, -20.0], 20.0),
        (&[-50.0, -35.0, -20.0, -35.0, -50.0], 15.0),
    ];
    for (index, (levels, wanted)) in cases.into_iter().enumerate() {
        let parts: Vec<_> = levels.iter().map(|level| (*level, 20.0)).collect();
        let found = measure(&tones(&parts)).range_lu.expect("there is sound").get();
        // The standard allows ±1 LU.
        assert!((found - wanted).abs() <= 0.1, "case {}: {found} LU", index + 1);
    }
}

/// A sine of the rate over `divisor`, faded in and out over 10 ms.
fn faded(divisor: f64, amplitude: f64, degrees: f64) -> Vec<Frame> {
    let (length, fade) = (24_000, 480.0);
    let sample = |n: usize| {
        let edge = (n.min(length - 1 - n) as f64 / fade).min(1.0);
        (amplitude * edge * (TAU * n as f64 / divisor + degrees.to_radians()).sin()) as f32
    };
    (0..length).map(|n| [sample(n); 2]).collect()
}

fn assert_true_peak(case: u32, frames: &[Frame], wanted: f64) {
    let found = measure(frames).true_peak_dbtp.expect("there is sound").get();
    assert!((wanted - 0.4..=wanted + 0.2).contains(&found), "case {case}: {found} dBTP");
}

#[test]
fn tech_3341_cases_15_to_19_true_peak_of_tones() {
    assert_true_peak(15, &faded(4.0, 0.5, 0.0), -6.0);
    assert_true_peak(16, &faded(4.0, 0.5, 45.0), -6.0);
    assert_true_peak(17, &faded(6.0, 0.5, 60.0), -6.0);
    assert_true_peak(18, &faded(8.0, 0.5, 67.5), -6.0);
    assert_true_peak(19, &faded(4.0, 1.41, 45.0), 3.0);
}

/// At four times the rate: a sine of rate/6 at half of full scale with one period of rate/4 at full
/// scale in it, without a jump of phase; low-passed and thinned out from `offset` on.
fn between_samples(offset: usize) -> Vec<Frame> {
    let (length, burst) = (4 * 24_000, 48_000..48_016);
    let mut phase = 0.0f64;
    let fine: Vec<f64> = (0..length)
        .map(|n| {
            let edge = (n.min(length - 1 - n) as f64 / 1_920.0).min(1.0);
            let (amplitude, period) = if burst.contains(&n) { (1.0, 16.0) } else { (0.5, 24.0) };
            let sample = edge * amplitude * phase.sin();
            phase += TAU / period;
            sample
        })
        .collect();
    let taps = 256i64;
    let low_pass = |at: i64| {
        let x = at as f64 / 4.0 * std::f64::consts::PI;
        let window = 0.5 + 0.5 * (TAU * at as f64 / (2 * taps) as f64).cos();
        if at == 0 { 0.25 } else { 0.25 * window * x.sin() / x }
    };
    let heard = |n: usize| {
        let sample = |at: i64| fine.get((n as i64 + at) as usize).copied().unwrap_or(0.0);
        (-taps..=taps).map(|at| low_pass(at) * sample(at)).sum::<f64>() as f32
    };
    (offset..length).step_by(4).map(|n| [heard(n); 2]).collect()
}

#[test]
fn tech_3341_cases_20_to_23_true_peak_between_samples() {
    for offset in 0..4 {
        assert_true_peak(20 + offset as u32, &between_samples(offset), 0.0);
    }
}

/// The published meter in its exact mode (a list of all loudness values).
fn published(frames: &[Frame]) -> [f64; 4] {
    use ebur128::Mode;
    let mode = Mode::I | Mode::LRA | Mode::TRUE_PEAK | Mode::SAMPLE_PEAK;
    let mut meter = ebur128::EbuR128::new(2, 48_000, mode).unwrap();
    meter.add_frames_f32(frames.as_flattened()).unwrap();
    let level = |peak: fn(&ebur128::EbuR128, u32) -> Result<f64, ebur128::Error>| {
        let peaks = [0, 1].map(|channel| peak(&meter, channel).unwrap());
        20.0 * peaks[0].max(peaks[1]).log10()
    };
    let true_peak = level(ebur128::EbuR128::true_peak);
    let sample_peak = level(ebur128::EbuR128::sample_peak);
    [meter.loudness_global().unwrap(), meter.loudness_range().unwrap(), true_peak, sample_peak]
}

/// Loud and soft, dense and thin, over full scale, in and out of silence.
fn programme() -> Vec<Frame> {
    let at = |level: f32, frames: Vec<Frame>| -> Vec<Frame> {
        frames.into_iter().map(|frame| frame.map(|sample| sample * level)).collect()
    };
    [
        signal::music(480_000, 48_000, 1),
        at(0.1, signal::music(480_000, 48_000, 2)),
        vec![[0.0; 2]; 100_000],
        signal::noise(300_001, 0.7, 3),
        at(0.03, signal::noise(480_000, 0.7, 4)),
        at(1.9, signal::music(300_000, 48_000, 5)),
    ]
    .concat()
}

#[test]
fn the_published_meter_says_the_same() {
    for frames in [programme(), signal::noise(500_000, 1.0, 7), signal::music(960_000, 48_000, 8)] {
        let [integrated, range, true_peak, sample_peak] = published(&frames);
        let found = measure(&frames);
        let close = |found: Option<Decibels>, wanted: f64, by: f64| {
            let found = found.unwrap().get();
            assert!((found - wanted).abs() <= by, "{found} is not {wanted}");
        };
        close(found.integrated_lufs, integrated, 0.02);
        // They take a window each second, we each tenth of one, as ffmpeg does: of so few, the
        // percentiles differ.
        close(found.range_lu, range, 1.0);
        close(found.true_peak_dbtp, true_peak, 0.01);
        close(found.sample_peak_dbfs, sample_peak, 0.01);
    }
}

/// What is passed over as too quiet would have changed nothing.
#[test]
fn a_peak_in_the_quietest_place_is_found() {
    for at in [0, 1, 31, 32, 33, 5_000, 7_918, 7_919, 19_999] {
        let mut frames = signal::noise(20_000, 0.02, 9);
        frames[at] = [0.0, -0.5];
        if let Some(next) = frames.get_mut(at + 1) {
            *next = [0.0, -0.5];
        }
        let found = measure(&frames);
        let wanted = published(&[frames, vec![[0.0; 2]; 12]].concat())[2];
        assert!((found.true_peak_dbtp.unwrap().get() - wanted).abs() < 0.01, "{at}: {found:?}");
    }
}

#[test]
fn how_a_song_is_cut_into_blocks_does_not_matter() {
    let frames = signal::music(100_000, 48_000, 3);
    let mut whole = Meter::new();
    whole.add(frames.as_flattened());
    assert_eq!(measure(&frames), whole.finish());
}

#[test]
fn silence_and_the_shortest_songs_have_no_loudness() {
    assert_eq!(measure(&[[0.0; 2]; 200_000]), Loudness::default());
    assert_eq!(measure(&[]), Loudness::default());
    let click = measure(&[[0.5; 2]]);
    assert_eq!((click.integrated_lufs, click.range_lu), (None, None));
    assert_eq!(click.sample_peak_dbfs, Some(Decibels::hundredths(-602)));
    let second = measure(&signal::sine(48_000, 48_000, 1_000.0, 0.5));
    assert!(second.integrated_lufs.is_some() && second.range_lu.is_none(), "{second:?}");
    let below_the_gate = measure(&signal::sine(96_000, 48_000, 1_000.0, 1e-4));
    assert_eq!(below_the_gate.integrated_lufs, None);
}

/// ffmpeg's meter over the demo song: integrated loudness, range and true peak.
fn by_ffmpeg(song: &Path) -> [f64; 3] {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-i"])
        .arg(song)
        .args(["-af", "ebur128=peak=true:metadata=1,ametadata=print:file=-", "-f", "null", "-"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let last = |name: &str| -> f64 {
        let mut lines = said.lines().rev().filter_map(|line| line.strip_prefix(name));
        lines.next().unwrap().parse().unwrap()
    };
    let peak = 20.0 * last("lavfi.r128.true_peak=").log10();
    [last("lavfi.r128.I="), last("lavfi.r128.LRA="), peak]
}

#[test]
fn ffmpeg_says_the_same_of_a_song() {
    let song = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/demo.flac");
    let mut source = crate::MasterReader::here().open(&song).unwrap();
    let mut meter = Meter::new();
    while let Some(block) = source.next().unwrap() {
        meter.add(&block.float);
    }
    let found = meter.finish();
    let [integrated, range, true_peak] = by_ffmpeg(&song);
    let close = |found: Option<Decibels>, wanted: f64| {
        let found = found.unwrap().get();
        assert!((found - wanted).abs() <= 0.1, "{found} is not {wanted}");
    };
    close(found.integrated_lufs, integrated);
    close(found.range_lu, range);
    close(found.true_peak_dbtp, true_peak);
}
