//! One clip in many encodings, made by others: npm's `audio-lena`.

use std::path::PathBuf;

use testkit::{Frame, judge};

/// Where `tests/tools/test` puts it.
fn folder() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("tests/browser/node_modules/audio-lena")
}

/// Every encoding: how many frames of the house's rate it comes late, by how many it may be longer,
/// and how like the WAV it is. The encoders were not all given the same original: what is not WAV's
/// own kin was resampled, shortened (the laws' first 12 s, at 8 kHz) or lengthened by its maker.
const CLIPS: [(&str, i64, usize, f64); 17] = [
    ("lena.wav", 0, 0, 0.9999),
    ("lena.aiff", 0, 1_100, 0.999),
    ("lena-24.aiff", 0, 0, 0.9999),
    ("lena-32.aiff", 0, 0, 0.9999),
    ("lena.caf", 0, 0, 0.9999),
    ("lena-f32.caf", 0, 0, 0.9999),
    ("lena.flac", 0, 0, 0.9999),
    ("lena.mp3", 0, 0, 0.999),
    ("lena.m4a", 0, 0, 0.999),
    // ADTS carries no gapless data: one frame of priming, and the last one's padding.
    ("lena.aac", 1_115, 2_800, 0.99),
    ("lena.ogg", 0, 0, 0.999),
    ("lena.opus", 0, 0, 0.99),
    ("lena.webm", 0, 0, 0.99),
    ("lena-vorbis.webm", 0, 0, 0.999),
    ("lena-alaw.aiff", 0, 0, 0.9),
    ("lena-ulaw.aiff", 0, 0, 0.9),
    ("lena-alaw.caf", 0, 0, 0.9),
];

/// What is compared: three seconds hold all of a shift.
const COMPARED: usize = 3 * 48_000;

/// A clip at the house's rate.
fn heard(name: &str) -> Result<Vec<Frame>, String> {
    let path = folder().join(name);
    assert!(path.exists(), "{} is missing: run tests/tools/test", path.display());
    let mut source = crate::MasterReader::here().open(&path).map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    while let Some(block) = source.next().map_err(|error| error.to_string())? {
        all.extend_from_slice(block.float.as_chunks().0);
    }
    Ok(all)
}

#[test]
fn one_clip_in_every_encoding() {
    let original = heard("lena.wav").unwrap();
    let mut failures = Vec::new();
    for (name, offset, more, alike) in CLIPS {
        let clip = heard(name).unwrap_or_else(|said| panic!("{name}: {said}"));
        let found = judge::align(&original[..COMPARED], &clip[..COMPARED]);
        let extra = clip.len().wrapping_sub(original.len());
        if found.offset != offset || extra > more || found.correlation < alike {
            failures.push(format!("{name}: {} of {}, {found:?}", clip.len(), original.len()));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn samples_without_a_header_are_refused() {
    let said = heard("lena.raw").expect_err("nothing tells what it is");
    assert!(said.starts_with("this is not audio that Segue knows"), "{said}");
}
