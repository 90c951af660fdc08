//! What became of one file, for people and for machines; and of all of them.
//!
//! With `--json`, one object per file:
//!
//! ```json
//! {"file": "song.flac", "state": "imported", "id": "…", "title": "Song", "duration_ms": 210000}
//! {"file": "song.flac", "state": "already-there", "id": "…", "title": "Song", "duration_ms": 210000}
//! {"file": "torn.flac", "state": "failed", "error": "the file is cut off …"}
//! {"file": "cover.jpg", "state": "skipped"}
//! {"file": "song.flac", "state": "stopped"}
//! ```

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::server::RemoteSong;
use crate::shown::Shown;

/// What became of one file.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    pub(super) file: &'a Path,
    pub(super) state: State,
}

/// How a file may end.
#[derive(Debug)]
pub(super) enum State {
    /// Uploaded and ready to be played.
    Imported(RemoteSong),
    /// The server had it, ready to be played.
    AlreadyThere(RemoteSong),
    /// Why not.
    Failed(String),
    /// No audio, and nobody said that it is.
    Skipped,
    /// We were told to stop.
    Stopped,
}

impl State {
    fn word(&self) -> &'static str {
        match self {
            Self::Imported(_) => "imported",
            Self::AlreadyThere(_) => "already-there",
            Self::Failed(_) => "failed",
            Self::Skipped => "skipped",
            Self::Stopped => "stopped",
        }
    }
}

impl Outcome<'_> {
    /// Results go to stdout, failures to stderr; with `--json`, both go to stdout as well.
    pub(super) fn tell(&self, json: bool) -> io::Result<()> {
        let file = Shown(self.file.display());
        if let State::Failed(error) = &self.state {
            writeln!(io::stderr(), "segue: {file}: {}", Shown(error))?;
        }
        match &self.state {
            _ if json => writeln!(io::stdout(), "{}", self.document()),
            State::Imported(song) => {
                writeln!(io::stdout(), "{file}: imported as {}", Shown(&song.id))
            }
            State::AlreadyThere(song) => {
                writeln!(io::stdout(), "{file}: already there as {}", Shown(&song.id))
            }
            State::Failed(_) | State::Skipped | State::Stopped => Ok(()),
        }
    }

    fn document(&self) -> Value {
        let mut document =
            json!({"file": self.file.display().to_string(), "state": self.state.word()});
        match &self.state {
            State::Imported(song) | State::AlreadyThere(song) => {
                document["id"] = json!(song.id);
                document["title"] = json!(song.title);
                document["duration_ms"] = json!(song.duration_ms);
            }
            State::Failed(error) => document["error"] = json!(error),
            State::Skipped | State::Stopped => {}
        }
        document
    }
}

/// What became of all files.
#[derive(Debug, Default)]
pub(super) struct Totals {
    imported: usize,
    there: usize,
    failed: usize,
    skipped: usize,
    stopped: usize,
    seconds: u64,
}

impl Totals {
    /// One more file.
    pub(super) fn add(&mut self, outcome: &Outcome<'_>) {
        match &outcome.state {
            State::Imported(song) => {
                self.imported += 1;
                self.seconds += song.duration_ms.unwrap_or_default() / 1_000;
            }
            State::AlreadyThere(_) => self.there += 1,
            State::Failed(_) => self.failed += 1,
            State::Skipped => self.skipped += 1,
            State::Stopped => self.stopped += 1,
        }
    }

    /// Whether nothing failed.
    pub(super) fn are_clean(&self) -> bool {
        self.failed == 0
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { imported, there, failed, skipped, stopped, seconds } = self;
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        write!(
            f,
            "{imported} imported ({minutes}:{seconds:02} of sound), {there} already there, "
        )?;
        write!(f, "{failed} failed, {skipped} left alone: no audio")?;
        if *stopped > 0 { write!(f, ", {stopped} not imported: stopped before") } else { Ok(()) }
    }
}
