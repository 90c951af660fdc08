//! A catalogue to measure on: `catalogue-rows sqlite|postgres [SONGS]` prints what `sqlite3` or `psql` fills an empty,
//! migrated database with. The same rows for both, and the same at every run.
//!
//! Reading order: [`dice`] (chance that repeats itself), [`sink`] (how a row is said to either database), [`world`] (how
//! much there is of everything, and what it is called), then one file per part of the catalogue.

mod catalogue;
mod dice;
mod library;
mod listening;
mod people;
mod playlists;
mod sink;
mod world;

use std::io::{self, Write};
use std::process::ExitCode;

use self::sink::{Dialect, Sink};
use self::world::World;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let dialect = match arguments.next().as_deref() {
        Some("sqlite") => Dialect::Sqlite,
        Some("postgres") => Dialect::Postgres,
        _ => return told("usage: catalogue-rows sqlite|postgres [SONGS]"),
    };
    let songs = arguments.next().map_or(Ok(1_000_000), |songs| songs.parse());
    let Ok(songs @ 1_000..=10_000_000) = songs else {
        return told("catalogue-rows: songs are a number from 1000 to 10000000");
    };
    match print(dialect, songs) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => told(&format!("catalogue-rows: {error}")),
    }
}

/// Whoever is referred to comes first.
fn print(dialect: Dialect, songs: u64) -> io::Result<()> {
    let (world, mut sink) = (World::of(songs), Sink::new(dialect));
    sink.begin()?;
    people::print(&world, &mut sink)?;
    catalogue::print(&world, &mut sink)?;
    listening::print(&world, &mut sink)?;
    playlists::print(&world, &mut sink)?;
    library::print(&world, &mut sink)?;
    sink.finish()
}

fn told(line: &str) -> ExitCode {
    // Where not even stderr takes the sentence, the exit code still tells.
    drop(writeln!(io::stderr(), "{line}"));
    ExitCode::FAILURE
}
