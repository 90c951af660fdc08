//! `waveform.json` of a packaged song against peaks that are computed another way.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::fs::{self, File};

use segue_transcode::{MasterReader, Parameters};
use serde_json::{Value, json};
use testkit::{signal, wav};

/// What audiowaveform 1.10 gives for a 16-bit file at 48 kHz with `-z 1024 -b 8`: the mean of both
/// channels, its lowest and highest of every 1,024 frames, each step rounded towards zero.
fn peaks(frames: &[[i64; 2]]) -> Vec<i64> {
    let point = |frames: &[[i64; 2]]| {
        let means: Vec<i64> = frames.iter().map(|[left, right]| (left + right) / 2).collect();
        [means.iter().min().unwrap() / 256, means.iter().max().unwrap() / 256]
    };
    frames.chunks(1_024).flat_map(point).collect()
}

#[test]
fn the_waveform_is_that_of_the_master() {
    let folder = tempfile::tempdir().unwrap();
    let (master, out) = (folder.path().join("master.wav"), folder.path().join("out"));
    let frames = signal::music(1_024 * 60 + 77, 48_000, 4);
    wav::write(&master, &frames, 48_000);
    let hash = segue_transcode::hash_master(File::open(&master).unwrap()).unwrap();
    let parameters = Parameters::default();
    segue_transcode::package(&MasterReader::here(), &master, &hash, &out, &parameters, &|_| {})
        .unwrap();

    let bytes = fs::read(&master).unwrap();
    let sample = |at: &[u8]| i64::from(i16::from_le_bytes([at[0], at[1]]));
    let frames: Vec<[i64; 2]> =
        bytes[44..].chunks_exact(4).map(|it| [sample(&it[..2]), sample(&it[2..])]).collect();
    let text = fs::read_to_string(out.join("waveform.json")).unwrap();
    let waveform: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        waveform,
        json!({
            "version": 2, "channels": 1, "sample_rate": 48_000, "samples_per_pixel": 1_024,
            "bits": 8, "length": 61, "data": peaks(&frames),
        })
    );
}
