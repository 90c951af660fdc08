//! One file: recognised, packaged, published.

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use media::MasterHash;
use origin::SongFolder;
use transcode::artwork::ArtworkError;
use transcode::{MasterReader, Parameters};

use super::album::Album;
use super::cover::Scaler;
use super::failure::Failure;
use super::ids::Ids;
use super::outcome::{Playlists, State};
use super::target::{Standing, Target};
use crate::batch::Turns;
use crate::details::Details;
use crate::inputs::{self, Input, Kind, Stamp, recognise};
use crate::meter::Board;
use crate::shown::Shown;
use crate::stop::{Ending, Stop, contained};

/// What all songs of a run share.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) target: &'a Target,
    pub(crate) parameters: Parameters,
    pub(crate) reader: &'a MasterReader,
    pub(crate) details: &'a Details,
    pub(crate) album: Option<&'a Album>,
    pub(crate) ids: Ids,
    pub(crate) dry_run: bool,
    pub(crate) board: &'a Board,
    pub(crate) stop: &'a Stop,
    pub(crate) turns: Turns<SongFolder>,
    pub(crate) scaler: Scaler,
}

impl Line<'_> {
    /// What becomes of one file.
    pub(crate) fn work_on(&self, input: &Input) -> State {
        let done = contained(|| self.take(input));
        self.board.done();
        match done {
            Ok(Ok(state)) => state,
            Ok(Err(Failure::Stopped)) | Err(Ending::Stopped) => State::Stopped,
            Ok(Err(failure)) => State::Failed(failure),
            Err(Ending::Panicked) => State::Failed(Failure::Panicked),
        }
    }

    fn take(&self, input: &Input) -> Result<State, Failure> {
        self.stop.check();
        // Before a whole film is hashed.
        let Kind::Song(promised) = recognise(input, self.reader)? else {
            return Ok(State::Skipped);
        };
        let stamp = Stamp::of(&input.path);
        let hash = inputs::hash(&input.path, self.stop)?;
        let tags = self.details.over(self.reader.tags(&input.path));
        let tags = self.album.map_or(tags.clone(), |album| album.over(tags));
        let folder = self.ids.folder(&hash, &tags, &self.parameters);
        let place = Playlists::of(self.target, folder, &self.parameters.sets, tags);
        let _turn = self.turns.take(folder);
        if let Standing::Whole(asset) = self.target.standing(folder)? {
            return Ok(State::AlreadyPackaged { place, asset });
        }
        if self.dry_run {
            return Ok(State::Planned { place, version: folder.version, promised });
        }
        self.package(&input.path, &hash, stamp, folder, place)
    }

    fn package(
        &self,
        master: &Path,
        hash: &MasterHash,
        stamp: Option<Stamp>,
        folder: SongFolder,
        place: Playlists,
    ) -> Result<State, Failure> {
        let staged = self.target.staging()?;
        let (started, meter) = (Instant::now(), self.board.song(master));
        let told = |now| {
            self.stop.check();
            meter.show(now);
        };
        let Self { reader, parameters, .. } = self;
        let made = transcode::package(reader, master, hash, staged.path(), parameters, &told);
        // Whatever came of it: it is not of the bytes that were hashed.
        if Stamp::of(master) != stamp {
            return Err(Failure::Changed);
        }
        let asset = made?;
        let elapsed = started.elapsed();
        let complain = |error: &ArtworkError| {
            let sentence = format!("{}: {error}", master.display());
            let told = self.board.aside(|| writeln!(io::stderr(), "segue: {}", Shown(sentence)));
            // Whoever stopped listening still gets the song.
            drop(told);
        };
        let artwork = self.scaler.publish(self.reader, master, self.target, &staged, &complain)?;
        let size = asset.objects.iter().map(|object| object.size).sum();
        let published = |bytes| meter.moved("publishing", bytes, size);
        self.target.publish(&staged, folder, &asset, &published)?;
        Ok(State::Packaged { place, asset: Box::new(asset), artwork, elapsed })
    }
}
