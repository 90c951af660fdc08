//! Ogg Opus files, as `inspect` reads them.

#![no_main]

use std::sync::LazyLock;

use fuzz::Package;
use media::{Layout, SwitchingSet};
use origin::SongFile;

static PACKAGE: LazyLock<Package> =
    LazyLock::new(|| Package::of(SwitchingSet::Ogg, Layout::Segments));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let is_ogg = |file| matches!(file, SongFile::Whole(SwitchingSet::Ogg, _));
    let _ = PACKAGE.with(bytes, is_ogg);
});
