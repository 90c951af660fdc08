//! Playlists: most are short, a few as long as they may be.

use std::io;

use crate::catalogue::song_id;
use crate::dice::Dice;
use crate::people;
use crate::sink::Cell::{Bytes, Flag, Id, Number, Text};
use crate::sink::Sink;
use crate::world::{self, World};

/// The longest that the catalogue allows.
const LONGEST: u64 = 10_000;

/// How far apart the catalogue puts what is added at the end, and where it begins.
const STEP: u64 = 1 << 24;
const FIRST: u64 = u64::MAX / 2 + STEP;

struct Playlist {
    id: u128,
    number: u64,
    owner: u64,
    songs: u64,
    made: u64,
}

pub(crate) fn print(world: &World, sink: &mut Sink) -> io::Result<()> {
    let playlists = all(world);
    sink.table(
        "playlists",
        "id,owner_id,name,description,public,songs,version,arrangement,created_ms,updated_ms",
    )?;
    for playlist in &playlists {
        let mut dice = Dice::of("playlist's", playlist.number);
        sink.row(&[
            Id(playlist.id),
            Id(people::id(world, playlist.owner)),
            Text(&world::title(&mut dice)),
            Text(""),
            Flag(dice.below(2) == 0),
            Number(playlist.songs),
            Number(1 + playlist.songs / 3),
            Number(0),
            Number(playlist.made),
            Number(playlist.made),
        ])?;
    }
    sink.end()?;
    entries(world, sink, &playlists)?;
    members(world, sink, &playlists)
}

fn all(world: &World) -> Vec<Playlist> {
    let mut sizes = Vec::new();
    let mut left = world.entries;
    while left > 0 {
        let part = 1.0 - Dice::of("size", sizes.len() as u64).part();
        let songs = (5.0 * part.powf(-0.7)) as u64;
        let songs = songs.min(LONGEST).min(left);
        left -= songs;
        sizes.push(songs);
    }
    let count = sizes.len() as u64;
    let playlist = |(number, songs)| Playlist {
        id: world::id("playlist", number, count),
        number,
        owner: world.user(&mut Dice::of("owner", number)),
        songs,
        made: world::at(number, count),
    };
    (0..).zip(sizes).map(playlist).collect()
}

fn entries(world: &World, sink: &mut Sink, playlists: &[Playlist]) -> io::Result<()> {
    sink.table("playlist_entries", "id,playlist_id,place,song_id,added_by,added_ms")?;
    let mut number = 0;
    for playlist in playlists {
        let owner = people::id(world, playlist.owner);
        for nth in 0..playlist.songs {
            let song = world.song(&mut Dice::of("entry's", number));
            let place = (FIRST + nth * STEP).to_be_bytes();
            let added = playlist.made + nth;
            sink.row(&[
                Id(world::id_at("entry", number, added)),
                Id(playlist.id),
                Bytes(&place),
                Id(song_id(world, song)),
                Id(owner),
                Number(added),
            ])?;
            number += 1;
        }
    }
    sink.end()
}

/// Every tenth is shared with somebody.
fn members(world: &World, sink: &mut Sink, playlists: &[Playlist]) -> io::Result<()> {
    sink.table("playlist_members", "playlist_id,user_id,role,since_ms")?;
    for playlist in playlists.iter().step_by(10) {
        let mut dice = Dice::of("member", playlist.number);
        let user = world.user(&mut dice);
        if user != playlist.owner {
            let role = if dice.once_in(3) { "editor" } else { "viewer" };
            let row =
                [Id(playlist.id), Id(people::id(world, user)), Text(role), Number(playlist.made)];
            sink.row(&row)?;
        }
    }
    sink.end()
}
