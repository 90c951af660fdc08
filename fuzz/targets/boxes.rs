//! Init sections, segments and single files, as `inspect` reads them.

#![no_main]

use std::sync::LazyLock;

use fuzz::Package;
use media::{Container, Kbps, Layout, SwitchingSet};
use origin::SongFile;

/// A set's renditions in both layouts.
struct Renditions {
    segments: Package,
    single_file: Package,
}

impl Renditions {
    fn of(set: SwitchingSet) -> Self {
        let of = |layout| Package::of(set, layout);
        Self { segments: of(Layout::Segments), single_file: of(Layout::SingleFile) }
    }
}

static AAC: LazyLock<Renditions> = LazyLock::new(|| Renditions::of(SwitchingSet::Aac));
static OPUS: LazyLock<Renditions> = LazyLock::new(|| Renditions::of(SwitchingSet::Opus));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let is_init = |file| matches!(file, SongFile::Init(_, Kbps(64)));
    let is_segment = |file| matches!(file, SongFile::Segment(..));
    let is_whole =
        |file| matches!(file, SongFile::Whole(set, _) if set.container() == Container::Fmp4);
    for set in [&AAC, &OPUS] {
        let _ = set.segments.with(bytes, is_init);
        let _ = set.segments.with(bytes, is_segment);
        let _ = set.single_file.with(bytes, is_whole);
    }
});
