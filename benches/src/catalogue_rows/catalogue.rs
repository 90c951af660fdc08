//! Artists, albums, songs, and what was made of them.

use std::io;

use crate::dice::{Dice, ranked};
use crate::people;
use crate::sink::Cell::{Flag, Id, Nothing, Number, Text};
use crate::sink::{Cell, Sink};
use crate::world::{self, DAY_MS, END_MS, World};

pub(crate) fn print(world: &World, sink: &mut Sink) -> io::Result<()> {
    artists(world, sink)?;
    albums(world, sink)?;
    genres(world, sink)?;
    songs(world, sink)?;
    credits(world, sink)?;
    versions(world, sink)?;
    jobs(world, sink)
}

pub(crate) fn artist_id(world: &World, number: u64) -> u128 {
    world::id("artist", number, world.artists)
}

pub(crate) fn song_id(world: &World, number: u64) -> u128 {
    world::id("song", number, world.songs)
}

/// The key of the genre of the album with that number.
pub(crate) fn genre_of(world: &World, album: usize) -> u64 {
    Dice::of("genre", album as u64).rank(world.genres)
}

/// An album comes with its first song.
fn album_id(world: &World, number: usize) -> u128 {
    world::id_at("album", number as u64, album_ms(world, number))
}

fn album_ms(world: &World, number: usize) -> u64 {
    world::at(world.albums[number], world.songs)
}

/// The numbers of the songs of each album, in order.
fn each_album(world: &World) -> impl Iterator<Item = (usize, std::ops::Range<u64>)> + '_ {
    world.albums.windows(2).map(|pair| pair[0]..pair[1]).enumerate()
}

fn artists(world: &World, sink: &mut Sink) -> io::Result<()> {
    sink.table("artists", "id,name,created_ms,name_key")?;
    for number in 0..world.artists {
        let name = world::name(number);
        let key = name.to_lowercase();
        let made = world::at(number, world.artists);
        sink.row(&[Id(artist_id(world, number)), Text(&name), Number(made), Text(&key)])?;
    }
    sink.end()
}

fn albums(world: &World, sink: &mut Sink) -> io::Result<()> {
    sink.table("albums", "id,artist_id,title,single_song,created_ms")?;
    for (number, songs) in each_album(world) {
        let title = format!(
            "{} {}",
            world::title(&mut Dice::of("title", number as u64)),
            world::name(number as u64)
        );
        sink.row(&[
            Id(album_id(world, number)),
            Id(artist_id(world, world.makers[number])),
            Text(&title),
            Flag(songs.end - songs.start == 1),
            Number(album_ms(world, number)),
        ])?;
    }
    sink.end()
}

fn genres(world: &World, sink: &mut Sink) -> io::Result<()> {
    sink.table("genres", "genre_key,name")?;
    for number in 0..world.genres {
        let name = world::name(number);
        sink.row(&[Text(&name.to_lowercase()), Text(&name)])?;
    }
    sink.end()
}

const SONG: &str = "id,artist_id,album_id,uploader_id,title,genre,release_year,master,file_name,state,\
    created_ms,updated_ms,isrc,track,draft,available_from_ms,territories,title_key,genre_key,released_ms";

fn songs(world: &World, sink: &mut Sink) -> io::Result<()> {
    sink.table("songs", SONG)?;
    for (album, songs) in each_album(world) {
        let artist = world.makers[album];
        let uploader = 1 + artist % (world.uploaders() - 1);
        let genre = world::name(genre_of(world, album));
        for (track, number) in (1..).zip(songs) {
            let mut dice = Dice::of("song's", number);
            let title = world::title(&mut dice);
            let made = world::at(number, world.songs);
            let from = dice.once_in(100).then_some(END_MS + DAY_MS * 365);
            let territories = if dice.once_in(33) { Text("AT CH DE") } else { Nothing };
            sink.row(&[
                Id(song_id(world, number)),
                Id(artist_id(world, artist)),
                Id(album_id(world, album)),
                Id(people::id(world, uploader)),
                Text(&title),
                Text(&genre),
                Number(1970 + dice.below(56)),
                Text(&master(number)),
                Text("master.flac"),
                Text(state(number)),
                Number(made),
                Number(made),
                Text(&format!("QZSEG26{:05}", number % 100_000)),
                Number(track),
                Flag(dice.once_in(100)),
                from.map_or(Nothing, Number),
                territories,
                Text(&title.to_lowercase()),
                Text(&genre.to_lowercase()),
                Number(from.unwrap_or(made)),
            ])?;
        }
    }
    sink.end()
}

fn master(song: u64) -> String {
    let mut dice = Dice::of("master", song);
    (0..4).map(|_| format!("{:016x}", dice.bits())).collect()
}

fn state(song: u64) -> &'static str {
    match Dice::of("state", song).below(200) {
        0 => "withdrawn",
        1 | 2 => "failed",
        _ => "ready",
    }
}

/// Everybody's own, and of some songs one who is heard on it.
fn credits(world: &World, sink: &mut Sink) -> io::Result<()> {
    sink.table("credits", "song_id,place,artist_id,role,join_phrase")?;
    for (album, songs) in each_album(world) {
        for number in songs {
            let mut dice = Dice::of("credits", number);
            let featured = dice.once_in(5).then(|| ranked(dice.rank(world.artists), world.artists));
            let song = Id(song_id(world, number));
            let join = if featured.is_some() { " feat. " } else { "" };
            let main = Id(artist_id(world, world.makers[album]));
            sink.row(&[song, Number(0), main, Text("main"), Text(join)])?;
            if let Some(featured) = featured {
                let (song, who) = (Id(song_id(world, number)), Id(artist_id(world, featured)));
                sink.row(&[song, Number(1), who, Text("featured"), Text("")])?;
            }
        }
    }
    sink.end()
}

fn versions(world: &World, sink: &mut Sink) -> io::Result<()> {
    let version = |song| master(song)[..32].to_owned();
    sink.table("versions", "song_id,version,artist_id,album_id,duration_ms,created_ms")?;
    for (album, songs) in each_album(world) {
        for number in songs.filter(|song| state(*song) != "failed") {
            let row: [Cell<'_>; 6] = [
                Id(song_id(world, number)),
                Text(&version(number)),
                Id(artist_id(world, world.makers[album])),
                Id(album_id(world, album)),
                Number(90_000 + Dice::of("length", number).below(240_000)),
                Number(world::at(number, world.songs)),
            ];
            sink.row(&row)?;
        }
    }
    sink.end()?;
    sink.table("current_versions", "song_id,version")?;
    for number in (0..world.songs).filter(|song| state(*song) != "failed") {
        sink.row(&[Id(song_id(world, number)), Text(&version(number))])?;
    }
    sink.end()
}

fn jobs(world: &World, sink: &mut Sink) -> io::Result<()> {
    sink.table("jobs", "id,song_id,state,attempts,due_ms,created_ms,updated_ms")?;
    for number in 0..world.songs {
        let made = world::at(number, world.songs);
        let state = if state(number) == "failed" { "failed" } else { "done" };
        sink.row(&[
            Id(world::id("job", number, world.songs)),
            Id(song_id(world, number)),
            Text(state),
            Number(1),
            Number(made),
            Number(made),
            Number(made),
        ])?;
    }
    sink.end()
}
