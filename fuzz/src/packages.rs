//! A tiny song in every form, made when a target starts, of which one kind of file is then replaced by
//! what the fuzzer came up with.

use std::collections::HashMap;
use std::io::{self, Read};

use media::{Asset, Container, Layout, SegmentSecrets, SwitchingSet};
use origin::SongFile;
use transcode::inspect::{Report, Source, Verify, inspect, inspect_foreign};
use transcode::{MasterReader, Parameters, hash_master, package};

/// A version's files in memory.
pub struct Package {
    asset: Asset,
    files: HashMap<String, Vec<u8>>,
}

impl Package {
    /// Packages a song of 0.1 s in one set: what is inspected thousands of times holds no more than it must.
    ///
    /// # Panics
    /// Where that fails: there is nothing to fuzz then.
    #[must_use]
    pub fn of(set: SwitchingSet, layout: Layout) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (master, out) = (folder.path().join("song.wav"), folder.path().join("song"));
        std::fs::write(&master, wav()).expect("a master");
        let sets = set.to_string().parse().expect("a set is sets");
        let dash = set.container() == Container::Fmp4;
        let parameters = Parameters { sets, layout, dash, ..Parameters::default() };
        let hash = hash_master(&mut &wav()[..]).expect("a slice reads");
        let asset = package(&MasterReader::here(), &master, &hash, &out, &parameters, &|_| ())
            .expect("a song");
        let read = |path: &String| std::fs::read(out.join(path)).expect("a file of the song");
        let files = asset.objects.iter().map(|it| (it.path.clone(), read(&it.path))).collect();
        Self { asset, files }
    }

    /// The report on the package where `bytes` stand for every file that `chosen` picks.
    #[must_use]
    pub fn with(&self, bytes: &[u8], chosen: fn(SongFile) -> bool) -> Report {
        let mut asset = self.asset.clone();
        for object in &mut asset.objects {
            if object.path.parse().is_ok_and(chosen) {
                object.size = bytes.len() as u64;
            }
        }
        let asset = serde_json::to_vec(&asset).expect("plain JSON");
        self.inspected(&Altered { package: self, asset: &asset, bytes, chosen })
    }

    /// The report on the package where `asset` stands for its `asset.json`.
    #[must_use]
    pub fn described_by(&self, asset: &[u8]) -> Report {
        self.inspected(&Altered { package: self, asset, bytes: &[], chosen: |_| false })
    }

    /// The same as [`Package::with`], as if somebody else had packaged it.
    #[must_use]
    pub fn of_others_with(&self, bytes: &[u8], chosen: fn(SongFile) -> bool) -> Report {
        inspect_foreign(&Altered { package: self, asset: &[], bytes, chosen }, "index.m3u8")
    }

    fn inspected(&self, altered: &Altered<'_>) -> Report {
        inspect(altered, &SegmentSecrets::default(), Verify::Fast)
    }
}

struct Altered<'a> {
    package: &'a Package,
    asset: &'a [u8],
    bytes: &'a [u8],
    chosen: fn(SongFile) -> bool,
}

impl Source for Altered<'_> {
    fn open(&self, path: &str) -> io::Result<Box<dyn Read + '_>> {
        if path == SongFile::Asset.to_string() {
            return Ok(Box::new(self.asset));
        }
        let held = self.package.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        let altered = path.parse().is_ok_and(self.chosen);
        Ok(Box::new(if altered { self.bytes } else { &held[..] }))
    }
}

/// 4,800 frames of 48 kHz stereo.
fn wav() -> Vec<u8> {
    let mut out = b"RIFF\x24\x4b\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0".to_vec();
    out.extend(48_000u32.to_le_bytes());
    out.extend(192_000u32.to_le_bytes());
    out.extend(b"\x04\0\x10\0data\0\x4b\0\0");
    let sample = |frame: i32| (frame * 7_919 % 20_011 - 10_005) as i16;
    out.extend(
        (0..4_800).flat_map(|frame| [sample(frame), sample(frame * 3)]).flat_map(i16::to_le_bytes),
    );
    out
}
