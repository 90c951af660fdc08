//! A packaged song of synthetic access units, to be broken.

use std::fs;
use std::path::{Path, PathBuf};

use media::{
    Codec, Container, Decibels, Loudness, MasterHash, Rung, Samples, SegmentSecrets, SwitchingSet,
    Version,
};
use origin::SongFile;
use segue_transcode::Parameters;
use segue_transcode::asset_writer::{self, Identity};
use segue_transcode::inspect::{Folder, Report, Verify, inspect};
use segue_transcode::mux::{DecoderSetup, Fmp4Muxer, MuxedRendition, Muxer, OggMuxer, Storage};
use segue_transcode::segment::{AccessUnit, Segment};
use segue_transcode::work_folder::WorkFolder;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Two whole segments and a tail of one second and one sample.
pub(crate) const LENGTH: u64 = 2 * 276_480 + 48_001;

/// As if it had been measured.
pub(crate) const LOUDNESS: Loudness = Loudness {
    integrated_lufs: Some(Decibels::hundredths(-1_298)),
    range_lu: Some(Decibels::hundredths(1_210)),
    true_peak_dbtp: Some(Decibels::hundredths(-25)),
    sample_peak_dbfs: Some(Decibels::hundredths(-50)),
};

/// How a rendition is made; the right way by default.
#[derive(Clone, Copy)]
pub(crate) struct Recipe {
    pub(crate) length: u64,
    pub(crate) cut: u64,
}

pub(crate) struct Package {
    folder: TempDir,
    pub(crate) secrets: SegmentSecrets,
}

impl Package {
    /// A clean one.
    pub(crate) fn new() -> Self {
        Self::with(|_, recipe| recipe)
    }

    /// One of other sets or another layout.
    pub(crate) fn of(parameters: Parameters) -> Self {
        Self::made(parameters, |_, recipe| recipe)
    }

    /// One whose renditions are made by other recipes.
    pub(crate) fn with(change: impl Fn(Rung, Recipe) -> Recipe) -> Self {
        Self::made(Parameters::default(), change)
    }

    /// One of these parameters whose renditions are made by other recipes.
    pub(crate) fn made(parameters: Parameters, change: impl Fn(Rung, Recipe) -> Recipe) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let work = WorkFolder::create(&folder.path().join("version")).unwrap();
        let master = MasterHash::new([7; 32]);
        let version = Version::of(&master, "test");
        let secrets = parameters.secret.clone().map(SegmentSecrets::from).unwrap_or_default();
        let recipe = Recipe { length: LENGTH, cut: 276_480 };
        let renditions: Vec<_> = parameters
            .renditions()
            .map(|(set, rung)| {
                let recipe = change(rung, recipe);
                let storage = parameters.storage(&version, set, rung);
                render(&work, set, rung, storage, recipe)
            })
            .collect();
        work.write(SongFile::Waveform, waveform(LENGTH).as_bytes()).unwrap();
        let identity = Identity {
            version,
            master,
            parameters,
            recipe: "test".to_owned(),
            samples: Samples(LENGTH),
            loudness: LOUDNESS,
            normalization: None,
        };
        asset_writer::write(&work, &identity, &renditions).unwrap();
        Self { folder, secrets }
    }

    /// One that was really packaged, in `version` under this folder.
    pub(crate) fn at(folder: TempDir, parameters: &Parameters) -> Self {
        let secrets = parameters.secret.clone().map(SegmentSecrets::from).unwrap_or_default();
        Self { folder, secrets }
    }

    /// A copy of one, to be broken.
    pub(crate) fn copy_of(package: &TempDir, parameters: &Parameters) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&package.path().join("version"), &folder.path().join("version"));
        Self::at(folder, parameters)
    }

    pub(crate) fn into_folder(self) -> TempDir {
        self.folder
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("version").join(file)
    }

    pub(crate) fn inspect(&self) -> Report {
        inspect(&Folder(self.path("")), &self.secrets, Verify::Fast)
    }

    /// The same, by somebody who has no secret, or other ones.
    pub(crate) fn held_with(mut self, secrets: SegmentSecrets) -> Self {
        self.secrets = secrets;
        self
    }

    /// Lays what is to pass for each key where a player would ask for it.
    pub(crate) fn store_keys(&self, key: &[u8]) {
        let text = fs::read_to_string(self.path("asset.json")).unwrap();
        let asset: media::Asset = serde_json::from_str(&text).unwrap();
        let secret = asset.encryption.unwrap().secret;
        for it in &asset.renditions {
            let file = SongFile::Key(it.set, it.kbps, secret);
            fs::write(self.path(&file.to_string()), key).unwrap();
        }
    }

    /// Changes a file's bytes, and `asset.json` with them.
    pub(crate) fn edit(&self, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.path(file)).unwrap();
        let before = bytes.clone();
        change(&mut bytes);
        assert_ne!(bytes, before, "{file} was not changed");
        fs::write(self.path(file), &bytes).unwrap();
        if file != "asset.json" {
            self.reseal(file, &bytes);
        }
    }

    /// Replaces the first `from` in a text.
    pub(crate) fn replace(&self, file: &str, from: &str, to: &str) {
        self.edit(file, |bytes| {
            let text = String::from_utf8(bytes.clone()).unwrap();
            *bytes = text.replacen(from, to, 1).into_bytes();
        });
    }

    /// Replaces the bytes that lie `skip` behind a box's name.
    pub(crate) fn patch_box(&self, file: &str, name: &[u8; 4], skip: usize, value: &[u8]) {
        self.edit(file, |bytes| {
            let at = bytes.windows(4).position(|it| it == name).unwrap() + 4 + skip;
            bytes[at..at + value.len()].copy_from_slice(value);
        });
    }

    /// Replaces the first place where `from` stands.
    pub(crate) fn patch_bytes(&self, file: &str, from: &[u8], to: &[u8]) {
        self.edit(file, |bytes| {
            let at = bytes.windows(from.len()).position(|it| it == from).unwrap();
            bytes[at..at + to.len()].copy_from_slice(to);
        });
    }

    /// Makes a box another kind of box.
    pub(crate) fn rename_box(&self, file: &str, name: &[u8; 4], to: &[u8; 4]) {
        self.edit(file, |bytes| {
            let at = bytes.windows(4).position(|it| it == name).unwrap();
            bytes[at..at + 4].copy_from_slice(to);
        });
    }

    /// Changes an Ogg page and makes its checksum right again.
    pub(crate) fn patch_page(&self, file: &str, page: usize, change: impl FnOnce(&mut [u8])) {
        self.edit(file, |bytes| {
            let starts: Vec<usize> =
                (0..bytes.len() - 4).filter(|at| bytes[*at..].starts_with(b"OggS\0")).collect();
            let end = starts.get(page + 1).copied().unwrap_or(bytes.len());
            let page = &mut bytes[starts[page]..end];
            change(page);
            page[22..26].fill(0);
            let sum = crc(page).to_le_bytes();
            page[22..26].copy_from_slice(&sum);
        });
    }

    fn reseal(&self, file: &str, bytes: &[u8]) {
        let path = self.path("asset.json");
        let text = fs::read_to_string(&path).unwrap();
        let mut asset: serde_json::Value = serde_json::from_str(&text).unwrap();
        let objects = asset["objects"].as_array_mut().unwrap();
        let object = objects.iter_mut().find(|object| object["path"] == file).unwrap();
        let sha256 = Sha256::digest(bytes);
        object["sha256"] =
            sha256.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
        object["size"] = bytes.len().into();
        object.as_object_mut().unwrap().remove("pieces");
        fs::write(path, asset.to_string()).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name());
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(path, to.join(name)).unwrap();
        }
    }
}

/// Peaks of a song of `length` samples, each point another.
fn waveform(length: u64) -> String {
    let points = length.div_ceil(1_024);
    let data: Vec<String> = (0..points).map(|it| format!("{},{}", -10, it % 100)).collect();
    let data = data.join(",");
    format!(
        "{{\"version\":2,\"channels\":1,\"sample_rate\":48000,\"samples_per_pixel\":1024,\
         \"bits\":8,\"data\":[{data}],\"length\":{points}}}\n"
    )
}

fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            if crc >> 31 == 1 { crc << 1 ^ 0x04C1_1DB7 } else { crc << 1 }
        })
    })
}

pub(crate) fn render(
    work: &WorkFolder,
    set: SwitchingSet,
    rung: Rung,
    storage: Storage,
    recipe: Recipe,
) -> MuxedRendition {
    let (priming, mut muxer): (u64, Box<dyn Muxer>) = match set.container() {
        Container::Fmp4 => {
            let (priming, setup) = match rung.codec {
                Codec::AacLc => (2_048, DecoderSetup::Aac(vec![0x11, 0x90])),
                Codec::HeAac => (6_144, DecoderSetup::Aac(vec![0x2B, 0x11, 0x88, 0x00])),
                Codec::Opus => (3_840, DecoderSetup::Opus),
            };
            let muxer = Fmp4Muxer::create(work, set, rung, storage, setup, Samples(priming));
            (priming, Box::new(muxer.unwrap()))
        }
        Container::Ogg => {
            let muxer = OggMuxer::create(work, rung, Samples(3_840), 7, "test");
            (3_840, Box::new(muxer.unwrap()))
        }
    };
    for segment in segments(rung, recipe, priming) {
        muxer.write(&segment).unwrap();
    }
    muxer.finish(&LOUDNESS).unwrap()
}

/// Access units of the right durations, cut where the recipe says; their bytes differ by file, so
/// that every hash is unique.
pub(crate) fn segments(rung: Rung, recipe: Recipe, priming: u64) -> Vec<Segment> {
    let frame = rung.codec.frame().0;
    let total = priming + recipe.length;
    let mut segments: Vec<Segment> = Vec::new();
    for start in (0..total).step_by(frame as usize) {
        let index = (start.saturating_sub(priming) / recipe.cut) as u32;
        let size = usize::from(rung.kbps.0) / 4 + (start % 7) as usize;
        let mut bytes = vec![31 << 3 | 4; size];
        bytes[1..5].copy_from_slice(&(start as u32).to_be_bytes());
        let unit = AccessUnit { bytes, duration: Samples(frame.min(total - start)) };
        match segments.last_mut() {
            Some(segment) if segment.index == index => segment.units.push(unit),
            _ => segments.push(Segment { index, units: vec![unit], last: false }),
        }
    }
    segments.last_mut().unwrap().last = true;
    segments
}

/// The path of a segment.
pub(crate) fn segment(kbps: u16, index: u32) -> String {
    SongFile::Segment(SwitchingSet::Aac, media::Kbps(kbps), index).to_string()
}
