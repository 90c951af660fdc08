//! What a cell may not do, and that it says the same as a decoder outside of one.

use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use media::Samples;
use tempfile::TempDir;
use testkit::shell::tree;
use testkit::{signal, wav};
use transcode::cell::{Cell, CellError, Limits};
use transcode::{MasterReader, PackageError, Parameters, hash_master};

use crate::zoo;

fn cell(limits: Limits) -> Cell {
    Cell::of(env!("CARGO_BIN_EXE_segue"), [OsString::from("cell")], limits)
}

fn package(reader: &MasterReader, master: &Path, out: &Path) -> Result<(), PackageError> {
    let hash = hash_master(File::open(master).unwrap()).unwrap();
    transcode::package(reader, master, &hash, out, &Parameters::default(), &|_| {}).map(drop)
}

/// A cell on Linux reads its master and writes its answers, and that is all. That each attempt can
/// succeed without the lock is a test of the escape's own.
#[test]
fn nobody_breaks_out() {
    let report = cell(Limits::default()).try_escape().unwrap();
    assert_eq!(report.unfiltered, None);
    assert_eq!(report.escapes, [""; 0]);
}

#[test]
fn a_cell_gives_the_bytes_that_a_decoder_here_gives() {
    let folder = TempDir::new().unwrap();
    for (name, rate, arguments) in
        [("a.wav", 44_100, &[][..]), ("b.mp3", 48_000, &["-b:a", "192k"]), ("c.flac", 96_000, &[])]
    {
        let source = folder.path().join("source.wav");
        wav::write(&source, &signal::music(rate as usize * 3, rate, 7), rate);
        let master = folder.path().join(name);
        let mut ffmpeg = std::process::Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-nostdin", "-i"]).arg(&source);
        assert!(ffmpeg.args(arguments).arg(&master).status().unwrap().success());
        let (here, there) = (folder.path().join("here"), folder.path().join("there"));
        package(&MasterReader::here(), &master, &here).unwrap();
        package(&MasterReader::in_cells(cell(Limits::default())), &master, &there).unwrap();
        assert!(tree(&here) == tree(&there), "{name}");
        for folder in [here, there] {
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
}

#[test]
fn tags_lengths_covers_and_errors_come_through() {
    let folder = TempDir::new().unwrap();
    let (here, there) = (MasterReader::here(), MasterReader::in_cells(cell(Limits::default())));
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo.flac");
    let words = zoo::written(folder.path(), "words.flac", b"fLaC, but not really");
    let cover = zoo::flac_with_an_image_bomb(folder.path(), "png.flac", &zoo::png_bomb());
    let picture =
        zoo::made(folder.path(), "picture.png", &["-lavfi", "testsrc=s=400x300", "-frames:v", "1"]);
    let whole = zoo::flac_with_an_image_bomb(folder.path(), "picture.flac", &picture);
    let missing = folder.path().join("missing");
    for master in [&demo, &words, &cover, &whole, &missing] {
        assert_eq!(here.tags(master), there.tags(master));
        let length = |reader: &MasterReader| {
            reader.promised_length(master).map_err(|error| error.to_string())
        };
        assert_eq!(length(&here), length(&there), "{master:?}");
        let covers =
            |reader: &MasterReader| reader.covers(master).map_err(|error| error.to_string());
        assert_eq!(covers(&here), covers(&there), "{master:?}");
    }
    let (png, bomb) = (
        zoo::written(folder.path(), "whole.png", &picture),
        zoo::written(folder.path(), "bomb.png", &zoo::png_bomb()),
    );
    for file in [&png, &bomb, &words, &demo, &missing] {
        let sizes =
            |reader: &MasterReader| reader.sizes_of(file).map_err(|error| error.to_string());
        assert_eq!(sizes(&here), sizes(&there), "{file:?}");
    }
    assert_eq!(there.sizes_of(&png).unwrap(), there.covers(&whole).unwrap());
    assert!(there.tags(&demo).title.is_some());
    assert!(!there.covers(&whole).unwrap().is_empty());
}

#[test]
fn a_song_that_goes_on_beyond_the_longest_is_refused_wherever_it_is_read() {
    let folder = TempDir::new().unwrap();
    let bomb = zoo::flac_bomb(folder.path(), 60);
    assert!(std::fs::metadata(&bomb).unwrap().len() < 10_000);
    let limits = Limits { longest: Samples(48_000 * 20), ..Limits::default() };
    let reader = MasterReader::in_cells(cell(limits));
    let error = package(&reader, &bomb, &folder.path().join("out")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the song is longer than 20 s, which is the most that is accepted"
    );
}

#[test]
fn whoever_computes_without_end_is_ended() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { cpu: Duration::from_secs(1), ..Limits::default() };
    let reader = MasterReader::in_cells(cell(limits));
    let busy = zoo::matroska_of_empty_elements(folder.path());
    let error = reader.promised_length(&busy).unwrap_err();
    assert!(
        matches!(&error, PackageError::Cell(CellError::Cpu { seconds: 1, .. })),
        "{error:?}: {error}"
    );
}

/// A program that is no cell, or cannot become one, is no fault of the file.
#[test]
fn a_cell_that_does_not_begin_is_a_fault_of_ours() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo.flac");
    let segue = env!("CARGO_BIN_EXE_segue");
    let nobody = r#"{"task":"heading","memory":1,"cpu":1,"parent":1}"#;
    let orphan = format!("exec {segue} cell '{nobody}'");
    let cell = |program: &str, arguments: &[&str]| {
        Cell::of(program, arguments.iter().map(OsString::from), Limits::default())
    };
    for cell in [
        cell("/nowhere/segue", &["cell"]),
        cell("/bin/sh", &["-c", &orphan]),
        cell(segue, &["man"]),
    ] {
        let reader = MasterReader::in_cells(cell);
        let error = reader.promised_length(&demo).unwrap_err();
        assert!(matches!(&error, PackageError::Cell(CellError::Start(_))), "{error:?}");
        assert!(error.to_string().contains("not the file's fault"), "{error}");
    }
}

/// Whoever listens decides what a cell is: one that answers nonsense is believed nothing.
#[test]
fn nonsense_from_a_cell_is_no_sound() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo.flac");
    let heading = r#"H\040\0\0\0{"bits":16,"promised":null}  "#;
    for answer in [
        "hello, world".to_owned(),
        r"H\377\377\377\377".to_owned(),
        r"H\002\0\0\0{}".to_owned(),
        String::new(),
        // A sound that is no number, half a frame, and an end without sound.
        format!(r"{heading}B\010\0\0\0\0\0\300\177\0\0\300\177.\0\0\0\0"),
        format!(r"{heading}B\004\0\0\0\0\0\0\0.\0\0\0\0"),
        format!(r"{heading}.\0\0\0\0"),
    ] {
        let script = format!("printf '{answer}'");
        let arguments = ["-c".into(), script.into()];
        let reader = MasterReader::in_cells(Cell::of("/bin/sh", arguments, Limits::default()));
        let folder = TempDir::new().unwrap();
        let error = package(&reader, &demo, &folder.path().join("out")).unwrap_err();
        assert!(matches!(error, PackageError::Cell(CellError::Garbled)), "{answer}: {error:?}");
    }
}
