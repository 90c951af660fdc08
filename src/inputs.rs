//! What was given, as files: a folder stands for all that lies below it, a pattern for all that it
//! matches.
//!
//! Reading order: [`gather`] → `pattern` (what a pattern matches) → [`recognise`] (is it a song?) → [`hash`] and
//! [`Stamp`] (which song, and whether it stays that).

mod pattern;
mod recognised;
mod stamp;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use media::MasterHash;
use transcode::MasterReader;

use self::pattern::Pattern;
pub(crate) use self::recognised::{Kind, Unreadable, recognise};
pub(crate) use self::stamp::Stamp;
use crate::stop::Stop;

/// A file to be packaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    pub(crate) origin: Origin,
}

/// How a file came to be here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Somebody named it: it is to be a song.
    Named,
    /// It lay in a folder or fitted a pattern: what is no audio there is left alone.
    Found,
}

/// What was asked for that cannot be a song, and why.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) path: PathBuf,
    pub(crate) reason: NotAnInput,
}

/// Why something that was given stands for no file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAnInput {
    #[error("{}", open_sentence(.0))]
    Open(#[source] io::Error),
    #[error("this is a device, not a file or a folder")]
    NotAFile,
    #[error("there is no file in this folder")]
    EmptyFolder,
    #[error("no file fits this pattern")]
    NoMatch,
    #[error("this pattern cannot be read: {0}")]
    Pattern(String),
    #[error("the file was given twice; it is packaged once")]
    GivenTwice,
}

fn open_sentence(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "the file may not be read".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    }
}

/// The SHA-256 of a master. Ends the work of this thread where we are told to stop meanwhile.
pub(crate) fn hash(file: &Path, stop: &Stop) -> Result<MasterHash, NotAnInput> {
    let opened = File::open(file).map_err(NotAnInput::Open)?;
    transcode::hash_master(stop.checked(opened)).map_err(NotAnInput::Open)
}

/// Whether more than one of the files is a song, or to be one: a cover beside it is none.
pub(crate) fn are_several_songs(files: &[Result<Input, Refused>], reader: &MasterReader) -> bool {
    let is_song = |file: &&Result<Input, Refused>| match file {
        Ok(input) => !matches!(recognise(input, reader), Ok(Kind::Other)),
        Err(_) => true,
    };
    files.iter().filter(is_song).nth(1).is_some()
}

/// All files in the order in which they were given, below a folder by name. What was found more than
/// once is there once; what was named twice is refused.
pub(crate) fn gather(given: &[PathBuf]) -> Vec<Result<Input, Refused>> {
    let (mut seen, mut out) = (HashSet::new(), Vec::new());
    for path in given {
        let mut files = Vec::new();
        match files_of(path, &mut files) {
            Ok(origin) => {
                for path in files {
                    let new = seen.insert(fs::canonicalize(&path).unwrap_or_else(|_| path.clone()));
                    match (new, origin) {
                        (true, _) => out.push(Ok(Input { path, origin })),
                        (false, Origin::Found) => {}
                        (false, Origin::Named) => {
                            out.push(Err(Refused { path, reason: NotAnInput::GivenTwice }));
                        }
                    }
                }
            }
            Err(reason) => out.push(Err(Refused { path: path.clone(), reason })),
        }
    }
    out
}

fn files_of(given: &Path, files: &mut Vec<PathBuf>) -> Result<Origin, NotAnInput> {
    match fs::metadata(given) {
        Ok(found) if found.is_file() => {
            files.push(given.to_path_buf());
            return Ok(Origin::Named);
        }
        Ok(found) if found.is_dir() => {
            below(given, files).map_err(NotAnInput::Open)?;
            return if files.is_empty() { Err(NotAnInput::EmptyFolder) } else { Ok(Origin::Found) };
        }
        Ok(_) => return Err(NotAnInput::NotAFile),
        Err(error) => match Pattern::of(given) {
            Some(pattern) => pattern.expand(files)?,
            None => return Err(NotAnInput::Open(error)),
        },
    }
    if files.is_empty() { Err(NotAnInput::NoMatch) } else { Ok(Origin::Found) }
}

/// Every file below `folder`, by name. Hidden ones are left out; links to folders are not followed,
/// so that there is no loop. A folder that may not be read stands in the list itself, so that it is
/// told of and the others go on.
fn below(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for path in entries(folder)? {
        let Ok(found) = fs::symlink_metadata(&path) else { continue };
        if found.is_dir() {
            if below(&path, files).is_err() {
                files.push(path);
            }
        } else if fs::metadata(&path).is_ok_and(|it| it.is_file()) {
            files.push(path);
        }
    }
    Ok(())
}

/// What lies in a folder and is not hidden, by name. What was packaged into it is no master: a
/// target may lie below its own inputs.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    if folder.join("asset.json").is_file() {
        return Ok(paths);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packaged_below_an_input_is_no_input() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["one.flac", "out/song/asset.json", "out/song/ogg/64.ogg"] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = gather(&[folder.path().to_path_buf()]);
        let found: Vec<_> = found.into_iter().map(|input| input.unwrap().path).collect();
        assert_eq!(found, [folder.path().join("one.flac")]);
    }

    /// A library of empty files.
    fn library() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "a/01.flac",
            "a/02.flac",
            "a/cover.jpg",
            "a/.hidden.flac",
            "b/deep/03.mp3",
            ".git/x.flac",
            "[odd].wav",
            "[2001] album/{1}.flac",
            "[2001] album/2.flac",
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink(folder.path(), folder.path().join("b/loop")).unwrap();
        folder
    }

    fn gathered(given: &[&str]) -> Vec<String> {
        let library = library();
        let given: Vec<PathBuf> = given.iter().map(|it| library.path().join(it)).collect();
        let name =
            |path: &Path| path.strip_prefix(library.path()).unwrap().to_string_lossy().into_owned();
        let tell = |it: Result<Input, Refused>| match it {
            Ok(input) => name(&input.path),
            Err(refused) => format!("{}: {}", name(&refused.path), refused.reason),
        };
        gather(&given).into_iter().map(tell).collect()
    }

    #[test]
    fn a_folder_is_all_that_lies_below_it_but_the_hidden() {
        let all = [
            "[2001] album/2.flac",
            "[2001] album/{1}.flac",
            "[odd].wav",
            "a/01.flac",
            "a/02.flac",
            "a/cover.jpg",
            "b/deep/03.mp3",
        ];
        assert_eq!(gathered(&[""]), all);
        assert_eq!(gathered(&["", "a", "*/*.flac"]), all, "nothing is there twice");
    }

    #[test]
    fn patterns_are_expanded() {
        assert_eq!(gathered(&["a*/*.flac"]), ["a/01.flac", "a/02.flac"]);
        assert_eq!(gathered(&["**/*.{mp3,jpg}"]), ["a/cover.jpg", "b/deep/03.mp3"]);
        assert_eq!(gathered(&["a/0[2-9].*"]), ["a/02.flac"]);
        assert_eq!(gathered(&["?"]), ["a/01.flac", "a/02.flac", "a/cover.jpg", "b/deep/03.mp3"]);
        assert_eq!(gathered(&["[odd].wav"]), ["[odd].wav"], "a file of that very name");
        let album = ["[2001] album/2.flac", "[2001] album/{1}.flac"];
        assert_eq!(gathered(&["[2001] album/*.flac"]), album, "a folder of that very name");
        assert_eq!(gathered(&["*/{1}.flac"]), album[1..]);
        assert_eq!(gathered(&["[2001]*"]), album);
    }

    #[test]
    fn what_is_nothing_is_said() {
        assert_eq!(gathered(&["*.ogg"]), ["*.ogg: no file fits this pattern"]);
        assert_eq!(gathered(&["c/*.ogg"]), ["c/*.ogg: no file fits this pattern"]);
        assert_eq!(gathered(&["none"]), ["none: there is no such file"]);
        assert!(gathered(&["a/{x"])[0].starts_with("a/{x: this pattern cannot be read: "));
        assert_eq!(gathered(&["a/01.flac", "a/01.flac"])[1].split(": ").count(), 2);
    }
}
