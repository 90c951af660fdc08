//! What was given, as files: a folder stands for all that lies below it, a pattern for all that it
//! matches.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use media::MasterHash;

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

/// The SHA-256 of a master.
pub(crate) fn hash(file: &Path) -> Result<MasterHash, NotAnInput> {
    let opened = File::open(file).map_err(NotAnInput::Open)?;
    transcode::hash_master(opened).map_err(NotAnInput::Open)
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
            Some(pattern) => pattern?.expand(files)?,
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

/// A pattern that no shell expanded: `*`, `?`, `[…]`, `{a,b}`, and `**` for any number of folders.
#[derive(Debug)]
struct Pattern {
    /// The folder in which it begins.
    base: PathBuf,
    /// What the rest of a path is matched by.
    rest: GlobMatcher,
    /// How many folders deep that can be.
    depth: usize,
}

impl Pattern {
    /// `None` where the path holds nothing special.
    fn of(given: &Path) -> Option<Result<Self, NotAnInput>> {
        let is_special =
            |part: &OsStr| part.as_encoded_bytes().iter().any(|byte| b"*?[{".contains(byte));
        let plain = given.components().take_while(|part| !is_special(part.as_os_str()));
        let base: PathBuf = plain.collect();
        let rest: Vec<Component<'_>> = given.components().skip(base.components().count()).collect();
        if rest.is_empty() {
            return None;
        }
        let endless = rest.iter().any(|part| part.as_os_str().as_encoded_bytes() == b"**");
        let depth = if endless { usize::MAX } else { rest.len() };
        let rest: PathBuf = rest.into_iter().collect();
        let glob = GlobBuilder::new(&rest.to_string_lossy()).literal_separator(true).build();
        Some(match glob {
            Ok(glob) => Ok(Self { base, rest: glob.compile_matcher(), depth }),
            Err(error) => Err(NotAnInput::Pattern(error.kind().to_string())),
        })
    }

    fn expand(&self, files: &mut Vec<PathBuf>) -> Result<(), NotAnInput> {
        let base = if self.base.as_os_str().is_empty() { Path::new(".") } else { &self.base };
        match self.walk(base, Path::new(""), self.depth, files) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            walked => walked.map_err(NotAnInput::Open),
        }
    }

    fn walk(
        &self,
        folder: &Path,
        place: &Path,
        depth: usize,
        files: &mut Vec<PathBuf>,
    ) -> io::Result<()> {
        for path in entries(folder)? {
            let place = place.join(path.file_name().unwrap_or_default());
            let (is_link, Ok(found)) = (path.is_symlink(), fs::metadata(&path)) else { continue };
            let fits = self.rest.is_match(&place);
            if found.is_file() && fits {
                files.push(self.base.join(&place));
            } else if found.is_dir() && !is_link && fits {
                let folder = self.base.join(&place);
                if below(&folder, files).is_err() {
                    files.push(folder);
                }
            } else if found.is_dir() && !is_link && depth > 1 {
                // What may not be read matches nothing.
                drop(self.walk(&path, &place, depth - 1, files));
            }
        }
        Ok(())
    }
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
        let all = ["[odd].wav", "a/01.flac", "a/02.flac", "a/cover.jpg", "b/deep/03.mp3"];
        assert_eq!(gathered(&[""]), all);
        assert_eq!(gathered(&["", "a", "*/*.flac"]), all, "nothing is there twice");
    }

    #[test]
    fn patterns_are_expanded() {
        assert_eq!(gathered(&["*/*.flac"]), ["a/01.flac", "a/02.flac"]);
        assert_eq!(gathered(&["**/*.{mp3,jpg}"]), ["a/cover.jpg", "b/deep/03.mp3"]);
        assert_eq!(gathered(&["a/0[2-9].*"]), ["a/02.flac"]);
        assert_eq!(gathered(&["?"]), ["a/01.flac", "a/02.flac", "a/cover.jpg", "b/deep/03.mp3"]);
        assert_eq!(gathered(&["[odd].wav"]), ["[odd].wav"], "a file of that very name");
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
