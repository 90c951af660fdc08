//! The real binary as somebody at a shell uses it: in a folder of its own, with masters to work on.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::{signal, wav};

/// A shell in a folder that goes with it.
#[derive(Debug)]
pub struct Shell {
    binary: PathBuf,
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Shell {
    /// A shell that runs `binary`, which a root test names as `env!("CARGO_BIN_EXE_segue")`.
    ///
    /// # Panics
    /// Where there is no room for a temporary folder.
    #[must_use]
    pub fn of(binary: impl Into<PathBuf>) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self { binary: binary.into(), folder, environment: Vec::new() }
    }

    /// With one more environment variable for all that it runs.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path in its folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a master of music of `frames` at 48 kHz: another `seed`, another song. Folders on its
    /// way are made.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn master(&self, name: &str, frames: usize, seed: u64) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it lies in our folder")).expect("folders");
        wav::write(&path, &signal::music(frames, 48_000, seed), 48_000);
        path
    }

    /// The command with these arguments, to be run in the folder.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(self.folder()).args(args).envs(self.environment.iter().cloned());
        command.stdin(Stdio::null());
        command
    }

    /// Runs the command to its end.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary starts")
    }

    /// Every file below `name` with its bytes, hidden ones left out.
    ///
    /// # Panics
    /// Where there is no such folder.
    #[must_use]
    pub fn tree(&self, name: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        tree(&self.path(name))
    }
}

/// Every file below `folder` with its bytes, by its path there, hidden ones left out.
///
/// # Panics
/// Where the folder cannot be read.
#[must_use]
pub fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    collect(folder, folder, &mut files);
    files
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
        } else if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("it lies below").to_path_buf();
            files.insert(name, fs::read(&path).expect("it is readable"));
        }
    }
}

/// What it said on stdout.
///
/// # Panics
/// Where that is no UTF-8.
#[must_use]
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// What it said on stderr.
///
/// # Panics
/// Where that is no UTF-8.
#[must_use]
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// What it said on stdout, one JSON object per line.
///
/// # Panics
/// Where a line is none.
#[must_use]
pub fn json_lines(output: &Output) -> Vec<Value> {
    let line =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    stdout(output).lines().map(line).collect()
}
