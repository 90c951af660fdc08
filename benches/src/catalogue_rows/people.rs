//! Who has an account, and where they are logged in.

use std::io;

use crate::dice::Dice;
use crate::sink::Cell::{Bytes, Id, Nothing, Number, Text};
use crate::sink::Sink;
use crate::world::{self, DAY_MS, END_MS, World};

/// argon2id of `a password for tests alone`, as the API would make it: everybody's.
const PASSWORD_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$EdJdixhKjZmof885iqmulQ$kMqeTQMNtABg7ORIiYJ8v5Qn3QDhun3Qj/edMlf5ip8";

pub(crate) fn print(world: &World, sink: &mut Sink) -> io::Result<()> {
    users(world, sink)?;
    sessions(world, sink)
}

/// The user with that number.
pub(crate) fn id(world: &World, number: u64) -> u128 {
    world::id("user", number, world.users)
}

/// `admin`, then those who upload, then those who listen.
fn users(world: &World, sink: &mut Sink) -> io::Result<()> {
    sink.table("users", "id,username,password_hash,role,created_ms,email,display_name,plan")?;
    for number in 0..world.users {
        let role = match number {
            0 => "admin",
            artist if artist < world.uploaders() => "artist",
            _ => "listener",
        };
        let (name, email) = match number {
            0 => ("admin".to_owned(), "admin@music.example".to_owned()),
            _ => (format!("user{number}"), format!("user{number}@music.example")),
        };
        let plan =
            if Dice::of("plan", number).once_in(4) || number == 0 { "premium" } else { "free" };
        sink.row(&[
            Id(id(world, number)),
            Text(&name),
            Text(PASSWORD_HASH),
            Text(role),
            Number(world::at(number, world.users)),
            Text(&email),
            Nothing,
            Text(plan),
        ])?;
    }
    sink.end()
}

/// Most are logged in somewhere.
fn sessions(world: &World, sink: &mut Sink) -> io::Result<()> {
    let begun = |number| END_MS - Dice::of("session", number).below(60 * DAY_MS);
    let id_of = |number| world::id_at("session", number, begun(number));
    sink.table("sessions", "id,user_id,created_ms,ends_ms")?;
    for number in 0..world.users {
        let user = world.user(&mut Dice::of("whose session", number));
        let (begins, ends) = (begun(number), begun(number) + 90 * DAY_MS);
        sink.row(&[Id(id_of(number)), Id(id(world, user)), Number(begins), Number(ends)])?;
    }
    sink.end()?;
    sink.table("refresh_tokens", "hash,session_id,used_ms")?;
    for number in 0..world.users * 3 {
        let mut dice = Dice::of("token", number);
        let hash: Vec<u8> = (0..4).flat_map(|_| dice.bits().to_be_bytes()).collect();
        let (session, turn) = (number / 3, number % 3);
        let used = if turn < 2 { Number(begun(session) + turn * DAY_MS / 24) } else { Nothing };
        sink.row(&[Bytes(&hash), Id(id_of(session)), used])?;
    }
    sink.end()
}
