//! Who parses the bytes of masters. They come from anybody: one may make its parser hang, crash, or
//! take all the memory there is.

use std::path::Path;

use media::units::Samples;

use crate::artwork::{self, ArtworkError, Cover};
use crate::cell::{Cell, CellError, Limits};
use crate::master::Master;
use crate::package_error::PackageError;
use crate::source::{Frames, Source};
use crate::stereo::Stereo;
use crate::tags::Tags;

/// Reads masters: nothing of one is parsed but through this.
#[derive(Debug, Clone, Default)]
pub struct MasterReader(Place);

#[derive(Debug, Clone, Default)]
enum Place {
    #[default]
    Here,
    Cell(Cell),
}

impl MasterReader {
    /// Reads in this process, for masters that are trusted: in tests, under a fuzzer, in benches.
    #[must_use]
    pub fn here() -> Self {
        Self(Place::Here)
    }

    /// Reads each master in a process of its own, whose end is the end of one song at most.
    #[must_use]
    pub fn in_cells(cell: Cell) -> Self {
        Self(Place::Cell(cell))
    }

    /// The same, and where cells read, as [`Cell::watched`] says.
    #[must_use]
    pub fn watched(self, look: impl Fn() + Send + Sync + 'static) -> Self {
        match self.0 {
            Place::Here => self,
            Place::Cell(cell) => Self(Place::Cell(cell.watched(look))),
        }
    }

    /// The length in house samples that the master's header promises, where it promises one. Only
    /// the header is read: the cheapest way to ask whether a file is a master at all.
    ///
    /// # Errors
    /// As [`crate::package()`], as far as the header tells.
    pub fn promised_length(&self, master: &Path) -> Result<Option<Samples>, PackageError> {
        let (heading, longest) = match &self.0 {
            Place::Here => (Stereo::open(&open(master)?)?.heading(), Limits::default().longest),
            Place::Cell(cell) => (cell.heading(master)?, cell.limits().longest),
        };
        match heading.promised {
            Some(promised) if promised > longest => Err(PackageError::TooLong { longest }),
            promised => Ok(promised),
        }
    }

    /// The tags of a file; none where there are none that can be read.
    #[must_use]
    pub fn tags(&self, master: &Path) -> Tags {
        match &self.0 {
            Place::Here => Master::open(master).map(Tags::of).unwrap_or_default(),
            Place::Cell(cell) => cell.tags(master).unwrap_or_default(),
        }
    }

    /// The master's front cover, else the first of its pictures, in each size of
    /// [`artwork::EDGES`], the largest first; none is larger than the picture, and none is there
    /// where the master has no picture. The same picture gives the same bytes.
    ///
    /// # Errors
    /// Where it is of a kind that is not known, is damaged or too large.
    pub fn covers(&self, master: &Path) -> Result<Vec<Cover>, ArtworkError> {
        match &self.0 {
            Place::Here => Master::open(master).map_or(Ok(Vec::new()), artwork::covers_of),
            Place::Cell(cell) => cell.covers(master),
        }
    }

    /// A picture that is a file of its own, in the same sizes; at least one.
    ///
    /// # Errors
    /// Where it is of a kind that is not known, is damaged or too large.
    pub fn sizes_of(&self, picture: &Path) -> Result<Vec<Cover>, ArtworkError> {
        match &self.0 {
            Place::Here => artwork::sizes_of(Master::open(picture).map_err(CellError::Start)?),
            Place::Cell(cell) => cell.sizes_of(picture),
        }
    }

    /// Opens a master.
    pub(crate) fn open(&self, master: &Path) -> Result<Source, PackageError> {
        match &self.0 {
            Place::Here => {
                let stereo = Stereo::open(&open(master)?)?;
                let heading = stereo.heading();
                Source::of(Frames::Here(Box::new(stereo)), heading, Limits::default().longest)
            }
            Place::Cell(cell) => {
                let frames = cell.frames(master)?;
                let heading = frames.heading();
                Source::of(Frames::Cell(Box::new(frames)), heading, cell.limits().longest)
            }
        }
    }
}

fn open(master: &Path) -> Result<Master, PackageError> {
    Master::open(master).map_err(PackageError::Read)
}
