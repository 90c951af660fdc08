//! A cell: a process of its own that reads one master, with limits, and ends with it. What comes out
//! of it is samples and small answers through a pipe, of which nothing is believed.
//!
//! Reading order: [`Cell`] (what is asked) → `process` (a cell from outside: limits, time, its end) →
//! `wire` (what is said) → `inmate` (a cell from inside) → `lock` (what it gives up) → `escape` (the proof).
//! [`Limits`] say what it may take, [`CellError`] how it may end.

mod error;
mod escape;
mod inmate;
mod limits;
mod lock;
mod process;
mod wire;

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use media::units::{CHANNELS, Samples};
use serde::de::DeserializeOwned;

pub use self::error::{CellError, LastWords};
pub use self::escape::EscapeReport;
pub use self::inmate::serve;
pub use self::limits::Limits;
use self::process::Process;
use self::wire::{Failure, Kind, Task, plain, take_samples};
use crate::artwork::{ArtworkError, Cover, EDGES};
use crate::package_error::PackageError;
use crate::stereo::Heading;
use crate::tags::Tags;

/// How cells are started, and what each may take.
#[derive(Debug, Clone)]
pub struct Cell {
    program: PathBuf,
    arguments: Vec<OsString>,
    limits: Limits,
    waiting: Option<Waiting>,
}

/// What is called now and then while a cell is listened to.
#[derive(Clone)]
struct Waiting(Arc<dyn Fn() + Send + Sync>);

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiting")
    }
}

impl Cell {
    /// Cells that are `program` with `arguments` and a last one, which it must hand to [`serve`] before
    /// it does anything else.
    #[must_use]
    pub fn of(
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = OsString>,
        limits: Limits,
    ) -> Self {
        let arguments = arguments.into_iter().collect();
        Self { program: program.into(), arguments, limits, waiting: None }
    }

    /// The same, and `look` is called before each answer, and several times a second while one is waited for. It may
    /// unwind: that ends the cell, too.
    #[must_use]
    pub fn watched(self, look: impl Fn() + Send + Sync + 'static) -> Self {
        Self { waiting: Some(Waiting(Arc::new(look))), ..self }
    }

    /// What each may take.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Lets a cell try to break out.
    ///
    /// # Errors
    /// Where it gives no answer.
    pub fn try_escape(&self) -> Result<EscapeReport, CellError> {
        let nothing = File::open("/dev/null").map_err(CellError::Start)?;
        let mut answers = Answers::of(self, Task::Escape, nothing)?;
        match answers.next()? {
            Answer { kind: Kind::Escape, body } => parsed(body),
            _ => Err(CellError::Garbled),
        }
    }

    pub(crate) fn heading(&self, master: &Path) -> Result<Heading, PackageError> {
        self.ask(master, Task::Heading)?.heading()
    }

    pub(crate) fn tags(&self, master: &Path) -> Result<Tags, PackageError> {
        let mut answers = self.ask(master, Task::Tags)?;
        match answers.next()? {
            Answer { kind: Kind::Tags, body } => Ok(parsed::<Tags>(body)?.cleaned()),
            other => Err(other.failure()),
        }
    }

    pub(crate) fn covers(&self, master: &Path) -> Result<Vec<Cover>, ArtworkError> {
        match File::open(master) {
            Ok(file) => self.covers_in(Task::Covers, file),
            Err(_) => Ok(Vec::new()),
        }
    }

    /// The sizes of a picture.
    pub(crate) fn sizes_of(&self, picture: &Path) -> Result<Vec<Cover>, ArtworkError> {
        let picture = File::open(picture).map_err(CellError::Start)?;
        let covers = self.covers_in(Task::Picture, picture)?;
        // What is a picture has a size.
        if covers.is_empty() { Err(CellError::Garbled.into()) } else { Ok(covers) }
    }

    fn covers_in(&self, task: Task, file: File) -> Result<Vec<Cover>, ArtworkError> {
        let mut answers = Answers::of(self, task, file)?;
        let mut covers = Vec::new();
        loop {
            match answers.next()? {
                Answer { kind: Kind::Cover, body } if covers.len() < EDGES.len() => {
                    covers.push(cover(body).ok_or(CellError::Garbled)?);
                }
                Answer { kind: Kind::NoCover, body: [] } => return Err(ArtworkError::Stumbled),
                Answer { kind: Kind::NoCover, body } => {
                    let reason = String::from_utf8_lossy(body);
                    return Err(ArtworkError::Picture(plain(&reason)));
                }
                // A file that cannot be read has no cover.
                Answer { kind: Kind::End | Kind::Failed, .. } => return Ok(covers),
                _ => return Err(CellError::Garbled.into()),
            }
        }
    }

    pub(crate) fn frames(&self, master: &Path) -> Result<Frames, PackageError> {
        let mut answers = self.ask(master, Task::Frames)?;
        let heading = answers.heading()?;
        Ok(Frames { answers, heading, any: false })
    }

    fn ask(&self, master: &Path, task: Task) -> Result<Answers, PackageError> {
        let master = File::open(master).map_err(PackageError::Read)?;
        Ok(Answers::of(self, task, master)?)
    }
}

/// The sound of a master, as it comes out of a cell.
pub(crate) struct Frames {
    answers: Answers,
    heading: Heading,
    /// Whether there was sound.
    any: bool,
}

impl Frames {
    /// What the master's header says.
    pub(crate) fn heading(&self) -> Heading {
        self.heading
    }

    /// The next block, interleaved; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<f32>>, PackageError> {
        let samples = match self.answers.next()? {
            Answer { kind: Kind::Block, body } => take_samples(body).ok_or(CellError::Garbled)?,
            // A master without sound is an error that says so.
            Answer { kind: Kind::End, .. } if self.any => return Ok(None),
            other => return Err(other.failure()),
        };
        self.any = true;
        self.answers.process.heard(Samples((samples.len() / CHANNELS) as u64));
        Ok(Some(samples))
    }
}

/// What a cell answers, one after the other.
struct Answers {
    process: Process,
    body: Vec<u8>,
}

struct Answer<'a> {
    kind: Kind,
    body: &'a [u8],
}

impl Answers {
    fn of(cell: &Cell, task: Task, master: File) -> Result<Self, CellError> {
        Ok(Self { process: Process::start(cell, task, master)?, body: Vec::new() })
    }

    fn next(&mut self) -> Result<Answer<'_>, CellError> {
        let kind = self.process.next(&mut self.body)?;
        Ok(Answer { kind, body: &self.body })
    }

    fn heading(&mut self) -> Result<Heading, PackageError> {
        let heading: Heading = match self.next()? {
            Answer { kind: Kind::Heading, body } => parsed(body)?,
            other => return Err(other.failure()),
        };
        // Not every container says.
        if heading.bits <= 64 { Ok(heading) } else { Err(CellError::Garbled.into()) }
    }
}

impl Answer<'_> {
    /// What it means that this came in the place of something else.
    fn failure(&self) -> PackageError {
        match self.kind {
            Kind::Failed => parsed(self.body).map_or_else(Into::into, Failure::into_error),
            _ => CellError::Garbled.into(),
        }
    }
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, CellError> {
    serde_json::from_slice(body).map_err(|_| CellError::Garbled)
}

/// A cover of a size that there is.
fn cover(body: &[u8]) -> Option<Cover> {
    let (width, rest) = body.split_first_chunk()?;
    let (height, jpeg) = rest.split_first_chunk()?;
    let (width, height) = (u32::from_le_bytes(*width), u32::from_le_bytes(*height));
    let edges = 1..=EDGES[0];
    let fits = edges.contains(&width) && edges.contains(&height) && jpeg.starts_with(b"\xFF\xD8");
    fits.then(|| Cover::of(width, height, jpeg.to_vec()))
}
