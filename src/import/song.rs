//! One file's way into the catalogue.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use media::MasterHash;
use transcode::{MasterReader, Tags};

use super::compilations::Compilations;
use super::outcome::State;
use super::refusal::Refusal;
use super::server::{RemoteSong, Server};
use crate::batch::Turns;
use crate::details::Details;
use crate::inputs::{self, Input, Kind, Stamp, recognise};
use crate::meter::{Board, Meter};
use crate::stop::{Ending, Stop, contained};

/// How often a song is asked after while it is packaged.
const LOOK: Duration = Duration::from_millis(500);

const CHANGED: &str = "the file changed while it was uploaded, so that the server has something \
                       else of it; import it again when nobody writes to it";

/// The fields of an upload.
fn fields(said: Tags) -> Vec<(&'static str, String)> {
    [
        ("title", said.title),
        ("artist", said.artist),
        ("album", said.album),
        ("album_artist", said.album_artist),
        ("genre", said.genre),
        ("release_year", said.year.map(|year| year.to_string())),
    ]
    .into_iter()
    .filter_map(|(name, text)| Some((name, text?)))
    .collect()
}

/// What all files of a run share.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) server: &'a Server,
    pub(super) details: &'a Details,
    pub(super) reader: &'a MasterReader,
    pub(super) retry_failed: bool,
    pub(super) board: &'a Board,
    pub(super) stop: &'a Stop,
    /// The same master twice is one song.
    pub(super) turns: Turns<MasterHash>,
    pub(super) compilations: Compilations,
}

impl Line<'_> {
    /// What becomes of one file.
    pub(super) fn work_on(&self, input: &Input) -> State {
        let done = contained(|| self.take(input));
        self.board.done();
        match done {
            // A body that broke off because of the stop looks like a failure of the line.
            Err(Ending::Stopped) => State::Stopped,
            Ok(Err(_)) if self.stop.is_told() => State::Stopped,
            Ok(Ok(state)) => state,
            Ok(Err(refusal)) => State::Failed(refusal.to_string()),
            Err(Ending::Panicked) => State::Failed("the import broke down".to_owned()),
        }
    }

    fn take(&self, input: &Input) -> Result<State, Refusal> {
        self.stop.check();
        // What the packager cannot open is not worth sending.
        match recognise(input, self.reader) {
            Ok(Kind::Other) => return Ok(State::Skipped),
            Ok(Kind::Song(_)) => {}
            Err(error) => return Ok(State::Failed(error.to_string())),
        }
        let stamp = Stamp::of(&input.path);
        let master = match inputs::hash(&input.path, self.stop) {
            Ok(master) => master,
            Err(error) => return Ok(State::Failed(error.to_string())),
        };
        let _turn = self.turns.take(master);
        let meter = Arc::new(self.board.song(&input.path));
        let there = self.server.of_master(&master)?.into_iter().next();
        if let Some(song) = there.filter(|song| !(self.retry_failed && song.state == "failed")) {
            return Ok(match self.settled(song, &meter)? {
                song if song.state == "failed" => failed(song),
                song => State::AlreadyThere(song),
            });
        }
        let size = fs::metadata(&input.path)?.len();
        // The server reads the rest itself.
        let album_artist =
            self.compilations.filed_under(self.reader, &input.path, self.details, self.stop);
        let said = Tags { album_artist, ..self.details.said() };
        let sending = meter.clone();
        let sent = move |bytes| sending.moved("uploading", bytes, size);
        let song = self.server.upload(&input.path, &master, &fields(said), sent)?;
        if Stamp::of(&input.path) != stamp {
            return Ok(State::Failed(CHANGED.to_owned()));
        }
        Ok(match self.settled(song, &meter)? {
            song if song.state == "failed" => failed(song),
            song => State::Imported(song),
        })
    }

    /// Waits until the server is done with the song. One that was taken down stays so.
    fn settled(&self, mut song: RemoteSong, meter: &Meter) -> Result<RemoteSong, Refusal> {
        while !matches!(song.state.as_str(), "ready" | "failed" | "withdrawn") {
            meter.say("waiting until it is packaged");
            self.server.rest(LOOK)?;
            song = self.server.song(&song.id)?;
        }
        Ok(song)
    }
}

fn failed(song: RemoteSong) -> State {
    State::Failed(song.error.unwrap_or_else(|| "the server could not package it".to_owned()))
}
