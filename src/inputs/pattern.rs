//! A pattern that no shell expanded: `*`, `?`, `[…]`, `{a,b}`, and `**` for any number of folders.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use globset::{Glob, GlobBuilder, GlobMatcher};

use super::{NotAnInput, below, entries};

/// A pattern, split where it begins to be one.
#[derive(Debug)]
pub(super) struct Pattern {
    /// The folder in which it begins.
    base: PathBuf,
    /// What the rest of a path is matched by.
    rest: Result<GlobMatcher, globset::Error>,
    /// The same with brackets and braces as characters: folders are called `[2001] Album`.
    literal: Result<GlobMatcher, globset::Error>,
    /// How many folders deep that can be.
    depth: usize,
}

impl Pattern {
    /// `None` where the path holds nothing special.
    pub(super) fn of(given: &Path) -> Option<Self> {
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
        let rest = rest.to_string_lossy();
        Some(Self { base, rest: matcher(&rest), literal: matcher(&unbracketed(&rest)), depth })
    }

    /// Adds every file that fits.
    pub(super) fn expand(self, files: &mut Vec<PathBuf>) -> Result<(), NotAnInput> {
        let base = if self.base.as_os_str().is_empty() { Path::new(".") } else { &self.base };
        match self.walk(base, Path::new(""), self.depth, files) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            walked => walked.map_err(NotAnInput::Open)?,
        }
        match self.rest {
            Err(error) if files.is_empty() => Err(NotAnInput::Pattern(error.kind().to_string())),
            _ => Ok(()),
        }
    }

    fn fits(&self, place: &Path) -> bool {
        [&self.rest, &self.literal].into_iter().flatten().any(|it| it.is_match(place))
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
            let fits = self.fits(&place);
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

fn matcher(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    let glob: Result<Glob, _> = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher())
}

/// The pattern with every bracket and brace in a class of its own, which is itself.
fn unbracketed(pattern: &str) -> String {
    let one = |c: char| match c {
        '[' | ']' | '{' | '}' => format!("[{c}]"),
        _ => c.to_string(),
    };
    pattern.chars().map(one).collect()
}
