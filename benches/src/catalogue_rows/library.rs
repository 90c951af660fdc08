//! Likes and follows: three million and half a million where there are a million songs.

use std::collections::HashSet;
use std::io;

use crate::catalogue::{artist_id, song_id};
use crate::dice::{Dice, ranked};
use crate::people;
use crate::sink::Cell::{Id, Number};
use crate::sink::Sink;
use crate::world::{self, World};

pub(crate) fn print(world: &World, sink: &mut Sink) -> io::Result<()> {
    let likes =
        Kind { table: "likes", what: "song_id", since: "liked_ms", each: 30, longest: 5_000 };
    let song = |dice: &mut Dice| {
        let song = world.song(dice);
        (song, song_id(world, song))
    };
    likes.print(world, sink, song)?;
    let follows =
        Kind { table: "follows", what: "artist_id", since: "followed_ms", each: 5, longest: 500 };
    let artist = |dice: &mut Dice| {
        let artist = ranked(dice.rank(world.artists), world.artists);
        (artist, artist_id(world, artist))
    };
    follows.print(world, sink, artist)
}

struct Kind {
    table: &'static str,
    what: &'static str,
    since: &'static str,
    /// How many a user has on average.
    each: u64,
    /// How many at most.
    longest: u64,
}

impl Kind {
    /// Nobody likes the same twice.
    fn print(
        &self,
        world: &World,
        sink: &mut Sink,
        some: impl Fn(&mut Dice) -> (u64, u128),
    ) -> io::Result<()> {
        let Self { table, what, since, .. } = self;
        sink.table(table, &format!("id,user_id,{what},{since}"))?;
        let mut number = 0;
        for user in 0..world.users {
            let mut dice = Dice::of(table, user);
            let part = 1.0 - dice.part();
            let count = (self.each as f64 * 0.4 * part.powf(-0.6)) as u64;
            let mut known = HashSet::new();
            for _ in 0..count.min(self.longest) {
                let (which, id) = some(&mut dice);
                if known.insert(which) {
                    let made = world::at(dice.below(1_000), 1_000);
                    let own = world::id_at(table, number, made);
                    sink.row(&[Id(own), Id(people::id(world, user)), Id(id), Number(made)])?;
                    number += 1;
                }
            }
        }
        sink.end()
    }
}
