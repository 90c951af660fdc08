use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Mutex;

use tempfile::TempDir;
use testkit::{signal, wav};

use super::*;
use crate::parameters::Effort;

struct Studio(TempDir);

impl Studio {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn master(&self, frames: usize, rate: u32) -> PathBuf {
        let path = self.path("master.wav");
        wav::write(&path, &signal::music(frames, rate, 6), rate);
        path
    }

    fn package(&self, master: &Path, name: &str) -> Result<Asset, PackageError> {
        let hash = crate::hash_master(File::open(master).unwrap()).unwrap();
        package(
            &MasterReader::here(),
            master,
            &hash,
            &self.path(name),
            &Parameters::default(),
            &|_| {},
        )
    }
}

fn encode_all(
    source: &mut Source,
    work: &WorkFolder,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(Vec<MuxedRendition>, Ending), PackageError> {
    encode(source, &MasterHash::new([0; 32]), work, &Parameters::default(), progress)
}

/// Every file below a folder, by its path.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn the_same_master_gives_the_same_bytes() {
    let studio = Studio::new();
    let master = studio.master(44_100 * 13, 44_100);
    let first = studio.package(&master, "first").unwrap();
    assert_eq!(first, studio.package(&master, "second").unwrap());
    let (a, b) = (files(&studio.path("first")), files(&studio.path("second")));
    assert_eq!(a.len(), first.objects.len() + 1, "asset.json lists all but itself");
    assert!(a.values().eq(b.values()));
}

#[test]
fn the_song_has_the_masters_length() {
    let studio = Studio::new();
    for (frames, rate, samples) in
        [(44_100, 44_100, 48_000), (1, 48_000, 1), (96_001, 96_000, 48_001)]
    {
        let master = studio.master(frames, rate);
        let asset = studio.package(&master, &format!("{frames}")).unwrap();
        assert_eq!(asset.samples, Samples(samples), "{frames} at {rate}");
        let priming: Vec<u64> = asset.renditions.iter().map(|made| made.priming.0).collect();
        assert_eq!(priming, [2_048, 2_048, 2_048, 3_840, 3_840, 3_840]);
    }
}

/// A tail just short of half a second joins the segment before it, whatever the encoders' flush holds.
#[test]
fn tails_of_every_set_are_cut_alike() {
    let studio = Studio::new();
    let sets = "aac,ogg,opus,saver".parse().unwrap();
    let parameters = Parameters { sets, effort: Effort::Fast, ..Parameters::default() };
    for tail in [22_560, 23_553, 23_999, 24_000] {
        let master = studio.master(276_480 + tail, 48_000);
        let hash = crate::hash_master(File::open(&master).unwrap()).unwrap();
        let (reader, out) = (MasterReader::here(), studio.path(&format!("{tail}")));
        let made = package(&reader, &master, &hash, &out, &parameters, &|_| {});
        assert!(made.is_ok(), "{tail}: {made:?}");
    }
}

#[test]
fn progress_goes_from_nothing_to_done() {
    let studio = Studio::new();
    let master = studio.master(48_000 * 3, 48_000);
    let hash = crate::hash_master(File::open(&master).unwrap()).unwrap();
    let heard = Mutex::new(Vec::new());
    let tell = |step| heard.lock().unwrap().push(step);
    package(
        &MasterReader::here(),
        &master,
        &hash,
        &studio.path("out"),
        &Parameters::default(),
        &tell,
    )
    .unwrap();
    let heard = heard.into_inner().unwrap();
    assert_eq!(heard[0].percent(), Some(0));
    assert_eq!(heard.last().unwrap().percent(), Some(100));
    assert!(heard.len() > 5, "{heard:?}");
    assert!(heard.is_sorted_by_key(|step| (step.stage, step.done)), "{heard:?}");
}

#[test]
fn a_master_that_ends_early_is_told_so() {
    let studio = Studio::new();
    let master = studio.master(48_000 * 10, 48_000);
    let bytes = fs::read(&master).unwrap();
    fs::write(&master, &bytes[..bytes.len() / 2]).unwrap();
    let said = studio.package(&master, "out").unwrap_err().to_string();
    assert!(said.starts_with("the file is cut off: it ends after 5.0 s"), "{said}");
}

#[test]
fn a_rendition_that_fails_at_once_stops_all() {
    let studio = Studio::new();
    let mut source = MasterReader::here().open(&studio.master(48_000 * 20, 48_000)).unwrap();
    let work = WorkFolder::create(&studio.path("out")).unwrap();
    fs::write(studio.path("out/ogg"), "in the way").unwrap();
    let error = encode_all(&mut source, &work, &|_| {}).unwrap_err();
    assert!(matches!(error, PackageError::Write(_)), "{error}");
}

#[test]
fn a_rendition_that_fails_in_mid_song_stops_all() {
    let studio = Studio::new();
    let mut source = MasterReader::here().open(&studio.master(48_000 * 60, 48_000)).unwrap();
    let work = WorkFolder::create(&studio.path("out")).unwrap();
    fs::create_dir_all(studio.path("out/aac/64")).unwrap();
    fs::write(studio.path("out/aac/64/00001.m4s"), "in the way").unwrap();
    let furthest = Mutex::new(Samples::ZERO);
    let error = encode_all(&mut source, &work, &|step| *furthest.lock().unwrap() = step.done);
    assert!(matches!(error, Err(PackageError::Write(_))), "{error:?}");
    let furthest = furthest.into_inner().unwrap();
    assert!(furthest < Samples(48_000 * 40), "the reader stopped soon after: {furthest:?}");
}

#[test]
fn a_folder_that_is_there_is_not_written_into() {
    let studio = Studio::new();
    let master = studio.master(100, 48_000);
    fs::create_dir(studio.path("out")).unwrap();
    let said = studio.package(&master, "out").unwrap_err().to_string();
    assert!(said.starts_with("the package cannot be written: "), "{said}");
}
