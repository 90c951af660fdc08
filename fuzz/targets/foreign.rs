//! What others have packaged: playlists and media without an `asset.json`, as `inspect` reads them.

#![no_main]

use std::sync::LazyLock;

use fuzz::Package;
use media::{Layout, SwitchingSet};
use origin::SongFile;

static SEGMENTS: LazyLock<Package> =
    LazyLock::new(|| Package::of(SwitchingSet::Aac, Layout::Segments));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let is_init = |file| matches!(file, SongFile::Init(..));
    let is_segment = |file| matches!(file, SongFile::Segment(..));
    for chosen in [SongFile::is_text, is_init, is_segment] {
        let _ = SEGMENTS.of_others_with(bytes, chosen);
    }
});
