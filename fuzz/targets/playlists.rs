//! Whatever is text beside the sound: playlists, manifests, the waveform, `asset.json`.

#![no_main]

use std::sync::LazyLock;

use fuzz::Package;
use media::{Layout, SwitchingSet};
use origin::SongFile;

static SEGMENTS: LazyLock<Package> =
    LazyLock::new(|| Package::of(SwitchingSet::Aac, Layout::Segments));
static SINGLE_FILE: LazyLock<Package> =
    LazyLock::new(|| Package::of(SwitchingSet::Aac, Layout::SingleFile));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = SEGMENTS.with(bytes, SongFile::is_text);
    let _ = SINGLE_FILE.with(bytes, SongFile::is_text);
    let _ = SEGMENTS.described_by(bytes);
});
