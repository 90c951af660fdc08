//! A song that is brought to a loudness.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::fs::File;
use std::path::Path;

use media::Asset;
use segue_transcode::{MasterReader, Parameters};
use tempfile::TempDir;
use testkit::ffmpeg::Ffmpeg;
use testkit::{Frame, judge, signal, wav};

fn package(folder: &Path, name: &str, frames: &[Frame], normalize: Option<&str>) -> Asset {
    let (master, out) = (folder.join(format!("{name}.wav")), folder.join(name));
    wav::write(&master, frames, 48_000);
    let hash = segue_transcode::hash_master(File::open(&master).unwrap()).unwrap();
    let normalize = normalize.map(|target| target.parse().unwrap());
    let parameters = Parameters { normalize, ..Parameters::default() };
    segue_transcode::package(&MasterReader::here(), &master, &hash, &out, &parameters, &|_| {})
        .unwrap()
}

fn scaled(frames: &[Frame], by: f32) -> Vec<Frame> {
    frames.iter().map(|frame| frame.map(|sample| sample * by)).collect()
}

fn level(folder: &TempDir, name: &str) -> f64 {
    let heard = Ffmpeg::V8.decode(&folder.path().join(name).join("ogg/128.ogg").to_string_lossy());
    judge::level_db(&heard)
}

#[test]
fn a_quiet_song_becomes_as_loud_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    let quiet = scaled(&signal::music(48_000 * 6, 48_000, 1), 0.1);
    let before = package(folder.path(), "before", &quiet, None);
    let after = package(folder.path(), "after", &quiet, Some("-23"));
    assert_eq!(before.normalization, None);
    let told = after.normalization.unwrap();
    assert_eq!(told.target_lufs.get(), -23.0);
    let is = after.loudness.integrated_lufs.unwrap().get();
    assert!((is + 23.0).abs() < 0.03, "{is} LUFS");
    let raised = level(&folder, "after") - level(&folder, "before");
    assert!((raised - told.gain_db.get()).abs() < 0.2, "raised by {raised} dB: {told:?}");
}

#[test]
fn a_song_of_high_peaks_keeps_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut spiky = scaled(&signal::music(48_000 * 6, 48_000, 2), 0.02);
    spiky[100_000] = [0.5; 2];
    let asset = package(folder.path(), "spiky", &spiky, Some("-14"));
    let peak = asset.loudness.true_peak_dbtp.unwrap().get();
    assert!((-1.05..=-0.98).contains(&peak), "{peak} dBTP");
    assert!(asset.loudness.integrated_lufs.unwrap().get() < -20.0);
}
