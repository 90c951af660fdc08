//! What was played: by whom, how often on which day, and what of it counts today.

use std::io;

use crate::catalogue::{genre_of, song_id};
use crate::dice::{Dice, ranked};
use crate::people;
use crate::sink::Cell::{Flag, Id, Number, Real, Text};
use crate::sink::Sink;
use crate::world::{self, DAY_MS, END_MS, World};

/// The catalogue's: a play is worth half after three days.
const HALF_LIFE_MS: f64 = 3.0 * DAY_MS as f64;

/// The days of which plays are kept.
const DAYS: u64 = 30;

pub(crate) fn print(world: &World, sink: &mut Sink) -> io::Result<()> {
    plays(world, sink)?;
    trends(world, sink)?;
    playbacks(world, sink)
}

/// How often the song of that rank is played on a day, on average.
fn daily(world: &World, rank: u64) -> f64 {
    world.songs as f64 / 50.0 / (rank + 1) as f64
}

fn plays(world: &World, sink: &mut Sink) -> io::Result<()> {
    sink.table("plays", "song_id,day,plays")?;
    for rank in 0..world.songs {
        let (mut dice, daily) = (Dice::of("plays", rank), daily(world, rank));
        let song = song_id(world, ranked(rank, world.songs));
        for day in 0..DAYS {
            // As often as the average says, and the rest of it by chance.
            let plays = (daily * (0.5 + dice.part()) + dice.part()) as u64;
            if plays > 0 {
                sink.row(&[Id(song), Number(END_MS / DAY_MS - day), Number(plays)])?;
            }
        }
    }
    sink.end()
}

/// Whatever was played within months.
fn trends(world: &World, sink: &mut Sink) -> io::Result<()> {
    let mut album_of = vec![0; world.songs as usize];
    for (album, songs) in world.albums.windows(2).enumerate() {
        album_of[songs[0] as usize..songs[1] as usize].fill(album);
    }
    sink.table("trends", "song_id,genre_key,score")?;
    for rank in 0..world.songs * 6 / 10 {
        let song = ranked(rank, world.songs);
        let genre = world::name(genre_of(world, album_of[song as usize])).to_lowercase();
        let weight = daily(world, rank) * (0.5 + Dice::of("trend", rank).part());
        let score = END_MS as f64 / HALF_LIFE_MS + (weight * 4.33).log2();
        sink.row(&[Id(song_id(world, song)), Text(&genre), Real(score)])?;
    }
    sink.end()
}

/// As many as there are songs, of the last sixty days.
fn playbacks(world: &World, sink: &mut Sink) -> io::Result<()> {
    sink.table(
        "playbacks",
        "id,user_id,song_id,position_ms,playing,heard,opened_ms,at_ms,counted_ms",
    )?;
    for number in 0..world.songs {
        let mut dice = Dice::of("playback's", number);
        let (user, song) = (world.user(&mut dice), world.song(&mut dice));
        let opened = END_MS - dice.below(60 * DAY_MS);
        let counted = opened + 30_000;
        sink.row(&[
            Id(world::id_at("playback", number, opened)),
            Id(people::id(world, user)),
            Id(song_id(world, song)),
            Number(30_000 + dice.below(60_000)),
            Flag(false),
            Text("[]"),
            Number(opened),
            Number(counted + dice.below(60_000)),
            Number(counted),
        ])?;
    }
    sink.end()
}
